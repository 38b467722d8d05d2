//! A session with a service, word by word: addresses, ids, tokens and times are written by their kinds. The README shows
//! it. `CLOUDDROP_REWRITE=1` writes it anew: read what changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::files::repository;
use clouddrop_tests::stack::Stack;
use common::Home;
use regex::Regex;

/// What differs from run to run, and what is written for it.
const KINDS: [(&str, &str); 6] = [
    (r"http://127\.0\.0\.1:\d+/([su])/[A-Za-z0-9_-]+", "https://files.example.net/$1/[TOKEN]"),
    (r"http://127\.0\.0\.1:\d+", "https://share.example.com"),
    (r"[0-9a-f]{44}-[0-9a-f]{16}", "[FILE ID]"),
    (r"\b[0-9a-f]{32}\b", "[ID]"),
    (r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
    (r"/tmp/\.tmp[A-Za-z0-9]+", "~"),
];

#[test]
fn a_session_is_as_it_was() {
    let stack = Stack::start(&[]);
    let home = Home::of(&stack);
    home.write("report.pdf", b"figures, figures\n");
    home.write("photo.jpg", &[0xff; 4096]);
    let file = repository().join("cli/tests/transcripts/session.txt");
    let before = std::fs::read_to_string(&file).unwrap();
    let mut link = String::new();
    let mut told = String::new();
    for command in before.lines().filter_map(|line| line.strip_prefix("$ ")) {
        // `$LINK` is the last link that was printed.
        let output = home.shell(command).env("LINK", &link).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        if let Some(line) = said.lines().find(|line| line.starts_with("http") && line.contains("/s/")) {
            link = line.into();
        }
        told.push_str(&format!("$ {command}\n{said}"));
        if let Some(code) = output.status.code().filter(|code| *code != 0) {
            told.push_str(&format!("[exit code {code}]\n"));
        }
    }
    for (kind, written) in KINDS {
        told = Regex::new(kind).unwrap().replace_all(&told, written).into_owned();
    }
    if std::env::var_os("CLOUDDROP_REWRITE").is_some() {
        std::fs::write(&file, &told).unwrap();
    }
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after == told, "the session differs; CLOUDDROP_REWRITE=1 writes it anew:\n{told}");
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    for part in readme.split("```console\n").skip(1) {
        let shown = part.split("```").next().unwrap();
        assert!(told.contains(shown), "the README shows another session:\n{shown}");
    }
}
