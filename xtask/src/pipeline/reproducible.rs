//! The same source gives the same bytes: the edge is built twice from nothing, in two folders and with two homes of
//! cargo, and every file of the results is compared.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use crate::{run, say};

/// What else to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The signer's packages as well
    #[arg(long)]
    signer: bool,
    /// The signer's packages for x86-64 instead of arm64
    #[arg(long = "x86-64", requires = "signer")]
    x86_64: bool,
}

/// What is compared, below `target`.
const RESULTS: [&str; 3] = ["edge", "lambda-edge/code", "lambda"];

/// Builds and compares; prints the SHA-256 of each file.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = run::target().join("reproducible");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    // The names are not of one length: a path that got into the code would move everything behind it.
    let (one, other, home) = (folder.join("a"), folder.join("another folder"), folder.join("home of cargo"));
    // Both before anything is built: somebody may be writing meanwhile.
    copy_source(&one)?;
    copy_source(&other)?;
    let first = say::step("build, first time", || build(&one, None, options))?;
    let second = say::step("build, second time", || build(&other, Some(&home), options))?;
    for (name, hash) in &first {
        writeln!(std::io::stdout(), "{hash}  {name}")?;
    }
    let different = differences(&first, &second);
    ensure!(
        different.is_empty(),
        "built twice, these are different: {}; both are below {}",
        different.join(", "),
        folder.display()
    );
    say::line(&format!("    {} files, the same bytes twice", first.len()));
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// The results' hashes by their names.
type Hashes = BTreeMap<String, String>;

fn build(root: &Path, cargo_home: Option<&Path>, options: &Options) -> anyhow::Result<Hashes> {
    let mut tasks = vec![vec!["build", "edge"], vec!["build", "lambda-edge"]];
    if options.signer {
        tasks.push(vec!["build", "signer"]);
    }
    if options.x86_64 {
        tasks.last_mut().context("no task")?.push("--x86-64");
    }
    if let Some(home) = cargo_home {
        new_home(home)?;
    }
    for task in tasks {
        let mut cargo = run::cargo(None);
        cargo.args(["run", "--quiet", "--package", "xtask", "--"]).args(task);
        cargo.current_dir(root).env_remove("CARGO_TARGET_DIR");
        if let Some(home) = cargo_home {
            cargo.env("CARGO_HOME", home);
        }
        run::shown(&mut cargo)?;
    }
    let target = root.join("target");
    let mut hashes = Hashes::new();
    for result in RESULTS {
        let zip_only = result == "lambda";
        for file in files(&target.join(result), !zip_only)? {
            let name = file.strip_prefix(&target)?.to_string_lossy().into_owned();
            if !zip_only || name.ends_with(".zip") {
                let hash = Sha256::digest(fs::read(&file)?);
                hashes.insert(name, hash.iter().map(|byte| format!("{byte:02x}")).collect());
            }
        }
    }
    for needed in ["edge/clouddrop_bg.wasm", "lambda-edge/code/clouddrop_bg.wasm"] {
        ensure!(hashes.contains_key(needed), "{needed} was not built");
    }
    Ok(hashes)
}

/// What git has or would add; tools and packages are not built from it and are shared.
pub(super) fn copy_source(to: &Path) -> anyhow::Result<()> {
    let names =
        run::output(run::command("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (run::root().join(name), to.join(name));
        // One that is deleted and not committed is in the list.
        if from.exists() {
            fs::create_dir_all(to.parent().context("a file without a folder")?)?;
            fs::copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
        }
    }
    for shared in [".tools", "node_modules"] {
        symlink(run::root().join(shared), to.join(shared))?;
    }
    Ok(())
}

/// A home of cargo in which every crate is unpacked again, from what was downloaded.
fn new_home(home: &Path) -> anyhow::Result<()> {
    let old = crate::remap::cargo_home()?;
    fs::create_dir_all(home.join("registry"))?;
    for part in ["registry/cache", "registry/index", "config.toml", "credentials.toml"] {
        if old.join(part).exists() {
            symlink(old.join(part), home.join(part))?;
        }
    }
    Ok(())
}

/// The files of a folder and, where asked, of those in it; none if it is not there. Names that begin with a dot are notes
/// of the build.
fn files(folder: &Path, deep: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        match path.is_dir() {
            true if deep => found.extend(files(&path, deep)?),
            true => {}
            false => found.push(path),
        }
    }
    Ok(found)
}

fn differences(first: &Hashes, second: &Hashes) -> Vec<String> {
    let names = first.keys().chain(second.keys().filter(|name| !first.contains_key(*name)));
    names.filter(|name| first.get(*name) != second.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_or_is_only_in_one_is_told() {
        let hashes = |list: &[(&str, &str)]| -> Hashes {
            list.iter().map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned())).collect()
        };
        let first = hashes(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(differences(&first, &first), [""; 0]);
        assert_eq!(differences(&first, &hashes(&[("a", "1"), ("b", "0"), ("d", "3")])), ["b", "c", "d"]);
    }
}
