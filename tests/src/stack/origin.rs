//! Origins that misbehave, on loopback: put between the edge and the S3 server, or in its place.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What an origin does to those who connect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behaviour {
    /// It takes the request and never answers.
    Silent,
    /// It sends the request on for another host than the one that was signed.
    OtherHost,
    /// It sends the request on, and of the answer only so many bytes.
    CutAfter(usize),
}

/// An origin; it serves until the process ends.
#[derive(Clone)]
pub struct Origin {
    address: String,
    target: Arc<Mutex<String>>,
}

impl Origin {
    /// Listens.
    pub fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let target = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&target);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let target = shared.lock().unwrap().clone();
                // A connection that breaks is what these are for.
                thread::spawn(move || serve(client, behaviour, &target));
            }
        });
        Self { address, target }
    }

    /// The URL of `bucket` here.
    pub fn bucket(&self, bucket: &str) -> String {
        format!("http://{}/{bucket}", self.address)
    }

    /// Where requests are sent on to, a `host:port`: known once the stack is up.
    pub fn send_on_to(&self, target: &str) {
        *self.target.lock().unwrap() = target.into();
    }
}

fn serve(mut client: TcpStream, behaviour: Behaviour, target: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    // The edge's requests for objects have no body, and one connection is good for one of them here.
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 1];
        if client.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    if behaviour == Behaviour::Silent {
        // Until the edge has had enough.
        client.read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let mut text = String::from_utf8_lossy(&head).into_owned();
    if behaviour == Behaviour::OtherHost {
        let own = client.local_addr()?.to_string();
        text = text.replace(&own, target);
    }
    let text = text.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let mut server = TcpStream::connect(target)?;
    server.write_all(text.as_bytes())?;
    let most = match behaviour {
        Behaviour::CutAfter(most) => most as u64,
        _ => u64::MAX,
    };
    std::io::copy(&mut server.take(most), &mut client)?;
    client.shutdown(Shutdown::Both)
}
