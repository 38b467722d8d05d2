//! `workerd serve` as a child process: its configuration, its port, its end.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::client::Client;

/// The date every worker here runs at: none may have a faster runtime than the others.
const COMPATIBILITY_DATE: &str = "2026-07-01";
/// A start takes tens of milliseconds; after this it will not happen.
const START_LIMIT: Duration = Duration::from_secs(20);
const CONFIG_FILE: &str = "config.capnp";
/// The edge's Durable Objects, by binding and class, and the folder in which they are kept.
const OBJECTS: [(&str, &str); 2] = [("LINKS", "LinkCounter"), ("BUCKETS", "TokenBucket")];
const OBJECTS_FOLDER: &str = "objects";
/// The edge's Rate Limiting bindings and their periods in seconds. Every request is counted and none is stopped.
const RATE_LIMITS: [(&str, u32); 3] = [("LIMIT_CLIENT", 10), ("LIMIT_TOKEN", 10), ("LIMIT_BAD", 60)];
const UNREACHED_LIMIT: u32 = u32::MAX;
/// The module that stands for the platform's Rate Limiting service.
const RATE_LIMIT_FILE: &str = "ratelimit.mjs";
const LOG_FILE: &str = "workerd.log";

/// A running workerd; it ends with this value.
#[derive(Debug)]
pub(crate) struct Workerd {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its listening.
    pub(crate) listening_after: Duration,
}

/// A worker on disk: its modules are files of `folder`, the first is the main one.
#[derive(Clone, Debug)]
pub(crate) struct Worker<'a> {
    pub(crate) folder: PathBuf,
    pub(crate) modules: Vec<String>,
    /// All are text, as plain variables and secrets are on Cloudflare.
    pub(crate) bindings: Vec<(&'a str, String)>,
    pub(crate) platform: Platform,
}

/// What a worker has beside its variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Platform {
    /// Nothing.
    Plain,
    /// The edge's counters and rate limits, as `cargo xtask dev` gives them.
    Counting,
}

/// What [`Platform::Counting`] adds to the parts of a configuration.
#[derive(Default)]
struct Additions {
    service: String,
    extension: String,
    bindings: String,
    storage: String,
}

impl Worker<'_> {
    /// Writes the configuration that [`Workerd::start`] reads from `folder`.
    pub(crate) fn write_config(&self) -> anyhow::Result<()> {
        if self.platform == Platform::Counting {
            std::fs::create_dir_all(self.folder.join(OBJECTS_FOLDER))?;
            std::fs::write(self.folder.join(RATE_LIMIT_FILE), include_str!("../../worker/dev/ratelimit.mjs"))?;
        }
        let path = self.folder.join(CONFIG_FILE);
        std::fs::write(&path, self.config()?).with_context(|| format!("writing {}", path.display()))
    }

    fn config(&self) -> anyhow::Result<String> {
        let mut modules = String::new();
        for name in &self.modules {
            let kind = if name.ends_with(".wasm") { "wasm" } else { "esModule" };
            modules.push_str(&format!("    (name = {0}, {kind} = embed {0}),\n", quoted(name)?));
        }
        let mut bindings = String::new();
        for (name, value) in &self.bindings {
            bindings.push_str(&format!("    (name = {}, text = {}),\n", quoted(name)?, quoted(value)?));
        }
        let Additions { service, extension, bindings: more_bindings, storage } = match self.platform {
            Platform::Plain => Additions::default(),
            Platform::Counting => counting(),
        };
        // The origin is on loopback, which the default outbound network refuses.
        Ok(format!(
            r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "outside", network = (allow = ["private"])),
{service}  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
{extension});
const main :Workerd.Worker = (
  compatibilityDate = "{COMPATIBILITY_DATE}",
  globalOutbound = "outside",
  modules = [
{modules}  ],
  bindings = [
{bindings}{more_bindings}  ],
{storage});
"#
        ))
    }
}

fn counting() -> Additions {
    let mut bindings = String::new();
    let mut namespaces = String::new();
    for (binding, class) in OBJECTS {
        bindings.push_str(&format!("    (name = \"{binding}\", durableObjectNamespace = \"{class}\"),\n"));
        namespaces
            .push_str(&format!("    (className = \"{class}\", uniqueKey = \"bench-{class}\", enableSql = true),\n"));
    }
    for (binding, period) in RATE_LIMITS {
        bindings.push_str(&format!(
            r#"    (name = "{binding}", wrapped = (moduleName = "clouddrop:ratelimit", innerBindings = [
      (name = "limit", text = "{UNREACHED_LIMIT}"), (name = "period", text = "{period}")])),
"#
        ));
    }
    Additions {
        service: format!("    (name = \"objects\", disk = (path = \"{OBJECTS_FOLDER}\", writable = true)),\n"),
        extension: format!(
            r#"  extensions = [
    (modules = [(name = "clouddrop:ratelimit", internal = true, esModule = embed "{RATE_LIMIT_FILE}")]),
  ],
"#
        ),
        bindings,
        storage: format!(
            r#"  durableObjectNamespaces = [
{namespaces}  ],
  durableObjectStorage = (localDisk = "objects"),
"#
        ),
    }
}

impl Workerd {
    /// Starts `binary` in `folder` and waits until it listens.
    ///
    /// # Errors
    /// When it ends or stays silent instead; what it said is in the error.
    pub(crate) fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(LOG_FILE);
        let begun = Instant::now();
        // The log lines of requests go into a file: a pipe would wake this process, which is to measure, for each. What
        // stdout was becomes the control descriptor.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" serve "$1" --control-fd=3 3>&1 >"$2" 2>&1"#])
            .args([binary.as_os_str(), CONFIG_FILE.as_ref(), LOG_FILE.as_ref()])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let stdout = child.stdout.take();
        // From here on a failure ends the child too.
        let mut this =
            Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), listening_after: Duration::ZERO };
        let port = stdout.context("workerd has no stdout").and_then(wait_for_port).with_context(|| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            format!("workerd did not start; it said {:?}", said.trim())
        })?;
        this.listening_after = begun.elapsed();
        this.address.set_port(port);
        Ok(this)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        Client::connect(self.address).await
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        // workerd has no orderly end to wait for and nothing to save. It may have ended by itself; then this says so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What workerd writes to the control descriptor.
#[derive(Deserialize)]
struct ControlEvent {
    event: String,
    #[serde(default)]
    port: u16,
}

/// Reads on a thread of its own: a pipe cannot be read with a time limit.
fn wait_for_port(stdout: ChildStdout) -> anyhow::Result<u16> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let Ok(line) = line else { break };
            if let Ok(ControlEvent { event, port }) = serde_json::from_str(&line)
                && event == "listen"
            {
                // Nobody may be waiting any more; the pipe is read on so that workerd never blocks on it.
                let _ = sender.send(port);
            }
        }
    });
    receiver.recv_timeout(START_LIMIT).context("no listening socket was announced")
}

/// A Cap'n Proto text literal.
fn quoted(text: &str) -> anyhow::Result<String> {
    ensure!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character in a worker's configuration");
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn text_is_quoted_or_refused() {
        assert_eq!(quoted("{\"a\":\"b\\c\"}\nd").unwrap(), r#""{\"a\":\"b\\c\"}\nd""#);
        assert!(quoted("a\u{0}b").is_err());
    }

    #[test]
    fn wasm_is_embedded_as_wasm() {
        let worker = Worker {
            folder: PathBuf::new(),
            modules: vec!["a.mjs".into(), "b.wasm".into()],
            bindings: vec![("A", "1".into())],
            platform: Platform::Plain,
        };
        let config = worker.config().unwrap();
        assert!(config.contains(r#"(name = "a.mjs", esModule = embed "a.mjs")"#));
        assert!(config.contains(r#"(name = "b.wasm", wasm = embed "b.wasm")"#));
        assert!(config.contains(r#"(name = "A", text = "1")"#));
        assert!(!config.contains("durableObject"));
        let config = Worker { platform: Platform::Counting, ..worker }.config().unwrap();
        assert!(config.contains(r#"(name = "LINKS", durableObjectNamespace = "LinkCounter")"#));
        assert!(config.contains(r#"(name = "LIMIT_BAD", wrapped = "#));
    }
}
