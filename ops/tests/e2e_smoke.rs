//! `smoke` against the dev stack: it passes on a sound one, leaves nothing behind, and names each promise that is broken.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::origin::{Behaviour, Origin};
use common::mock::{Asked, Given, Mock};
use common::{json, ops, outcomes, said, with_stdin};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn smoke(page: &str, key: &str, more: &[&str]) -> Output {
    let arguments: Vec<&str> = ["smoke", "--json", "--url", page].into_iter().chain(more.iter().copied()).collect();
    ops(&arguments, &[("CLOUDDROP_API_KEY", key)]).output().unwrap()
}

/// The checks that failed of a run that must fail; whatever failed, it is cleaned up after.
fn failed(output: &Output) -> Vec<(String, String)> {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    let report = json(output);
    assert_eq!(report["passed"], false);
    let failed = outcomes(&report, "failed");
    let last = String::from_utf8_lossy(&output.stderr).lines().last().unwrap().to_string();
    for (name, _) in &failed {
        assert!(last.contains(name.as_str()), "{name} is not named in {last:?}");
    }
    failed
}

fn assert_nothing_is_left(stack: &Stack) {
    assert_eq!(stack.call_get("files")["items"].as_array().unwrap().len(), 0);
    let living = |list: &str, state: &str| {
        let list = stack.call_get(list)["items"].clone();
        list.as_array().unwrap().iter().filter(|item| item["state"] == state).count()
    };
    assert_eq!(living("shares?limit=200", "active"), 1, "the stack's own example is one");
    assert_eq!(living("upload-links?limit=200", "open"), 0);
    assert_eq!(stack.call_get("account")["open_uploads"], 1, "the stack's own example is one");
}

#[test]
fn a_sound_deployment_passes_and_is_left_as_it_was() {
    let limits =
        ["--set", "SECURITY_CONTACT=mailto:security@example.com", "--set-signer", "MULTIPART_THRESHOLD=200000"];
    let stack = Stack::start(&limits);
    let page = stack.ready.page.trim_end_matches('/');
    let output = smoke(page, &stack.ready.api_key, &["--large", "6000000"]);
    assert!(output.status.success(), "{}", said(&output));
    let report = json(&output);
    assert_eq!(report["passed"], true);
    assert_eq!(outcomes(&report, "passed").len(), report["checks"].as_array().unwrap().len(), "{}", said(&output));
    assert!(report["checks"].as_array().unwrap().len() > 25);
    assert!(!said(&output).contains(&stack.ready.api_key));
    assert_nothing_is_left(&stack);

    // Without a key it only looks, and asks for none.
    let before = stack.all_requests().len();
    let output = ops(&["smoke", "--read-only", "--url", page], &[]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    // The edge tells of the downloads of before a little later, and the signer writes them down: nothing else is written.
    let told_late = |line: &&Value| {
        let is_count = |path: &str| path.contains("/records/events/") || path.contains("/records/shares/");
        line["identity"] == "signer" && line["path"].as_str().is_some_and(is_count)
    };
    let requests = stack.all_requests();
    let wrote: Vec<_> = requests[before..].iter().filter(|line| line["method"] != "GET" && !told_late(line)).collect();
    assert!(wrote.is_empty(), "{wrote:?}");

    // The key by stdin.
    let command = ops(&["smoke", "--json", "--url", page, "--time", "0"], &[]);
    let output = with_stdin(command, &format!("{}\n", stack.ready.api_key));
    assert!(failed(&output).iter().all(|(_, seen)| seen.contains("not begun within 0 s")), "{}", said(&output));
    let output = ops(&["smoke", "--url", page], &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));

    // A key that is none: everything that needs it says so, nothing else fails.
    let output = smoke(page, "cd_not-a-key", &[]);
    let names: Vec<String> = failed(&output).into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().any(|name| name == "the key is taken"), "{names:?}");
    assert!(names.iter().all(|name| !name.contains("host") && name != "health"), "{names:?}");
    assert!(!said(&output).contains("cd_not-a-key"));
}

/// Ctrl-C: the check that runs comes to its end, and what was made is removed.
#[test]
fn an_interrupted_run_leaves_nothing() {
    let stack = Stack::start(&["--set-signer", "MULTIPART_THRESHOLD=1000"]);
    let page = stack.ready.page.trim_end_matches('/');
    let mut command = ops(&["smoke", "--json", "--url", page], &[("CLOUDDROP_API_KEY", &stack.ready.api_key)]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let pid = child.id().to_string();
    let mut told = Vec::new();
    for line in lines {
        if line.contains("upload in parts: the file went so") {
            assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        }
        told.push(line);
    }
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told:#?}");
    assert!(told.iter().any(|line| line.contains("what was made is removed")), "{told:#?}");
    assert!(told.len() < 25, "it went on: {told:#?}");
    assert_nothing_is_left(&stack);
}

/// A promise that the mock breaks, and what must be said of it.
type Case = (&'static str, fn(&Asked, &mut Given), &'static str, &'static str);

const CASES: [Case; 14] = [
    ("no sandbox", |_, given| drop_policy(given), "download, whole", "sandbox"),
    ("no HSTS", |_, given| given.remove("strict-transport-security"), "health", "strict-transport-security"),
    (
        "a file that may be kept",
        |asked, given| {
            if asked.of_files && given.is("content-disposition", "attachment") {
                given.set("cache-control", "public, max-age=3600");
            }
        },
        "download, whole",
        "cache-control",
    ),
    (
        "a cache that answers",
        |asked, given| {
            if asked.of_files && given.status == 206 {
                given.set("x-cache", "Hit from cloudfront");
            }
        },
        "download, ranges",
        "a cache before the edge",
    ),
    (
        "headers of S3",
        |asked, given| {
            if asked.of_files && given.status == 200 {
                given.set("x-amz-request-id", "0123");
            }
        },
        "landing page",
        "x-amz-request-id",
    ),
    (
        "words of S3",
        |asked, given| {
            if asked.of_files && given.status == 416 {
                given.set("content-type", "application/xml");
                given.body = b"<Error><Code>InvalidRange</Code></Error>".to_vec();
                given.remove("content-length");
            }
        },
        "download, ranges",
        "answered 416",
    ),
    (
        "one byte of a file",
        |asked, given| {
            if asked.of_files && given.status == 200 && given.body.len() > 100_000 {
                given.body[77_777] ^= 1;
            }
        },
        "download, whole",
        "that are not the file's",
    ),
    (
        "ranges that are not kept to",
        |asked, given| {
            if asked.of_files && given.status == 206 {
                given.status = 200;
            }
        },
        "download, ranges",
        "not 206",
    ),
    (
        "a token that is not looked at",
        |asked, given| {
            if asked.of_files && given.status == 401 && asked.target.starts_with("/d/") {
                given.status = 200;
            }
        },
        "a token that was changed is refused",
        "not 401",
    ),
    (
        "a password that is not asked for",
        |_, given| {
            if String::from_utf8_lossy(&given.body).contains("wrong_password") {
                given.status = 303;
            }
        },
        "a password opens a link",
        "not 403",
    ),
    (
        "a limit that does not count",
        |asked, given| {
            if asked.method == "POST" && given.status == 410 && asked.of_files {
                given.status = 303;
            }
        },
        "a counted link: claimed and used up",
        "second claim",
    ),
    (
        "revocations that never come",
        |asked, given| {
            if asked.method == "GET" && given.status == 410 && asked.of_files {
                given.status = 200;
            }
        },
        "a link that was taken back is refused",
        "still answered 200",
    ),
    (
        "problems that tell too much",
        |_, given| {
            if given.status == 404 && given.is("content-type", "problem+json") {
                given.body = String::from_utf8_lossy(&given.body).replacen('{', r#"{"bucket":"b","#, 1).into_bytes();
            }
        },
        "refusals of the page's host",
        "members of the problem",
    ),
    (
        "files on the page's own host",
        |asked, given| {
            if asked.target == "/settings.json" {
                given.body = br#"{"files":"https://HOST","oidc":null}"#.to_vec();
            }
        },
        "settings name the files' host",
        "HOST cannot be reached",
    ),
];

fn drop_policy(given: &mut Given) {
    for (name, value) in &mut given.headers {
        if name == "content-security-policy" {
            *value = value.replace("sandbox", "");
        }
    }
}

#[test]
fn each_broken_promise_is_named() {
    let stack = Stack::start(&[]);
    let sound = Mock::before(&stack, |_, _| {});
    let output = smoke(&sound.page, &stack.ready.api_key, &[]);
    assert!(output.status.success(), "the mock itself breaks nothing: {}", said(&output));
    // Three at a time: most of a run is waiting.
    let next = AtomicUsize::new(0);
    let broken = || {
        while let Some((name, damage, check, seen)) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mock = Mock::before(&stack, damage);
            let output = smoke(&mock.page, &stack.ready.api_key, &["--revoked-within", "1"]);
            let failed = failed(&output);
            let found = failed.iter().any(|(name, words)| name == check && words.contains(seen));
            assert!(found, "{name}: {check:?} with {seen:?} is not among {failed:#?}");
            assert!(!failed.iter().any(|(name, _)| name == "what was made is removed"), "{name}: {failed:#?}");
        }
    };
    thread::scope(|scope| {
        // A panic in one of them is the scope's.
        (0..3).for_each(|_| drop(scope.spawn(broken)));
    });
    assert_nothing_is_left(&stack);
}

/// Names and words of what failed against a stack that was started so.
fn failed_with(arguments: &[&str], before: impl FnOnce(&Stack)) -> Vec<(String, String)> {
    let stack = Stack::start(arguments);
    before(&stack);
    let output = smoke(stack.ready.page.trim_end_matches('/'), &stack.ready.api_key, &["--revoked-within", "1"]);
    failed(&output)
}

fn seen<'f>(failed: &'f [(String, String)], check: &str) -> &'f str {
    &failed.iter().find(|(name, _)| name == check).unwrap_or_else(|| panic!("{check:?} is not in {failed:#?}")).1
}

#[test]
fn deployments_that_cannot_work_are_seen() {
    // The edge has other token keys than the signer: it knows no link.
    let key = |kid: &str| format!(r#"{{"issuer":"clouddrop","kid":"{kid}","secret":"{}"}}"#, "A".repeat(43));
    let failed = failed_with(&["--set", &format!("TOKEN_KEYS=[{},{}]", key("dev-2"), key("dev-1"))], |_| {});
    assert!(seen(&failed, "download, whole").contains("401 unauthorized"), "{failed:#?}");
    assert!(failed.iter().all(|(name, _)| name != "health" && name != "upload"), "{failed:#?}");
    // Something between edge and bucket sends requests on for another host: no signature is good.
    let origin = Origin::start(Behaviour::OtherHost);
    let aim = |stack: &Stack| origin.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
    let failed = failed_with(&["--origin", &origin.bucket("clouddrop")], aim);
    assert!(seen(&failed, "download, whole").contains(" 50"), "{failed:#?}");
    // Nobody there.
    let output = smoke("http://127.0.0.1:9", "cd_key", &["--time", "20"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("127.0.0.1:9 cannot be reached"), "{}", said(&output));
}
