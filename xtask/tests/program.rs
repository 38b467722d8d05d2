//! The program as others start it: what `hold` promises, and what a person reads when a start is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

fn xtask(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = xtask(arguments).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_held_program_ends_when_the_pipe_closes() {
    let mut holder = xtask(&["hold", "--", "sh", "-c", "echo up; exec sleep 600"]);
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    let mut lines = [String::new(), String::new()];
    for line in &mut lines {
        output.read_line(line).unwrap();
    }
    lines.sort();
    assert_eq!(lines[0], "up\n");
    assert!(lines[1].starts_with("{\"event\":\"pid\",\"pid\":"), "{}", lines[1]);
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    // The pipe that the program wrote into has ended: so has the program.
    assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[test]
fn the_end_of_a_held_program_is_a_failure() {
    let mut holder = xtask(&["hold", "--", "sh", "-c", "exit 3"]);
    // Waiting would close it.
    let _open = holder.stdin.take();
    assert_eq!(holder.wait().unwrap().code(), Some(1));
    let mut text = String::new();
    holder.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("exit status: 3"), "{text}");
}

#[test]
fn a_busy_port_is_refused_by_name_before_anything_is_built() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("not-made");
    let text = refusal(&["dev", "--port", &port.to_string(), "--data", folder.to_str().unwrap()]);
    assert!(text.contains(&format!("port {port} is in use")) && text.contains("--port"), "{text}");
    assert!(!text.contains("-->"), "{text}");
    assert!(!folder.exists());
}

#[test]
fn a_damaged_state_is_refused_by_name() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("state.json"), "{").unwrap();
    let text = refusal(&["dev", "--no-build", "--port", "0", "--data", data.path().to_str().unwrap()]);
    assert!(text.contains("state.json is damaged at line 1"), "{text}");
}
