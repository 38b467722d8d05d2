//! Writing the border's texts; their form is in [`super`].

use crate::cache;
use crate::claim::ClaimFacts;
use crate::config::Config;
use crate::decision::{Decision, Fetch, Forward, MAX_API_BODY_BYTES};
use crate::expect::{Expect, Use};
use crate::limit::{client_key, token_key};
use crate::origin_reply::ORIGIN_HEADERS;
use crate::refusal::Refusal;
use crate::reply::{Body, HeaderSet, Reply};
use crate::request::{Client, Headers, Request};
use crate::retry::{FIRST_BYTE_MILLIS, FIRST_BYTE_OF_TWO_MILLIS, Health, Origin, Retry};
use crate::sigv4::SignedRequest;
use crate::text::{cut, push_number};
use crate::time::UnixTime;
use crate::trail::{Trail, Uses};
use crate::unlock::MAX_FORM_BYTES;
use alloc::string::{String, ToString};
use core::fmt::Write;

/// What the first text about a request begins with: whom to count it for, and how to log it.
#[derive(Default)]
pub(super) struct Opening {
    pub(super) limits: String,
    pub(super) uses: String,
    /// The revocation list is to be asked for meanwhile.
    pub(super) refreshes: bool,
    /// The revocation list is old, and a newer one could not be had.
    pub(super) is_old: bool,
    pub(super) log: String,
}

/// Whom a request is counted for. What depends on nothing is not counted.
pub(super) fn limits(request: &Request<'_>, trail: &Trail, decision: &Decision) -> String {
    if trail.route() == "fixed" {
        return String::new();
    }
    let client = client_key(request.client.address);
    let mut out = String::with_capacity(96);
    out.push('c');
    out.push_str(&client);
    let mut add = |letter: &str, key: &str| {
        out.push(' ');
        out.push_str(letter);
        out.push_str(key);
    };
    if let Some(id) = trail.token_id() {
        add("t", &token_key(id));
    }
    match decision {
        Decision::Reply(reply) if reply.status == 401 => add("b", &client),
        Decision::Claim(_) | Decision::Unlock(_) => add("sclaim:", &client),
        Decision::Forward(_) if trail.route() == "report" => add("sclaim:", &client),
        Decision::Forward(_) => add("sissue:", &client),
        _ => {}
    }
    out
}

/// What a counter is to be asked; see [`super`].
pub(super) fn uses(trail: &Trail) -> String {
    match (trail.uses(), trail.token_id()) {
        (Uses::Left { link, limit }, _) => alloc::format!("left {} {limit}", token_key(link)),
        (Uses::Grant { link }, Some(id)) => alloc::format!("grant {} {}", token_key(link), token_key(id)),
        _ => String::new(),
    }
}

/// A claim for the counter; `None` if the version is none that can be kept.
pub(super) fn write_claim(facts: &ClaimFacts, version: String, size: u64) -> Option<String> {
    // The session is the host's to put in: between these two.
    const SESSION: [u8; 16] = [0; 16];
    let text = facts.claim(SESSION, version, size).to_text()?;
    let (before, after) = cut(&text, &alloc::format!(" {} ", token_key(&SESSION)))?;
    Some(alloc::format!("K\n{} {before}\n{after}", facts.link()))
}

/// The first request for an object, to whichever origin is well.
pub(super) fn write_fetch(
    kind: char,
    opening: &Opening,
    fetch: Fetch,
    health: &mut Health,
    now: UnixTime,
    config: &Config,
) -> String {
    let is_read = fetch.expect.use_of == Use::Read;
    let mut flags = String::from(if is_read && config.cache().bytes > 0 { "c" } else { "" });
    if is_read {
        flags.push('s');
    }
    if opening.refreshes {
        flags.push('r');
    }
    if opening.is_old {
        flags.push('d');
    }
    match health.admit(config.has_second_origin(), now) {
        Some(Origin::First) => write_lines(kind, opening, &flags, 0, FIRST_BYTE_MILLIS, &fetch, config),
        Some(Origin::Second) => match (Expect { origin: Origin::Second, ..fetch.expect }).fetch(now, config) {
            Ok(fetch) => write_lines(kind, opening, &flags, 0, FIRST_BYTE_MILLIS, &fetch, config),
            // The first signature was made a moment ago, with the same credentials.
            Err(_) => malformed(),
        },
        None => {
            flags.push('x');
            write_lines(kind, opening, &flags, 0, FIRST_BYTE_MILLIS, &fetch, config)
        }
    }
}

/// Another question about the same object.
pub(super) fn write_again(fetch: &Fetch, config: &Config) -> String {
    write_lines('G', &Opening::default(), "", 0, FIRST_BYTE_MILLIS, fetch, config)
}

/// Another attempt.
pub(super) fn write_retry(retry: Retry, elapsed_millis: i64, fetch: &Fetch, config: &Config) -> String {
    let left = FIRST_BYTE_MILLIS - elapsed_millis - i64::from(retry.delay_millis);
    write_lines('T', &Opening::default(), "", retry.delay_millis, left, fetch, config)
}

/// `left` is what is left of the time for the first byte.
fn write_lines(
    kind: char,
    opening: &Opening,
    flags: &str,
    wait: u32,
    left: i64,
    fetch: &Fetch,
    config: &Config,
) -> String {
    let expect = fetch.expect.to_text();
    let mut out = String::with_capacity(fetch.url.len() + expect.len() + opening.log.len() + 480);
    let has_another = config.has_second_origin() && fetch.expect.origin == Origin::First;
    let time = if has_another { left.min(FIRST_BYTE_OF_TWO_MILLIS) } else { left };
    out.push(kind);
    push_line(&mut out, &opening.limits);
    push_line(&mut out, &opening.uses);
    push_line(&mut out, &opening.log);
    push_line(&mut out, flags);
    out.push('\n');
    push_number(&mut out, wait.into());
    out.push('\n');
    // No time is left where it would be negative.
    push_number(&mut out, u64::try_from(time).unwrap_or(0));
    for line in [&fetch.method, &fetch.url, &expect] {
        push_line(&mut out, line);
    }
    push_fields(&mut out, fetch.headers.iter());
    out
}

/// The question for the revocation list.
/// A signed request: `url \n names (\n value)*`.
pub fn write_signed(ask: &SignedRequest) -> String {
    let mut out = ask.url.clone();
    push_fields(&mut out, ask.headers.iter());
    out
}

/// A request for so much of an answer's body.
pub(super) fn write_error(expect: &Expect, most: usize) -> String {
    alloc::format!("B\n{}\n{most}", expect.to_text())
}

/// A form with a password.
pub(super) fn form(opening: &Opening) -> String {
    alloc::format!("W\n{}\n{}\n{MAX_FORM_BYTES}\n", opening.limits, opening.log)
}

/// An API call, whose body is part of the signature.
pub(super) fn other(opening: &Opening, forward: &Forward) -> String {
    let list = if forward.changes_revocations() { "l" } else { "" };
    alloc::format!("W\n{}\n{}\n{MAX_API_BODY_BYTES}\n{list}", opening.limits, opening.log)
}

/// Writes a reply in the form of the module, with no opening.
pub fn write_reply(reply: &Reply, config: &Config) -> String {
    write_reply_of(reply, &Opening::default(), config)
}

pub(super) fn write_reply_of(reply: &Reply, opening: &Opening, config: &Config) -> String {
    let is_kept = cache::is_kept(reply, config.cache());
    write_reply_lines(reply, opening, is_kept)
}

fn write_reply_lines(reply: &Reply, opening: &Opening, is_kept: bool) -> String {
    let mut out = String::with_capacity(360 + opening.log.len());
    out.push('R');
    push_line(&mut out, &opening.limits);
    push_line(&mut out, &opening.log);
    let bytes = reply.length().unwrap_or(0);
    out.push('\n');
    push_number(&mut out, reply.status.into());
    out.push('\n');
    push_number(&mut out, reply.set.index() as u64);
    out.push('\n');
    let mut text = "";
    match &reply.body {
        Body::None => out.push('-'),
        Body::Origin => out.push(if is_kept { 'C' } else { 'O' }),
        Body::Kept { first, end } => {
            // Writing to a String cannot fail.
            let _ = write!(out, "K {first} {end}");
        }
        Body::Asset(name) => {
            out.push_str("A ");
            out.push_str(name);
        }
        Body::Text(own) => {
            out.push('T');
            text = own;
        }
    }
    out.push('\n');
    push_number(&mut out, bytes);
    match &reply.log {
        // JSON holds no newline.
        Some(line) => {
            out.push('\n');
            line.push_fields(&mut out);
        }
        None => out.push_str("\n,\"code\":\"ok\""),
    }
    // The length of a stream that is handed through is the platform's to write.
    let has_object = matches!(reply.body, Body::Origin | Body::Kept { .. });
    let written = |(name, _): &&(&'static str, String)| !has_object || *name != "content-length";
    push_fields(&mut out, reply.headers.iter().filter(written));
    out.push('\n');
    out.push_str(text);
    out
}

/// A line of names, and a line for each value.
fn push_fields<'a>(out: &mut String, fields: impl Iterator<Item = &'a (&'static str, String)> + Clone) {
    let mut before = '\n';
    for (name, _) in fields.clone() {
        out.push(before);
        out.push_str(name);
        before = ' ';
    }
    if before == '\n' {
        out.push('\n');
    }
    for (_, value) in fields {
        push_line(out, value);
    }
}

/// A newline and then the text, which must not hold one: the reader would take it for the next field.
fn push_line(out: &mut String, text: &str) {
    out.push('\n');
    if text.contains('\n') {
        out.push_str(&text.replace('\n', " "));
    } else {
        out.push_str(text);
    }
}

/// The host broke the form of the text: our fault, and nothing to do with the client.
pub(super) fn malformed() -> String {
    internal("")
}

/// The reply for a fault of ours, to a request called `id`.
pub fn internal(id: &str) -> String {
    without_configuration(id, &Refusal::Internal("the edge failed"))
}

/// The reply of an edge that has no configuration yet, to a request called `id`.
pub fn unready(id: &str) -> String {
    without_configuration(id, &Refusal::OriginUnavailable("the secrets cannot be had"))
}

fn without_configuration(id: &str, refusal: &Refusal) -> String {
    let request = Request {
        method: "GET",
        url: "",
        id,
        headers: Headers::new(&[]),
        client: Client { address: None, place: None },
    };
    write_reply_lines(&refusal.reply(&request), &Opening::default(), false)
}

/// The fixed headers of all sets, for a host to prepare once: sets divided by an empty line.
pub fn header_sets() -> String {
    let mut out = String::new();
    for set in HeaderSet::ALL {
        for (name, value) in set.headers() {
            out.push_str(name);
            out.push('\n');
            out.push_str(&value);
            out.push('\n');
        }
        out.push('\n');
    }
    out.trim_end().to_string()
}

/// The names of the fields that a host brings over from an origin's answer, one a line.
pub fn origin_headers() -> String {
    ORIGIN_HEADERS.join("\n")
}
