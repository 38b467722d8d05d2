//! LocalStack on a port of loopback, with the functions of `infra/local`: started, and ended with the other programs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::dev::processes::{Interruption, Processes};
use crate::{run, say, setup};

/// Longest start: it imports much, and on a new machine nothing of that is compiled yet.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Starts it with nothing in it; its address, `127.0.0.1:PORT`.
///
/// # Errors
/// When it does not get ready.
pub(crate) fn start(folder: &Path, processes: &mut Processes) -> Result<String, Interruption> {
    say::line("--> AWS emulator: start");
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let source = run::root().join("infra/local");
    let mut command = run::command(setup::emulator_python());
    // Only ours: what a PYTHONPATH of the user holds could take the place of a module. Unbuffered, so that the log of one
    // that is killed is whole.
    command.env("PYTHONPATH", &source).env("PYTHONUNBUFFERED", "1");
    // Compiled once for all runs, and not beside the sources.
    command.env("PYTHONPYCACHEPREFIX", setup::emulator_cache()).env_remove("PYTHONDONTWRITEBYTECODE");
    command.arg(source.join("start.py")).arg(folder);
    processes.start("emulator", &mut command)?;
    processes.told_within(START_LIMIT, |line| Some(line.get("listen")?.as_str()?.to_owned()))
}
