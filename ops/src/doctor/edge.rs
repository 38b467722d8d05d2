//! What can be seen of a deployment from outside, without a key.

use super::bucket::{MAX_SKEW, apart};
use crate::aws::now;
use crate::checks::{Seen, not_checked};
use crate::http::{Answer, Ask, Client, host_of};
use crate::promises::{fault, from_a_cache, refusal_fault};
use clouddrop_core::time;

/// Codings that something on the way would gladly use.
pub(super) const CODINGS: &str = "gzip, br, zstd";

/// The clock of the edge, as far as it tells it.
pub(super) fn clock(client: &Client, page: &str) -> Seen {
    let answer = client.send(&Ask::get(format!("{page}/healthz")))?;
    let Some(theirs) = answer.one("date").and_then(time::from_http_date) else {
        return not_checked("the edge tells no Date");
    };
    let apart = apart(now(), theirs);
    if apart.abs() > MAX_SKEW {
        return Err(format!(
            "{apart} s from this machine's: one of the two is wrong, and signatures by it are refused"
        )
        .into());
    }
    Ok(format!("{apart} s from this machine's"))
}

/// Page and files live on two hosts; the files' one.
pub(super) fn hosts(client: &Client, page: &str) -> Result<String, crate::checks::Fault> {
    let answer = client.send(&Ask::get(format!("{page}/settings.json")))?;
    let settings = answer.json().unwrap_or_default();
    let Some(files) = settings["files"].as_str() else {
        return Err(format!("{page} is no CloudDrop: /settings.json names no files' host").into());
    };
    if host_of(files) == host_of(page) {
        return Err("page and files are on one host: content of strangers shares an origin with keys".into());
    }
    Ok(files.trim_end_matches('/').into())
}

/// What every reply promises, and that nothing between adds a copy of its own.
pub(super) fn headers(client: &Client, page: &str, files: &str) -> Seen {
    for address in [format!("{page}/"), format!("{page}/healthz"), format!("{files}/healthz")] {
        let answer = client.send(&Ask::get(&address))?;
        if let Some(why) = fault(&answer) {
            return Err(format!("{address}: {why}").into());
        }
    }
    let refused = client.send(&Ask::get(format!("{files}/d/clouddrop-doctor")))?;
    if let Some(why) = refusal_fault(&refused, 401, "unauthorized") {
        return Err(format!("a token that is none: {why}").into());
    }
    Ok("on both hosts".into())
}

/// Two requests are two answers: each refusal has an id of its own.
pub(super) fn caches(client: &Client, files: &str) -> Seen {
    let ask = Ask::get(format!("{files}/d/clouddrop-doctor"));
    let id = |answer: &Answer| answer.json().and_then(|json| Some(json["request_id"].as_str()?.to_string()));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = client.send(&ask)?;
        if let Some(why) = from_a_cache(&answer) {
            return Err(why.into());
        }
        ids.push(id(&answer));
    }
    let first = ids.remove(0);
    if first.is_none() || ids.contains(&first) {
        return Err(
            "the same refusal came twice, with one request_id: a cache before the edge keeps what it must not".into()
        );
    }
    Ok("every request reaches the edge".into())
}

/// Nothing compresses what says no-transform.
pub(super) fn transforms(client: &Client, page: &str, files: &str) -> Seen {
    for address in [format!("{page}/healthz"), format!("{files}/d/clouddrop-doctor")] {
        let answer = client.send(&Ask::get(&address).header("accept-encoding", CODINGS))?;
        if let Some(coding) = answer.one("content-encoding") {
            return Err(format!("{} compresses by {coding}: no-transform is not kept", host_of(&address)).into());
        }
    }
    Ok("nothing compresses on the way".into())
}
