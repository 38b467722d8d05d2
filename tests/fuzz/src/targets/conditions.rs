//! Conditional requests with any text in their fields, to an origin that overlooks every condition: no version goes
//! out that If-Match does not name, no 304 that nobody asked for, no part under an If-Range of another version.

use super::{NOW, bearer, fields, is_condition, request, with_config};
use crate::seeds;
use clouddrop_core::{Body, Decision, Head, Headers, Next, Reply, decide};
use std::sync::LazyLock;

const TAG: &str = "\"current\"";
const MODIFIED: &str = "Sun, 01 Mar 2026 00:00:00 GMT";
static TOKEN: LazyLock<String> = LazyLock::new(|| bearer(&serde_json::json!({})));

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (method, text) = text.split_once('\n').unwrap_or(("GET", text));
    let method = if method == "HEAD" { "HEAD" } else { "GET" };
    let mut asked = fields(text);
    asked.retain(|(name, _)| is_condition(name));
    let conditions = asked.clone();
    asked.extend([("host", "files.example.net"), ("authorization", TOKEN.as_str())]);
    let Some(reply) = answered(method, &asked) else { return };

    let values = |wanted: &str| {
        let found: Vec<&str> = conditions.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value).collect();
        (!found.is_empty()).then(|| found.join(", "))
    };
    let names = |list: &str| list.trim() == "*" || list.contains("\"current\"");
    match reply.status {
        200 | 206 | 304 => {
            if let Some(list) = values("if-match") {
                assert!(names(&list) && !only_weak(&list), "If-Match {list:?} is not met");
            }
        }
        412 => assert!(values("if-match").is_some() || values("if-unmodified-since").is_some()),
        416 => assert!(values("range").is_some()),
        status => panic!("{status}"),
    }
    if reply.status == 304 {
        let by_tag = values("if-none-match").is_some_and(|list| names(&list));
        let by_date = values("if-none-match").is_none() && values("if-modified-since").is_some();
        assert!(by_tag || by_date, "304 that nobody asked for");
    }
    if matches!(reply.status, 206 | 416) {
        assert!(method == "GET" && values("range").is_some());
        if let Some(validator) = values("if-range") {
            let fits = validator == TAG || validator.contains("2026") || validator.contains("-26 ");
            assert!(fits, "a part under If-Range {validator:?}");
        }
    }
    let of_object = matches!(reply.status, 200 | 206) && method == "GET";
    assert_eq!(reply.body == Body::Origin, of_object);
}

/// Whether the current version is named by weak tags only.
fn only_weak(list: &str) -> bool {
    list.matches(TAG).count() == list.matches("W/\"current\"").count() && list.trim() != "*"
}

/// What comes of a request at an origin of 100 bytes that knows ranges only.
fn answered(method: &str, fields: &[(&str, &str)]) -> Option<Reply> {
    let request = request(method, fields);
    let Decision::Fetch(mut fetch) = with_config(|config| decide(&request, NOW, config)) else { return None };
    for _ in 0..3 {
        let sent = fetch.headers.iter().find(|(name, _)| *name == "range").map(|(_, value)| value.as_str());
        let range = sent.map(|text| clouddrop_core::range::ByteRange::parse(text).unwrap_or_else(|| panic!("{text}")));
        let part = range.map(|range| range.resolve(100));
        let (length, content_range) = match part {
            Some(Some((first, last))) => ((last - first + 1).to_string(), format!("bytes {first}-{last}/100")),
            _ => ("100".to_string(), String::new()),
        };
        let (status, used) = match part {
            None => (200, 3),
            Some(Some(_)) => (206, 4),
            Some(None) => (416, 0),
        };
        let answer = [
            ("content-length", length.as_str()),
            ("etag", TAG),
            ("last-modified", MODIFIED),
            ("content-range", &content_range),
        ];
        let head = Head { status, headers: Headers::new(&answer[..used]) };
        let mut next = with_config(|config| fetch.settle(&head, None, NOW, config));
        if let Next::ReadError(expect) = next {
            next = with_config(|config| expect.settle(&head, Some(""), NOW, config));
        }
        match next {
            Next::Reply(reply) => return Some(reply),
            Next::Refuse(refusal) => return Some(refusal.reply(&request)),
            Next::Again(again) => fetch = again,
            Next::ReadError(_) => panic!("the error's body is asked for again"),
        }
    }
    panic!("asked for ever")
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for case in seeds::cases() {
        let fields: String = case
            .headers
            .iter()
            .filter(|(name, _)| is_condition(&name.to_ascii_lowercase()))
            .map(|(name, value)| format!("{},{value}\n", name.to_ascii_lowercase()))
            .collect();
        out.push(format!("{}\n{fields}", case.method).into_bytes());
        out.push(format!("{}\n{}", case.method, fields.replace("\"a\"", TAG)).into_bytes());
    }
    for date in [MODIFIED, "Sunday, 01-Mar-26 00:00:00 GMT", "Sun Mar  1 00:00:00 2026"] {
        out.push(format!("GET\nrange,bytes=1-2\nif-range,{date}\nif-modified-since,{date}").into_bytes());
        out.push(format!("GET\nif-unmodified-since,{date}\nif-none-match,W/{TAG}, \"b\"").into_bytes());
    }
    seeds::distinct(out)
}
