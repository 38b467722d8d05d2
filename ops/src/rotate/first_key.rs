//! `first-key`: an API key for whoever has just set up a deployment. Its hash goes into the signer's secret; the key itself is
//! shown once, on stdout, and kept nowhere.

use super::store::Store;
use crate::aws::digest;
use crate::exit::{Exit, Failure, Result};
use crate::out::Out;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clouddrop_core::SecretText;
use serde_json::{Value, json};

const MEMBER: &str = "API_KEYS";
/// The entry that nobody has the key to, of a secret that was just made.
const NOBODY: &str = "nobody";
/// What other keys of the API do not begin with: this one is not made by it.
const MARK: &str = "operator_";

/// What `first-key` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The signer's secret by name or ARN, or file:PATH with the value of API_KEYS
    #[arg(long, value_name = "STORE")]
    signer: Store,
    /// The region of the secret [default: AWS_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Whose key it is
    #[arg(long, value_name = "NAME", default_value = "operator")]
    name: String,
    /// Give a name that has a key another one; the one before ends
    #[arg(long)]
    replace: bool,
    /// Print one JSON document in the place of text
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<Exit> {
    let out = Out { json: options.json };
    let region = options.region.as_deref();
    let text = options.signer.text(MEMBER, region)?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Failure::failed("the system gives no random bytes"))?;
    let key = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes));
    let entries = with(text.secret_text(), &options.name, &digest(&key), options.replace)?;
    options.signer.put_text(MEMBER, &SecretText::new(entries), region)?;
    out.note("This key is an admin's. It is shown this once; the signer takes it within five minutes.");
    out.result(&json!({ "name": options.name, "key": key }), &key)?;
    Ok(Exit::Done)
}

/// The value of API_KEYS with one more entry.
fn with(text: &str, name: &str, sha256: &str, replace: bool) -> Result<String> {
    let text = if text.trim().is_empty() { "[]" } else { text };
    let entries: Option<Vec<Value>> = serde_json::from_str(text).ok();
    let mut entries = entries.ok_or_else(|| Failure::failed("API_KEYS in the store is no JSON array"))?;
    entries.retain(|entry| entry["name"] != NOBODY);
    let has_one = entries.iter().any(|entry| entry["name"] == name);
    if has_one && !replace {
        return Err(Failure::failed(format!("{name} has a key: give --name another, or --replace it")));
    }
    entries.retain(|entry| entry["name"] != name);
    entries.push(json!({ "name": name, "sha256": sha256 }));
    Ok(Value::Array(entries).to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn nobody_makes_way_and_nobody_else_does() {
        let first = with(r#"[{"name":"nobody","sha256":"00"}]"#, "operator", "aa", false).unwrap();
        assert_eq!(first, r#"[{"name":"operator","sha256":"aa"}]"#);
        let second = with(&first, "ci", "bb", false).unwrap();
        assert_eq!(second, r#"[{"name":"operator","sha256":"aa"},{"name":"ci","sha256":"bb"}]"#);
        assert!(with(&second, "ci", "cc", false).is_err());
        assert_eq!(with(&second, "ci", "cc", true).unwrap(), second.replace("bb", "cc"));
        assert!(with("nonsense", "ci", "cc", false).is_err());
        assert_eq!(with("", "ci", "cc", false).unwrap(), r#"[{"name":"ci","sha256":"cc"}]"#);
    }
}
