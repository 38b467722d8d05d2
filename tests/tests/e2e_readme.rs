//! Proves that what the README prints works: its script for programs is taken from the file and run by `sh`
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

/// As it is printed, but for a build that takes seconds and a place that goes again.
#[test]
fn the_command_line_is_installed_as_printed() {
    let readme = fs::read_to_string(files::repository().join("README.md")).unwrap();
    let words = readme.split('`').find(|text| text.starts_with("cargo install ")).unwrap();
    let root = new_folder();
    let mut install = Command::new("sh");
    install.args(["-euc", &format!("{words} --debug --locked --quiet --root \"$0\"")]).arg(&root);
    let output = install.current_dir(files::repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = Command::new(root.join("bin/clouddrop")).arg("--version").output().unwrap();
    fs::remove_dir_all(&root).unwrap();
    assert!(told.status.success() && told.stdout.starts_with(b"clouddrop "), "{told:?}");
}
