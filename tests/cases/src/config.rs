//! The configuration that cases run under, unless they change a variable of it.

use clouddrop_core::revocation::{Answer, Draft, Entry};
use clouddrop_core::{Config, Raw, UnixTime};
use serde_json::{Map, Value, json};

/// The token keys of [`variables`]: issuer, key id, secret bytes as text. `demo` and `guest` both have a key `a`.
pub const KEYS: &[(&str, &str, &str, Option<u64>)] = &[
    ("demo", "a", "planted-token-key-demo-a-0123456789", None),
    ("demo", "b", "planted-token-key-demo-b-0123456789", None),
    ("demo", "old", "planted-token-key-demo-old-012345678", Some(1_700_000_000)),
    ("guest", "a", "planted-token-key-guest-a-0123456789", None),
    ("guest", "g", "planted-token-key-guest-g-0123456789", None),
];

/// The secret key of the AWS identity.
pub const AWS_SECRET: &str = "planted/aws+secret/wJalrXUtnFEMIK7MDENG";
/// The session token of cases with temporary credentials.
pub const AWS_SESSION_TOKEN: &str = "planted/session+token/=";

/// The variables as an operator would set them.
pub fn variables() -> Map<String, Value> {
    let keys: Vec<Value> = KEYS
        .iter()
        .map(|(issuer, kid, secret, retires)| {
            let mut entry =
                json!({"issuer": issuer, "kid": kid, "secret": crate::base64url::encode(secret.as_bytes())});
            if let Some(retires) = retires {
                entry["retires"] = json!(retires);
            }
            entry
        })
        .collect();
    let mut variables = Map::new();
    for (name, value) in [
        ("FILE_HOST", "files.example.net".to_string()),
        ("PAGE_HOST", "share.example.com".to_string()),
        ("AUDIENCE", "demo-edge".to_string()),
        ("ORIGIN", "https://bucket.s3.eu-central-1.amazonaws.com".to_string()),
        ("REGION", "eu-central-1".to_string()),
        ("OBJECT_PREFIX", "files/".to_string()),
        ("SIGNER_URL", "https://signer.example.com".to_string()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_string()),
        ("AWS_SECRET_ACCESS_KEY", AWS_SECRET.to_string()),
        ("TOKEN_KEYS", Value::from(keys).to_string()),
    ] {
        variables.insert(name.into(), value.into());
    }
    variables
}

/// The moment at which cases happen, unless they say otherwise.
pub const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// [`config_at`] the usual moment.
///
/// # Errors
/// As [`config_at`].
pub fn config(changes: &Map<String, Value>) -> Result<Config, String> {
    config_at(changes, NOW)
}

/// [`variables`] with `changes` put over them; `null` takes a variable away. At `now` nothing is known to be revoked.
///
/// # Errors
/// The faults of the configuration, or what is not one of its variables.
pub fn config_at(changes: &Map<String, Value>, now: UnixTime) -> Result<Config, String> {
    let mut variables = variables();
    merge(&mut variables, changes);
    let text = Value::Object(variables).to_string();
    let mut config = Raw::from_json(&text).and_then(Config::try_from).map_err(|faults| faults.to_string())?;
    revoke(&mut config, &[], now)?;
    Ok(config)
}

/// Hands `config` a list with these entries, as if it had been asked for at `now`.
///
/// # Errors
/// Whatever is wrong with the entries.
pub fn revoke(config: &mut Config, entries: &[Entry], now: UnixTime) -> Result<(), String> {
    let mut draft = Draft::default();
    for entry in entries {
        draft.add(entry).map_err(|_| "too many entries")?;
    }
    let answer = Answer { status: 200, etag: Some("\"list\""), body: draft.encode(now) };
    config.revocations_mut().take(answer, now).map_err(|refusal| refusal.to_string())
}

/// Puts `changes` over `base`; `null` takes a member away.
pub fn merge(base: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            base.remove(name);
        } else {
            base.insert(name.clone(), value.clone());
        }
    }
}
