//! Who runs the commands of a deployment: directly, or beside programs that may die and a person who may want to stop.

use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use crate::dev::processes::{Interruption, Processes};
use crate::run;

/// How often a running command is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs commands.
pub(crate) trait Hands {
    /// Runs it with its output shown.
    fn shown(&mut self, command: &mut Command) -> anyhow::Result<()>;
    /// What it prints on stdout; its stderr is shown.
    fn output(&mut self, command: &mut Command) -> anyhow::Result<String>;
    /// Waits.
    fn pause(&mut self, time: Duration) -> anyhow::Result<()>;
}

/// Runs them as they are: Ctrl-C reaches them, too.
pub(crate) struct Plain;

impl Hands for Plain {
    fn shown(&mut self, command: &mut Command) -> anyhow::Result<()> {
        run::shown(command)
    }

    fn output(&mut self, command: &mut Command) -> anyhow::Result<String> {
        run::output(command)
    }

    fn pause(&mut self, time: Duration) -> anyhow::Result<()> {
        std::thread::sleep(time);
        Ok(())
    }
}

/// Runs them beside programs: a command ends when one of those dies, or when somebody wants all of it to end.
pub(crate) struct Beside<'a>(pub(crate) &'a mut Processes);

impl Beside<'_> {
    fn wait(&mut self, command: &mut Command, stdout: Stdio, text: &mut String) -> anyhow::Result<ExitStatus> {
        // A group of its own: Ctrl-C reaches us only, and we end it.
        let mut child = command
            .stdin(Stdio::null())
            .stdout(stdout)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().to_string_lossy()))?;
        let reader = child.stdout.take().map(|mut stdout| {
            std::thread::spawn(move || {
                let mut text = String::new();
                stdout.read_to_string(&mut text).map(|_| text)
            })
        });
        let ended = loop {
            if let Some(status) = child.try_wait()? {
                break Ok(status);
            }
            if let Err(interruption) = self.0.watch(Some(LOOK_EVERY)) {
                // The programs that it talks to are going: nothing useful would come of it, or of what it has started.
                let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status();
                let _ = child.kill();
                let _ = child.wait();
                break Err(failed(interruption));
            }
        };
        if let Some(reader) = reader {
            *text = reader.join().map_err(|_| anyhow!("reading the output failed"))?.context("reading the output")?;
        }
        ended
    }

    fn done(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
        if !status.success() {
            bail!("{status}: {}", without_secrets(command));
        }
        Ok(())
    }
}

impl Hands for Beside<'_> {
    fn shown(&mut self, command: &mut Command) -> anyhow::Result<()> {
        let stderr = io::stderr().as_fd().try_clone_to_owned()?;
        let status = self.wait(command, stderr.into(), &mut String::new())?;
        Self::done(command, status)
    }

    fn output(&mut self, command: &mut Command) -> anyhow::Result<String> {
        let mut text = String::new();
        let status = self.wait(command, Stdio::piped(), &mut text)?;
        Self::done(command, status)?;
        Ok(text.trim().to_owned())
    }

    fn pause(&mut self, time: Duration) -> anyhow::Result<()> {
        self.0.watch(Some(time)).map_err(failed)
    }
}

/// Why it is over, as an error.
pub(crate) fn failed(interruption: Interruption) -> anyhow::Error {
    match interruption {
        Interruption::Stopped => anyhow!("interrupted; all that was started has been ended"),
        Interruption::Failed(error) => error,
    }
}

/// The program and its arguments. The environment is left out: keys are in it.
fn without_secrets(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| run::quoted(&word.to_string_lossy())).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use std::time::Instant;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_command_ends_when_a_program_beside_it_dies() {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = Processes::new(folder.path().into()).unwrap();
        processes.start("dies", &mut shell("sleep 0.3; echo why >&2; exit 4")).unwrap();
        let begun = Instant::now();
        let error = Beside(&mut processes).output(&mut shell("exec sleep 20")).unwrap_err().to_string();
        assert!(error.starts_with("dies ended: exit status: 4") && error.ends_with("why"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn what_it_has_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = Processes::new(folder.path().into()).unwrap();
        processes.start("dies", &mut shell("sleep 0.3; exit 4")).unwrap();
        let script = format!("sleep 20 & echo $! > {0}/pid; wait", folder.path().display());
        Beside(&mut processes).shown(&mut shell(&script)).unwrap_err();
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        let is_gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        let begun = Instant::now();
        while !is_gone() {
            assert!(begun.elapsed() < Duration::from_secs(5), "{pid} goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn its_output_is_what_it_prints_and_a_failure_shows_no_environment() {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = Processes::new(folder.path().into()).unwrap();
        let mut hands = Beside(&mut processes);
        assert_eq!(hands.output(&mut shell("echo ' a b '")).unwrap(), "a b");
        let error = hands.output(shell("exit 3").env("AWS_SECRET_ACCESS_KEY", "hush")).unwrap_err().to_string();
        assert_eq!(error, "exit status: 3: sh -c 'exit 3'");
    }
}
