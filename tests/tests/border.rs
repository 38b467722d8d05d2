//! Proves the text border that hosts in JavaScript call: what a platform's failure becomes, what a broken text becomes,
//! and that no field of a request can pass for another. That it decides as `decide` does, every shared case checks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::config;
use clouddrop_core::border::{self, Asked, Question, Settling, header_sets};
use clouddrop_core::retry::{Attempt, FIRST_BYTE_MILLIS, Health};
use clouddrop_core::{Config, HeaderSet, UnixTime};
use serde_json::{Map, Value};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn default_config() -> Config {
    config::config(&Map::new()).unwrap()
}

const fn question(text: &str) -> Question<'_> {
    Question { text, address_header: "cf-connecting-ip", id_header: "cf-ray", country_header: "cf-ipcountry" }
}

/// With the request, and no attempt left.
fn finish(question: &Question<'_>, answer: &str, config: &Config) -> String {
    let attempt = Attempt { number: 3, elapsed_millis: FIRST_BYTE_MILLIS, entropy: 0 };
    question.finish(Settling { answer, body: None, attempt, left: None }, NOW, config, &mut Health::default())
}

/// The lines of a reply: status, log and text.
fn reply(told: &str) -> (u16, Value, Value) {
    let mut lines = told.split('\n');
    assert_eq!(lines.next(), Some("R"), "{told}");
    let (_limits, opening) = (lines.next().unwrap(), lines.next().unwrap());
    let status = lines.next().unwrap().parse().unwrap();
    let (_set, _body, _bytes) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
    let log = format!("{}{}}}", if opening.is_empty() { "{\"\":0" } else { opening }, lines.next().unwrap());
    let headers = lines.next().unwrap().split_whitespace().count();
    let text = lines.skip(headers).collect::<Vec<_>>().join("\n");
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    (status, json(&log), json(&text))
}

#[test]
fn a_broken_text_is_our_fault() {
    let config = default_config();
    for text in [
        "",
        "GET",
        "GET\nhttps://files.example.net/\nid",
        "GET\nhttps://files.example.net/\nid\nSE,,,",
        "GET\nu\nid\nSE",
    ] {
        let (status, log, problem) = reply(&question(text).decide(Asked::No, NOW, &config, &mut Health::default()));
        assert_eq!(
            (status, &log["alarm"], &problem["code"]),
            (500, &Value::Bool(true), &Value::from("internal")),
            "{text:?}"
        );
    }
    let good = question("GET\nhttps://files.example.net/f/a\nid\n?\nhost,files.example.net");
    for answer in ["", "200", "x\nfgr1", "200\nzz", "70000\nfgr1"] {
        assert_eq!(reply(&finish(&good, answer, &config)).0, 500, "{answer:?}");
        assert_eq!(reply(&border::settle(answer, None, NOW, &config, &mut Health::default())).0, 500, "{answer:?}");
    }
}

#[test]
fn a_platforms_failure_has_a_status_of_its_own() {
    let question = question("GET\nhttps://files.example.net/f/a\nid-1\n?\nhost,files.example.net\ncf-ray,ray-7");
    for (cause, status, code) in [
        ("timeout", 504, "origin_timeout"),
        ("unreachable", 503, "origin_unavailable"),
        ("closed", 503, "origin_unavailable"),
    ] {
        let (told, _, problem) =
            reply(&finish(&question, &format!("{cause}\nfgr1{}", "\u{1f}".repeat(11)), &default_config()));
        // The platform's own name for the request wins over the text's.
        assert_eq!(
            (told, &problem["code"], &problem["request_id"]),
            (status, &Value::from(code), &Value::from("ray-7"))
        );
    }
}

#[test]
fn the_clients_address_is_the_platforms_only() {
    let token = clouddrop_cases::token::Description {
        claims: serde_json::json!({"311": [{"tag": 52, "of": {"hex": "cb007132"}}]}).as_object().unwrap().clone(),
        ..Default::default()
    };
    let token = token.text().unwrap();
    let config = default_config();
    let asked = |fields: &str| {
        let text = format!(
            "GET\nhttps://files.example.net/f/a\nid\n?\nhost,files.example.net\nauthorization,Bearer {token}\n{fields}"
        );
        question(&text).decide(Asked::No, NOW, &config, &mut Health::default()).chars().next()
    };
    assert_eq!(asked("cf-connecting-ip,203.0.113.50"), Some('F'));
    assert_eq!(asked("x-forwarded-for,203.0.113.50"), Some('R'));
    assert_eq!(asked("cf-connecting-ip,198.51.100.1\nx-real-ip,203.0.113.50"), Some('R'));
    // Twice is never: one of them could be the client's.
    assert_eq!(asked("cf-connecting-ip,203.0.113.50\ncf-connecting-ip,203.0.113.50"), Some('R'));
}

#[test]
fn the_header_sets_read_back() {
    let told = header_sets();
    let sets: Vec<&str> = told.split("\n\n").collect();
    assert_eq!(sets.len(), HeaderSet::ALL.len());
    for (set, text) in HeaderSet::ALL.iter().zip(sets) {
        let lines: Vec<&str> = text.lines().collect();
        let read: Vec<(&str, String)> = lines.chunks(2).map(|pair| (pair[0], pair[1].to_string())).collect();
        assert_eq!(read, set.headers());
    }
}

#[test]
fn an_answer_is_settled_without_the_request_unless_it_is_refused() {
    let config = default_config();
    let expect = "fgr1\u{1f}a\u{1f}attachment\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}";
    let settled = |head: &str| border::settle(&format!("{head}\n"), None, NOW, &config, &mut Health::default());
    assert!(settled(&format!("200\n{expect}\ncontent-length,5\netag,\"a\"")).starts_with("R\n\n\n200\n"));
    assert_eq!(settled(&format!("200\n{expect}")), "Q");
    assert!(settled("nonsense").contains("\n500\n"));
    assert!(settled(&format!("503\n{expect}")).starts_with("B\n"));
}
