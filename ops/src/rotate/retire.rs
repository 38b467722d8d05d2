//! The end of a token key, at once: its links are refused everywhere.

use crate::exit::{Exit, Failure, Result};
use crate::out::{Out, plain};
use crate::page::Api;
use clouddrop_core::percent;
use serde_json::json;
use std::time::{Duration, Instant};

/// A key that has just made links rests for a minute before it can be ended.
const REST: Duration = Duration::from_secs(75);

pub(super) fn run(api: &Api, out: Out, id: &str) -> Result<Exit> {
    let keys = api.must("GET", "keys", None)?;
    let keys = keys["keys"].as_array().cloned().unwrap_or_default();
    let state = keys.iter().find(|key| key["id"] == *id).and_then(|key| key["state"].as_str());
    match state {
        None => return Err(Failure::failed(format!("there is no key {}: GET /api/v1/keys names them", plain(id)))),
        Some("minting") => {
            let message = format!("{} makes links: run rotate-keys first, then this", plain(id));
            return Err(Failure::failed(message));
        }
        Some(_) => {}
    }
    let mut path = String::from("keys/");
    percent::push_query(&mut path, id);
    let begun = Instant::now();
    loop {
        let answer = api.call("POST", &format!("{path}/retire"), Some(&json!({})));
        let answer = answer.map_err(|why| Failure::new(Exit::Unavailable, why))?;
        match answer.status {
            200 => break,
            409 if begun.elapsed() < REST => std::thread::sleep(Duration::from_secs(3)),
            _ => return Err(Failure::failed(format!("ending {}: {}", plain(id), answer.words()))),
        }
    }
    let told = json!({ "retired": id, "before": state });
    out.result(
        &told,
        &format!("{id} has retired: every link made with it is refused; take it out of TOKEN_KEYS at leisure"),
    )?;
    Ok(Exit::Done)
}
