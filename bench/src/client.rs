//! A keep-alive HTTP/1.1 client that counts a body and keeps none of it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Large enough that a 1 MiB body costs few reads, small enough that 32 of them stay in the cache.
const BUFFER_BYTES: usize = 64 * 1024;
/// More header lines than any worker here sends.
const MAX_HEADERS: usize = 64;

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The head of a reply, for a person or a check to read.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

/// Where a reply's body starts in the buffer and how long it will be.
#[derive(Clone, Copy, Debug)]
struct Framing {
    status: u16,
    head_bytes: usize,
    /// Absent: chunked, or until the connection closes.
    content_length: Option<u64>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("connecting to the worker at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BUFFER_BYTES] })
    }

    /// Sends `request` and reads a 200 whose body has exactly `body` bytes, declared and delivered.
    ///
    /// # Errors
    /// Any other reply. A benchmark of wrong replies measures nothing, so the caller ends the run.
    pub(crate) async fn exchange(&mut self, request: &[u8], body: u64) -> anyhow::Result<()> {
        let (framing, filled) = self.send(request).await?;
        if framing.status != 200 {
            let text = String::from_utf8_lossy(&self.buffer[..filled]).into_owned();
            bail!("the worker answered {} instead of 200:\n{text}", framing.status);
        }
        let length =
            framing.content_length.context("the reply has no Content-Length: its end could not be verified")?;
        ensure!(length == body, "the reply declares {length} bytes instead of {body}");
        let mut received = (filled - framing.head_bytes) as u64;
        while received < length {
            let count = self.stream.read(&mut self.buffer).await?;
            ensure!(count > 0, "the body ended after {received} of {length} bytes");
            received += count as u64;
        }
        ensure!(received == length, "the worker sent {} bytes more than it declared", received - length);
        Ok(())
    }

    /// Sends `request` and reads `step` bytes of the reply every `pause` until `end`; returns how many came. The
    /// connection is used up.
    ///
    /// # Errors
    /// Any reply but 200.
    pub(crate) async fn sip(
        mut self,
        request: &[u8],
        step: usize,
        pause: Duration,
        end: Instant,
    ) -> anyhow::Result<u64> {
        let (framing, filled) = self.send(request).await?;
        ensure!(framing.status == 200, "the worker answered {} instead of 200", framing.status);
        let mut received = filled as u64;
        let step = step.min(self.buffer.len());
        while Instant::now() < end {
            tokio::time::sleep(pause).await;
            let count = self.stream.read(&mut self.buffer[..step]).await?;
            ensure!(count > 0, "the body ended after {received} bytes");
            received += count as u64;
        }
        Ok(received)
    }

    /// Sends `request` and returns the head of any reply. The connection is used up.
    pub(crate) async fn inspect(mut self, request: &[u8]) -> anyhow::Result<Head> {
        let (framing, _) = self.send(request).await?;
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut reply = httparse::Response::new(&mut headers);
        reply.parse(&self.buffer[..framing.head_bytes])?;
        let headers = reply
            .headers
            .iter()
            .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
            .collect();
        Ok(Head { status: framing.status, headers })
    }

    /// The framing of the reply and how many bytes of it are in the buffer.
    async fn send(&mut self, request: &[u8]) -> anyhow::Result<(Framing, usize)> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let count = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(count > 0, "the worker closed the connection before the end of a reply's head");
            filled += count;
            if let Some(framing) = framing(&self.buffer[..filled])? {
                return Ok((framing, filled));
            }
            ensure!(filled < self.buffer.len(), "the head of the reply is longer than {BUFFER_BYTES} bytes");
        }
    }
}

/// `None` until the head is complete.
fn framing(bytes: &[u8]) -> anyhow::Result<Option<Framing>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut reply = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = reply.parse(bytes).context("the head of a reply")? else {
        return Ok(None);
    };
    let content_length = match reply.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length")) {
        Some(header) => Some(std::str::from_utf8(header.value)?.trim().parse().context("Content-Length")?),
        None => None,
    };
    let status = reply.code.context("a reply without a status")?;
    Ok(Some(Framing { status, head_bytes, content_length }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn framing_waits_for_the_whole_head() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        assert!(framing(&head[..head.len() - 1]).unwrap().is_none());
        let whole = framing(head).unwrap().unwrap();
        assert_eq!((whole.status, whole.head_bytes, whole.content_length), (200, head.len(), Some(5)));
    }

    #[test]
    fn framing_refuses_what_is_not_http_or_not_a_length() {
        assert!(framing(b"SSH-2.0\r\n\r\n").is_err());
        assert!(framing(b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n").is_err());
    }
}
