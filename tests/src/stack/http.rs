//! A client of HTTP/1.1 that sends exactly what it is told: targets are not normalised, headers not repaired,
//! nothing is followed. One connection for each request.

mod watch;

pub use watch::Watched;

use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// After so long without a byte the test has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest head of a reply.
const MAX_HEAD: usize = 64 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The method, in any spelling.
    pub method: String,
    /// The request target, byte for byte.
    pub target: String,
    /// The Host header; `None` leaves it out, the default is the address that is asked.
    pub host: Option<String>,
    /// Further headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Sent without its length, in chunks (RFC 9112 section 7.1).
    pub chunked: bool,
}

impl Ask {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        let host = Some(String::new());
        Self { method: method.into(), target: target.into(), host, headers: vec![], body: vec![], chunked: false }
    }

    /// GET.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// HEAD.
    pub fn head(target: &str) -> Self {
        Self::new("HEAD", target)
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a token or an API key.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With another Host, or with none.
    pub fn host(mut self, host: Option<&str>) -> Self {
        self.host = host.map(Into::into);
        self
    }

    /// With a body.
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.into();
        self
    }

    /// With a body that tells no length.
    pub fn chunks(self, body: &[u8]) -> Self {
        Self { chunked: true, ..self.body(body) }
    }

    /// The reply of `address`, a `host:port`.
    pub fn send(&self, address: &str) -> Reply {
        self.try_send(address).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.target))
    }

    /// The reply, or why there is none.
    ///
    /// # Errors
    /// No connection, silence, something that is not HTTP, or a body that ends early.
    pub fn try_send(&self, address: &str) -> io::Result<Reply> {
        let mut body = Vec::new();
        let reply = self.stream(address, |bytes| body.extend_from_slice(bytes))?;
        Ok(Reply { body, ..reply })
    }

    /// The reply without its body, which goes to `sink` as it comes.
    ///
    /// # Errors
    /// As [`Ask::try_send`].
    pub fn stream(&self, address: &str, sink: impl FnMut(&[u8])) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        // A server that refuses may not read all of the body: then its reply counts, not our broken pipe.
        let written = stream.write_all(&self.head_bytes(address)).and_then(|()| self.write_body(&mut stream));
        read(&mut stream, self.method == "HEAD", sink).map_err(|error| written.err().unwrap_or(error))
    }

    /// The request as it goes over the wire to `address`, for those who want to damage it.
    pub fn to_bytes(&self, address: &str) -> Vec<u8> {
        let mut bytes = self.head_bytes(address);
        // A vector takes every byte.
        let _ = self.write_body(&mut bytes);
        bytes
    }

    fn head_bytes(&self, address: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut add = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        if let Some(host) = &self.host {
            add("host", if host.is_empty() { address } else { host });
        }
        for (name, value) in &self.headers {
            add(name, value);
        }
        let has = |wanted: &str| self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if self.chunked {
            add("transfer-encoding", "chunked");
        } else if !has("content-length") && (!self.body.is_empty() || self.method == "PUT" || self.method == "POST") {
            add("content-length", &self.body.len().to_string());
        }
        add("connection", "close");
        head.push_str("\r\n");
        head.into_bytes()
    }

    fn write_body(&self, stream: &mut impl Write) -> io::Result<()> {
        if !self.chunked {
            return stream.write_all(&self.body);
        }
        for chunk in self.body.chunks(16 * 1024) {
            write!(stream, "{:x}\r\n", chunk.len())?;
            stream.write_all(chunk)?;
            stream.write_all(b"\r\n")?;
        }
        stream.write_all(b"0\r\n\r\n")
    }
}

/// Sends bytes that need not be HTTP, and nothing more; the reply, if there is one.
///
/// # Errors
/// As [`Ask::try_send`].
pub fn exchange(address: &str, bytes: &[u8]) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let written = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut body = Vec::new();
    let reply = read(&mut stream, bytes.starts_with(b"HEAD "), |bytes| body.extend_from_slice(bytes));
    Ok(Reply { body, ..reply.map_err(|error| written.err().unwrap_or(error))? })
}

/// A reply.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names in lower case and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The only value of a header; a test fails on two.
    pub fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} stands twice: {:?}", self.headers);
        value
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The code of a problem, or nothing.
    pub fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["code"].as_str().unwrap_or_default().into()
    }
}

fn bad(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// Reads a reply (RFC 9112 sections 4 to 6).
fn read(stream: &mut TcpStream, to_head: bool, mut sink: impl FnMut(&[u8])) -> io::Result<Reply> {
    let mut buffer = Vec::new();
    let reply = read_final_head(stream, &mut buffer)?;
    Rest { stream, buffer, at: 0 }.body_of(&reply, to_head, &mut sink)?;
    Ok(reply)
}

/// The head of the reply that counts: interim ones stand before it.
fn read_final_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Reply> {
    loop {
        let reply = read_head(stream, buffer)?;
        if !(100..200).contains(&reply.status) {
            return Ok(reply);
        }
    }
}

fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Reply> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let mut chunk = [0; 8192];
        let length = stream.read(&mut chunk)?;
        if length == 0 || buffer.len() > MAX_HEAD {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no reply"));
        }
        buffer.extend_from_slice(&chunk[..length]);
    };
    let head = String::from_utf8(buffer.drain(..end + 4).collect()).map_err(|_| bad("a head that is not UTF-8"))?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').ok_or_else(|| bad(format!("header {line:?}")))?;
        Ok((name.to_ascii_lowercase(), value.trim().into()))
    });
    Ok(Reply {
        status: status.ok_or_else(|| bad(format!("status line {status_line:?}")))?,
        headers: headers.collect::<io::Result<_>>()?,
        body: vec![],
    })
}

/// What follows a head: first from the buffer, then from the stream.
struct Rest<'a> {
    stream: &'a mut TcpStream,
    buffer: Vec<u8>,
    at: usize,
}

impl Rest<'_> {
    /// The body that belongs to a head.
    fn body_of(&mut self, reply: &Reply, to_head: bool, sink: &mut impl FnMut(&[u8])) -> io::Result<()> {
        if to_head || matches!(reply.status, 204 | 304) {
            return self.until_end(sink); // which must be nothing, and would show
        }
        if reply.one("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            loop {
                let line = self.line()?;
                let length = usize::from_str_radix(line.trim(), 16).map_err(|_| bad(format!("chunk {line:?}")))?;
                self.exactly(length, sink)?;
                if !self.line()?.is_empty() {
                    return Err(bad("a chunk without its end"));
                }
                if length == 0 {
                    return Ok(());
                }
            }
        }
        if let Some(length) = reply.one("content-length") {
            let length = length.parse().map_err(|_| bad(format!("Content-Length {length:?}")))?;
            return self.exactly(length, sink);
        }
        self.until_end(sink)
    }

    fn fill(&mut self) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            // New zeroes come from the system; filling old bytes with them takes a debug build a millisecond.
            self.buffer = vec![0; 64 * 1024];
            let length = self.stream.read(&mut self.buffer)?;
            self.buffer.truncate(length);
            self.at = 0;
        }
        Ok(self.buffer.len() - self.at)
    }

    fn exactly(&mut self, mut length: usize, sink: &mut impl FnMut(&[u8])) -> io::Result<()> {
        while length > 0 {
            let there = self.fill()?.min(length);
            if there == 0 {
                return Err(bad(format!("the body ended {length} bytes early")));
            }
            sink(&self.buffer[self.at..self.at + there]);
            self.at += there;
            length -= there;
        }
        Ok(())
    }

    fn until_end(&mut self, sink: &mut impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            let there = self.fill()?;
            if there == 0 {
                return Ok(());
            }
            sink(&self.buffer[self.at..]);
            self.at += there;
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = 0;
            self.exactly(1, &mut |bytes| byte = bytes[0])?;
            line.push(byte);
        }
        Ok(String::from_utf8_lossy(&line[..line.len() - 2]).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// What is read of `bytes`.
    fn answered(method: &str, bytes: &'static str) -> io::Result<Reply> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = vec![];
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(bytes.as_bytes()).unwrap();
        });
        Ask::new(method, "/").try_send(&address)
    }

    #[test]
    fn a_reply_is_read_whole_or_not_at_all() {
        let reply = answered("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nab").unwrap();
        assert_eq!((reply.status, reply.one("a"), &*reply.body), (200, Some("b"), &b"ab"[..]));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(answered("GET", chunked).unwrap().text(), "abcd");
        assert_eq!(
            answered("GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").unwrap().status,
            204
        );
        // A HEAD has no body whatever its length says; if there is one, it shows.
        assert_eq!(answered("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").unwrap().text(), "");
        assert_eq!(answered("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab").unwrap().text(), "ab");
        for cut in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
        ] {
            assert!(answered("GET", cut).is_err(), "{cut:?}");
        }
    }
}
