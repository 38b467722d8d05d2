//! The origin of the load runs: an HTTP/1.1 server on loopback that answers every GET with a body whose size its last
//! path segment says (`1k`, `1m`, `5g`), under the headers S3 sends.
//!
//! It verifies no signature: what is measured is the worker, and the origin must never be what is waited for. It counts
//! how many requests carry one, so that a run can show that each reply was signed for and fetched, not served from a cache.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use clouddrop_core::UnixTime;
use clouddrop_core::revocation::Draft;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::unix_time;

/// Longest request head accepted, in bytes.
const HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// Bodies are written from one block of this size, whatever their length.
const BLOCK_BYTES: usize = 256 * 1024;
/// Largest body: 1 TiB. Nothing is allocated for it; the limit only refuses nonsense.
const MAX_BODY_BYTES: u64 = 1 << 40;

/// The running server. It lives as long as the process.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

/// How many requests were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) all: u64,
    /// Of these, with an `Authorization: AWS4-HMAC-SHA256 ...` header.
    pub(crate) signed: u64,
}

#[derive(Debug, Default)]
struct Counts {
    all: AtomicU64,
    signed: AtomicU64,
}

impl Origin {
    /// Listens on a free port of loopback, on a thread and an event loop of its own.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("binding the origin")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        std::thread::Builder::new().name("origin".into()).spawn(move || runtime.block_on(accept(listener, shared)))?;
        Ok(Self { address, counts })
    }

    pub(crate) fn served(&self) -> Served {
        Served { all: self.counts.all.load(Ordering::Relaxed), signed: self.counts.signed.load(Ordering::Relaxed) }
    }
}

/// The size in bytes that an object's name says: a number and `k`, `m` or `g`.
pub(crate) fn size_of(object: &str) -> Option<u64> {
    let (digits, unit) = object.split_at_checked(object.len().checked_sub(1)?)?;
    let unit = match unit {
        "k" => 1_u64 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit).filter(|size| *size <= MAX_BODY_BYTES)
}

async fn accept(listener: std::net::TcpListener, counts: Arc<Counts>) -> anyhow::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let block: Arc<[u8]> = vec![b'c'; BLOCK_BYTES].into();
    loop {
        let (stream, _) = listener.accept().await?;
        let (counts, block) = (Arc::clone(&counts), Arc::clone(&block));
        // A connection that fails is the worker's business; its client sees the reply that is missing.
        tokio::spawn(async move { serve(stream, &counts, &block).await });
    }
}

async fn serve(mut stream: TcpStream, counts: &Counts, block: &[u8]) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = vec![0; HEAD_BYTES];
    let mut filled = 0;
    let mut out = Vec::with_capacity(4096);
    loop {
        let (used, asked) = loop {
            if let Some(request) = read(&input[..filled], counts)? {
                break request;
            }
            anyhow::ensure!(filled < input.len(), "the head of the request is too long");
            let count = stream.read(&mut input[filled..]).await?;
            if count == 0 {
                return Ok(());
            }
            filled += count;
        };
        input.copy_within(used..filled, 0);
        filled -= used;

        out.clear();
        let size = match asked {
            Asked::Object(size) => size,
            Asked::List => {
                let list = empty_list()?;
                let head = format!("HTTP/1.1 200 OK\r\nETag: \"list\"\r\nContent-Length: {}\r\n\r\n", list.len());
                stream.write_all(&[head.as_bytes(), &list].concat()).await?;
                continue;
            }
            Asked::Nothing => {
                stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await?;
                continue;
            }
        };
        head(size, &mut out);
        let mut left = size;
        // A small body leaves in the same packet as its head.
        if left <= 2048 {
            out.extend(block.iter().take(usize::try_from(left)?));
            left = 0;
        }
        stream.write_all(&out).await?;
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            stream.write_all(&block[..count]).await?;
            left -= count as u64;
        }
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// An object of so many bytes.
    Object(u64),
    /// The revocation list.
    List,
    Nothing,
}

/// The list in which nothing is revoked.
pub(crate) fn empty_list() -> anyhow::Result<Vec<u8>> {
    Ok(Draft::default().encode(UnixTime::from_secs(unix_time()?)))
}

/// The length of the request's head and what it asks for; `None` until the head is complete. The edge's questions for
/// the list are not counted: they come by the clock, not by request.
fn read(bytes: &[u8], counts: &Counts) -> anyhow::Result<Option<(usize, Asked)>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(used) = request.parse(bytes)? else {
        return Ok(None);
    };
    let signed = request.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("authorization") && header.value.starts_with(b"AWS4-HMAC-SHA256 ")
    });
    if request.path.is_some_and(|path| path.ends_with("/records/revoked")) {
        return Ok(Some((used, Asked::List)));
    }
    counts.all.fetch_add(1, Ordering::Relaxed);
    counts.signed.fetch_add(u64::from(signed), Ordering::Relaxed);
    let size = request.path.and_then(|path| path.rsplit('/').next()).and_then(size_of);
    Ok(Some((used, size.map_or(Asked::Nothing, Asked::Object))))
}

/// The header lines of an S3 GetObject reply: a worker that copies or filters them shall have the real number to do.
fn head(size: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"HTTP/1.1 200 OK\r\n\
          x-amz-id-2: b8b2fX0mCyz8Ps9S2cXtlkv1NnKJgVx3Fz9tqXqQ2cW4cV8h3cJq1c5rPpTqk4sVbF7kYtq3Q4o=\r\n\
          x-amz-request-id: 4B9WQ3N0EXAMPLE7\r\n\
          Date: Tue, 03 Nov 2026 10:00:00 GMT\r\n\
          Last-Modified: Mon, 02 Nov 2026 09:00:00 GMT\r\n\
          ETag: \"9bb58f26192e4ba00f01e2e7b136bbd8\"\r\n\
          x-amz-server-side-encryption: AES256\r\n\
          Accept-Ranges: bytes\r\n\
          Content-Type: application/octet-stream\r\n\
          Server: AmazonS3\r\n",
    );
    out.extend_from_slice(format!("Content-Length: {size}\r\n\r\n").as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn a_name_says_a_size() {
        let cases = [
            ("1k", Some(1024)),
            ("256m", Some(268_435_456)),
            ("5g", Some(5_368_709_120)),
            ("1025g", None),
            ("99999999999999999999g", None),
            ("k", None),
            ("", None),
            ("12", None),
            ("1ü", None),
        ];
        for (name, size) in cases {
            assert_eq!(size_of(name), size, "{name}");
        }
    }

    #[test]
    fn a_request_is_read_once_complete_and_counted_once() {
        let counts = Counts::default();
        let request = b"GET /files/1k HTTP/1.1\r\nHost: a\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x\r\n\r\nGET /";
        let end = request.len() - 5;
        assert_eq!(read(&request[..end - 1], &counts).unwrap(), None);
        assert_eq!(read(request, &counts).unwrap(), Some((end, Asked::Object(1024))));
        assert_eq!((counts.all.into_inner(), counts.signed.into_inner()), (1, 1));
    }

    #[test]
    fn another_authorization_does_not_count_as_signed() {
        let counts = Counts::default();
        read(b"GET /1k HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n", &counts).unwrap();
        assert_eq!((counts.all.into_inner(), counts.signed.into_inner()), (1, 0));
    }
}
