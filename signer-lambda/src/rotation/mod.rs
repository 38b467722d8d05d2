//! The rotation of the secrets, as AWS Secrets Manager asks for it: four steps, each of which may come more than once
//! (AWS Secrets Manager user guide, "Lambda rotation functions").
//!
//! The signer's secret is the one that rotates; the edge's is kept a step ahead of it by
//! [`clouddrop_core::rotation`], so that no link is made that an edge does not know. A secret without token keys gets its first
//! ones, and everything else that the signer does not start without.

mod manager;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clouddrop_core::Seconds;
use clouddrop_core::UnixTime;
use clouddrop_core::config::{self, Faults};
use clouddrop_core::hash::{push_hex, sha256};
use clouddrop_core::issue::Span;
use clouddrop_core::issue::share::DEFAULT_MAX_EXPIRY;
use clouddrop_core::origin::Endpoint;
use clouddrop_core::rotation::{Fresh, Ring};
use clouddrop_core::secrets_manager::endpoint_of;
use manager::{CURRENT, Manager, PENDING};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Whom the entry in `API_KEYS` stands for that nobody has the key to: the signer does not start without an entry.
const NOBODY: &str = "nobody";

/// What Secrets Manager sends.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// The step.
    pub step: Step,
    /// The secret's ARN.
    pub secret_id: String,
    /// The version that is being made.
    pub client_request_token: String,
}

/// A step of a rotation.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Make the new version.
    CreateSecret,
    /// Put it where it is checked: the edge.
    SetSecret,
    /// Try it.
    TestSecret,
    /// Make it the current one.
    FinishSecret,
}

/// Performs rotations.
#[derive(Debug)]
pub struct Rotation {
    manager: Manager,
    signer_secret: String,
    edge_secret: String,
    issuer: String,
    longest: Seconds,
}

/// The signer's secret: texts and what else stands in it.
type Members = Map<String, Value>;

impl Rotation {
    /// The rotation that the variables describe: `SIGNER_SECRET` and `EDGE_SECRET` (names or ARNs), `ISSUER`, `AWS_REGION` or
    /// `REGION`, and optionally `MAX_EXPIRY` as the signer has it and `SECRETS_ENDPOINT`.
    ///
    /// # Errors
    /// Every fault of them.
    pub fn new(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let signer_secret = faults.required("SIGNER_SECRET", variable("SIGNER_SECRET"));
        let edge_secret = faults.required("EDGE_SECRET", variable("EDGE_SECRET"));
        let issuer = faults.required("ISSUER", variable("ISSUER"));
        let set = |name: &str| variable(name).filter(|text| !text.is_empty());
        let region = set("REGION").or_else(|| set("AWS_REGION"));
        let region = faults.checked("REGION", region, "must be a region's name, like eu-north-1", config::region);
        let endpoint = set("SECRETS_ENDPOINT").or_else(|| region.as_deref().map(endpoint_of));
        let endpoint = faults.checked("SECRETS_ENDPOINT", endpoint, "must be an https URL", Endpoint::parse);
        let longest = match set("MAX_EXPIRY") {
            Some(text) => faults.checked("MAX_EXPIRY", Some(text), "must be a span like 365d", |text| {
                Span::parse(text).map(|span| span.0)
            }),
            None => Some(DEFAULT_MAX_EXPIRY),
        };
        let credentials = config::credentials(
            variable("AWS_ACCESS_KEY_ID"),
            variable("AWS_SECRET_ACCESS_KEY"),
            variable("AWS_SESSION_TOKEN"),
            None,
            &mut faults,
        );
        let made = (|| {
            Some(Self {
                manager: Manager::new(endpoint?, region?, credentials?),
                signer_secret: signer_secret?,
                edge_secret: edge_secret?,
                issuer: issuer?,
                longest: longest?,
            })
        })();
        match made {
            Some(rotation) if faults.is_empty() => Ok(rotation),
            _ => Err(faults),
        }
    }

    /// Performs a step.
    ///
    /// # Errors
    /// What went wrong, without any part of a secret. Secrets Manager tries again.
    pub fn perform(&self, event: &Event, now: UnixTime) -> Result<(), String> {
        let secret = self.manager.describe(&event.secret_id, now)?;
        let is_ours = secret.is_called(&self.signer_secret);
        if !is_ours {
            return Err(format!("{} is not the secret that this function rotates (SIGNER_SECRET)", secret.arn));
        }
        let token = &event.client_request_token;
        let stages = secret.stages_of(token).ok_or("the version to be made is not known to the secret")?;
        if stages.iter().any(|stage| stage == CURRENT) {
            return Ok(());
        }
        if !stages.iter().any(|stage| stage == PENDING) {
            return Err("the version to be made is not pending".into());
        }
        match event.step {
            Step::CreateSecret => self.create(&event.secret_id, token, now),
            Step::SetSecret => self.set(&event.secret_id, token, now),
            Step::TestSecret => self.test(&event.secret_id, token, now),
            Step::FinishSecret => self.manager.make_current(&secret, token, now),
        }
    }

    /// The next version of the signer's secret.
    fn create(&self, id: &str, token: &str, now: UnixTime) -> Result<(), String> {
        if self.manager.version(id, token, now)?.is_some() {
            return Ok(());
        }
        let mut members = self.manager.current(id, now)?.map(|text| members(&text)).transpose()?.unwrap_or_default();
        let ring = match ring_of(&members)? {
            Some(ring) => self.edge_ring(now)?.promoted_to(&ring, &self.issuer, self.longest, now),
            None => Ring::first(&self.issuer, &fresh(now)?, &fresh(now)?),
        };
        members.insert("TOKEN_KEYS".into(), ring.value().secret_text().into());
        complete(&mut members)?;
        self.manager.put(id, token, PENDING, &Value::Object(members).to_string(), now)
    }

    /// The edge learns of the keys before the signer does, and of one more.
    fn set(&self, id: &str, token: &str, now: UnixTime) -> Result<(), String> {
        let signer = self.pending_ring(id, token, now)?;
        let edge = self.edge_ring(now)?;
        let next = edge.ahead_with(&signer, &self.issuer, &fresh(now)?, now);
        if next.value().secret_text() == edge.value().secret_text() {
            return Ok(());
        }
        let value = json!({ "TOKEN_KEYS": next.value().secret_text() }).to_string();
        let mut version = [0; 16];
        getrandom::fill(&mut version).map_err(|_| "no entropy")?;
        self.manager.put(&self.edge_secret, &hex(&version), CURRENT, &value, now)
    }

    /// Whether signer and edges would start with it and know each other's links.
    fn test(&self, id: &str, token: &str, now: UnixTime) -> Result<(), String> {
        let text = self.manager.version(id, token, now)?.ok_or("the pending version has no value")?;
        let members = members(&text)?;
        let ring = ring_of(&members)?.ok_or("the pending version has no TOKEN_KEYS")?;
        let mut faults = Faults::default();
        let api_keys = members.get("API_KEYS").and_then(Value::as_str).unwrap_or("");
        if crate::api_key::ApiKeys::parse(api_keys, &mut faults).is_none() {
            return Err(faults.to_string());
        }
        self.compare(id, &members, &ring, now)?;
        let edge = self.edge_ring(now)?;
        if !ring.is_known_to(&edge, &self.issuer) {
            return Err("the edge's secret lacks a key that the signer would make links with".into());
        }
        if ring.names(&self.issuer).iter().all(|key| key.retires.is_some()) {
            return Err("every key of the issuer has an end: none would make links".into());
        }
        Ok(())
    }

    /// What somebody has written into the secret since this version was begun would be lost with it: a first API key, a key
    /// that was rotated by hand.
    fn compare(&self, id: &str, members: &Members, ring: &Ring, now: UnixTime) -> Result<(), String> {
        const CHANGED: &str =
            "the secret was changed after this rotation began: take AWSPENDING from the version, and rotate again";
        let Some(text) = self.manager.current(id, now)? else { return Ok(()) };
        let current = self::members(&text)?;
        let Some(current_ring) = ring_of(&current)? else { return Ok(()) };
        let is_same = |name: &str| current.get(name) == members.get(name);
        let newest = current_ring.names(&self.issuer).into_iter().next();
        let has_newest = newest.is_none_or(|newest| ring.names(&self.issuer).iter().any(|key| key.id == newest.id));
        let others = current.keys().filter(|name| *name != "TOKEN_KEYS").all(|name| is_same(name));
        if others && has_newest { Ok(()) } else { Err(CHANGED.into()) }
    }

    fn pending_ring(&self, id: &str, token: &str, now: UnixTime) -> Result<Ring, String> {
        let text = self.manager.version(id, token, now)?.ok_or("the pending version has no value")?;
        ring_of(&members(&text)?)?.ok_or_else(|| "the pending version has no TOKEN_KEYS".into())
    }

    /// What the edge has; nothing, where it has nothing usable yet.
    fn edge_ring(&self, now: UnixTime) -> Result<Ring, String> {
        let Some(text) = self.manager.current(&self.edge_secret, now)? else { return Ok(Ring::empty()) };
        Ok(ring_of(&members(&text)?)?.unwrap_or_else(Ring::empty))
    }
}

/// The members of a secret. One that is no JSON object is as the template may have made it, without any.
fn members(text: &str) -> Result<Members, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("the secret is no JSON object".into()),
        // serde_json's own message quotes nothing, but is of no use either.
        Err(_) => Err("the secret is no JSON".into()),
    }
}

/// The ring of TOKEN_KEYS, as a text or an array; nothing, where there is none or an empty one.
fn ring_of(members: &Members) -> Result<Option<Ring>, String> {
    let text = match members.get("TOKEN_KEYS") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if matches!(text.trim(), "" | "[]") {
        return Ok(None);
    }
    // The faults name places and quote no value.
    Ring::parse(&text).map(Some).map_err(|faults| faults.to_string())
}

/// What the signer does not start without, beside the token keys. A key of the API is somebody's to make: until then there is
/// one that nobody has.
fn complete(members: &mut Members) -> Result<(), String> {
    let is_empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => matches!(text.trim(), "" | "[]"),
        Some(Value::Array(keys)) => keys.is_empty(),
        Some(_) => false,
    };
    if is_empty(members.get("API_KEYS")) {
        let nobodys = json!([{ "name": NOBODY, "sha256": hex(&sha256(&bytes()?)), "role": "viewer", "expires_at": 1 }]);
        members.insert("API_KEYS".into(), nobodys.to_string().into());
    }
    if is_empty(members.get("WEBHOOK_SECRET")) {
        members.insert("WEBHOOK_SECRET".into(), URL_SAFE_NO_PAD.encode(bytes()?).into());
    }
    Ok(())
}

fn bytes() -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| "no entropy")?;
    Ok(bytes)
}

fn fresh(now: UnixTime) -> Result<Fresh, String> {
    let name = bytes()?;
    Ok(Fresh::new(bytes()?, [name[0], name[1], name[2], name[3]], now))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    push_hex(&mut text, bytes);
    text
}
