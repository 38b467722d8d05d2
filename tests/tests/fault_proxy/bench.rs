//! A server with one object, the proxy before it, and a client that keeps every byte.

use clouddrop_tests::faults::proxy::Proxy;
use clouddrop_tests::faults::script::Shape;
use clouddrop_tests::faults::{Fault, Kind, Phase};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const OBJECT: &str = "/bucket/object";
pub(crate) const CONTENT: [u8; 300] = [b'c'; 300];
pub(crate) const TAG: &str = "\"0123456789abcdef\"";
/// A silence that is told from slowness by what went before: the proxy has counted the fault.
const SILENCE: Duration = Duration::from_millis(100);
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Enough of an answer without an end.
const ENOUGH: usize = 1 << 20;

/// How an answer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Fin,
    Rst,
    Silent,
    Endless,
}

/// An answer, as it came over the wire.
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
    pub(crate) time: Duration,
    /// How many requests the server behind got.
    pub(crate) asked: usize,
}

impl Seen {
    pub(crate) fn head(&self) -> &[u8] {
        let end = self.bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(self.bytes.len(), |at| at + 4);
        &self.bytes[..end]
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.head().len()..]
    }

    pub(crate) fn status(&self) -> String {
        String::from_utf8_lossy(self.head()).split(' ').nth(1).unwrap_or_default().into()
    }

    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(self.head()).into_owned();
        let fields = text.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(n, _)| *n == name).map(|(_, value)| value.into()).collect()
    }
}

/// A server with one object, and the proxy before it.
pub(crate) struct Bench {
    pub(crate) proxy: Proxy,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Bench {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start().unwrap();
        proxy.send_on_to(&listener.local_addr().unwrap().to_string());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = serve(client);
            }
        });
        Self { proxy, asked }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.proxy.address()).unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        stream
    }

    /// What a request brings, with a fault or without.
    pub(crate) fn ask(&self, shape: Shape, fault: Option<Fault>) -> Seen {
        let (begun, asked) = (Instant::now(), self.asked.load(Ordering::SeqCst));
        if let Some(fault) = fault {
            self.proxy.arm(OBJECT, fault);
        }
        let struck = self.struck();
        let mut stream = self.connect();
        stream.write_all(&request(shape)).unwrap();
        let is_silent = fault.is_some_and(|fault| matches!(fault.kind, Kind::Stall | Kind::ErrorStalled));
        let (bytes, end) = self.read(&mut stream, is_silent.then_some(struck));
        drop(stream);
        if let Some(fault) = fault {
            let seen = self.proxy.disarm(OBJECT);
            assert!(seen.struck == 1 || fault.phase == Phase::Connect, "{fault:?}: {seen:?}");
        }
        Seen { bytes, end, time: begun.elapsed(), asked: self.asked.load(Ordering::SeqCst) - asked }
    }

    fn struck(&self) -> usize {
        self.proxy.tally().values().sum()
    }

    /// Reads to the end; or, where one is to come, to a silence after more faults have struck than before.
    pub(crate) fn read(&self, stream: &mut TcpStream, struck: Option<usize>) -> (Vec<u8>, End) {
        let begun = Instant::now();
        let mut bytes = Vec::new();
        let mut chunk = [0; 64 * 1024];
        while bytes.len() < ENOUGH {
            // Asked before, so that the silence is one after it.
            let may_be_silent = struck.is_some_and(|before| self.struck() > before);
            match stream.read(&mut chunk) {
                Ok(0) => return (bytes, End::Fin),
                Ok(length) => bytes.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return (bytes, End::Rst),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if may_be_silent {
                        return (bytes, End::Silent);
                    }
                    assert!(begun.elapsed() < PATIENCE, "no end");
                }
                Err(error) => panic!("{error}"),
            }
        }
        (bytes, End::Endless)
    }
}

/// Answers one request as S3 does.
fn serve(mut client: TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let (status, range, body) = match text.contains("\r\nrange: bytes=10-19\r\n") {
        true => ("206 Partial Content", "content-range: bytes 10-19/300\r\n", &CONTENT[10..20]),
        false => ("200 OK", "", &CONTENT[..]),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{range}content-type: text/plain\r\netag: {TAG}\r\n\
         last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes())?;
    client.write_all(if text.starts_with("head ") { &[] } else { body })
}

pub(crate) fn request(shape: Shape) -> Vec<u8> {
    let (method, range) = match shape {
        Shape::Whole => ("GET", ""),
        Shape::Part => ("GET", "Range: bytes=10-19\r\n"),
        Shape::Head => ("HEAD", ""),
    };
    format!("{method} {OBJECT} HTTP/1.1\r\nHost: proxy\r\n{range}\r\n").into_bytes()
}
