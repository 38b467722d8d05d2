//! The Runtime API of Lambda (2018-06-01) as far as a function sees it: the next event, and where its answer goes. Each
//! bootstrap gets a server of its own, which measures.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

/// A running bootstrap, idle between two events.
pub(crate) struct Function {
    process: Child,
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    /// From the start of the process to its first question for an event.
    pub(crate) init: Duration,
    calls: u64,
}

/// One call, measured.
pub(crate) struct Call {
    pub(crate) answer: Value,
    pub(crate) took: Duration,
    /// Of all threads of the process.
    pub(crate) cpu: Duration,
}

impl Function {
    /// Starts `program` and waits until it asks for an event.
    pub(crate) fn start(program: &Path, environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let mut command = Command::new(program);
        command.env_clear().envs(environment.iter().copied()).env("AWS_LAMBDA_RUNTIME_API", &address);
        for (name, value) in [
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
            ("AWS_REGION", "us-east-1"),
        ] {
            command.env(name, value);
        }
        let started = Instant::now();
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("starting a bootstrap")?;
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let reader = BufReader::new(stream.try_clone()?);
        let mut function = Self { process, stream, reader, init: Duration::ZERO, calls: 0 };
        let (target, _) = function.request()?;
        ensure!(target.ends_with("/invocation/next"), "the function asked for {target}");
        function.init = started.elapsed();
        Ok(function)
    }

    /// Hands an event out and waits for the answer, and until the next event is asked for.
    pub(crate) fn call(&mut self, event: &str) -> anyhow::Result<Call> {
        self.calls += 1;
        let before = self.cpu()?;
        let started = Instant::now();
        write!(
            self.stream,
            "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: event-{}\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:1:function:f\r\nLambda-Runtime-Trace-Id: Root=1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{event}",
            self.calls,
            event.len()
        )?;
        let (target, body) = self.request()?;
        let took = started.elapsed();
        ensure!(target.ends_with("/response"), "the function told {target}");
        self.stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
        let (target, _) = self.request()?;
        ensure!(target.ends_with("/invocation/next"), "the function asked for {target}");
        let cpu = self.cpu()?.saturating_sub(before);
        Ok(Call { answer: serde_json::from_slice(&body)?, took, cpu })
    }

    /// Time on a processor of all threads, which Linux counts in nanoseconds (proc(5), schedstat).
    fn cpu(&self) -> anyhow::Result<Duration> {
        let mut nanos: u64 = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            // A thread may end meanwhile.
            let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanos += text.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// The most memory that it has held, in bytes.
    pub(crate) fn peak(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    fn request(&mut self) -> anyhow::Result<(String, Vec<u8>)> {
        let mut first = String::new();
        self.reader.read_line(&mut first)?;
        let target = first.split(' ').nth(1).context("the function has ended")?.to_string();
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            is_chunked |= line.starts_with("transfer-encoding:") && line.ends_with("chunked");
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        if !is_chunked {
            return self.told(target, body);
        }
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16)?;
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk)?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
        self.told(target, body)
    }

    fn told(&self, target: String, body: Vec<u8>) -> anyhow::Result<(String, Vec<u8>)> {
        if target.ends_with("/error") {
            bail!("call {} failed: {}", self.calls, String::from_utf8_lossy(&body));
        }
        Ok((target, body))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
