//! A link with a password, as curl, a browser's form and an attacker meet it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_problem, assert_safe, wait_for};
use clouddrop_tests::stack::http::{Ask, Reply};
use serde_json::{Value, json};
use std::process::Command;

const PASSWORD: &str = "Grüße & 100 %+";
/// The same, as a form writes it.
const FORM: &str = "password=Gr%C3%BC%C3%9Fe+%26+100+%25%2B";

fn path(share: &Value, route: &str) -> String {
    format!("{route}{}", share["token"].as_str().unwrap())
}

fn post(stack: &Stack, target: &str, form: &str) -> Reply {
    let ask = Ask::new("POST", target).header("content-type", "application/x-www-form-urlencoded");
    let reply = ask.body(form.as_bytes()).send(stack.files());
    assert_safe(&reply, target);
    reply
}

fn get(stack: &Stack, target: &str) -> Reply {
    let reply = Ask::get(target).send(stack.files());
    assert_safe(&reply, target);
    reply
}

fn onward(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.text());
    reply.one("location").unwrap().into()
}

fn change(stack: &Stack, share: &Value, body: &Value) -> Reply {
    let target = format!("/api/v1/shares/{}", share["id"].as_str().unwrap());
    let ask = Ask::new("PATCH", &target).bearer(&stack.ready.api_key).header("content-type", "application/json");
    ask.body(body.to_string().as_bytes()).send(stack.page())
}

#[test]
fn only_who_knows_the_password_gets_the_file() {
    let stack = Stack::start(&[]);
    let file = stack.upload("locked.txt", "behind a lock");
    let share = stack.must(201, "shares", &json!({ "key": file["key"], "password": PASSWORD }));
    assert_eq!(share["password"], true);
    let (page, download) = (path(&share, "/s/"), path(&share, "/d/"));
    for target in [&page, &download] {
        assert_problem(&get(&stack, target), 403, "password_required", target);
        assert_problem(&post(&stack, target, "password=guess"), 403, "wrong_password", target);
    }
    let form = Ask::get(&page).header("accept", "text/html").send(stack.files());
    assert_safe(&form, "the form");
    assert!(form.text().contains("type=\"password\"") && !form.text().contains("locked.txt"), "{}", form.text());

    let opened = onward(&post(&stack, &download, FORM), 303);
    assert_eq!(get(&stack, &opened).body, b"behind a lock");
    let opened_page = onward(&post(&stack, &page, FORM), 303);
    assert!(get(&stack, &opened_page).text().contains("locked.txt"));
    // It is the share's own download, whichever way it was opened.
    let shown = || {
        let target = format!("/api/v1/shares/{}", share["id"].as_str().unwrap());
        Ask::get(&target).bearer(&stack.ready.api_key).send(stack.page()).json()
    };
    wait_for(|| (shown()["uses"]["downloads"] == 1).then_some(()));

    // What ends the link ends what was opened by it.
    let changed = change(&stack, &share, &json!({ "password": "another one" }));
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(get(&stack, &opened).status, 410);
    let changed = changed.json();
    assert_problem(&post(&stack, &path(&changed, "/d/"), FORM), 403, "wrong_password", "the old password");
    let opened = onward(&post(&stack, &path(&changed, "/d/"), "password=another+one"), 303);
    assert_eq!(get(&stack, &opened).status, 200);
    let free = change(&stack, &share, &json!({ "password": null })).json();
    assert_eq!(free["password"], false);
    assert_eq!(get(&stack, &path(&free, "/d/")).status, 200);

    // Neither the password nor anything to try it against is written anywhere.
    let logs = std::path::Path::new(&stack.ready.logs.edge).parent().unwrap();
    let logs: Vec<_> = std::fs::read_dir(logs).unwrap().map(|log| log.unwrap().path()).collect();
    // Of a deployment to the emulator there is one log for bucket and signer.
    let is_there = |name: &str| logs.iter().any(|log| log.ends_with(name));
    let rest = is_there("emulator.log") || (is_there("signer.log") && is_there("s3.log"));
    assert!(is_there("edge.log") && rest, "{logs:?}");
    for log in logs {
        let text = std::fs::read_to_string(&log).unwrap();
        assert!(!text.contains("Gr%C3%BC") && !text.contains("Grüße"), "a password is in {}", log.display());
    }
}

#[test]
fn curl_opens_a_counted_link_by_one_command_and_spends_one_use() {
    let stack = Stack::start(&[]);
    let file = stack.upload("few.txt", "one of few");
    let share = stack.must(201, "shares", &json!({ "key": file["key"], "password": PASSWORD, "max_downloads": 1 }));
    let curl = || {
        let command = share["curl"].as_str().unwrap().replace("-fLOJ", "-sfL");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("printf %s \"$PASSWORD\" | {command}")).env("PASSWORD", PASSWORD);
        shell.output().unwrap()
    };
    let first = curl();
    assert!(first.status.success(), "{first:?}");
    assert_eq!(first.stdout, b"one of few");
    // 22: the server has refused.
    assert_eq!(curl().status.code(), Some(22), "a second use");
    // The way through the opened link's page counts on the same counter.
    let opened = onward(&post(&stack, &path(&share, "/s/"), FORM), 303);
    let facts = Ask::get(&opened).header("accept", "application/json").send(stack.files()).json();
    assert_eq!(facts["downloads"], json!({ "limit": 1, "left": 0 }));
    assert_eq!(Ask::new("POST", &opened.replace("/s/", "/d/")).send(stack.files()).status, 410);
}

#[test]
fn guesses_are_counted_like_claims() {
    let stack = Stack::start(&["--set", "CLAIMS_PER_MINUTE=5"]);
    let file = stack.upload("guessed.txt", "x");
    let share = stack.must(201, "shares", &json!({ "key": file["key"], "password": "1234" }));
    let statuses: Vec<u16> =
        (0..8).map(|guess| post(&stack, &path(&share, "/d/"), &format!("password=000{guess}")).status).collect();
    assert_eq!(statuses[..5], [403; 5]);
    assert_eq!(statuses[5..], [429; 3]);
}
