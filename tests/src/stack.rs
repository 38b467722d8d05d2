//! The whole system on this machine, for end-to-end tests: `cargo xtask dev` started, asked and ended.
//!
//! Its standard input is a pipe of the test's process and it ends when that closes, however the process dies;
//! a shell between the two then removes the folder. So nothing is left of a test, and nothing runs on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

pub mod check;
pub mod content;
pub mod http;
pub mod objects;
pub mod origin;

use http::{Ask, Reply};
use serde::Deserialize;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The variable in which `cargo xtask test` names itself; everything is built then.
const XTASK: &str = "CLOUDDROP_XTASK";
/// The variable that says whose edge the stacks run: `cloudflare`, which is usual, or `aws`.
const EDGE: &str = "CLOUDDROP_EDGE";
/// The variable with the file of a [`Ready`]: of a deployment that is there already, on which nothing else runs.
const DEPLOYED: &str = "CLOUDDROP_DEPLOYED";
/// Runs the program, and removes the folder `$DOOMED` (where it is set) when it has ended. Signals of the
/// terminal are for the program: it ends in order.
const RUN_AND_REMOVE: &str = r#"trap '' INT HUP TERM; "$@"; code=$?; [ -z "$DOOMED" ] || rm -rf "$DOOMED"; exit $code"#;

/// What `cargo xtask dev --json` prints.
#[derive(Deserialize)]
pub struct Ready {
    /// URL of the page and the API.
    pub page: String,
    /// URL of the files' host.
    pub files: String,
    /// What the API is called with.
    pub api_key: String,
    /// Upload, share, download.
    pub curl: [String; 3],
    /// How to talk to the S3 server directly.
    pub s3: S3,
    /// Process ids.
    pub pids: Pids,
    /// The credentials.
    pub state: PathBuf,
    /// A line for every request that the S3 server got.
    pub access_log: PathBuf,
    /// What the programs wrote to stderr.
    pub logs: Logs,
    /// `iss` of the stack's tokens.
    pub issuer: String,
    /// `aud` of the stack's tokens.
    pub audience: String,
    /// The folder of the bucket that links reach.
    pub object_prefix: String,
}

/// The S3 server.
#[derive(Deserialize)]
pub struct S3 {
    /// Its URL.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The region of its signatures.
    pub region: String,
}

/// Process ids.
#[derive(Deserialize)]
pub struct Pids {
    /// Of workerd.
    pub edge: u32,
}

/// Logs by program.
#[derive(Deserialize)]
pub struct Logs {
    /// Of workerd, with the Worker's own lines.
    pub edge: PathBuf,
}

/// A running stack; it ends with this value, or with the process.
pub struct Stack {
    /// How to reach its parts.
    pub ready: Ready,
    /// None of a deployment, which is not ours to end.
    child: Option<Child>,
    stdin: Option<ChildStdin>,
    /// To be removed if no other stack will go on with it, since the test has failed.
    kept: Option<PathBuf>,
}

/// What becomes of a stack's folder when it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtEnd {
    /// Another stack goes on with it.
    Keep,
    /// It is removed.
    Remove,
}

impl Stack {
    /// Starts a stack in a folder of its own, with further `arguments` for `cargo xtask dev`. Without any it may be a
    /// deployment that is there already.
    pub fn start(arguments: &[&str]) -> Self {
        if let Some(file) = std::env::var_os(DEPLOYED) {
            assert!(arguments.is_empty(), "a deployment cannot be changed by {arguments:?}");
            let ready = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            return Self { ready, child: None, stdin: None, kept: None };
        }
        Self::start_in(&new_folder(), arguments, AtEnd::Remove)
    }

    /// Starts a stack in `folder`, which is made where it is missing.
    pub fn start_in(folder: &Path, arguments: &[&str], at_end: AtEnd) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        // Beside the folder, which is gone by the time that a failed start is told.
        let talk = folder.with_extension("log");
        let xtask = xtask();
        let mut command = Command::new("sh");
        command.args(["-c", RUN_AND_REMOVE, "sh"]).arg(&xtask);
        command.args(["dev", "--json", "--until-end-of-input", "--port", "0"]).args(arguments);
        if let Some(edge) = std::env::var_os(EDGE) {
            command.arg("--edge").arg(edge);
        }
        command.arg("--data").arg(folder.join("data"));
        // `cargo xtask test` has built everything, and its programs must not change while tests run.
        if std::env::var_os(XTASK).is_some() {
            command.arg("--no-build");
        }
        if at_end == AtEnd::Remove {
            command.env("DOOMED", folder);
        }
        let log = std::fs::File::create(&talk).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdin = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        match serde_json::from_str(&line) {
            Ok(ready) => {
                let _ = std::fs::remove_file(&talk);
                Self { ready, child: Some(child), stdin, kept: (at_end == AtEnd::Keep).then(|| folder.into()) }
            }
            Err(error) => {
                drop(stdin);
                let status = child.wait().unwrap();
                let said = std::fs::read_to_string(&talk).unwrap_or_default();
                let _ = std::fs::remove_file(&talk);
                panic!("the stack did not start ({error}; {status}); {} dev said:\n{said}", xtask.display())
            }
        }
    }

    /// `host:port` of the page and the API.
    pub fn page(&self) -> &str {
        authority(&self.ready.page)
    }

    /// `host:port` of the files.
    pub fn files(&self) -> &str {
        authority(&self.ready.files)
    }

    /// A call of the API with the stack's key.
    pub fn call(&self, name: &str, body: &Value) -> Reply {
        let ask = Ask::new("POST", &format!("/api/v1/{name}")).header("content-type", "application/json");
        ask.bearer(&self.ready.api_key).body(body.to_string().as_bytes()).send(self.page())
    }

    /// What a GET of the API gives, which must succeed.
    pub fn call_get(&self, name: &str) -> Value {
        let reply = Ask::get(&format!("/api/v1/{name}")).bearer(&self.ready.api_key).send(self.page());
        assert_eq!(reply.status, 200, "GET {name}: {}", reply.text());
        reply.json()
    }

    /// A call that must be answered with `status`; the JSON of its answer.
    pub fn must(&self, status: u16, name: &str, body: &Value) -> Value {
        let reply = self.call(name, body);
        assert_eq!(reply.status, status, "POST {name} {body}: {}\n{}", reply.text(), self.last_words());
        reply.json()
    }

    /// The lines of the S3 server's access log.
    pub fn all_requests(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.ready.access_log).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The lines of the S3 server's access log, but for the edge's questions for the revocation list and all that the
    /// signer asks: one for each request that reached it. A line is written before its reply is sent, so what was
    /// answered is counted.
    pub fn origin_requests(&self) -> Vec<Value> {
        let lines = self.all_requests().into_iter();
        // The edge asks for the revocation list by itself, every few seconds.
        let is_poll = |line: &Value| {
            line["method"] == "GET"
                && line["path"]
                    .as_str()
                    .is_some_and(|path| path == format!("/{}/records/revoked", self.ready.s3.bucket))
        };
        lines.filter(|line| !is_poll(line) && line["identity"] != "signer").collect()
    }

    /// What the edge wrote to its log.
    pub fn edge_log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.ready.logs.edge).unwrap_or_default()).into_owned()
    }

    /// The end of the edge's log, for the message of a failed test.
    pub fn last_words(&self) -> String {
        let log = self.edge_log();
        let lines: Vec<&str> = log.lines().collect();
        format!("the edge's last words:\n{}", lines[lines.len().saturating_sub(8)..].join("\n"))
    }

    /// Asserts that page and files answer as at the start.
    pub fn assert_healthy(&self) {
        for host in [self.page(), self.files()] {
            let reply = Ask::get("/healthz").send(host);
            assert_eq!((reply.status, reply.text().as_str()), (200, "ok\n"), "{host}: {}", self.last_words());
        }
    }

    /// The most memory that workerd holds while `act` runs, over what it holds before, in bytes.
    pub fn edge_growth(&self, act: impl FnOnce()) -> u64 {
        let folder = PathBuf::from(format!("/proc/{}", self.ready.pids.edge));
        let memory = |name: &str| {
            let status = std::fs::read_to_string(folder.join("status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
        };
        let before = memory("VmRSS:");
        // 5 sets the peak back to what is held now (proc(5)).
        std::fs::write(folder.join("clear_refs"), "5").unwrap();
        act();
        memory("VmHWM:").saturating_sub(before)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // Nobody is left to hear of a failure.
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
        if let Some(folder) = self.kept.take().filter(|_| std::thread::panicking()) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A folder that nothing else uses, below the build's own.
pub fn new_folder() -> PathBuf {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    build_folder().join("tmp").join(format!("e2e-{}-{number}", std::process::id()))
}

/// `target`: the test runs from `target/debug/deps`.
fn build_folder() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

fn xtask() -> PathBuf {
    if let Some(path) = std::env::var_os(XTASK) {
        return path.into();
    }
    let path = build_folder().join("debug").join("xtask");
    assert!(path.exists(), "{} is not built: run `cargo xtask test`", path.display());
    path
}

fn authority(url: &str) -> &str {
    url.trim_start_matches("http://").trim_end_matches('/')
}
