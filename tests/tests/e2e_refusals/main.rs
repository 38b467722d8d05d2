//! The table of refusals, row by row over HTTP: status, code and headers as promised, the same for a person and
//! for a machine, and no request at the origin where none may be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod rows;

use clouddrop_cases::base64url;
use clouddrop_cases::token::Description;
use clouddrop_core::token::Purpose;
use clouddrop_core::{Seconds, UnixTime};
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_nothing_of_s3, assert_problem, assert_safe};
use clouddrop_tests::stack::http::{Ask, Reply};
use clouddrop_tests::stack::objects::now;
use serde_json::{Value, json};
use std::panic::catch_unwind;

/// The object that all rows are about.
const KEY: &str = "table/a.txt";
/// It.
const CONTENT: &[u8] = b"ten bytes.";
/// Longest body of an API call.
const MAX_BODY: usize = 64 * 1024;

/// The codes of the table; those of a failing origin have tests of their own. Nothing is rate-limited yet, and
/// no input may cause `internal`.
const CODES: [&str; 16] = [
    "bad_path",
    "bad_request",
    "claim_required",
    "expired",
    "forbidden",
    "gone",
    "method_not_allowed",
    "misdirected",
    "not_found",
    "not_yet_valid",
    "precondition_failed",
    "range_not_satisfiable",
    "too_large",
    "unauthorized",
    "unsupported_type",
    "uri_too_long",
];

/// Which host is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Host {
    Files,
    Page,
}

/// What a refused request may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cost {
    /// Nothing: it is refused before.
    Untouched,
    /// The origin has to be asked to know.
    Asked,
}

#[derive(Clone)]
struct Row {
    name: String,
    host: Host,
    ask: Ask,
    status: u16,
    code: &'static str,
    cost: Cost,
    /// A header that this refusal has.
    header: Option<(&'static str, &'static str)>,
    /// Refused by the signer, whose problems are JSON for everybody.
    by_signer: bool,
}

fn row(name: &str, ask: Ask, status: u16, code: &'static str) -> Row {
    let header = (status == 401).then_some(("www-authenticate", "Bearer"));
    Row { name: name.into(), host: Host::Files, ask, status, code, cost: Cost::Untouched, header, by_signer: false }
}

impl Row {
    fn on_page(self) -> Self {
        Self { host: Host::Page, ..self }
    }

    fn by_signer(self) -> Self {
        Self { by_signer: true, ..self.on_page() }
    }

    fn asked(self) -> Self {
        Self { cost: Cost::Asked, ..self }
    }

    fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }
}

#[test]
fn every_row_of_the_table() {
    let stack = Stack::start(&[]);
    stack.put(KEY, "text/plain", CONTENT);
    let rows = rows::all(&stack);
    let codes: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.code).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), CODES);
    // Every row is looked at, whatever those before it did.
    let failed: Vec<&str> =
        rows.iter().filter(|row| catch_unwind(|| check(&stack, row)).is_err()).map(|row| &*row.name).collect();
    assert!(failed.is_empty(), "{} of {} rows, see above: {failed:#?}", failed.len(), rows.len());
    // Each of them stands beside a request that is answered, and the log would have shown a late request.
    let before = stack.origin_requests().len();
    let reply = Ask::get(&format!("/f/{KEY}")).bearer(&stack.token(KEY)).send(stack.files());
    assert_eq!((reply.status, &*reply.body), (200, CONTENT));
    assert_eq!(stack.origin_requests().len(), before + 1);
}

/// The row as it stands, for a browser, and as a HEAD.
fn check(stack: &Stack, row: &Row) {
    let Row { name, ask, status, code, .. } = row;
    let address = if row.host == Host::Files { stack.files() } else { stack.page() };
    let send = |ask: &Ask| {
        let before = stack.origin_requests().len();
        let reply = ask.send(address);
        let asked = stack.origin_requests().len() - before;
        assert_eq!(reply.status, *status, "{name}: {}\n{}", reply.text(), stack.last_words());
        if row.cost == Cost::Untouched {
            assert_eq!(asked, 0, "{name}: {} reached the origin", ask.method);
        } else {
            assert!((1..=3).contains(&asked), "{name}: {asked} requests at the origin");
        }
        if let Some((header, value)) = row.header {
            assert_eq!(reply.one(header), Some(value), "{name}: {header}");
        }
        assert_safe(&reply, name);
        assert_nothing_of_s3(&reply, name);
        reply
    };
    let problem = send(ask);
    if ask.method != "HEAD" {
        assert_problem(&problem, *status, code, name);
    }
    if !row.by_signer && ask.method != "HEAD" {
        let page = send(&ask.clone().header("accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
        assert_eq!(page.one("content-type"), Some("text/html; charset=utf-8"), "{name}");
        for fact in [&format!("<dd>{status}</dd>"), *code, problem.json()["title"].as_str().unwrap()] {
            assert!(page.text().contains(fact), "{name}: {fact} in {}", page.text());
        }
    }
    // A HEAD has no range.
    if ask.method == "GET" && *status != 416 {
        let head = send(&Ask { method: "HEAD".into(), ..ask.clone() });
        assert_eq!(head.text(), "", "{name}");
        assert_eq!(head.one("content-type"), Some("application/problem+json"), "{name}");
    }
}

#[test]
fn a_body_where_none_belongs_is_no_fault_of_ours() {
    let stack = Stack::start(&[]);
    stack.put(KEY, "text/plain", CONTENT);
    let file = format!("/f/{KEY}");
    for method in ["GET", "HEAD", "DELETE"] {
        for ask in [Ask::new(method, "/api/v1/shares"), Ask::new(method, "/api/v1/nothing")] {
            let ask = ask.bearer(&stack.ready.api_key).header("content-type", "application/json");
            for ask in [ask.clone().body(b"{}"), ask.chunks(b"{}")] {
                let reply = ask.send(stack.page());
                assert_safe(&reply, method);
                assert!((400..500).contains(&reply.status), "{ask:?}: {} {}", reply.status, stack.last_words());
            }
        }
    }
    // Content of a GET means nothing (RFC 9110 section 9.3.1); an object is sent nevertheless.
    for ask in [Ask::get(&file).body(b"{}"), Ask::get(&file).chunks(b"{}")] {
        let reply = ask.bearer(&stack.token(KEY)).send(stack.files());
        assert_eq!((reply.status, &*reply.body), (200, CONTENT));
    }
}
