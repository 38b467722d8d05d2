//! What takes a key: whether links work from the signer's keys to the bucket, and end when they are taken back.

use super::edge::CODINGS;
use crate::aws::now;
use crate::checks::{Fault, Seen, not_checked};
use crate::exit::Failure;
use crate::http::Ask;
use crate::page::Api;
use crate::promises::{file_fault, from_a_cache};
use crate::smoke::scene::{Scene, text};
use clouddrop_core::UnixTime;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Entries of the revocation list at which it is nearly full; it holds 250,000.
const MANY_ENTRIES: u64 = 200_000;
/// How long after its end an upload may still be listed: the tick comes every minute.
const OVERDUE_SECONDS: u64 = 600;

fn got(api: &Api, path: &str) -> Result<Value, Fault> {
    let answer = api.call("GET", path, None)?;
    match answer.status {
        200 => answer.json().ok_or_else(|| Fault::Failed(format!("GET {path}: no JSON"))),
        403 => not_checked("the key is not an admin's"),
        401 => Err(Fault::Failed("the API key is not taken".into())),
        _ => Err(Fault::Failed(format!("GET {path}: {}", answer.words()))),
    }
}

/// One key makes links, another stands by.
pub(super) fn keys(api: &Api) -> Seen {
    let told = got(api, "keys")?;
    let keys = told["keys"].as_array().cloned().unwrap_or_default();
    let names = |state: &str| -> Vec<String> {
        let of_state = keys.iter().filter(|key| key["state"] == state);
        of_state.filter_map(|key| Some(key["id"].as_str()?.to_string())).collect()
    };
    let (minting, standby) = (names("minting"), names("standby"));
    let [one] = &minting[..] else { return Err("no key makes links: run rotate-keys".into()) };
    if standby.is_empty() {
        return Err(format!("{one} makes links and none stands by: run rotate-keys").into());
    }
    Ok(format!("{one} makes links, {} stands by", standby.join(" and ")))
}

/// A link to nothing goes all the way: the token's key, the revocation list, the edge's identity, the bucket.
pub(super) fn way(api: &Api) -> Seen {
    let folder = got(api, "account")?;
    let key = format!("{}/clouddrop-doctor", text(&folder, "folder")?);
    let body = json!({ "key": key, "expires_in": "2m", "note": "clouddrop-doctor" });
    let made = api.call("POST", "shares", Some(&body))?;
    if made.status != 201 {
        return Err(format!("no share can be made: {}", made.words()).into());
    }
    let share = made.json().unwrap_or_default();
    let answer = api.client().send(&Ask::get(text(&share, "download")?));
    // It ends by itself in two minutes, if this fails.
    let _ = api.call("POST", &format!("shares/{}/revoke", text(&share, "id")?), Some(&json!({})));
    let answer = answer?;
    let why = match answer.status {
        404 => {
            return Ok(
                "token, revocation list, the edge's identity and the bucket's answer: 404 for what is not there".into(),
            );
        }
        401 => "the edge does not know the key that the signer makes links with: give the edge the signer's TOKEN_KEYS",
        502 => {
            "the bucket refuses the edge's identity: were its credentials rotated, have they ended, is REGION right? \
                The edge's alarm lines tell"
        }
        503 => {
            "the edge has no revocation list that is young enough, or the bucket is silent: the edge's alarm lines tell"
        }
        504 => "the bucket does not answer in time",
        _ => "not 404, as for what is not there",
    };
    Err(format!("{}: {why}", answer.words()).into())
}

pub(super) fn revocations(api: &Api) -> Seen {
    let told = got(api, "revocations")?;
    let entries = told["entries"].as_u64().unwrap_or(0);
    if entries >= MANY_ENTRIES {
        return Err(format!("{entries} entries of 250,000: take back by subject or key_id, and rotate").into());
    }
    Ok(format!("{entries} entries, since {}", told["made_at"].as_str().unwrap_or("?")))
}

/// Uploads whose grant is over are ended by the tick.
pub(super) fn tick(api: &Api) -> Seen {
    let told = got(api, "uploads?limit=200")?;
    let uploads = told["items"].as_array().cloned().unwrap_or_default();
    let limit = now().as_secs().saturating_sub(OVERDUE_SECONDS);
    let is_overdue = |upload: &&Value| {
        let end = upload["expires_at"].as_str().and_then(UnixTime::from_rfc3339);
        end.is_some_and(|end| end.as_secs() < limit)
    };
    match uploads.iter().filter(is_overdue).count() {
        0 => Ok(format!("{} uploads are open, none is overdue", uploads.len())),
        count => Err(format!(
            "{count} uploads ended long ago and are still open: is the signer called every minute? See the \
                              runbook, The tick"
        )
        .into()),
    }
}

/// A file that is downloaded, taken back, and downloaded no more, whatever is between.
pub(super) fn cache(api: &Api, within: Duration) -> Seen {
    let mut scene = Scene::new(api, within).map_err(|failure: Failure| failure.message)?;
    let seen = taken_back(&mut scene, within);
    let cleaned = scene.clean_up();
    let seen = seen?;
    cleaned?;
    Ok(seen)
}

fn taken_back(scene: &mut Scene<'_>, within: Duration) -> Seen {
    let (name, content) = (scene.name.replace("smoke", "doctor"), vec![b'x'; 20_000]);
    // Text, which a proxy would like to compress.
    scene.file = Some(scene.send_file(&name, "text/plain", &content, None)?);
    let share = scene.new_share(&json!({}))?;
    let ask = Ask::get(text(&share, "download")?).header("accept-encoding", CODINGS);
    for _ in 0..2 {
        let answer = scene.send(&ask)?;
        if answer.status != 200 {
            return Err(format!("a download is answered {}", answer.words()).into());
        }
        if let Some(why) = file_fault(&answer) {
            return Err(why.into());
        }
        if answer.body != content {
            return Err("another content came: something on the way rewrites files".into());
        }
    }
    scene.call(200, &format!("shares/{}/revoke", text(&share, "id")?), &json!({}))?;
    let begun = Instant::now();
    while scene.send(&ask)?.status == 200 {
        if begun.elapsed() > within {
            let seconds = within.as_secs();
            return Err(format!(
                "a link is good {seconds} s after it was taken back: a cache before the edge, or no list"
            )
            .into());
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    let took = begun.elapsed();
    for _ in 0..5 {
        let answer = scene.send(&ask)?;
        if answer.status == 200 {
            return Err(from_a_cache(&answer)
                .unwrap_or_else(|| "some edges serve a link that was taken back, others refuse it".into())
                .into());
        }
    }
    Ok(format!("refused {} ms after it was taken back, and untouched before", took.as_millis()))
}
