//! Holding what came of a case against what was expected, and what holds of every reply and every request.

use crate::case::{Expected, Sent};
use crate::config::{AWS_SECRET, KEYS};
use crate::run::{Asked, REQUEST_ID};
use clouddrop_core::claim::Claiming;
use clouddrop_core::{Body, Expect, Fetch, Reply};
use serde_json::{Map, Value};

/// What came of a case.
pub(crate) enum Outcome {
    Reply(Reply),
    Fetch(Fetch),
    /// A page, and its question if it has one.
    Landing(Option<Fetch>),
    Claim(Claiming),
    /// The question for a folder's names.
    Folder(Fetch),
    Place,
}

/// The code of the refusal, if one was expected and met.
pub(crate) fn compare(
    expected: &Expected,
    outcome: &Outcome,
    asked: &Asked<'_>,
    expand: &dyn Fn(&str) -> String,
) -> Result<Option<String>, String> {
    match (expected, outcome) {
        (Expected::Refusal { code, status, headers, page }, Outcome::Reply(reply)) => {
            check_reply(reply, asked)?;
            let log = reply.log.as_ref().ok_or_else(|| format!("no refusal, but {}", reply.status))?;
            if (log.code, reply.status) != (code.as_str(), *status) {
                return Err(format!("refused with {} {} ({})", reply.status, log.code, log.reason));
            }
            check_refusal_body(reply, code, *page, asked)?;
            compare_headers(headers, &all_headers(reply))?;
            return Ok(Some(code.clone()));
        }
        (Expected::Reply { status, headers, body, no_other_headers }, Outcome::Reply(reply)) => {
            check_reply(reply, asked)?;
            if let Some(log) = &reply.log {
                return Err(format!("refused with {} {} ({})", reply.status, log.code, log.reason));
            }
            if reply.status != *status {
                return Err(format!("status {}", reply.status));
            }
            compare_headers(headers, &all_headers(reply))?;
            if let Some((name, value)) =
                reply.headers.iter().find(|(name, _)| *no_other_headers && !headers.contains_key(*name))
            {
                return Err(format!("also {name}: {value}"));
            }
            let fits = match &reply.body {
                Body::None => body == "none",
                Body::Kept { .. } => body == "kept",
                Body::Origin => body == "origin",
                Body::Asset(name) => body.strip_prefix("asset:").is_some_and(|wanted| wanted == name),
                Body::Text(text) => body.strip_prefix("text:").is_some_and(|part| text.contains(&expand(part))),
            };
            if !fits {
                return Err(format!("body {:?}", reply.body));
            }
        }
        (Expected::Fetch(sent), Outcome::Fetch(fetch)) => compare_fetch(sent, fetch)?,
        (Expected::Landing { fetch: wanted }, Outcome::Landing(fetch)) => match (wanted, fetch) {
            (None, None) => {}
            (Some(sent), Some(fetch)) => {
                check_fetch(fetch, asked)?;
                compare_fetch(sent, fetch)?;
            }
            (wanted, _) => return Err(format!("asks the origin: {}", wanted.is_none())),
        },
        (Expected::Spend { id, limit }, Outcome::Claim(claim)) => {
            let wish = claim.facts.claim([0; 16], String::new(), 0);
            if (&claim.facts.link(), &wish.limit) != (id, limit) {
                return Err(format!("spends {} of {}", claim.facts.link(), wish.limit));
            }
            if claim.fetch.method != "HEAD" {
                return Err(format!("asks for the version by {}", claim.fetch.method));
            }
        }
        (Expected::Folder(sent), Outcome::Folder(fetch)) => compare_fetch(sent, fetch)?,
        (Expected::Place, Outcome::Place) => {}
        (_, outcome) => return Err(format!("came to {}", describe(outcome))),
    }
    Ok(None)
}

/// Holds what is told of a request to the origin.
pub(crate) fn compare_fetch(sent: &Sent, fetch: &Fetch) -> Result<(), String> {
    if sent.method != fetch.method {
        return Err(format!("sent by {}", fetch.method));
    }
    if let Some(url) = sent.url.as_ref().filter(|url| **url != fetch.url) {
        return Err(format!("sent to {} instead of {url}", fetch.url));
    }
    compare_headers(&sent.headers, &fetch.headers)
}

/// What holds of every request to the origin: the token stays here, secrets do, four headers are signed, and
/// the expectation survives as text.
pub(crate) fn check_fetch(fetch: &Fetch, asked: &Asked<'_>) -> Result<(), String> {
    let mut all = format!("{} {}", fetch.method, fetch.url);
    let mut signed = "";
    for (name, value) in &fetch.headers {
        if *name == "authorization" {
            signed = value.split_once("SignedHeaders=").and_then(|(_, rest)| rest.split(',').next()).unwrap_or("");
        }
        // The signer is the only one that the client's own credentials go to.
        if *name != clouddrop_core::decision::CLIENT_AUTHORIZATION {
            all.push_str(name);
            all.push_str(value);
        }
        if value.contains(['\r', '\n', '\0']) {
            return Err(format!("{name} holds a control character"));
        }
    }
    no_secret(&all, asked)?;
    let is_object = !fetch.headers.iter().any(|(name, _)| name.starts_with("x-clouddrop-"));
    let four = ["host;x-amz-content-sha256;x-amz-date", "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"];
    if is_object && !four.contains(&signed) {
        return Err(format!("signed are {signed:?}"));
    }
    if is_object && fetch.url.contains('?') {
        return Err(format!("a query goes to the origin: {}", fetch.url));
    }
    match Expect::from_text(&fetch.expect.to_text()) {
        Some(read) if read == fetch.expect => Ok(()),
        read => Err(format!("the expectation reads back as {read:?}")),
    }
}

fn check_reply(reply: &Reply, asked: &Asked<'_>) -> Result<(), String> {
    if reply.status == 500 {
        return Err(format!("our fault: {:?}", reply.log));
    }
    for (place, (name, value)) in reply.headers.iter().enumerate() {
        if all_headers(reply)[place + 1..].iter().any(|(other, _)| other == name) {
            return Err(format!("{name} stands twice"));
        }
        if value.contains(['\r', '\n', '\0']) {
            return Err(format!("{name} holds a control character"));
        }
    }
    // A landing page holds the link to its download, and so the token; nothing else does.
    let is_page_of_facts = reply.log.is_none() && matches!(&reply.body, Body::Text(text) if text.contains("/d/"));
    if is_page_of_facts { Ok(()) } else { no_secret(&format!("{reply:?}"), asked) }
}

/// RFC 9457 with four members, or a page with the same facts; nothing for HEAD.
fn check_refusal_body(reply: &Reply, code: &str, page: bool, asked: &Asked<'_>) -> Result<(), String> {
    let text = match (&reply.body, asked.request.method == "HEAD") {
        (Body::None, true) => return Ok(()),
        (Body::Text(text), false) => text,
        (body, _) => return Err(format!("a refusal's body is {body:?}")),
    };
    if page {
        let facts = [code.to_string(), reply.status.to_string(), REQUEST_ID.into()];
        let missing = facts.iter().find(|fact| !text.contains(&format!("<dd>{fact}</dd>")));
        return missing.map_or(Ok(()), |fact| Err(format!("{fact} is not on the page")));
    }
    let problem: Map<String, Value> = serde_json::from_str(text).map_err(|error| format!("{error} in {text}"))?;
    let told = (problem.get("status"), problem.get("code"), problem.get("request_id"), problem.len());
    let wanted = (Value::from(reply.status), Value::from(code), Value::from(REQUEST_ID));
    let fits = told == (Some(&wanted.0), Some(&wanted.1), Some(&wanted.2), 4) && problem.contains_key("title");
    if fits { Ok(()) } else { Err(format!("problem details are {text}")) }
}

fn no_secret(text: &str, asked: &Asked<'_>) -> Result<(), String> {
    let keys = KEYS.iter().map(|(_, _, secret, _)| *secret);
    let tokens = asked.tokens.iter().map(String::as_str);
    match keys.chain([AWS_SECRET]).chain(tokens).find(|secret| text.contains(secret)) {
        Some(secret) => Err(format!("{secret} is in {text}")),
        None => Ok(()),
    }
}

/// The reply's own headers and those of its set, as a client gets them.
pub(crate) fn all_headers(reply: &Reply) -> Vec<(&'static str, String)> {
    reply.headers.iter().cloned().chain(reply.set.headers()).collect()
}

fn compare_headers(wanted: &Map<String, Value>, found: &[(&'static str, String)]) -> Result<(), String> {
    for (name, value) in wanted {
        let there = found.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        if there != value.as_str() {
            return Err(format!("{name} is {there:?}, not {value}"));
        }
    }
    Ok(())
}

fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reply(reply) => format!("a reply: {} {:?}", reply.status, reply.log),
        Outcome::Fetch(fetch) => format!("a fetch: {} {}", fetch.method, fetch.url),
        Outcome::Landing(fetch) => format!("a landing page, asking: {}", fetch.is_some()),
        Outcome::Claim(claim) => format!("{claim:?}"),
        Outcome::Folder(fetch) => format!("a folder, asking {}", fetch.url),
        Outcome::Place => "a question for the place".into(),
    }
}
