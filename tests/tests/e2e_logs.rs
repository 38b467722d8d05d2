//! Proves what is logged: one JSON line for each request, with what an operator needs; and what never is: every secret of
//! a stack is looked for, in five encodings, in everything that it has written or answered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::http::Ask;
use serde_json::{Value, json};
use std::fs;

/// A text as it is, in hexadecimal, in both alphabets of base64 (the part that does not depend on its neighbours),
/// percent-encoded, and backwards.
fn encodings(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let standard = base64(secret.as_bytes());
    let url = standard.replace('+', "-").replace('/', "_");
    let backwards = secret.chars().rev().collect();
    let core = |text: String| text[..text.len() - 4].to_string();
    vec![secret.into(), hex, core(standard), core(url), percent, backwards]
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = usize::try_from(word >> (18 - 6 * place) & 63).unwrap();
            out.push(if place > chunk.len() { '=' } else { char::from(ALPHABET[sextet]) });
        }
    }
    out
}

/// Every text of a JSON value that is long enough to be a secret.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= 16 => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(members) => {
            for (name, value) in members {
                // Names of keys are public: a signature says whose it is.
                if !name.contains("key_id") && name != "kid" {
                    texts(value, out);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_request_has_one_line_and_no_line_has_a_secret() {
    let stack = Stack::start(&["--set", "SERVER_TIMING=on"]);
    stack.put("logs/a.txt", "text/plain", b"hello");
    let token = stack.token("logs/a.txt");
    let counted = stack.token_with("logs/a.txt", |token| token.max_downloads = Some(2));
    let mut secrets =
        vec![stack.ready.api_key.clone(), token.clone(), counted.clone(), "idempotency-marker-1234".into()];
    let state: Value = serde_json::from_str(&fs::read_to_string(&stack.ready.state).unwrap()).unwrap();
    texts(&state, &mut secrets);
    assert!(secrets.len() >= 8, "{} secrets", secrets.len());

    let before = stack.edge_log().lines().count();
    let (d, files, page) = (format!("/d/{token}"), stack.files(), stack.page());
    let client = |ask: Ask| ask.header("cf-connecting-ip", "203.0.113.77").header("cf-ipcountry", "SE");
    let mut replies = String::new();
    let mut asked = 0;
    for ask in [
        Ask::get(&d),
        Ask::get(&d),
        Ask::head(&d),
        Ask::get("/f/logs/a.txt").bearer(&token),
        Ask::get(&format!("/f/logs/a.txt?CAT={token}")),
        Ask::get("/f/logs/a.txt").header("cookie", &format!("CTA-Common-Access-Token={token}")),
        Ask::get("/f/logs/other.txt").bearer(&token),
        Ask::get(&format!("/d/{token}x")),
        Ask::get("/f/a/../b").bearer(&token),
        Ask::get(&format!("/d/{counted}")),
        Ask::new("PATCH", &d),
        Ask::get(&d).header("accept", "text/html").header("if-match", "\"x\""),
        Ask::get("/healthz"),
    ] {
        let reply = client(ask).send(files);
        assert!(reply.one("server-timing").is_some_and(|value| value.contains("total;dur=")), "{:?}", reply.headers);
        replies.push_str(&format!("{:?}{}", reply.headers, reply.text()));
        asked += 1;
    }
    for body in [json!({"key": "logs/a.txt", "max_downloads": 0}), json!({"token_id": "nonsense"}), json!([])] {
        for (name, key) in [("shares", stack.ready.api_key.as_str()), ("revocations", "wrong"), ("uploads", "")] {
            let ask = Ask::new("POST", &format!("/api/v1/{name}")).header("content-type", "application/json");
            let reply = client(ask.bearer(key).body(body.to_string().as_bytes())).send(page);
            replies.push_str(&format!("{:?}{}", reply.headers, reply.text()));
            asked += 1;
        }
    }
    // Their replies hold a link, as they must.
    let claim = Ask::new("POST", &format!("/d/{counted}")).header("idempotency-key", "idempotency-marker-1234");
    let grant = client(claim).send(files).one("location").unwrap().to_string();
    secrets.push(grant["/d/".len()..].into());
    assert_eq!(client(Ask::get(&grant)).send(files).status, 200);
    assert_eq!(client(Ask::get(&format!("/s/{token}"))).send(files).status, 200);
    asked += 3;

    let log = stack.edge_log();
    let lines: Vec<Value> = log.lines().skip(before).map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines.len(), asked, "lines for requests:\n{log}");
    for line in &lines {
        for name in ["request_id", "method", "code", "status", "ms"] {
            assert!(!line[name].is_null(), "{name} in {line}");
        }
        assert_eq!((&line["client"], &line["country"]), (&json!("203.0.113.0/24"), &json!("SE")), "{line}");
    }
    let first = &lines[0];
    assert_eq!((&first["route"], &first["status"], &first["bytes"]), (&json!("download"), &json!(200), &json!(5)));
    assert_eq!((&first["cache"], &lines[1]["cache"]), (&json!("miss"), &json!("hit")));
    assert_eq!(first["token"].as_str().map(str::len), Some(16));
    assert!(first["key"].is_string());
    assert!(!log.contains("203.0.113.77"), "a whole address");

    let folder = stack.ready.logs.edge.parent().unwrap();
    let mut written = replies;
    for file in fs::read_dir(folder).unwrap() {
        written.push_str(&String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap()));
    }
    written.push_str(&fs::read_to_string(&stack.ready.access_log).unwrap());
    assert!(written.len() > 5_000);
    for secret in &secrets {
        for encoded in encodings(secret) {
            assert!(!written.contains(&encoded), "{}... is written somewhere", &encoded[..8]);
        }
    }
}
