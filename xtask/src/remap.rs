//! Paths of this machine are kept out of what is built: the same source gives the same bytes in any folder, and a
//! package tells nobody who built it where.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::run;

/// Arguments of cargo that replace, in everything compiled for `target` by `rustc`, the folders of this machine by names
/// that are the same everywhere. They come on top of the flags of `.cargo/config.toml`, which `RUSTFLAGS` would replace.
///
/// # Errors
/// When the compiler does not say where it is, or no folder of cargo is known.
pub(crate) fn arguments(target: &str, rustc: impl Fn() -> Command) -> anyhow::Result<[String; 2]> {
    let sysroot = run::output(rustc().args(["--print", "sysroot"]))?;
    let about = run::output(rustc().arg("-vV"))?;
    let commit = about.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    let commit = commit.context("rustc names no commit")?;
    let library = (format!("{sysroot}/lib/rustlib/src/rust"), format!("/rustc/{commit}"));
    let flags = flags(&text(run::root()), &text(&run::target()), &text(&cargo_home()?), &library);
    // A list of strings is written in TOML as in JSON.
    Ok(["--config".to_owned(), format!("target.{target}.rustflags={}", serde_json::to_string(&flags)?)])
}

/// rustc takes the last rule that fits.
fn flags(root: &str, target: &str, cargo_home: &str, library: &(String, String)) -> [String; 4] {
    // Where rustup's rust-src is installed, the paths of the library would be of this machine.
    let (library, in_public) = library;
    [(root, "/clouddrop"), (target, "/clouddrop/target"), (cargo_home, "/cargo"), (library, in_public)]
        .map(|(from, to)| format!("--remap-path-prefix={from}={to}"))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The folder of cargo's registry and settings.
///
/// # Errors
/// When there is neither `CARGO_HOME` nor a home folder.
pub(crate) fn cargo_home() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("CARGO_HOME") {
        return Ok(run::root().join(folder));
    }
    Ok(std::env::home_dir().context("no home folder is known: set CARGO_HOME")?.join(".cargo"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn every_folder_of_this_machine_has_a_rule() {
        let library = ("/opt/rust/lib/rustlib/src/rust".to_owned(), "/rustc/5980".to_owned());
        assert_eq!(
            flags("/build/drop", "/build/drop/target", "/build/.cargo", &library),
            [
                "--remap-path-prefix=/build/drop=/clouddrop",
                "--remap-path-prefix=/build/drop/target=/clouddrop/target",
                "--remap-path-prefix=/build/.cargo=/cargo",
                "--remap-path-prefix=/opt/rust/lib/rustlib/src/rust=/rustc/5980",
            ]
        );
    }
}
