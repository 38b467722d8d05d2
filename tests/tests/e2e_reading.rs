//! Reading an object as HTTP has it (RFC 9110): ranges, conditions, HEAD; what a browser is told about content
//! of strangers; the five places where a token can stand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::token::Disposition;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_problem, assert_safe};
use clouddrop_tests::stack::content::bytes;
use clouddrop_tests::stack::http::{Ask, Reply};
use std::sync::OnceLock;

const KEY: &str = "reading/film.mp4";
const SIZE: usize = 100_000;
const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const FAR_OFF: &str = "Fri, 31 Dec 2100 23:59:59 GMT";

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| {
        // Objects are replaced and removed here, and the bucket's requests are looked at: nothing is kept.
        let stack = Stack::start(&["--set", "CACHE_BYTES=0"]);
        stack.put(KEY, "video/mp4", &content());
        stack.put("reading/empty", "text/plain", b"");
        stack
    })
}

fn content() -> Vec<u8> {
    bytes(3, 0, SIZE)
}

/// A reply to somebody with a good token and these headers.
fn ask(method: &str, key: &str, headers: &[(&str, &str)]) -> Reply {
    let ask = Ask::new(method, &format!("/f/{key}")).bearer(&stack().folder_token("reading"));
    let reply = headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send(stack().files());
    assert_safe(&reply, &format!("{method} {key} {headers:?}"));
    reply
}

fn get(headers: &[(&str, &str)]) -> Reply {
    ask("GET", KEY, headers)
}

fn assert_whole(reply: &Reply, about: &str) {
    assert_eq!(reply.status, 200, "{about}: {}", reply.text());
    assert_eq!(reply.one("content-length"), Some(SIZE.to_string().as_str()), "{about}");
    assert_eq!(reply.one("content-range"), None, "{about}");
    assert_eq!(reply.one("accept-ranges"), Some("bytes"), "{about}");
    assert!(reply.body == content(), "{about}: other bytes");
}

fn assert_part(reply: &Reply, first: usize, last: usize, about: &str) {
    assert_eq!(reply.status, 206, "{about}: {}", reply.text());
    assert_eq!(reply.one("content-range"), Some(format!("bytes {first}-{last}/{SIZE}").as_str()), "{about}");
    assert_eq!(reply.one("content-length"), Some((last - first + 1).to_string().as_str()), "{about}");
    assert!(reply.body == content()[first..=last], "{about}: other bytes");
}

/// Entity tag and date of the object.
fn validators() -> (String, String) {
    let reply = ask("HEAD", KEY, &[]);
    (reply.one("etag").unwrap().into(), reply.one("last-modified").unwrap().into())
}

#[test]
fn one_range_is_a_part() {
    let end = SIZE - 1;
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=0-499", 0, 499),
        ("bytes=500-999", 500, 999),
        ("bytes=99990-", 99_990, end),
        ("bytes=0-", 0, end),
        ("bytes=-1", end, end),
        ("bytes=-500", SIZE - 500, end),
        ("bytes=-999999999", 0, end),
        ("bytes=99999-99999", end, end),
        ("bytes=5-99999999999", 5, end),
        ("Bytes=1-2", 1, 2),
        ("bytes= 1-2", 1, 2),
    ] {
        assert_part(&get(&[("range", range)]), first, last, range);
    }
}

#[test]
fn a_range_beyond_the_end_is_416_and_tells_the_size() {
    for range in ["bytes=100000-", "bytes=100000-100001", "bytes=-0", "bytes=18446744073709551615-"] {
        let reply = get(&[("range", range)]);
        assert_problem(&reply, 416, "range_not_satisfiable", range);
        assert_eq!(reply.one("content-range"), Some("bytes */100000"), "{range}");
    }
    // Of nothing there is no first byte, and the last bytes are all of it (RFC 9110 section 14.1.2).
    for (range, status) in [("bytes=0-0", 416), ("bytes=-0", 416), ("bytes=-1", 200)] {
        assert_eq!(ask("GET", "reading/empty", &[("range", range)]).status, status, "{range} of nothing");
    }
}

#[test]
fn a_range_that_is_not_understood_or_not_one_is_the_whole() {
    for range in [
        "bytes=0-0,5-9",
        "bytes=0-0,-1",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=",
        "bytes",
        "items=0-1",
        "bytes=0-18446744073709551616",
        "bytes=--1",
        "",
    ] {
        assert_whole(&get(&[("range", range)]), &format!("range {range:?}"));
    }
    assert_whole(&get(&[("range", "bytes=0-1"), ("range", "bytes=2-3")]), "two Range fields");
}

#[test]
fn head_is_get_without_the_body() {
    for key in [KEY, "reading/empty"] {
        let without_date = |reply: Reply| {
            let mut headers = reply.headers;
            headers.retain(|(name, _)| name != "date");
            headers.sort();
            headers
        };
        let head = ask("HEAD", key, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert!(head.one("content-length").is_some());
        assert_eq!(without_date(head), without_date(ask("GET", key, &[])), "{key}");
    }
    // Range is for GET.
    let head = ask("HEAD", KEY, &[("range", "bytes=0-9")]);
    assert_eq!((head.status, head.one("content-length")), (200, Some("100000")));
    assert_eq!(ask("GET", "reading/empty", &[]).one("content-length"), Some("0"));
}

#[test]
fn a_version_that_the_client_has_is_not_sent_again() {
    let (etag, date) = validators();
    let weak = format!("W/{etag}");
    let list = format!("\"other\", {etag}");
    for method in ["GET", "HEAD"] {
        for (name, value) in [
            ("if-none-match", &*etag),
            ("if-none-match", &weak),
            ("if-none-match", &list),
            ("if-none-match", "*"),
            ("if-modified-since", &date),
            ("if-modified-since", FAR_OFF),
        ] {
            let reply = ask(method, KEY, &[(name, value)]);
            assert_eq!((reply.status, reply.body.len()), (304, 0), "{method} {name}: {value}");
            assert_eq!(reply.one("etag"), Some(&*etag), "{method} {name}: {value}");
            assert_eq!(reply.one("content-length").unwrap_or("0"), "0");
        }
    }
    for headers in [
        [("if-none-match", "\"other\""), ("x-a", "b")],
        [("if-none-match", "nonsense"), ("x-a", "b")],
        [("if-modified-since", LONG_AGO), ("x-a", "b")],
        [("if-modified-since", "yesterday"), ("x-a", "b")],
        // A tag overrules a date (RFC 9110 section 13.2.2).
        [("if-none-match", "\"other\""), ("if-modified-since", &date)],
    ] {
        assert_whole(&get(&headers), &format!("{headers:?}"));
    }
}

#[test]
fn a_version_that_is_not_there_is_412() {
    let (etag, date) = validators();
    let list = format!("\"other\", {etag}");
    for (name, value) in [
        ("if-match", &*etag),
        ("if-match", &list),
        ("if-match", "*"),
        ("if-unmodified-since", &date),
        ("if-unmodified-since", FAR_OFF),
    ] {
        assert_whole(&get(&[(name, value)]), &format!("{name}: {value}"));
    }
    let weak = format!("W/{etag}");
    for (name, value) in
        [("if-match", "\"other\""), ("if-match", &weak), ("if-match", "nonsense"), ("if-unmodified-since", LONG_AGO)]
    {
        assert_problem(&get(&[(name, value)]), 412, "precondition_failed", &format!("{name}: {value}"));
        let head = ask("HEAD", KEY, &[(name, value)]);
        assert_eq!((head.status, head.body.len()), (412, 0), "HEAD {name}: {value}");
    }
}

#[test]
fn if_range_is_a_part_of_the_same_version_or_the_whole_of_another() {
    let (etag, date) = validators();
    let part = ("range", "bytes=10-19");
    assert_part(&get(&[part, ("if-range", &etag)]), 10, 19, "the same tag");
    assert_part(&get(&[part, ("if-range", &date)]), 10, 19, "the same date");
    for other in ["\"other\"", &format!("W/{etag}"), LONG_AGO, FAR_OFF, "nonsense"] {
        assert_whole(&get(&[part, ("if-range", other)]), other);
    }
    let beyond = ("range", "bytes=100000-");
    assert_eq!(get(&[beyond, ("if-range", &etag)]).status, 416);
    assert_whole(&get(&[beyond, ("if-range", "\"other\"")]), "beyond the end of another version");
    assert_whole(&get(&[("if-range", &etag)]), "If-Range alone");
}

#[test]
fn a_token_for_one_version_ends_with_it() {
    let stack = stack();
    stack.put("reading/pinned", "text/plain", b"first");
    let read = |etag: &'static str, headers: &[(&str, &str)]| {
        let token = stack.token_with("reading/pinned", |t| t.object_version = Some(etag));
        let ask = Ask::get(&format!("/d/{token}"));
        headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send(stack.files())
    };
    let etag = Ask::get(&format!("/d/{}", stack.token("reading/pinned"))).send(stack.files());
    let etag: &'static str = Box::leak(etag.one("etag").unwrap().to_owned().into_boxed_str());
    assert_eq!(read(etag, &[]).text(), "first");
    assert_eq!(read(etag, &[("range", "bytes=0-1")]).text(), "fi");
    stack.put("reading/pinned", "text/plain", b"second");
    assert_problem(&read(etag, &[]), 410, "gone", "after it was replaced");
    assert_problem(&read(etag, &[("range", "bytes=0-1")]), 410, "gone", "a part after it was replaced");
}

#[test]
fn content_of_strangers_is_never_a_page_of_ours() {
    let stack = stack();
    let octets = "application/octet-stream";
    for (stored, sent, inline) in [
        ("text/html", octets, false),
        ("TEXT/HTML; charset=utf-8", octets, false),
        ("application/xhtml+xml", octets, false),
        ("image/svg+xml", octets, false),
        ("text/xml", octets, false),
        ("text/javascript", octets, false),
        ("text/css", octets, false),
        ("application/wasm", octets, false),
        ("multipart/x-mixed-replace", octets, false),
        ("nonsense", octets, false),
        ("application/pdf", "application/pdf", false),
        ("application/json", "application/json", false),
        ("text/plain; charset=utf-7", "text/plain; charset=utf-8", true),
        ("image/png", "image/png", true),
        ("audio/mpeg", "audio/mpeg", true),
        ("video/mp4; codecs=x", "video/mp4", true),
    ] {
        let key = format!("reading/types/{}", stored.replace(['/', ';', ' ', '='], "_"));
        stack.put(&key, stored, b"<script>alert(1)</script>");
        let name = key.rsplit('/').next().unwrap();
        for wish in [Disposition::Attachment, Disposition::Inline] {
            let token = stack.token_with(&key, |t| t.disposition = wish);
            let reply = Ask::get(&format!("/d/{token}")).send(stack.files());
            assert_safe(&reply, stored);
            assert_eq!((reply.status, reply.one("content-type")), (200, Some(sent)), "{stored}");
            let kind = if inline && wish == Disposition::Inline { "inline" } else { "attachment" };
            let disposition = format!("{kind}; filename=\"{name}\"");
            assert_eq!(reply.one("content-disposition"), Some(&*disposition), "{stored}");
            assert_eq!(
                reply.one("content-security-policy"),
                Some("sandbox; default-src 'none'; frame-ancestors 'none'"),
                "{stored}"
            );
        }
    }
}

#[test]
fn only_headers_on_the_list_come_from_the_bucket() {
    let stack = stack();
    let headers = [
        ("content-type", "text/plain"),
        ("cache-control", "public, max-age=31536000"),
        ("content-disposition", "inline; filename=evil.html"),
        ("content-language", "tlh"),
        ("expires", FAR_OFF),
        ("x-amz-meta-set-cookie", "a=b"),
        ("x-amz-meta-location", "https://evil.example"),
    ];
    let stored = stack.store("reading/headers", &headers, b"x");
    assert_eq!(stored.status, 200, "{}", stored.text());
    let token = stack.token_with("reading/headers", |t| t.file_name = Some("../Übung \"1\".txt"));
    let reply = Ask::get(&format!("/d/{token}")).send(stack.files());
    // The list itself is in `assert_safe`.
    assert_safe(&reply, "stored headers");
    let disposition = reply.one("content-disposition").unwrap();
    assert_eq!(disposition, "attachment; filename=\"__bung _1_.txt\"; filename*=UTF-8''_%C3%9Cbung%20_1_.txt");
    for (name, value) in &reply.headers {
        assert!(
            !value.contains("evil") && !value.contains("a=b") && !value.contains("max-age=31536000"),
            "{name}: {value}"
        );
        assert!(
            !["server", "set-cookie", "expires", "location", "via"].contains(&&**name) && !name.starts_with("x-amz-"),
            "{name}"
        );
    }
}

#[test]
fn a_stored_encoding_stays_as_it_is() {
    let stack = stack();
    // Not gzip at all: whoever inflates it on the way fails.
    let stored =
        stack.store("reading/gz", &[("content-type", "text/plain"), ("content-encoding", "gzip")], b"not gzip");
    assert_eq!(stored.status, 200, "{}", stored.text());
    for method in ["GET", "HEAD"] {
        let reply = ask(method, "reading/gz", &[("accept-encoding", "gzip")]);
        assert_eq!(
            (reply.status, reply.one("content-encoding"), reply.one("content-length")),
            (200, Some("gzip"), Some("8"))
        );
    }
    assert_eq!(ask("GET", "reading/gz", &[]).text(), "not gzip");
    assert_eq!(ask("GET", "reading/gz", &[("range", "bytes=4-")]).text(), "gzip");
}

#[test]
fn a_token_is_found_in_each_of_its_five_places() {
    let stack = stack();
    let token = stack.token(KEY);
    let file = format!("/f/{KEY}");
    let cookie = format!("CTA-Common-Access-Token={token}");
    let places = [
        Ask::get(&file).bearer(&token),
        Ask::get(&file).header("Authorization", &format!("bearer {token}")),
        Ask::get(&file).header("CTA-Common-Access-Token", &token),
        Ask::get(&file).header("cookie", &cookie),
        Ask::get(&file).header("cookie", &format!("a=b; {cookie}; c=d")),
        Ask::get(&format!("{file}?CAT={token}")),
        Ask::get(&format!("{file}?a=b&CAT={token}&c=d")),
        Ask::get(&format!("/d/{token}")),
        // The same one in all places is one token.
        Ask::get(&format!("/d/{token}?CAT={token}")).bearer(&token).header("cookie", &cookie),
    ];
    for place in places {
        let before = stack.origin_requests();
        let reply = place.send(stack.files());
        assert_safe(&reply, &place.target);
        assert_whole(&reply, &place.target);
        // It ends here: the origin sees no query and no token.
        let seen = stack.origin_requests().split_off(before.len());
        for line in &seen {
            assert_eq!(line["query_keys"], serde_json::json!([]), "{line}");
            assert!(!line.to_string().contains(&token), "{line}");
        }
        assert!(!seen.is_empty());
    }
    let page = Ask::get(&format!("/s/{token}")).send(stack.files());
    assert_eq!((page.status, page.one("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(!stack.edge_log().contains(&token), "a token in the log");
}
