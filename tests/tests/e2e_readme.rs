//! Proves that the README's script for programs works as it is printed: it is taken from the file and run by `sh`
//! against the stack, with nothing but `$PAGE` and `$KEY` given.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::files;
use clouddrop_tests::stack::{Stack, new_folder};
use std::fs;
use std::process::Command;

#[test]
fn the_script_of_the_readme_works_as_printed() {
    let readme = fs::read_to_string(files::repository().join("README.md")).unwrap();
    let mut blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let script = blocks.find(|block| block.contains("$PAGE")).unwrap();
    let stack = Stack::start(&[]);
    let folder = new_folder();
    fs::create_dir_all(&folder).unwrap();
    let output = Command::new("sh")
        .args(["-euc", script])
        .current_dir(&folder)
        .env("PAGE", stack.ready.page.trim_end_matches('/'))
        .env("KEY", &stack.ready.api_key)
        .output()
        .unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    // The file, by a link, by a claim, how it was used, that it was taken back, and a link for others.
    let (file, rest) =
        out.split_once("Hello from CloudDropHello from CloudDrop").unwrap_or_else(|| panic!("{out}\n{err}"));
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    assert_eq!((&file["name"], &file["size"]), (&"hello.txt".into(), &20.into()), "{file}");
    let rest: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(rest).into_iter().collect::<Result<_, _>>().unwrap();
    let states: Vec<&str> = rest.iter().map(|shown| shown["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["active", "revoked", "open"], "{rest:?}");
}
