//! The command line against the whole stack, as a user has both.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::wait_for;
use clouddrop_tests::stack::content::bytes;
use common::{Home, text};
use std::process::Stdio;
use std::sync::OnceLock;

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::start(&[]))
}

#[test]
fn a_file_goes_out_and_comes_back() {
    let home = Home::of(stack());
    // Over the size of one PUT: in parts.
    let content = bytes(1, 0, 70 << 20);
    home.write("large ü.bin", &content);
    let sent = home.json(&["put", "large ü.bin", "--expires", "2d", "--note", "for Bob"]);
    assert_eq!((&sent["files"][0]["name"], &sent["share"]["note"]), (&"large ü.bin".into(), &"for Bob".into()));
    let link = sent["share"]["link"].as_str().unwrap();
    std::fs::create_dir(home.path("in")).unwrap();
    assert_eq!(home.must(&["get", link, "-o", "in"]), "in/large ü.bin");
    assert!(home.read("in/large ü.bin") == content, "other bytes");
    assert_eq!((home.list("in"), home.unfinished()), (vec!["large ü.bin".into()], 0), "nothing is left behind");
    // What is there is not written over.
    let said = home.fails(7, &["get", link, "-o", "in"]);
    assert!(said.contains("is there already") && said.contains("--force"), "{said}");
    home.must(&["get", link, "-o", "in", "--force"]);
    let piped = home.run(&["get", link, "-o", "-"]);
    assert!(piped.status.success() && piped.stdout == content);
    // An empty one is a file, too.
    home.write("empty", b"");
    let link = home.must(&["put", "empty"]);
    home.must(&["get", &link, "-o", "nothing"]);
    assert_eq!(home.read("nothing"), b"");
}

#[test]
fn folders_travel_whole() {
    let home = Home::of(stack());
    std::fs::create_dir_all(home.path("photos/2026")).unwrap();
    for (name, content) in [("photos/a.txt", "a"), ("photos/2026/b c.txt", "bc"), ("photos/2026/d", "")] {
        home.write(name, content.as_bytes());
    }
    std::os::unix::fs::symlink("/etc/passwd", home.path("photos/link")).unwrap();
    let link = home.must(&["put", "photos"]);
    home.must(&["get", &link, "-o", "got"]);
    assert_eq!(home.read("got/photos/2026/b c.txt"), b"bc");
    assert_eq!((home.list("got/photos"), home.list("got/photos/2026").len()), (vec!["2026".into(), "a.txt".into()], 2));
    // Again: what is there is left alone.
    std::fs::remove_file(home.path("got/photos/a.txt")).unwrap();
    home.must(&["get", &link, "-o", "got"]);
    assert_eq!(home.read("got/photos/a.txt"), b"a");
    assert!(home.fails(2, &["get", &link, "-o", "-"]).contains("folder"));
}

#[test]
fn files_of_one_name_are_kept_apart() {
    let home = Home::of(stack());
    for (folder, content) in [("one", "1"), ("two", "2")] {
        std::fs::create_dir(home.path(folder)).unwrap();
        home.write(&format!("{folder}/a.txt"), content.as_bytes());
    }
    let link = home.must(&["put", "one/a.txt", "two/a.txt"]);
    home.must(&["get", &link, "-o", "got/"]);
    assert_eq!((home.read("got/a.txt"), home.read("got/a (2).txt")), (b"1".to_vec(), b"2".to_vec()));
    home.must(&["get", &home.must(&["put", "one/a.txt"]), "-o", "made/"]);
    assert_eq!(home.read("made/a.txt"), b"1");
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_not_sent() {
    let home = Home::of(stack());
    let content = bytes(4, 0, 160 << 20);
    home.write("growing.bin", &content);
    let mut child =
        home.command(&["put", "growing.bin"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| (home.unfinished() == 1).then_some(()));
    // Of the same length, at its end: only the checksum tells.
    let file = std::fs::OpenOptions::new().write(true).open(home.path("growing.bin")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"other bytes", (160 << 20) - 11).unwrap();
    let status = child.wait().unwrap();
    let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(8), "{said}");
    assert!(said.contains("send it again"), "{said}");
    let link = home.must(&["put", "growing.bin"]);
    home.must(&["get", &link, "-o", "got.bin"]);
    assert!(home.read("got.bin") == home.read("growing.bin"));
}

#[test]
fn passwords_and_limits_hold() {
    let home = Home::of(stack());
    home.write("secret.txt", b"for two eyes");
    let put = home.run_with(&["put", "secret.txt", "--password-stdin", "--downloads", "1"], "open sésame\n");
    let link = text(&put);
    assert!(home.fails(4, &["get", &link]).contains("--password-stdin"));
    let wrong = home.run_with(&["get", &link, "--password-stdin"], "guess\n");
    assert_eq!(wrong.status.code(), Some(4));
    assert_eq!(home.list("."), ["secret.txt"], "nothing but what was sent");
    text(&home.run_with(&["get", &link, "--password-stdin", "-o", "got.txt"], "open sésame\n"));
    assert_eq!(home.read("got.txt"), b"for two eyes");
    let again = home.run_with(&["get", &link, "--password-stdin", "-o", "again.txt"], "open sésame\n");
    assert_eq!(again.status.code(), Some(5), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(home.list("."), ["got.txt", "secret.txt"]);
}

#[test]
fn what_was_shared_is_looked_after() {
    let home = Home::of(stack());
    home.write("report.txt", b"figures");
    let sent = home.json(&["put", "report.txt", "--no-share"]);
    assert_eq!(sent["share"], serde_json::Value::Null);
    let share = home.json(&["share", "report.txt", "--expires", "1h"]);
    let (link, id) = (share["link"].as_str().unwrap().to_string(), share["id"].as_str().unwrap());
    home.must(&["get", &link, "-o", "got.txt"]);
    wait_for(|| home.must(&["events", &link]).contains("download").then_some(()));
    let longer = home.json(&["extend", &link, "--expires", "3d"]);
    assert_eq!(longer["id"], id);
    home.must(&["revoke", id]);
    wait_for(|| (home.run(&["get", &link, "-o", "no.txt"]).status.code() == Some(5)).then_some(()));
    assert!(home.must(&["shares"]).contains("revoked"));
    assert!(home.must(&["ls", "REPORT"]).contains("report.txt"));
    home.must(&["rm", "report.txt"]);
    assert!(home.fails(5, &["rm", "report.txt"]).contains("no file is called report.txt"));
    assert!(home.fails(5, &["share", "report.txt"]).contains("clouddrop ls"));
    let request = home.json(&[
        "request",
        "Your photos, please",
        "--max-files",
        "3",
        "--max-file-size",
        "1M",
        "--type",
        "image/*",
    ]);
    assert_eq!((&request["max_file_bytes"], &request["types"][0]), (&(1 << 20).into(), &"image/*".into()));
    let id = request["id"].as_str().unwrap();
    assert!(home.must(&["request", "ls"]).contains("Your photos, please"));
    home.must(&["request", "close", id]);
    assert!(home.must(&["request", "ls"]).contains("closed"));
    let findings = home.must(&["doctor"]);
    assert!(!findings.contains("FAIL") && findings.contains("API key"), "{findings}");
}

#[test]
fn keys_are_kept_for_their_owner_and_shown_nowhere() {
    let home = Home::of(stack());
    let bare = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env_remove("CLOUDDROP_URL").env_remove("CLOUDDROP_API_KEY");
        command
    };
    let refused = bare(&["ls"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("clouddrop login"));
    let key = &stack().ready.api_key;
    let mut login = bare(&["login", &stack().ready.page]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut login.stdin.take().unwrap(), key.as_bytes()).unwrap();
    let said = text(&login.wait_with_output().unwrap());
    assert!(said.contains("signed in") && !said.contains(key.as_str()), "{said}");
    let file = home.path(".config/clouddrop/config.toml");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let config = text(&bare(&["config"]).output().unwrap());
    assert!(config.contains("127.0.0.1") && !config.contains(key.as_str()), "{config}");
    text(&bare(&["ls"]).output().unwrap());
    // A key goes to the service that it was given for and to no other.
    let other = bare(&["ls"]).env("CLOUDDROP_URL", "http://127.0.0.1:9").output().unwrap();
    assert_eq!(other.status.code(), Some(3), "{}", String::from_utf8_lossy(&other.stderr));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let home = Home::of(stack());
    home.write("much.bin", &bytes(2, 0, 8 << 20));
    let link = home.must(&["put", "much.bin"]);
    let mut child =
        home.command(&["get", &link, "-o", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true), "{output:?}");
}

#[test]
fn ctrl_c_says_how_to_go_on_and_the_same_command_does() {
    let home = Home::of(stack());
    let content = bytes(3, 0, 160 << 20);
    home.write("long.bin", &content);
    let child = home.command(&["put", "long.bin"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Once it is written down, it can be gone on with.
    wait_for(|| (home.unfinished() == 1).then_some(()));
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(130), true), "{said}");
    assert!(said.contains("the same command goes on"), "{said}");
    let again = home.run(&["put", "long.bin"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("long.bin: goes on"), "{again:?}");
    home.must(&["get", &text(&again), "-o", "got.bin"]);
    assert!(home.read("got.bin") == content, "other bytes");
}

#[test]
fn a_file_that_is_not_what_was_asked_for_gets_no_name() {
    let home = Home::of(stack());
    home.write("a.txt", b"a");
    let link = home.must(&["put", "a.txt"]);
    let wrong = "0".repeat(64);
    assert!(home.fails(8, &["get", &link, "-o", "b.txt", "--sha256", &wrong]).contains("SHA-256"));
    assert_eq!(home.list("."), ["a.txt"]);
    let right = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    assert_eq!(home.json(&["get", &link, "-o", "b.txt", "--sha256", right])["sha256"], right);
}
