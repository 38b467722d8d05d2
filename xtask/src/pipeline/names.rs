//! What the workflows call is there: verbs of `cargo xtask` with their options, scripts, actions of our own; and actions
//! of others stand there by one hash each, with the version that it is of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Parser as _;
use clap::error::ErrorKind;

use crate::{Arguments, run, say};

/// Looks at everything below `.github`.
pub(super) fn check() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    let mut pins = BTreeSet::new();
    let (mut calls_seen, mut files_seen) = (0, 0);
    for file in files(&run::root().join(".github"))? {
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.strip_prefix(run::root()).unwrap_or(&file).display().to_string();
        files_seen += 1;
        for call in calls(&text) {
            calls_seen += 1;
            faults.extend(refusal(&call).map(|why| format!("{name}: cargo xtask {}: {why}", call.join(" "))));
        }
        faults.extend(missing(&text, run::root()).map(|path| format!("{name}: {path} is not there")));
        if lacks_shell(&text) {
            faults
                .push(format!("{name}: without `defaults: run: shell: bash` a pipe succeeds if its last command does"));
        }
        faults.extend(bad_pins(&text, &mut pins).map(|fault| format!("{name}: {fault}")));
    }
    for fault in &faults {
        say::line(&format!("    {fault}"));
    }
    ensure!(calls_seen > 0 && !pins.is_empty(), "no call and no action was found: is .github as it was?");
    if !faults.is_empty() {
        bail!("{} of what the workflows name is not as it should be", faults.len());
    }
    say::line(&format!("    {calls_seen} calls and {} actions in {files_seen} files", pins.len()));
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The arguments of every call of `cargo xtask`, as a shell would divide them.
pub(super) fn calls(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split("cargo xtask ").skip(1).map(words)).collect()
}

/// The words of one command, up to its end.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (';' | '|' | '&' | '>' | '<' | ')' | '`', None) => break,
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Why this program would not take the arguments; variables of the shell are taken for text.
pub(super) fn refusal(call: &[String]) -> Option<String> {
    let arguments = std::iter::once("cargo xtask").chain(call.iter().map(String::as_str));
    match Arguments::try_parse_from(arguments) {
        Err(error) if !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Some(error.to_string().lines().next().unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

/// Files of ours that are named and are not there.
fn missing(text: &str, root: &Path) -> impl Iterator<Item = String> {
    const OURS: [&str; 4] = ["./.github/", ".github/scripts/", ".ci/", "tools/"];
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = lines.flat_map(|line| line.split(|c: char| c.is_whitespace() || "\"'`()=,".contains(c)));
    let named = words.filter(|word| OURS.iter().any(|start| word.starts_with(start)) && !word.contains(['$', '*']));
    let missing: Vec<String> = named.filter(|path| !root.join(path).exists()).map(str::to_owned).collect();
    missing.into_iter()
}

/// Whether a workflow runs commands, and the shell is not said for all of them.
fn lacks_shell(text: &str) -> bool {
    let is_workflow = text.lines().any(|line| line == "jobs:");
    let runs = text.lines().any(|line| line.trim_start().trim_start_matches("- ").starts_with("run: "));
    let says = text.contains("\ndefaults:\n  run:\n    shell: bash");
    is_workflow && runs && !says
}

/// Actions of others that are not named as `owner/name@HASH # vX.Y.Z`, or by another hash than elsewhere.
fn bad_pins<'a>(text: &'a str, pins: &mut BTreeSet<String>) -> impl Iterator<Item = String> {
    let uses = |line: &'a str| line.trim_start().trim_start_matches("- ").strip_prefix("uses:").map(str::trim);
    let others = text.lines().filter_map(uses).filter(|action| !action.starts_with("./"));
    let faults: Vec<String> = others.filter_map(|action| pin_fault(action, pins)).collect();
    faults.into_iter()
}

fn pin_fault(action: &str, pins: &mut BTreeSet<String>) -> Option<String> {
    let parts = action.split_once('@').and_then(|(name, rest)| Some((name, rest.split_once(" # v")?)));
    let Some((name, (hash, version))) = parts else {
        return Some(format!("{action}: write owner/name@HASH # vX.Y.Z"));
    };
    if hash.len() != 40 || !hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Some(format!("{action}: {hash} is not the hash of a commit"));
    }
    if version.split('.').count() != 3 || !version.split('.').all(|number| number.parse::<u32>().is_ok()) {
        return Some(format!("{action}: v{version} is not one version"));
    }
    let known = pins.iter().find(|pin| pin.split('@').next() == Some(name)).cloned();
    let pin = format!("{name}@{hash} # v{version}");
    if let Some(other) = known.filter(|known| *known != pin) {
        return Some(format!("{pin}: elsewhere it is {other}"));
    }
    pins.insert(pin);
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    const HASH: &str = "8e8c483db84b4bee98b60c0593521ed34d9990e8";

    #[test]
    fn calls_are_read_as_a_shell_reads_them() {
        let text = "run: cargo xtask build edge && cargo xtask build \\\n  signer --x86-64\n# cargo xtask nothing\n\
                    - run: x=$(cargo xtask smoke --url \"$URL of it\" 2>/dev/null)\n";
        let calls = calls(text);
        assert_eq!(calls[0], ["build", "edge"]);
        assert_eq!(calls[1], ["build", "signer", "--x86-64"]);
        assert_eq!(calls[2], ["smoke", "--url", "$URL of it", "2"]);
        assert_eq!(calls.len(), 3);
    }

    #[test]
    fn a_verb_or_an_option_that_is_not_there_is_told() {
        let call = |text: &str| refusal(&words(text));
        assert_eq!(call("build edge"), None);
        assert_eq!(call("fuzz --seconds 30 token"), None);
        assert_eq!(call("test --help"), None);
        assert!(call("bild edge").unwrap().contains("bild"));
        assert!(call("build nothing").unwrap().contains("nothing"));
        assert!(call("test --quickly").unwrap().contains("--quickly"));
        assert!(call("fuzz --seconds 0").unwrap().contains('0'));
    }

    #[test]
    fn files_that_are_not_there_are_told() {
        let text = "uses: ./.github/actions/none\nrun: bash .ci/run\n# tools/none\nrun: node \"tools/none.mjs\"\n";
        let found: Vec<String> = missing(text, run::root()).collect();
        assert_eq!(found, ["./.github/actions/none", "tools/none.mjs"]);
    }

    #[test]
    fn the_compiler_of_the_workflows_is_the_oldest_that_is_supported() {
        let read = |name: &str| fs::read_to_string(run::root().join(name)).unwrap();
        let manifest = read("Cargo.toml");
        let oldest = manifest.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(read(".github/actions/rust/action.yml").contains(&format!("VERSION: {oldest}.0\n")), "{oldest}");
    }

    #[test]
    fn a_workflow_says_which_shell_it_has() {
        let jobs = "jobs:\n  a:\n    steps:\n      - run: one | two\n";
        assert!(lacks_shell(jobs));
        assert!(!lacks_shell(&format!("on: push\ndefaults:\n  run:\n    shell: bash\n{jobs}")));
        assert!(!lacks_shell("jobs:\n  a:\n    uses: ./.github/workflows/b.yml\n"));
    }

    #[test]
    fn an_action_stands_by_one_hash_with_its_version() {
        let mut pins = BTreeSet::new();
        let mut faults =
            |action: &str| -> Vec<String> { bad_pins(&format!("  - uses: {action}\n"), &mut pins).collect() };
        assert_eq!(faults(&format!("a/b@{HASH} # v6.0.1")), [""; 0]);
        assert_eq!(faults("./.github/actions/rust"), [""; 0]);
        for (action, fault) in [
            ("a/b@v6".to_owned(), "write owner/name@HASH"),
            (format!("a/b@{HASH}"), "write owner/name@HASH"),
            ("a/b@8e8c483 # v6.0.1".to_owned(), "is not the hash"),
            (format!("a/c@{HASH} # v6"), "is not one version"),
            (format!("a/b@{HASH} # v6.0.2"), "elsewhere it is"),
        ] {
            let told = faults(&action);
            assert!(told.len() == 1 && told[0].contains(fault), "{action}: {told:?}");
        }
    }
}
