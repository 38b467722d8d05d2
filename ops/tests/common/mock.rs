//! A mock of a broken deployment: it stands before a stack's two hosts, takes each request there, and changes the answer.
//! It is no model of any proxy: its only purpose is to break one promise at a time, on demand.

use clouddrop_tests::stack::Stack;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A request, as the mock's damage sees it.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Whether it is for the files' host.
    pub(crate) of_files: bool,
}

/// An answer that may be changed.
pub(crate) struct Given {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Given {
    pub(crate) fn remove(&mut self, name: &str) {
        self.headers.retain(|(n, _)| n != name);
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.into(), value.into()));
    }

    pub(crate) fn is(&self, name: &str, part: &str) -> bool {
        self.headers.iter().any(|(n, value)| n == name && value.contains(part))
    }
}

type Damage = dyn Fn(&Asked, &mut Given) + Send + Sync;

/// A mock; it serves until the process ends.
pub(crate) struct Mock {
    /// The page's address here.
    pub(crate) page: String,
}

/// The two hosts that stand for each other: the mock's and the stack's, page and files.
#[derive(Clone)]
struct Hosts {
    mock: [String; 2],
    stack: [String; 2],
}

impl Mock {
    /// One before `stack`, whose answers `damage` changes.
    pub(crate) fn before(stack: &Stack, damage: impl Fn(&Asked, &mut Given) + Send + Sync + 'static) -> Self {
        let listeners = [TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap()];
        let mock = [0, 1].map(|place: usize| listeners[place].local_addr().unwrap().to_string());
        let hosts = Hosts { mock, stack: [stack.page().into(), stack.files().into()] };
        let damage: Arc<Damage> = Arc::new(damage);
        for (place, listener) in listeners.into_iter().enumerate() {
            let (hosts, damage) = (hosts.clone(), Arc::clone(&damage));
            std::thread::spawn(move || {
                for client in listener.incoming().map_while(Result::ok) {
                    let (hosts, damage) = (hosts.clone(), Arc::clone(&damage));
                    // A connection that breaks is one that the program has given up.
                    std::thread::spawn(move || serve(client, place, &hosts, &*damage));
                }
            });
        }
        Self { page: format!("http://{}", hosts.mock[0]) }
    }
}

/// Serves the one request of a connection.
fn serve(mut client: TcpStream, place: usize, hosts: &Hosts, damage: &Damage) -> std::io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let name = line.split(':').next().unwrap_or("").to_ascii_lowercase();
        match name.as_str() {
            "" => break,
            "content-length" => length = line.split(':').nth(1).and_then(|text| text.trim().parse().ok()).unwrap_or(0),
            "connection" => {}
            _ => head.push(line.to_string()),
        }
        if name == "content-length" {
            head.push(line.to_string());
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = head[0].split(' ');
    let asked = Asked {
        method: words.next().unwrap_or("").into(),
        target: words.next().unwrap_or("").into(),
        of_files: place == 1,
    };
    let head = format!("{}\r\nconnection: close\r\n\r\n", head.join("\r\n"));
    let mut server = TcpStream::connect(&hosts.stack[place])?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(head.replace(&hosts.mock[place], &hosts.stack[place]).as_bytes())?;
    server.write_all(&body)?;
    let mut bytes = Vec::new();
    server.read_to_end(&mut bytes)?;
    let mut given = parse(&bytes, hosts);
    // For damage that needs to know where it is.
    given.set("x-mock-page", &format!("http://{}", hosts.mock[0]));
    damage(&asked, &mut given);
    given.remove("x-mock-page");
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", given.status);
    if !given.headers.iter().any(|(name, _)| name == "content-length") && asked.method != "HEAD" && given.status != 304
    {
        head.push_str(&format!("content-length: {}\r\n", given.body.len()));
    }
    for (name, value) in &given.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    client.write_all(format!("{head}\r\n").as_bytes())?;
    client.write_all(&given.body)
}

/// The stack's answer with the mock's own addresses in it.
fn parse(bytes: &[u8], hosts: &Hosts) -> Given {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&bytes[..end]);
    let ours = |text: &str| {
        let with_files = text.replace(&hosts.stack[1], &hosts.mock[1]);
        with_files.replace(&hosts.stack[0], &hosts.mock[0])
    };
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), ours(value.trim())))
        .filter(|(name, _)| !matches!(name.as_str(), "connection"))
        .collect();
    let mut given = Given { status, headers, body: bytes[end + 4..].to_vec() };
    if given.is("transfer-encoding", "chunked") {
        given.body = chunks(&given.body);
        given.remove("transfer-encoding");
    }
    // Texts name hosts; the content of files does not.
    if given.is("content-type", "json") || given.is("content-type", "text/html") {
        given.body = ours(&String::from_utf8_lossy(&given.body)).into_bytes();
        given.remove("content-length");
    }
    given
}

fn chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&bytes[..end]).trim(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
    whole
}
