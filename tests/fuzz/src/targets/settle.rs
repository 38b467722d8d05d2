//! The origin's answers, of any kind, to any request: no reply claims more, or anything else, than the head says.
//!
//! Lines: method; the request's fields; an empty line; then for each answer its status, its fields and an empty line.

use super::{NOW, bearer, fields, is_condition, request, with_config};
use crate::seeds;
use clouddrop_core::media_type::MediaType;
use clouddrop_core::range::ContentRange;
use clouddrop_core::{Body, Decision, Expect, Fetch, Head, Headers, Next, Reply, decide};
use std::sync::LazyLock;

static TOKENS: LazyLock<[String; 2]> =
    LazyLock::new(|| [bearer(&serde_json::json!({})), bearer(&serde_json::json!({ "-65542": "\"v1\"", "-65539": 1 }))]);
const ALLOWED: [&str; 7] = [
    "content-type",
    "content-disposition",
    "content-length",
    "content-range",
    "content-encoding",
    "etag",
    "last-modified",
];

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut blocks = text.split("\n\n");
    let Some((method, asked)) = blocks.next().map(|block| block.split_once('\n').unwrap_or((block, ""))) else {
        return;
    };
    let mut asked = fields(asked);
    asked.retain(|(name, _)| is_condition(name));
    let bound = method.ends_with('!');
    let method = if method.starts_with("HEAD") { "HEAD" } else { "GET" };
    asked.extend([("host", "files.example.net"), ("authorization", TOKENS[usize::from(bound)].as_str())]);
    let Decision::Fetch(mut fetch) = with_config(|config| decide(&request(method, &asked), NOW, config)) else {
        return;
    };
    let url = fetch.url.clone();
    for (question, block) in blocks.enumerate() {
        assert!(question < 3, "asked for ever");
        let (status, rest) = block.split_once('\n').unwrap_or((block, ""));
        let Ok(status) = status.parse() else { return };
        let fields = fields(rest);
        let head = Head { status, headers: Headers::new(&fields) };
        assert_eq!(Expect::from_text(&fetch.expect.to_text()).as_ref(), Some(&fetch.expect));
        match settled(fetch, &head, rest) {
            Next::Reply(reply) => return check(&reply, &head, method, bound, &asked),
            Next::Refuse(refusal) => {
                assert!(matches!(refusal.status(), 404 | 410 | 412 | 416 | 502 | 503 | 504), "{refusal}");
                return;
            }
            Next::Again(again) => {
                assert_eq!(again.url, url, "another object");
                fetch = again;
            }
            Next::ReadError(_) => panic!("the error's body is asked for again"),
        }
    }
}

fn settled(fetch: Fetch, head: &Head<'_>, body: &str) -> Next {
    with_config(|config| match fetch.settle(head, None, NOW, config) {
        Next::ReadError(expect) => expect.settle(head, Some(body), NOW, config),
        next => next,
    })
}

fn check(reply: &Reply, head: &Head<'_>, method: &str, bound: bool, asked: &[(&str, &str)]) {
    let value = |wanted: &str| reply.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    let has = |wanted: &str| asked.iter().any(|(name, _)| *name == wanted);
    match (reply.status, head.status) {
        (200, 200) => assert_eq!(value("content-range"), None),
        (206, 206) => {
            assert!(method == "GET" && has("range"));
            let read = |text: Option<&str>| text.and_then(ContentRange::parse).unwrap_or_else(|| panic!("{text:?}"));
            let part = read(value("content-range"));
            assert_eq!(part, read(head.headers.one("content-range")));
            assert_eq!(value("content-length"), Some(part.length().to_string().as_str()));
        }
        (304, 200 | 206 | 304) => assert!(has("if-none-match") || has("if-modified-since")),
        (told, given) => panic!("{told} from {given}"),
    }
    if reply.status != 304 {
        let number = |text: Option<&str>| text.map(|text| text.trim_start_matches('0').to_string());
        assert!(value("content-length").is_some(), "an end that cannot be told");
        assert_eq!(number(value("content-length")), number(head.headers.one("content-length")));
        let stored = head.headers.one("content-type");
        assert_eq!(value("content-type"), Some(MediaType::of(stored).sent));
        let disposition = value("content-disposition").unwrap_or_default();
        let inline = bound && MediaType::of(stored).may_be_inline;
        assert!(disposition.starts_with(if inline { "inline" } else { "attachment" }), "{disposition}");
    }
    // A version is the head's own, and the token's.
    if let Some(tag) = value("etag") {
        assert_eq!(Some(tag), head.headers.one("etag"));
        assert!(!bound || tag == "\"v1\"");
    }
    if let Some(date) = value("last-modified") {
        assert_eq!(Some(date), head.headers.one("last-modified"));
    }
    for (place, (name, value)) in reply.headers.iter().enumerate() {
        assert!(ALLOWED.contains(name), "{name}");
        assert!(reply.headers[..place].iter().all(|(other, _)| other != name), "{name} twice");
        assert!(!value.bytes().any(|b| b.is_ascii_control()), "{value:?}");
    }
    let has_body = reply.status != 304 && method == "GET";
    assert_eq!(reply.body, if has_body { Body::Origin } else { Body::None });
    assert!(reply.log.is_none());
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let of_case = |case: &clouddrop_cases::case::Case| {
        let lines = |fields: &[(String, String)]| {
            fields.iter().map(|(name, value)| format!("\n{},{value}", name.to_ascii_lowercase())).collect::<String>()
        };
        let bound = if seeds::token_text(case).is_some_and(|text| text.len() > 150) { "!" } else { "" };
        let mut text = format!("{}{bound}{}", case.method, lines(&case.headers));
        for answer in &case.answers {
            text.push_str(&format!("\n\n{}{}\n{}", answer.status, lines(&answer.headers), answer.body));
        }
        text.into_bytes()
    };
    seeds::distinct(seeds::cases().iter().filter(|case| !case.answers.is_empty()).map(of_case).collect())
}
