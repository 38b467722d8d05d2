//! The cases as JSON, for an edge that is no Rust: what to ask it, under which variables, what the origin answers, and
//! what came of the same case natively.

use crate::case::{Case, Suite};
use crate::config;
use crate::expected::{Outcome, all_headers};
use crate::run::Prepared;
use clouddrop_core::revocation::Draft;
use clouddrop_core::{Body, Fetch, Reply, UnixTime};
use serde_json::{Map, Value, json};

/// All cases of a suite's JSON text.
///
/// # Errors
/// For a suite that cannot be read, or a case that has no outcome.
pub fn replays(name: &str, text: &str) -> Result<Vec<Value>, String> {
    let suite: Suite = serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))?;
    suite.cases.iter().map(|case| replay(case).map_err(|why| format!("{name}: {}: {why}", case.name))).collect()
}

fn replay(case: &Case) -> Result<Value, String> {
    let prepared = Prepared::of(case)?;
    let outcome = prepared.ask(case, &mut |asked| asked.perform(case))?;
    let mut variables = config::variables();
    config::merge(&mut variables, &case.config);
    let place = case.place.as_ref().map(|place| json!([place.country, place.subdivision, place.asn]));
    let answers: Vec<Value> = case
        .answers
        .iter()
        .map(|answer| json!({ "status": answer.status, "headers": answer.headers, "body": answer.body }))
        .collect();
    Ok(json!({
        "name": case.name,
        "variables": variables,
        "list": crate::base64url::encode(&Draft::default().encode(UnixTime::from_secs(case.now))),
        "now": case.now * 1000,
        "method": case.method,
        "url": prepared.url,
        "headers": prepared.fields,
        "address": case.address,
        "place": place,
        "body": case.body,
        "answers": answers,
        "expected": told(&outcome),
    }))
}

fn told(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Reply(reply) => told_reply(reply),
        Outcome::Fetch(fetch) | Outcome::Landing(Some(fetch)) | Outcome::Folder(fetch) => told_fetch(fetch),
        Outcome::Claim(claim) => told_fetch(&claim.fetch),
        Outcome::Landing(None) => json!({ "page": 200 }),
        Outcome::Place => json!({ "place": true }),
    }
}

fn told_reply(reply: &Reply) -> Value {
    let headers: Map<String, Value> =
        all_headers(reply).into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let body = match &reply.body {
        Body::None => json!({ "kind": "none" }),
        Body::Text(text) => json!({ "kind": "text", "text": text }),
        Body::Origin | Body::Kept { .. } => json!({ "kind": "origin" }),
        Body::Asset(name) => json!({ "kind": "asset", "name": name }),
    };
    json!({ "reply": { "status": reply.status, "headers": headers, "body": body } })
}

fn told_fetch(fetch: &Fetch) -> Value {
    let headers: Map<String, Value> =
        fetch.headers.iter().map(|(name, value)| ((*name).into(), value.clone().into())).collect();
    json!({ "fetch": { "method": fetch.method, "url": fetch.url, "headers": headers } })
}
