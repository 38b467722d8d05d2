//! The checkers find planted faults: a checker that was switched off, or looks elsewhere, would find nothing in our own
//! files either.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use super::{checkers, names};
use crate::run;

const FOLDER: &str = "xtask/src/pipeline/planted";

/// Shows each checker its faults.
pub(super) fn check() -> anyhow::Result<()> {
    let workflow = |name: &str| Path::new(FOLDER).join(name);
    let (faults, unknown) = (workflow("faults.yml"), workflow("unknown.yml"));
    // With the brackets: it shows the lines of the file too.
    let found: Vec<String> = named(&faults, ", ")?.iter().map(|name| format!("[{name}]: ")).collect();
    finds(checkers::zizmor_command().arg("--no-config").arg(&faults), &found)?;
    finds(checkers::actionlint_command()?.arg(&unknown), &named(&unknown, "; ")?)?;
    ensure!(names::refusal(&["bild".to_owned()]).is_some(), "a verb that is not there was taken");
    let folder = run::target().join("planted");
    for (name, files, metadata, found) in PROJECTS {
        let manifest = project(&folder.join(name), files)?;
        let mut deny = checkers::deny_command(Some(&manifest));
        if let Some((from, to)) = metadata {
            deny.arg("--metadata-path").arg(changed_metadata(&manifest, from, to)?);
        }
        let only = ["-A", "unmatched-skip", "-A", "license-not-encountered", "bans", "licenses", "sources"];
        finds(deny.arg("check").args(only), &found.map(str::to_owned))?;
    }
    Ok(())
}

/// What stands in the comments at the ends of lines.
fn named(file: &Path, separator: &str) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(run::root().join(file)).with_context(|| format!("reading {}", file.display()))?;
    let comments = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" # "));
    Ok(comments.flat_map(|(_, comment)| comment.split(separator)).map(str::to_owned).collect())
}

/// Runs a checker that has to fail and to tell all of this.
fn finds(checker: &mut Command, faults: &[String]) -> anyhow::Result<()> {
    let output = checker.output().with_context(|| run::spelled(checker))?;
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let overlooked: Vec<&String> = faults.iter().filter(|fault| !told.contains(fault.as_str())).collect();
    ensure!(!faults.is_empty(), "nothing is planted for {}", run::spelled(checker));
    if output.status.success() || !overlooked.is_empty() {
        bail!("{}\nThis did not tell {overlooked:?}: {}", told.trim(), run::spelled(checker));
    }
    Ok(())
}

/// A name, files, a text of cargo's metadata to be replaced, and what cargo-deny has to find.
type Project = (&'static str, [&'static str; 2], Option<(&'static str, &'static str)>, [&'static str; 1]);

/// A crate with one dependency, each of one fault. Names and versions are real, the crates are empty.
const PROJECTS: [Project; 4] = [
    ("banned", ["license = 'MIT'", "name = 'openssl-sys'\nlicense = 'MIT'"], None, ["error[banned]"]),
    ("licence", ["license = 'MIT'", "name = 'dependency'\nlicense = 'AGPL-3.0-only'"], None, ["error[rejected]"]),
    ("unlicensed", ["license = 'MIT'", "name = 'dependency'"], None, ["error[unlicensed]"]),
    (
        "source",
        ["license = 'MIT'", "name = 'dependency'\nlicense = 'MIT'"],
        Some((r#""source":null"#, r#""source":"git+https://example.com/dependency?rev=1#1""#)),
        ["error[source-not-allowed]"],
    ),
];

/// Writes a project and gives back its manifest.
fn project(folder: &Path, [package, dependency]: [&str; 2]) -> anyhow::Result<PathBuf> {
    let name = dependency.split('\'').nth(1).context("a dependency without a name")?;
    let common = "version = '1.0.0'\nedition = '2024'\n";
    let root = format!(
        "[package]\nname = 'planted'\n{package}\n{common}[dependencies]\n{name} = {{ path = 'dependency', version = '1' }}\n[workspace]\n"
    );
    for (folder, manifest) in
        [(folder.to_owned(), root), (folder.join("dependency"), format!("[package]\n{dependency}\n{common}"))]
    {
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src/lib.rs"), "")?;
        fs::write(folder.join("Cargo.toml"), manifest)?;
    }
    let manifest = folder.join("Cargo.toml");
    run::output(
        run::cargo(None).args(["generate-lockfile", "--quiet", "--offline", "--manifest-path"]).arg(&manifest),
    )?;
    Ok(manifest)
}

/// Cargo's metadata of a project, of which one package, not the root, is said to be from elsewhere.
fn changed_metadata(manifest: &Path, from: &str, to: &str) -> anyhow::Result<PathBuf> {
    let mut cargo = run::cargo(None);
    let metadata =
        run::output(cargo.args(["metadata", "--format-version", "1", "--offline", "--manifest-path"]).arg(manifest))?;
    let place = metadata.find(r#"{"name":"dependency""#).context("cargo's metadata has no dependency")?;
    let (before, after) = metadata.split_at(place);
    ensure!(after.contains(from), "cargo's metadata has another form");
    let file = manifest.with_file_name("metadata.json");
    fs::write(&file, format!("{before}{}", after.replacen(from, to, 1)))?;
    Ok(file)
}
