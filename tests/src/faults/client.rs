//! The client: asks for an object, and judges what comes as a careful client would, knowing nothing of the fault.

use super::kind::Kind;
use super::script::{Plan, Shape};
use super::table::Outcome;
use crate::stack::check;
use crate::stack::http::{Ask, Reply, Watched};
use md5::{Digest as _, Md5};
use std::sync::Arc;
use std::time::Duration;

/// The edge's limit to the first byte, in all; docs/design.md names it.
const FIRST_BYTE: Duration = Duration::from_secs(8);
/// On top of it: two cores that others use too.
const SLACK: Duration = Duration::from_secs(17);
/// A client waits so long for the next byte.
const PATIENCE: Duration = Duration::from_secs(60);
/// A client waits so long where it is to be the one that gives up.
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);

/// The codes of refusals that an origin may be the cause of (docs/design.md), with their statuses.
const CODES: [(&str, u16); 7] = [
    ("not_found", 404),
    ("gone", 410),
    ("precondition_failed", 412),
    ("range_not_satisfiable", 416),
    ("origin_error", 502),
    ("origin_unavailable", 503),
    ("origin_timeout", 504),
];

/// An object that is there.
#[derive(Debug)]
pub struct Object {
    /// Its key below the shared prefix.
    pub key: String,
    /// Its content.
    pub content: Arc<[u8]>,
    /// Its entity tag, quotes and all.
    pub tag: String,
    /// A token for it.
    pub token: String,
    /// A token that is bound to this version of it.
    pub pinned: String,
}

/// The entity tag that S3 gives to an object that was put in one piece.
pub fn tag_of(content: &[u8]) -> String {
    let digest = Md5::digest(content);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Performs a planned transfer of `object` from `address`.
///
/// # Errors
/// What came is nothing that a client may ever get.
pub fn transfer(plan: &Plan, object: &Object, address: &str) -> Result<Outcome, String> {
    let patience = if plan.is_silent_in_body() { LITTLE_PATIENCE } else { PATIENCE };
    let watched = ask(plan, object).watch(address, patience).map_err(|error| format!("no connection: {error}"))?;
    if watched.to_head > FIRST_BYTE + SLACK {
        return Err(format!("{} s to the first byte", watched.to_head.as_secs()));
    }
    judge(plan, object, &watched)
}

/// The request. Both routes of reads take turns.
fn ask(plan: &Plan, object: &Object) -> Ask {
    let method = if plan.shape == Shape::Head { "HEAD" } else { "GET" };
    let token = if plan.row.kind == Kind::EtagOfAnotherVersion { &object.pinned } else { &object.token };
    let mut ask = match plan.number % 2 {
        0 => Ask::new(method, &format!("/d/{token}")),
        _ => Ask::new(method, &format!("/f/{}", object.key)).bearer(token),
    };
    if let Some((first, last)) = plan.range {
        ask = ask.header("range", &format!("bytes={first}-{last}"));
        if plan.row.kind == Kind::EtagSwapped {
            ask = ask.header("if-range", &object.tag);
        }
    }
    ask
}

fn judge(plan: &Plan, object: &Object, watched: &Watched) -> Result<Outcome, String> {
    let Some(head) = &watched.head else {
        return Err(format!("no reply: {:?}", watched.end));
    };
    if let Some(fault) = check::fault(head) {
        return Err(format!("{} with {fault}: {:?}", head.status, head.headers));
    }
    if !watched.extra.is_empty() {
        return Err(format!("{} bytes after the reply", watched.extra.len()));
    }
    match head.status {
        200 | 206 => object_reply(plan, object, head, watched),
        _ => problem(plan, head, watched).map(Outcome::Problem),
    }
}

/// A reply that is to be the object, or a part of it.
fn object_reply(plan: &Plan, object: &Object, head: &Reply, watched: &Watched) -> Result<Outcome, String> {
    let size = object.content.len() as u64;
    let (first, last) = match (head.status, plan.range) {
        (200, _) => (0, size.wrapping_sub(1)),
        (_, Some(range)) => range,
        _ => return Err("a part that was not asked for".into()),
    };
    if header(head, "content-type")?.contains("html") {
        return Err("a type that a browser runs".into());
    }
    if watched.end.is_err() {
        return Ok(Outcome::Broken);
    }
    let expected = &object.content[if size == 0 { 0..0 } else { to_usize(first)..to_usize(last) + 1 }];
    let told = (
        header(head, "content-length")? == expected.len().to_string(),
        head.status == 200 || header(head, "content-range")? == format!("bytes {first}-{last}/{size}"),
        // An origin that tells no tag is passed on; another tag is not.
        head.one("etag").is_none_or(|tag| tag == object.tag),
        head.one("content-encoding").is_none(),
    );
    let is_right = plan.shape == Shape::Head || watched.body == expected;
    if is_right && told == (true, true, true, true) {
        let is_less = head.status == 200 && plan.range.is_some();
        return Ok(if is_less { Outcome::RightWhole } else { Outcome::Right });
    }
    // Not what is stored. Would a client see it that knows only what the reply tells?
    let assembled = match head.status {
        200 => watched.body.clone(),
        // The other parts are right.
        _ => [&object.content[..to_usize(first)], &watched.body, &object.content[to_usize(last) + 1..]].concat(),
    };
    let fits_its_tag = tag_of(&assembled) == header(head, "etag")?;
    let fits_its_range = head.status == 200 || told.1;
    let fits_its_coding = told.3 || watched.body.starts_with(b"\x1f\x8b");
    if fits_its_tag && fits_its_range && fits_its_coding {
        return Err(format!("looks complete and is not what is stored: {:?}", head.headers));
    }
    Ok(Outcome::Caught)
}

/// A refusal (RFC 9457) by its code.
fn problem(plan: &Plan, head: &Reply, watched: &Watched) -> Result<&'static str, String> {
    if let Err(error) = &watched.end {
        return Err(format!("{} that is broken: {error}", head.status));
    }
    if header(head, "content-type")? != "application/problem+json" {
        return Err(format!("{} that is no problem: {}", head.status, String::from_utf8_lossy(&watched.body)));
    }
    let known = |code: &str| CODES.iter().find(|(c, status)| *c == code && *status == head.status);
    if plan.shape == Shape::Head {
        let code = CODES.iter().find(|(_, status)| *status == head.status);
        return code.map(|(code, _)| *code).ok_or_else(|| format!("a HEAD's {}", head.status));
    }
    let reply = Reply { body: watched.body.clone(), ..head.clone() };
    let text = reply.text();
    let members = ["\"status\":", "\"title\":", "\"code\":", "\"request_id\":"];
    if !members.iter().all(|member| text.contains(member)) || text.contains("planted") || text.contains('<') {
        return Err(format!("a problem that is not ours: {text}"));
    }
    if head.status == 503 && head.one("retry-after").is_none() {
        return Err("503 without Retry-After".into());
    }
    known(&reply.code()).map(|(code, _)| *code).ok_or_else(|| format!("{} with {text}", head.status))
}

fn header<'a>(head: &'a Reply, name: &str) -> Result<&'a str, String> {
    head.one(name).ok_or_else(|| format!("{} without {name}", head.status))
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
