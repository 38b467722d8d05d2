//! Running other programs: in the root of the repository, with their output shown as it comes.

use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// `program`, to be run in the root of the repository.
///
/// What cargo says about this program is taken out of its environment: build scripts that look at it would
/// otherwise run again, and their crates be built again, whenever cargo is called in another way.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let told_by_cargo = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || matches!(name, "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE")
                || name == "LD_LIBRARY_PATH"
        });
        if told_by_cargo {
            command.env_remove(name);
        }
    }
    command
}

/// `cargo`, under `toolchain` if one is named.
pub(crate) fn cargo(toolchain: Option<&str>) -> Command {
    let mut cargo = command("cargo");
    if let Some(toolchain) = toolchain {
        cargo.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    cargo
}

/// Runs `command` with its output shown, all of it on stderr.
///
/// # Errors
/// When it cannot be started or fails; the message holds the command to repeat it.
pub(crate) fn shown(command: &mut Command) -> anyhow::Result<()> {
    let stderr = io::stderr().as_fd().try_clone_to_owned()?;
    let status = command.stdin(Stdio::null()).stdout(stderr).status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("{status}: {}", spelled(command));
    }
    Ok(())
}

/// Runs `command` and returns what it prints on stdout; its stderr is shown.
///
/// # Errors
/// As [`shown`], and when the output is not UTF-8.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("{}: {}", output.status, spelled(command));
    }
    Ok(String::from_utf8(output.stdout).context("output that is not UTF-8")?.trim().to_owned())
}

/// As [`output`], but silent, and `None` for every failure: for questions whose answer may be no.
pub(crate) fn asked(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn cannot_start(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let advice = match program.as_ref() {
        "cargo" | "rustup" => "; install Rust by https://rustup.rs",
        "npm" | "node" => "; install Node.js with npm (Debian: apt-get install nodejs npm)",
        _ => "",
    };
    format!("{program} cannot be started{advice}")
}

/// The command as a person would type it in the root of the repository.
pub(crate) fn spelled(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value
            && name != "PATH"
        {
            words.push(format!("{}={}", name.to_string_lossy(), quoted(&value.to_string_lossy())));
        }
    }
    words.push(quoted(&command.get_program().to_string_lossy()));
    words.extend(command.get_args().map(|word| quoted(&word.to_string_lossy())));
    words.join(" ")
}

/// `text` as one word of a shell: single quotes, which POSIX shells, fish and PowerShell read alike.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@,+".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_them() {
        assert_eq!(quoted("http://127.0.0.1:1/a"), "http://127.0.0.1:1/a");
        assert_eq!(quoted("http://h/?a=1&b=2"), "'http://h/?a=1&b=2'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn a_failed_command_can_be_repeated_from_its_message() {
        let mut command = Command::new("false");
        command
            .env("NAME", "a b")
            .args(["--some", "a thing"])
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let message = shown(&mut command).map_err(|error| error.to_string());
        assert_eq!(message, Err("exit status: 1: NAME='a b' false --some 'a thing'".into()));
    }

    #[test]
    fn a_missing_program_is_named() {
        let message = shown(&mut Command::new("no-such-program")).map_err(|error| error.to_string());
        assert_eq!(message, Err("no-such-program cannot be started".into()));
    }
}
