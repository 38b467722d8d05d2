//! The border between a JavaScript host and the rules compiled to wasm: one text in, one text out.
//!
//! Each crossing costs more than a SHA-256 block, so a request crosses twice: [`Question::decide`] for the
//! decision, [`settle`] for the reply. Lines end in `\n`; no field can hold one, since URLs and header
//! fields cannot, and every text is checked for it on its way out.
//!
//! ```text
//! request   method \n url \n id \n place \n (name,value \n)*
//! head      status \n expect \n (name,value \n)*      the fields of `origin_headers`
//! fetch     F \n method \n url \n expect \n names (\n value)*
//! reply     R \n status \n set \n body \n log \n names (\n value)* \n text
//! again     as fetch, with G in the place of F: cancel the body first
//! error     B \n expect                  read the body of the error and ask again with it
//! place     P                            ask again with the client's place
//! refusal   Q                            ask again with the request beside the head
//! other     W                            not for this path: a landing page, an API call, a claim
//! ```
//! `place` is `?` (not looked up) or `country,subdivision,asn`, each part empty where it is not known;
//! `names` are those of the headers, with a space between them, and are followed by as many values: a host can
//! keep one header object for each line of names that it meets, and there are a few dozen of those in all.
//! `set` is the place of a [`HeaderSet`] in [`HeaderSet::ALL`]; `body` is `-`, `O` (the origin's) or `T` (text).

use crate::config::Config;
use crate::decide::decide;
use crate::decision::{Decision, Fetch, Head};
use crate::expect::Expect;
use crate::origin_reply::{Next, ORIGIN_HEADERS};
use crate::refusal::Refusal;
use crate::reply::{Body, HeaderSet, Reply};
use crate::request::{Client, Headers, Place, Request};
use crate::time::UnixTime;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

/// A request as text, and the headers in which the platform itself speaks. Names are in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// See the module.
    pub text: &'a str,
    /// Holds the client's address, like `cf-connecting-ip`: the platform overwrites what a client sends.
    pub address_header: &'a str,
    /// Holds the platform's name for the request, like `cf-ray`; without it the text's own `id` counts.
    pub id_header: &'a str,
}

impl Question<'_> {
    /// Reads the request and hands it to `with`; `None` if the text is not one.
    pub fn with_request<T>(&self, with: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
        let mut lines = self.text.split('\n');
        let (method, url, id, place) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let fields = fields(lines);
        let headers = Headers::new(&fields);
        let address = headers.one(self.address_header).and_then(|text| text.trim().parse().ok());
        let id = headers.one(self.id_header).unwrap_or(id);
        let client = Client { address, place: read_place(place)? };
        Some(with(&Request { method, url, id, headers, client }))
    }

    /// Decides, and writes the decision.
    pub fn decide(&self, now: UnixTime, config: &Config) -> String {
        self.with_request(|request| match decide(request, now, config) {
            Decision::Reply(reply) => write_reply(&reply, request.id),
            Decision::Fetch(fetch) => write_fetch('F', &fetch),
            Decision::LookUpPlace => "P".into(),
            Decision::Landing(_) | Decision::Forward(_) | Decision::Spend(_) => "W".into(),
        })
        .unwrap_or_else(malformed)
    }

    /// Writes the reply for a failure of the platform to reach the origin: `timeout`, or anything else.
    pub fn unreachable(&self, cause: &str) -> String {
        let refusal = match cause {
            "timeout" => Refusal::OriginTimeout,
            _ => Refusal::OriginUnavailable("the origin could not be reached"),
        };
        self.with_request(|request| write_reply(&refusal.reply(request), request.id)).unwrap_or_else(malformed)
    }

    /// Settles the origin's answer, and writes what follows. The request is needed to word a refusal only, see
    /// [`settle`].
    pub fn settle(&self, answer: &str, error_body: Option<&str>, now: UnixTime, config: &Config) -> String {
        settled(answer, error_body, now, config).unwrap_or_else(|refusal| {
            self.with_request(|request| write_reply(&refusal.reply(request), request.id)).unwrap_or_else(malformed)
        })
    }
}

/// Settles the origin's answer without the request, and writes what follows: all but a refusal, for which it
/// writes `Q`. Most answers are no refusal, and the request is the longest text there is.
pub fn settle(answer: &str, error_body: Option<&str>, now: UnixTime, config: &Config) -> String {
    settled(answer, error_body, now, config).unwrap_or_else(|_| "Q".into())
}

fn settled(answer: &str, error_body: Option<&str>, now: UnixTime, config: &Config) -> Result<String, Refusal> {
    let next = read_answer(answer, |expect, head| expect.settle(head, error_body, now, config));
    match next.ok_or(Refusal::Internal("malformed text at the border"))? {
        Next::Reply(reply) => Ok(write_reply(&reply, "")), // one that settles carries no log line
        Next::Again(fetch) => Ok(write_fetch('G', &fetch)),
        Next::ReadError(expect) => {
            let mut out = String::from("B\n");
            out.push_str(&expect.to_text());
            Ok(out)
        }
        Next::Refuse(refusal) => Err(refusal),
    }
}

/// Reads `status \n expect \n fields`.
fn read_answer<T>(text: &str, with: impl FnOnce(Expect, &Head<'_>) -> T) -> Option<T> {
    let mut lines = text.split('\n');
    let status = lines.next()?.parse().ok()?;
    let expect = Expect::from_text(lines.next()?)?;
    let fields = fields(lines);
    Some(with(expect, &Head { status, headers: Headers::new(&fields) }))
}

/// `name,value` lines; a name cannot hold a comma.
fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
    let mut fields = Vec::with_capacity(24);
    fields.extend(lines.filter_map(|line| line.split_once(',')));
    fields
}

fn read_place(text: &str) -> Option<Option<Place<'_>>> {
    if text == "?" {
        return Some(None);
    }
    let mut parts = text.split(',').map(|part| Some(part).filter(|part| !part.is_empty()));
    let place = Place {
        country: parts.next()?,
        subdivision: parts.next()?,
        asn: parts.next()?.and_then(|digits| digits.parse().ok()),
    };
    parts.next().is_none().then_some(Some(place))
}

fn write_fetch(kind: char, fetch: &Fetch) -> String {
    let expect = fetch.expect.to_text();
    let mut out = String::with_capacity(fetch.url.len() + expect.len() + 400);
    out.push(kind);
    for line in [&fetch.method, &fetch.url, &expect] {
        push_line(&mut out, line);
    }
    push_fields(&mut out, fetch.headers.iter());
    out
}

/// Writes a reply in the form of the module.
pub fn write_reply(reply: &Reply, request_id: &str) -> String {
    let mut out = String::with_capacity(320);
    let (body, text) = match &reply.body {
        Body::None => ("-", ""),
        Body::Origin => ("O", ""),
        Body::Text(text) => ("T", text.as_str()),
    };
    // Writing to a String cannot fail.
    let _ = write!(out, "R\n{}\n{}\n{body}", reply.status, reply.set.index());
    let log = reply.log.as_ref().map(|line| line.to_json(request_id));
    push_line(&mut out, log.as_deref().unwrap_or(""));
    // The length of a stream that is handed through is the platform's to write.
    let written = |(name, _): &&(&'static str, String)| reply.body != Body::Origin || *name != "content-length";
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
fn malformed() -> String {
    internal("")
}

/// The reply for a fault of ours, to a request called `id`.
pub fn internal(id: &str) -> String {
    let request = Request {
        method: "GET",
        url: "",
        id,
        headers: Headers::new(&[]),
        client: Client { address: None, place: None },
    };
    write_reply(&Refusal::Internal("the edge failed").reply(&request), id)
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
