//! `cargo xtask fuzz`: the fuzz targets of `tests/fuzz`, built once and run two at a time.
//!
//! All of it lies under `target/fuzz/<target>`: `seeds` from the vectors, `corpus` of what was found, `failures`
//! with what makes a target fail, and the `log`.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::{run, say};

/// How many run at once.
const AT_ONCE: usize = 2;
/// Longest input in bytes; as long as the longest token with a request around it.
const MAX_BYTES: u32 = 4096;
/// A target that holds more has a leak, or an allocation that its input decides.
const MEMORY_MEBIBYTES: u32 = 512;
/// For one input; a busy machine is given time.
const SECONDS_FOR_ONE: u32 = 25;
/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);
/// The variables that `tests/fuzz/src/main.rs` reads.
const TARGET: &str = "CLOUDDROP_FUZZ_TARGET";
const SEEDS: &str = "CLOUDDROP_FUZZ_SEEDS";
/// What libFuzzer needs of the compiler: counters for each edge, their places, and the operands of comparisons. All of
/// it is in stable compilers; `-Z sanitizer` is not.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What `cargo xtask fuzz` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Print the targets
    #[arg(long, conflicts_with_all = ["targets", "reproduce"])]
    list: bool,
    /// Run one target on this input, with its output shown
    #[arg(long, value_name = "FILE")]
    reproduce: Option<PathBuf>,
    /// The targets; all of them if none is named
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

/// Builds the targets and runs them.
///
/// # Errors
/// The targets that failed, each with its input and the command that runs it again.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let program = say::step("fuzz targets", build)?;
    let list = asked(run::command(&program).env(TARGET, "list"))?;
    if options.list {
        use std::io::Write as _;
        return Ok(writeln!(std::io::stdout(), "{list}")?);
    }
    let known: Vec<&str> = list.lines().filter_map(|line| line.split('\t').next()).collect();
    let chosen = chosen(&known, &options.targets)?;
    if let Some(file) = &options.reproduce {
        ensure!(options.targets.len() == 1, "--reproduce needs the one TARGET that the file is for");
        let file = std::path::absolute(file)?;
        return run::shown(run::command(&program).env(TARGET, chosen[0]).args(limits()).arg(file));
    }
    let queue = Mutex::new(chosen.iter().copied().collect::<VecDeque<_>>());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(target) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) {
                    if let Err(error) = fuzz(&program, target, options.seconds)
                        && let Ok(mut failed) = failed.lock()
                    {
                        say::line(&format!("{target:<12} FAILED"));
                        failed.push(format!("{target}: {error:#}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    ensure!(failed.is_empty(), "{} of {} targets failed\n\n{}", failed.len(), chosen.len(), failed.join("\n\n"));
    say::line(&format!("{} targets, {} s each: nothing found", chosen.len(), options.seconds));
    Ok(())
}

/// What the program prints. On stderr libFuzzer names sanitizers that it does without: shown only with a failure.
fn asked(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| run::spelled(command))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {}\n{said}", output.status, run::spelled(command));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The named targets, each once, or all.
fn chosen<'a>(known: &[&'a str], named: &[String]) -> anyhow::Result<Vec<&'a str>> {
    if let Some(unknown) = named.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("{unknown} is no target; there are {}", known.join(", "));
    }
    ensure!(!known.is_empty(), "there is no target");
    let is_named = |name: &&&str| named.is_empty() || named.iter().any(|named| named == **name);
    Ok(known.iter().filter(is_named).copied().collect())
}

/// The program, in a target folder of its own: everything in it is compiled with instrumentation.
fn build() -> anyhow::Result<PathBuf> {
    let compiler = run::output(run::command("rustc").arg("-vV"))?;
    let host = compiler.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc -vV names no host")?;
    let folder = run::target().join("fuzz").join("build");
    let mut cargo = run::cargo(None);
    cargo.args(["build", "--release", "--locked", "--manifest-path", "tests/fuzz/Cargo.toml"]);
    // With a target named, build scripts and macros are compiled without the flags.
    cargo.args(["--target", host, "--target-dir"]).arg(&folder);
    run::shown(cargo.env("RUSTFLAGS", INSTRUMENTATION))?;
    Ok(folder.join(host).join("release").join("clouddrop-fuzz"))
}

/// Runs one target until its time is over or it fails.
fn fuzz(program: &Path, target: &str, seconds: u32) -> anyhow::Result<()> {
    let folder = run::target().join("fuzz").join(target);
    let [seeds, corpus, failures] = ["seeds", "corpus", "failures"].map(|name| folder.join(name));
    // The vectors may have changed; what was found by fuzzing stays.
    if seeds.exists() {
        fs::remove_dir_all(&seeds)?;
    }
    for folder in [&corpus, &failures] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let count = asked(run::command(program).env(TARGET, target).env(SEEDS, &seeds))?;
    say::line(&format!("{target:<12} {count} seeds"));
    let log = folder.join("log");
    let mut command = run::command(program);
    command.env(TARGET, target).args(limits()).arg(format!("-max_total_time={seconds}"));
    // What once failed is tried first.
    command.arg(prefix(&failures)).arg(&corpus).args([&seeds, &failures]);
    command.stdin(Stdio::null()).stdout(fs::File::create(&log)?).stderr(fs::File::options().append(true).open(&log)?);
    let passed = watch(&mut command, target, &log, seconds)?;
    if passed {
        say::line(&format!("{target:<12} {}", last_line(&log, "Done ").unwrap_or_default()));
        return Ok(());
    }
    bail!("{}\n{}", end_of(&log), advice(target, &log))
}

/// What bounds each input, wherever it is run.
fn limits() -> Vec<String> {
    vec![
        format!("-max_len={MAX_BYTES}"),
        format!("-rss_limit_mb={MEMORY_MEBIBYTES}"),
        format!("-timeout={SECONDS_FOR_ONE}"),
    ]
}

/// libFuzzer puts a name behind it: a folder needs its slash.
fn prefix(folder: &Path) -> OsString {
    let mut out = OsString::from("-artifact_prefix=");
    out.push(folder);
    out.push("/");
    out
}

/// Waits for a run, with a line of progress now and then; whether it found nothing.
fn watch(command: &mut Command, target: &str, log: &Path, seconds: u32) -> anyhow::Result<bool> {
    let mut child = command.spawn().with_context(|| run::spelled(command))?;
    let begun = Instant::now();
    let mut told = begun;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            let state = last_line(log, "#").unwrap_or_default();
            say::line(&format!("{target:<12} {:>4} s  {state}", begun.elapsed().as_secs()));
        }
        // It ends by itself: at its time, or with an input that takes too long.
        if begun.elapsed() > Duration::from_secs(u64::from(seconds) + 4 * u64::from(SECONDS_FOR_ONE)) {
            child.kill()?;
            child.wait()?;
            bail!("did not end in its time; the log is {}", log.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How to go on from a failure.
fn advice(target: &str, log: &Path) -> String {
    const WRITTEN: &str = "Test unit written to ";
    let written = last_line(log, "artifact_prefix=");
    match written.as_deref().and_then(|line| line.split_once(WRITTEN)) {
        Some((_, file)) => {
            let again = format!("cargo xtask fuzz {target} --reproduce {}", run::quoted(file));
            format!("the input: {file}\nrun it again: {again}\nthe log: {}", log.display())
        }
        None => format!("no input was written; the log: {}", log.display()),
    }
}

/// The last line of a log that begins so, without what no reader needs of it.
fn last_line(log: &Path, beginning: &str) -> Option<String> {
    let text = String::from_utf8_lossy(&fs::read(log).ok()?).into_owned();
    text.lines().rfind(|line| line.starts_with(beginning)).map(|line| line.replace('\t', " "))
}

/// The panic's message and what libFuzzer says behind it, or the end of the log.
fn end_of(log: &Path) -> String {
    const LINES: usize = 12;
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let panic = lines.iter().position(|line| line.contains(" panicked at "));
    let from = panic.unwrap_or_else(|| lines.len().saturating_sub(LINES));
    let shown = lines[from..].iter().take_while(|line| !line.starts_with("stack backtrace")).take(LINES);
    shown.copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn a_target_that_is_not_there_is_told() {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(chosen(&["a", "b"], &[]).unwrap(), ["a", "b"]);
        assert_eq!(chosen(&["a", "b"], &named(&["b", "b"])).unwrap(), ["b"]);
        assert_eq!(chosen(&["a", "b"], &named(&["c"])).unwrap_err().to_string(), "c is no target; there are a, b");
        assert!(chosen(&[], &[]).is_err());
    }

    #[test]
    fn a_failure_says_how_to_see_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let text =
            "#1\tINITED cov: 1\n#2\tNEW cov: 2\nthread 'main' panicked at a.rs:1:1:\nwrong\nstack backtrace:\n 0: x\n";
        assert!(advice("path", &log).starts_with("no input was written"));
        fs::write(&log, format!("{text}artifact_prefix='/x/'; Test unit written to /x/crash 1\n")).unwrap();
        assert_eq!(last_line(&log, "#").as_deref(), Some("#2 NEW cov: 2"));
        assert_eq!(end_of(&log), "thread 'main' panicked at a.rs:1:1:\nwrong");
        let advice = advice("path", &log);
        assert!(advice.contains("cargo xtask fuzz path --reproduce '/x/crash 1'"), "{advice}");
    }

    #[test]
    fn a_run_that_fails_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        assert!(watch(&mut Command::new("true"), "t", &log, 1).unwrap());
        assert!(!watch(&mut Command::new("false"), "t", &log, 1).unwrap());
    }
}
