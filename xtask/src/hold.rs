//! Runs a program for as long as standard input is open: for programs that would outlive the one that started
//! them. A pipe closes however its writer dies.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// How long the program's end can go unnoticed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs `command`, after a line `{"event":"pid","pid":N}` on stdout, until it ends or standard input does.
///
/// # Errors
/// When it cannot be started, or ends by itself.
pub(crate) fn run(command: &[OsString]) -> anyhow::Result<()> {
    let (program, arguments) = command.split_first().context("no program is named")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    writeln!(io::stdout(), "{{\"event\":\"pid\",\"pid\":{}}}", child.id())?;
    let (sender, input_end) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while io::stdin().read(&mut buffer).is_ok_and(|length| length > 0) {}
        drop(sender);
    });
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("it ended by itself: {status}");
        }
        if input_end.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
            // It may have ended this very moment.
            let _ = child.kill();
            child.wait()?;
            return Ok(());
        }
    }
}
