//! What goes wrong around the command line: files in the way, changed files, other terms after an interruption, readers
//! that leave. Nothing wrong looks complete, and what the words advise works.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::stack::Stack;
use common::{Home, text};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::start(&[]))
}

/// A run whose result nobody reads: for the service all is done, for the program it is to be done again.
fn unread(home: &Home, arguments: &[&str]) {
    let mut child = home.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

/// A mock of the service, to inject what a real one says only once in thousands of runs: it answers by path, on a new
/// connection each time. Its address.
fn in_the_place_of_the_service(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> String {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut path, mut length) = (String::new(), 0);
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                if path.is_empty() {
                    path = line.split(' ').nth(1).unwrap().into();
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink()).unwrap();
            let (status, body) = answer(&path);
            let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.get_mut().write_all(format!("{head}{body}").as_bytes());
        }
    });
    page
}

#[test]
fn an_upload_that_is_completed_between_two_calls_is_no_changed_file() {
    // A killed run's call that completes it can still be under way while the next run asks what has arrived.
    let page = in_the_place_of_the_service(|path| match path {
        "/api/v1/uploads" => (201, r#"{"upload":"t","upload_id":"u","part_size":8388608,"parts":[]}"#.into()),
        "/api/v1/uploads/list" => {
            let title = "The request does not go with the present state";
            let body = format!(
                r#"{{"status":409,"title":"{title}","code":"conflict","detail":"the upload is complete","request_id":"1"}}"#
            );
            (409, body)
        }
        "/api/v1/uploads/complete" => (200, r#"{"id":"f","key":"o/d/a.bin"}"#.into()),
        other => (404, format!(r#"{{"status":404,"title":"no {other}","code":"not_found","request_id":"1"}}"#)),
    });
    let home = Home::of(stack());
    home.write("a.bin", b"whole");
    let put = home.command(&["put", "a.bin", "--no-share"]).env("CLOUDDROP_URL", page).output().unwrap();
    assert_eq!(text(&put), "f");
}

#[test]
fn only_a_reader_that_left_makes_a_broken_pipe_no_error() {
    let page = in_the_place_of_the_service(|_| {
        (400, r#"{"status":400,"title":"Broken pipe","code":"bad_request","request_id":"1"}"#.into())
    });
    let home = Home::of(stack());
    let output = home.command(&["ls"]).env("CLOUDDROP_URL", page).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Broken pipe"), "{output:?}");
}

#[test]
fn other_terms_after_an_interruption_make_another_link() {
    let home = Home::of(stack());
    home.write("a.bin", b"the same file");
    unread(&home, &["put", "a.bin", "--note", "first"]);
    let sent = home.json(&["put", "a.bin", "--downloads", "2"]);
    assert_eq!((&sent["share"]["max_downloads"], home.unfinished()), (&2.into(), 0));
    // With the same terms it is the same link.
    home.write("b.bin", b"another one");
    unread(&home, &["put", "b.bin", "--note", "once"]);
    home.must(&["put", "b.bin", "--note", "once"]);
    let shares = home.json(&["shares", "-n", "0"]);
    let notes = shares["items"].as_array().unwrap().iter().filter(|share| share["note"] == "once").count();
    assert_eq!(notes, 1);
}

#[test]
fn a_file_that_changed_with_its_time_kept_is_sent_when_it_is_sent_again() {
    let home = Home::of(stack());
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let write = |content: &[u8]| {
        home.write("a.bin", content);
        File::options().write(true).open(home.path("a.bin")).unwrap().set_modified(time).unwrap();
    };
    // Ended once it is written down and before it is sent; a kill that comes too late for that is tried again.
    let refused = (0..20).map(|size| 5000 + size).find_map(|size| {
        write(&vec![1; size]);
        let mut child = home.command(&["put", "a.bin"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        while home.unfinished() == 0 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(100));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        write(&vec![2; size]);
        let output = home.run(&["put", "a.bin"]);
        (!output.status.success()).then(|| (size, String::from_utf8(output.stderr).unwrap()))
    });
    let (size, said) = refused.unwrap();
    assert!(said.contains("changed while it was sent") && said.contains("send it again"), "{said}");
    let link = home.must(&["put", "a.bin"]);
    home.must(&["get", &link, "-o", "got.bin"]);
    assert_eq!(home.read("got.bin"), vec![2; size]);
    assert_eq!(home.unfinished(), 0);
}

#[test]
fn a_file_of_others_in_the_way_of_a_folder_is_no_success() {
    let home = Home::of(stack());
    fs::create_dir_all(home.path("in")).unwrap();
    for name in ["in/a.txt", "in/b.txt"] {
        home.write(name, b"right");
    }
    let link = home.must(&["put", "in"]);
    fs::create_dir_all(home.path("got/in")).unwrap();
    home.write("got/in/b.txt", b"wrong");
    // As long as the right one; files are told apart by size and time, in seconds.
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    File::options().write(true).open(home.path("got/in/b.txt")).unwrap().set_modified(long_ago).unwrap();
    let output = home.run(&["get", &link, "-o", "got"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("b.txt") && said.contains("--force"), "{said}");
    assert_eq!((home.read("got/in/a.txt"), home.read("got/in/b.txt")), (b"right".to_vec(), b"wrong".to_vec()));
    home.must(&["get", &link, "-o", "got", "--force"]);
    assert_eq!(home.read("got/in/b.txt"), b"right");
    // What an earlier run fetched is known again.
    home.must(&["get", &link, "-o", "got"]);
}

#[test]
fn a_link_in_the_place_of_the_part_leads_nowhere() {
    let home = Home::of(stack());
    home.write("a.txt", b"a");
    home.write("victim", b"precious");
    let link = home.must(&["put", "a.txt"]);
    let digest: String = Sha256::digest("b.txt").iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    for end in ["part", "state.new"] {
        let planted = home.path(&format!(".clouddrop-{digest}.{end}"));
        std::os::unix::fs::symlink(home.path("victim"), &planted).unwrap();
        let output = home.run(&["get", &link, "-o", "b.txt"]);
        assert_eq!(home.read("victim"), b"precious", "{end}: {output:?}");
        let _ = fs::remove_file(planted);
        let _ = fs::remove_file(home.path("b.txt"));
    }
    home.must(&["get", &link, "-o", "b.txt"]);
}

#[test]
fn nothing_that_a_kill_left_half_written_stays() {
    let home = Home::of(stack());
    home.write("a.txt", b"a");
    unread(&home, &["put", "a.txt"]);
    let uploads = home.path(".local/state/clouddrop/uploads");
    let entries = || fs::read_dir(&uploads).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let state = entries().remove(0);
    fs::write(state.with_extension("json.new"), b"{").unwrap();
    let link = home.must(&["put", "a.txt"]);
    assert_eq!(entries(), [] as [std::path::PathBuf; 0]);
    let digest: String = Sha256::digest("b.txt").iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    home.write(&format!(".clouddrop-{digest}.state.new"), b"{");
    home.must(&["get", &link, "-o", "b.txt"]);
    let left: Vec<String> = home.list(".").into_iter().filter(|name| name.starts_with(".clouddrop")).collect();
    assert_eq!(left, [] as [String; 0]);
    // Old states are thrown away with the uploads that they were of.
    fs::write(uploads.join("0123.json"), b"{}").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(25 * 3600);
    File::options().write(true).open(uploads.join("0123.json")).unwrap().set_modified(long_ago).unwrap();
    fs::write(uploads.join("4567.json"), b"{}").unwrap();
    home.must(&["abort", "--stale"]);
    assert_eq!(entries(), [uploads.join("4567.json")]);
}

#[test]
fn a_password_in_the_environment_protects_and_spaces_are_part_of_it() {
    let home = Home::of(stack());
    home.write("closed.txt", b"a");
    let put = home.command(&["put", "closed.txt"]).env("CLOUDDROP_PASSWORD", "open sésame").output().unwrap();
    assert!(String::from_utf8_lossy(&put.stderr).contains("CLOUDDROP_PASSWORD"), "{put:?}");
    assert_eq!(home.run(&["get", &text(&put), "-o", "b.txt"]).status.code(), Some(4));
    let link = text(&home.run_with(&["share", "closed.txt", "--password-stdin"], "  two spaces  \n"));
    let get =
        home.command(&["get", &link, "-o", "b.txt"]).env("CLOUDDROP_PASSWORD", "  two spaces  ").output().unwrap();
    assert_eq!(text(&get), "b.txt");
}

#[test]
fn every_failure_is_told() {
    let home = Home::of(stack());
    let output = home.run(&["--json", "rm", "no-1", "no-2"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert_eq!((&told["failed"][0]["id"], &told["failed"][1]["id"]), (&"no-1".into(), &"no-2".into()), "{told}");
    let quiet: Command = home.command(&["-q", "rm", "no-1", "no-2"]);
    let said = String::from_utf8({ quiet }.output().unwrap().stderr).unwrap();
    assert!(said.contains("no-1:") && said.contains("no-2:"), "{said}");
}

#[test]
fn names_that_are_one_in_the_bucket_are_kept_apart() {
    let home = Home::of(stack());
    fs::create_dir(home.path("x")).unwrap();
    home.write("x/a:b", b"1");
    home.write("x/a*b", b"2");
    let link = home.must(&["put", "x"]);
    home.must(&["get", &link, "-o", "got"]);
    let mut got: Vec<Vec<u8>> = home.list("got/x").iter().map(|name| home.read(&format!("got/x/{name}"))).collect();
    got.sort();
    assert_eq!(got, [b"1", b"2"]);
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::of(stack());
    let doctor = || home.json(&["doctor"])["findings"].to_string();
    assert!(doctor().contains("there is none"));
    let config = home.path(".config/clouddrop/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, b"").unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let output = home.run(&["doctor"]);
    let findings = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(findings.contains("FAIL  key file") && findings.contains("chmod 600"), "{findings}");
    // A file where the folder of the state should be.
    fs::remove_file(&config).unwrap();
    fs::remove_dir_all(home.path(".local")).unwrap();
    home.write(".local", b"");
    let findings = String::from_utf8(home.run(&["doctor"]).stdout).unwrap();
    assert!(findings.contains("FAIL  state"), "{findings}");
}
