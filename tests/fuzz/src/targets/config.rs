//! The configuration: what is taken is JSON to others too, needs every required variable, and quotes no secret.

use crate::seeds;
use clouddrop_cases::config::{AWS_SESSION_TOKEN, variables};
use clouddrop_core::{Config, Raw};
use serde_json::{Map, Value};

const REQUIRED: [&str; 9] = [
    "FILE_HOST",
    "PAGE_HOST",
    "AUDIENCE",
    "ORIGIN",
    "REGION",
    "SIGNER_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "TOKEN_KEYS",
];
/// What the secrets of the seeds hold, plain and in base64url: it stands in no message and no `Debug`.
const PLANTED: [&str; 2] = ["planted", "cGxhbnRl"];

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let known: Option<Map<String, Value>> = serde_json::from_str(text).ok();
    let told = match read(text) {
        Ok(config) => {
            let Some(known) = &known else { panic!("no other reader takes it for an object") };
            assert!(known.values().all(|value| value.is_string() || value.is_null()));
            refuses_what_is_not_whole(known);
            format!("{config:?}")
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            faults
        }
    };
    // What also stands where no secret belongs may be quoted from there.
    let elsewhere = known.iter().flatten().map(|(name, value)| format!("{name}{}", public(name, value)));
    let elsewhere: String = elsewhere.collect();
    for planted in PLANTED {
        assert!(known.is_none() || elsewhere.contains(planted) || !told.contains(planted), "{told}");
    }
}

/// What of a variable's value is no secret. Of token keys that is all but each one's own.
fn public(name: &str, value: &Value) -> String {
    match name {
        "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" => String::new(),
        "TOKEN_KEYS" => {
            let text = value.as_str().unwrap_or("");
            match serde_json::from_str::<Vec<Map<String, Value>>>(text) {
                Ok(mut keys) => {
                    keys.iter_mut().for_each(|key| drop(key.remove("secret")));
                    format!("{keys:?}")
                }
                Err(_) => text.into(),
            }
        }
        _ => value.to_string(),
    }
}

fn read(text: &str) -> Result<Config, String> {
    Raw::from_json(text).and_then(Config::try_from).map_err(|faults| faults.to_string())
}

/// Without a required variable, or with one that is not known, the same configuration is refused.
fn refuses_what_is_not_whole(known: &Map<String, Value>) {
    for name in REQUIRED {
        let mut fewer = known.clone();
        fewer.remove(name);
        assert!(read(&Value::Object(fewer).to_string()).is_err(), "{name} is not needed");
    }
    let mut more = known.clone();
    more.insert("UNKNOWN".into(), "x".into());
    assert!(read(&Value::Object(more).to_string()).is_err());
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let whole = |changes: &Map<String, Value>| {
        let mut variables = variables();
        clouddrop_cases::config::merge(&mut variables, changes);
        Value::Object(variables).to_string().into_bytes()
    };
    let temporary = [("AWS_SESSION_TOKEN".into(), AWS_SESSION_TOKEN.into())].into_iter().collect();
    let mut out = vec![whole(&Map::new()), whole(&temporary), b"{}".to_vec(), br#"{"REGION":"\u0041"}"#.to_vec()];
    out.extend(seeds::cases().iter().filter(|case| !case.config.is_empty()).map(|case| whole(&case.config)));
    seeds::distinct(out)
}
