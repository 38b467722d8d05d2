//! `revoke`: takes links back at once, and looks whether that has come about, by a link that is meant.
//!
//! Where no such link is known, one is made before: for the object, the owner or the key that is to be taken back. What it
//! leads to need not exist, since revocation is decided before anything is fetched. It is taken back as well.

use crate::exit::{Exit, Failure, Result};
use crate::http::Ask;
use crate::out::{Out, plain};
use crate::page::{Api, KEY_VARIABLE, Target, api_key};
use clouddrop_core::SecretText;
use serde_json::{Value, json};
use std::io::{self, Read as _};
use std::time::{Duration, Instant};

/// The variable of a link that is looked at.
const LINK_VARIABLE: &str = "CLOUDDROP_LINK";
const MAX_LINK_BYTES: u64 = 8192;
const GLANCE: Duration = Duration::from_millis(300);
/// What the probe's object is called; there is none.
const PROBE: &str = "clouddrop-revoke-probe";

/// What `revoke` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    meant: Meant,
    /// When the last link that is meant has ended, like 2027-01-15T08:00:00Z: the entry may leave the list then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Look at a link that is meant, from CLOUDDROP_LINK or stdin, to see that it is refused
    #[arg(long)]
    watch: bool,
    /// Within how many seconds it must be refused
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    within: u64,
    /// Take back the key that makes tokens, or everything of an issuer
    #[arg(long)]
    everything: bool,
}

/// What is taken back: one of these, but that a key may have its issuer beside it.
#[derive(Debug, Default, clap::Args)]
#[group(required = true, multiple = true)]
struct Meant {
    /// One token, by its id in hexadecimal
    #[arg(long, value_name = "ID")]
    token_id: Option<String>,
    /// A share, by its id
    #[arg(long, value_name = "ID")]
    share: Option<String>,
    /// Everything of somebody, as tokens of other issuers have it in `sub`
    #[arg(long, value_name = "SUB")]
    subject: Option<String>,
    /// Everything of an owner
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// All links to an object, by its key
    #[arg(long, value_name = "KEY")]
    object: Option<String>,
    /// All files of a content, by its SHA-256 in base64, and no further one is taken
    #[arg(long, value_name = "BASE64")]
    sha256: Option<String>,
    /// All that a token key has made, by its name
    #[arg(long, value_name = "KID")]
    key_id: Option<String>,
    /// With --key-id: whose key it is. Alone: all that this issuer has made
    #[arg(long, value_name = "ISS")]
    issuer: Option<String>,
}

impl Meant {
    /// The call's JSON.
    fn body(&self) -> Result<Value> {
        let named = [
            ("token_id", &self.token_id),
            ("share", &self.share),
            ("subject", &self.subject),
            ("owner", &self.owner),
            ("object", &self.object),
            ("sha256", &self.sha256),
            ("key_id", &self.key_id),
            ("issuer", &self.issuer),
        ];
        let given: Vec<_> = named.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?))).collect();
        let names: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
        if names.len() != 1 && names != ["key_id", "issuer"] {
            return Err(Failure::usage("name one thing to take back; only --key-id may have --issuer beside it"));
        }
        Ok(given
            .into_iter()
            .map(|(name, value)| (name.to_string(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into())
    }
}

/// A link that is looked at.
struct Watched {
    address: SecretText,
    what: &'static str,
    /// The share to be taken back afterwards.
    probe: Option<String>,
}

/// Takes back, and looks.
///
/// # Errors
/// It is refused, or the link that is looked at is still good after the time.
pub(crate) fn run(options: &Options) -> Result<Exit> {
    let out = Out { json: options.target.json };
    let mut body = options.meant.body()?;
    if let Some(until) = &options.until {
        body["until"] = until.as_str().into();
    }
    if options.watch && !is_set(KEY_VARIABLE) && !is_set(LINK_VARIABLE) {
        return Err(Failure::usage(format!("stdin is for the link: set {KEY_VARIABLE}")));
    }
    let key = api_key()?;
    let given = if options.watch { Some(link()?) } else { None };
    let api = Api::new(&options.target.url, Some(key));
    guard(&api, options)?;
    let watched = match given {
        Some(address) => Some(Watched { address, what: "the link that was given", probe: None }),
        None => probe(&api, &options.meant),
    };
    let before = watched.as_ref().map(|watched| status(&api, watched)).transpose()?;
    let begun = Instant::now();
    let answer = api.must("POST", "revocations", Some(&body))?;
    out.note(&format!("in the list, which has {} entries", answer["entries"]));
    let confirmed =
        watched.as_ref().map(|watched| wait(&api, watched, Duration::from_secs(options.within))).transpose()?;
    if let Some(id) = watched.as_ref().and_then(|watched| watched.probe.as_ref()) {
        // A link to nothing, that is refused already and ends soon.
        let of = options.meant.owner.as_deref().map_or(String::new(), of_owner);
        let _ = api.call("POST", &format!("shares/{id}/revoke{of}"), Some(&json!({})));
    }
    let what = watched.as_ref().map(|watched| watched.what);
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let told = json!({ "revoked": answer, "confirmed": confirmed, "by": what, "before": before, "ms": ms });
    let text = match (confirmed, what) {
        (Some(true), Some(what)) => format!("taken back: {what} is refused (410) after {ms} ms"),
        (Some(false), Some(what)) => format!("in the list, but {what} is still good after {} s", options.within),
        _ => "in the list: every edge that reaches it refuses within REVOCATION_POLL_SECONDS and a second. Not looked at: \
              no link that is meant is known; with --watch one is taken from stdin"
            .into(),
    };
    out.result(&told, &text)?;
    match confirmed {
        Some(false) => Err(Failure::failed("the edge goes on with what was taken back: see the runbook, Alarm lines")),
        _ => Ok(Exit::Done),
    }
}

/// Whoever takes back the key that makes tokens makes no good link any more: rotate first.
fn guard(api: &Api, options: &Options) -> Result<()> {
    let meant = &options.meant;
    if options.everything || (meant.key_id.is_none() && meant.issuer.is_none()) {
        return Ok(());
    }
    let keys = api.must("GET", "keys", None)?;
    if meant.issuer.as_ref().is_some_and(|issuer| keys["issuer"] != **issuer) {
        return Ok(());
    }
    let Some(id) = &meant.key_id else {
        return Err(Failure::failed("this ends every link that was ever made here: add --everything if that is meant"));
    };
    let is_minting = |key: &Value| key["id"] == **id && key["state"] == "minting";
    if keys["keys"].as_array().is_some_and(|keys| keys.iter().any(is_minting)) {
        let message = format!("{} makes tokens: run rotate-keys first, or add --everything", plain(id));
        return Err(Failure::failed(message));
    }
    Ok(())
}

/// A link that is meant: the share's own, or one that is made for this.
fn probe(api: &Api, meant: &Meant) -> Option<Watched> {
    if let Some(id) = &meant.share {
        let share = api.must("GET", &format!("shares/{id}"), None).ok()?;
        let address = SecretText::new(share["download"].as_str()?.into());
        return Some(Watched { address, what: "the share's link", probe: None });
    }
    let account = |owner: &str| api.must("GET", &format!("account{owner}"), None).ok();
    let (key, owner, what) = match meant {
        Meant { object: Some(key), .. } => (key.clone(), None, "a link to the object"),
        Meant { owner: Some(owner), .. } => {
            let folder = account(&of_owner(owner))?["folder"].as_str()?.to_string();
            (format!("{folder}/{PROBE}"), Some(owner), "a link of the owner's")
        }
        Meant { key_id: Some(_), .. } | Meant { issuer: Some(_), .. } => {
            // Only the key that makes tokens can make one.
            (format!("{}/{PROBE}", account("")?["folder"].as_str()?), None, "a link by that key")
        }
        _ => return None,
    };
    if let Some(id) = &meant.key_id {
        let keys = api.must("GET", "keys", None).ok()?;
        let is_minting = |key: &Value| key["id"] == **id && key["state"] == "minting";
        let is_ours = meant.issuer.as_ref().is_none_or(|issuer| keys["issuer"] == **issuer);
        keys["keys"].as_array().filter(|keys| is_ours && keys.iter().any(is_minting))?;
    }
    let mut body = json!({ "key": key, "expires_in": "10m", "note": PROBE });
    if let Some(owner) = owner {
        body["owner"] = owner.as_str().into();
    }
    let share = api.must("POST", "shares", Some(&body)).ok()?;
    let address = SecretText::new(share["download"].as_str()?.into());
    Some(Watched { address, what, probe: share["id"].as_str().map(Into::into) })
}

/// The query of a call about an owner's things.
fn of_owner(owner: &str) -> String {
    let mut query = String::from("?owner=");
    clouddrop_core::percent::push_query(&mut query, owner);
    query
}

fn status(api: &Api, watched: &Watched) -> Result<u16> {
    let answer = api.client().send(&Ask::new("HEAD", watched.address.secret_text()));
    answer.map(|answer| answer.status).map_err(|why| Failure::new(Exit::Unavailable, why))
}

/// Whether it is refused as gone within the time.
fn wait(api: &Api, watched: &Watched, most: Duration) -> Result<bool> {
    let begun = Instant::now();
    loop {
        if status(api, watched)? == 410 {
            return Ok(true);
        }
        if begun.elapsed() >= most {
            return Ok(false);
        }
        std::thread::sleep(GLANCE);
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|text| !text.is_empty())
}

/// A link, which is a secret: never an argument.
fn link() -> Result<SecretText> {
    let mut text = std::env::var(LINK_VARIABLE).unwrap_or_default();
    if text.is_empty() {
        // What cannot be read is no link.
        let _ = io::stdin().lock().take(MAX_LINK_BYTES).read_to_string(&mut text);
    }
    let text = text.trim();
    if !text.starts_with("https://") && !text.starts_with("http://127.0.0.1") {
        return Err(Failure::usage(format!("no link: set {LINK_VARIABLE}, or give it on stdin")));
    }
    Ok(SecretText::new(text.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn one_thing_is_taken_back_at_a_time() {
        let some = |text: &str| Some(text.to_string());
        assert!(Meant::default().body().is_err());
        assert!(Meant { share: some("a"), object: some("b"), ..Meant::default() }.body().is_err());
        assert!(Meant { share: some("a"), issuer: some("b"), ..Meant::default() }.body().is_err());
        let body = Meant { key_id: some("a"), issuer: some("b"), ..Meant::default() }.body().unwrap();
        assert_eq!(body, json!({ "key_id": "a", "issuer": "b" }));
    }
}
