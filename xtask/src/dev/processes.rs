//! The programs of the stack as child processes: started, watched and ended together.
//!
//! Each has a pipe as standard input and ends when that closes, so none outlives this process, however it dies.
//! Each is in a process group of its own: Ctrl-C reaches this process only, which then ends them in order.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Longest start of one program.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Longest orderly end; then it is killed.
const END_LIMIT: Duration = Duration::from_secs(5);
/// How much of a log is shown when its program died.
const LAST_LINES: usize = 15;

/// What happens while the stack runs.
enum Event {
    /// A program wrote this JSON value to its standard output.
    Told(usize, Value),
    /// A program closed its standard output: it ended.
    Ended(usize),
    /// Somebody wants the stack to end.
    Stop,
}

/// Why waiting was over.
pub(crate) enum Interruption {
    /// Ctrl-C or another orderly request to end.
    Stopped,
    /// A program failed; what is known about it.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Interruption {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// The running programs. They end with this value, the last started first.
pub(crate) struct Processes {
    running: Vec<Process>,
    sender: Sender<Event>,
    events: Receiver<Event>,
    logs: PathBuf,
}

struct Process {
    name: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    log: PathBuf,
}

impl Processes {
    /// None yet; their logs go into the folder `logs`. From here on SIGINT and its like are events.
    pub(crate) fn new(logs: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(&logs).with_context(|| format!("making {}", logs.display()))?;
        let (sender, events) = channel();
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let stop = sender.clone();
        std::thread::spawn(move || {
            // The second one too: the receiver may be gone, which is no reason to end in disorder.
            for _ in signals.forever() {
                let _ = stop.send(Event::Stop);
            }
        });
        Ok(Self { running: Vec::new(), sender, events, logs })
    }

    /// Treats the end of our own standard input as a request to end.
    pub(crate) fn stop_at_end_of_input(&self) {
        let stop = self.sender.clone();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = stop.send(Event::Stop);
        });
    }

    /// Starts a program. Its stderr becomes `NAME.log`; lines of JSON on its stdout are for [`Processes::told`].
    pub(crate) fn start(&mut self, name: &'static str, command: &mut Command) -> anyhow::Result<()> {
        let log = self.log(name);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("writing {}", log.display()))?)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started: {}", command.get_program().to_string_lossy()))?;
        let stdout = child.stdout.take().context("a child without stdout")?;
        let (place, sender) = (self.running.len(), self.sender.clone());
        std::thread::spawn(move || {
            // Read to the end: a program must never wait for its reader.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line) {
                    let _ = sender.send(Event::Told(place, value));
                }
            }
            let _ = sender.send(Event::Ended(place));
        });
        let stdin = child.stdin.take();
        self.running.push(Process { name, child, stdin, log });
        Ok(())
    }

    /// The log of a program.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// The id of the program started last.
    pub(crate) fn last_pid(&self) -> Option<u32> {
        self.running.last().map(|process| process.child.id())
    }

    /// Waits until the program started last tells something that `wanted` makes a value of.
    ///
    /// # Errors
    /// When any program ends meanwhile, or nothing comes within 30 s.
    pub(crate) fn told<T>(&mut self, wanted: impl FnMut(&Value) -> Option<T>) -> Result<T, Interruption> {
        self.told_within(START_LIMIT, wanted)
    }

    /// As [`Processes::told`], for a program that may take another time.
    ///
    /// # Errors
    /// When any program ends meanwhile, or nothing comes in time.
    pub(crate) fn told_within<T>(
        &mut self,
        limit: Duration,
        mut wanted: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T, Interruption> {
        let deadline = Instant::now() + limit;
        let last = self.running.len().saturating_sub(1);
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::Told(place, value)) if place == last => {
                    if let Some(wanted) = wanted(&value) {
                        return Ok(wanted);
                    }
                }
                Ok(Event::Told(..)) => {}
                Ok(Event::Ended(place)) => return Err(Interruption::Failed(self.death(place))),
                Ok(Event::Stop) => return Err(Interruption::Stopped),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(Interruption::Failed(self.silence(last, limit)));
                }
            }
        }
    }

    /// Waits for `pause`, or less when something happens.
    ///
    /// # Errors
    /// When a program ends, or somebody wants the stack to end.
    pub(crate) fn watch(&mut self, pause: Option<Duration>) -> Result<(), Interruption> {
        loop {
            let event = match pause {
                Some(pause) => match self.events.recv_timeout(pause) {
                    Err(_) => return Ok(()),
                    Ok(event) => event,
                },
                // We hold a sender ourselves: there is always one.
                None => self.events.recv().map_err(|error| anyhow!(error))?,
            };
            match event {
                Event::Told(..) => {}
                Event::Ended(place) => return Err(Interruption::Failed(self.death(place))),
                Event::Stop => return Err(Interruption::Stopped),
            }
        }
    }

    fn silence(&self, place: usize, limit: Duration) -> anyhow::Error {
        match self.running.get(place) {
            Some(process) => {
                anyhow!("{} did not get ready within {} s{}", process.name, limit.as_secs(), last_lines(&process.log))
            }
            None => anyhow!("nothing runs"),
        }
    }

    fn death(&mut self, place: usize) -> anyhow::Error {
        let Some(process) = self.running.get_mut(place) else { return anyhow!("an unknown program ended") };
        let status = match process.wait(END_LIMIT) {
            Ok(status) => status.to_string(),
            Err(_) => "it closed its output".into(),
        };
        anyhow!("{} ended: {status}{}", process.name, last_lines(&process.log))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        while let Some(mut process) = self.running.pop() {
            drop(process.stdin.take());
            if process.wait(END_LIMIT).is_err() {
                // It had its time.
                let _ = process.child.kill();
                let _ = process.child.wait();
            }
        }
    }
}

impl Process {
    fn wait(&mut self, limit: Duration) -> anyhow::Result<std::process::ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("{} goes on", self.name);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The end of a log, to be put behind a sentence.
fn last_lines(log: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let mut last = VecDeque::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        last.push_back(format!("\n    {line}"));
        if last.len() > LAST_LINES {
            last.pop_front();
        }
    }
    match last.is_empty() {
        true => format!("; its log is empty ({})", log.display()),
        false => format!("; the end of its log ({}):{}", log.display(), String::from_iter(last)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_death_is_told_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = Processes::new(folder.path().into()).unwrap();
        processes.start("lives", &mut shell("echo '{\"listen\":1}'; read _")).unwrap();
        assert!(processes.told(|value| value.get("listen")?.as_u64()).is_ok_and(|n| n == 1));
        processes.start("dies", &mut shell("echo first >&2; echo last words >&2; exit 3")).unwrap();
        let Err(Interruption::Failed(error)) = processes.watch(None) else { panic!("it goes on") };
        let error = error.to_string();
        assert!(error.starts_with("dies ended: exit status: 3"), "{error}");
        assert!(error.ends_with("\n    first\n    last words"), "{error}");
    }

    #[test]
    fn all_end_with_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = Processes::new(folder.path().into()).unwrap();
        let ended = folder.path().join("ended");
        processes.start("one", &mut shell(&format!("echo 1; read _; touch '{}'", ended.display()))).unwrap();
        assert!(processes.told(|value| value.as_u64()).is_ok());
        drop(processes);
        assert!(ended.exists());
    }

    #[test]
    fn only_the_end_of_a_long_log_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        fs::write(&log, (0..100).map(|n| format!("line {n}\n")).collect::<String>()).unwrap();
        let text = last_lines(&log);
        assert!(text.ends_with("line 99") && text.contains("line 85\n") && !text.contains("line 84\n"), "{text}");
    }
}
