//! An answer of the S3 server as it came, and as it is written again with a change.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest head that is read, of a request or an answer.
const MAX_HEAD: usize = 64 * 1024;
/// Longest wait for the S3 server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request on its way to the S3 server.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its head, blank line and all. Reads of objects have no body.
    pub head: Vec<u8>,
    /// Its method.
    pub method: String,
    /// Its target.
    pub target: String,
}

impl Request {
    /// Reads what stands before the first blank line of `bytes`; `None` while there is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&bytes[..end]);
        let mut words = text.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Self { head: bytes[..end].to_vec(), method, target })
    }

    /// Whether it is one for the head alone.
    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// The same without a header. Range is not signed, so the S3 server takes the request without it.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let text = String::from_utf8_lossy(&self.head);
        let named = |line: &&str| line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        let lines: Vec<&str> = text.split("\r\n").filter(|line| !named(line)).collect();
        Self { head: lines.join("\r\n").into_bytes(), ..self.clone() }
    }
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What begins its head.
    pub status_line: String,
    /// Names in lower case and values, in their order. Values are bytes: some faults are none of text's.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body. An answer to HEAD has none.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer with a body and its length, after which the connection ends.
    pub fn new(status_line: &str, content_type: &str, body: &[u8]) -> Self {
        let mut answer = Self { status_line: status_line.into(), headers: vec![], body: body.into() };
        answer.add("content-type", content_type);
        answer.add("content-length", &body.len().to_string());
        answer.add("connection", "close");
        answer
    }

    /// The answer of the server at `address`, a `host:port`.
    ///
    /// # Errors
    /// It cannot be reached, or breaks off.
    pub fn of(address: &str, request: &Request) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // One answer is all that is wanted; then its end is the connection's. The header is not signed.
        let mut head = request.without("connection").head;
        head.truncate(head.len() - 2);
        head.extend_from_slice(b"connection: close\r\n\r\n");
        stream.write_all(&head)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Self::parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer of the S3 server"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).take(MAX_HEAD).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let mut lines = head.split("\r\n");
        let status_line = lines.next()?.to_owned();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().as_bytes().to_vec()))
        });
        let mut answer =
            Self { status_line, headers: headers.collect::<Option<_>>()?, body: bytes[end + 4..].to_vec() };
        // How the server kept its connection is not for the edge.
        answer.remove("connection");
        answer.header("transfer-encoding").is_none().then_some(answer)
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// Adds a header.
    pub fn add(&mut self, name: &str, value: &str) {
        self.add_bytes(name, value.as_bytes());
    }

    /// Adds a header whose value need not be text.
    pub fn add_bytes(&mut self, name: &str, value: &[u8]) {
        self.headers.push((name.into(), value.into()));
    }

    /// Removes a header.
    pub fn remove(&mut self, name: &str) {
        self.headers.retain(|(n, _)| n != name);
    }

    /// Gives a header one value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.add(name, value);
    }

    /// The head as it goes over the wire.
    pub fn head_bytes(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.status_line).into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}
