//! A Runtime API on loopback: a small server that hands out events and collects the answers of a real program.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

/// One request that the runtime makes: its target and its body.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let target = first.split(' ').nth(1)?.to_string();
    let mut length = 0;
    let mut chunked = false;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    } else {
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
    }
    Some((target, body))
}

/// Serves `events` one after another; what comes back goes to `answers` with its target.
fn runtime_api(listener: &TcpListener, events: Vec<Value>, answers: &mpsc::Sender<(String, Value)>) {
    let mut events = events.into_iter().enumerate();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some((target, body)) = read_request(&mut reader) {
            if target.ends_with("/invocation/next") {
                let Some((number, event)) = events.next() else { return };
                let event = event.to_string();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: event-{number}\r\n\
                     Lambda-Runtime-Deadline-Ms: 4102444800000\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:1:function:f\r\n\
                     Lambda-Runtime-Trace-Id: Root=1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{event}",
                    event.len()
                )
                .unwrap();
            } else {
                let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let _ = answers.send((target, answer));
                write!(stream, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").unwrap();
            }
        }
    }
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program with what Lambda sets.
pub(crate) fn runtime(mut command: Command, runtime_api: &str) -> Command {
    command.env("AWS_LAMBDA_RUNTIME_API", runtime_api);
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
        ("AWS_REGION", "us-east-1"),
    ] {
        command.env(name, value);
    }
    command.stderr(Stdio::null());
    command
}

/// Runs the events through a real program; what came of each, with the target that it was told to.
pub(crate) fn invoke(command: Command, events: Vec<Value>) -> Vec<(String, Value)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = events.len();
    let (sender, answers) = mpsc::channel();
    std::thread::spawn(move || runtime_api(&listener, events, &sender));
    let process = Process(runtime(command, &address).spawn().unwrap());
    let answers = answers.into_iter().take(count).collect();
    drop(process);
    answers
}
