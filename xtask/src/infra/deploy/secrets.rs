//! The secrets of a new deployment: the first token keys are made by its own rotation, the first API key here. Their
//! values are in memory and, for the moment of a command, in a private file; never in an argument or a message.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::account::{Account, Outputs, output};
use super::hands::Hands;
use crate::dev::state::{make_private, write_private};
use crate::{run, say};

/// Longest wait for a rotation.
const ROTATION_LIMIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The outputs that name the secrets: the signer's, which is rotated, and the edge's, which the rotation writes too.
const SECRETS: [&str; 2] = ["SignerSecretArn", "EdgeSecretArn"];
/// What the first API key is called.
const FIRST_KEY: &str = "first-admin";

/// A secret's value. It has no `Debug`.
struct Secret(Map<String, Value>);

impl Secret {
    /// Its present value; empty where it has none yet.
    fn read(account: &Account, hands: &mut dyn Hands, arn: &str) -> anyhow::Result<Self> {
        let answer = account.aws(hands, &["secretsmanager", "get-secret-value", "--secret-id", arn])?;
        let text = answer["SecretString"].as_str().unwrap_or("{}");
        // The parser's message could quote it.
        let value: Value = serde_json::from_str(text).map_err(|_| anyhow!("{arn} is no JSON"))?;
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => bail!("{arn} is no JSON object"),
        }
    }

    /// The token keys as text, if there are enough of them: an issuer has two at least.
    fn token_keys(&self) -> Option<&str> {
        let text = self.0.get("TOKEN_KEYS")?.as_str()?;
        (list(text)?.len() >= 2).then_some(text)
    }

    fn api_keys(&self) -> Vec<Value> {
        self.0.get("API_KEYS").and_then(Value::as_str).and_then(list).unwrap_or_default()
    }

    /// Whether there is one that works: the rotation begins with one that has ended, since the signer needs an entry.
    fn has_api_keys(&self, now: u64) -> bool {
        let works = |key: &Value| key["expires_at"].as_u64().is_none_or(|end| end > now);
        self.api_keys().iter().any(works)
    }

    fn add_api_key(&mut self, key: &str) {
        let sha256: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut keys = self.api_keys();
        keys.push(json!({ "name": FIRST_KEY, "sha256": sha256, "role": "admin" }));
        self.0.insert("API_KEYS".into(), Value::from(keys).to_string().into());
    }

    fn write(&self, account: &Account, hands: &mut dyn Hands, arn: &str) -> anyhow::Result<()> {
        let value = Value::Object(self.0.clone()).to_string();
        let file = PrivateFile::new(&json!({ "SecretId": arn, "SecretString": value }))?;
        account.aws(hands, &["secretsmanager", "put-secret-value", "--cli-input-json", &file.argument()]).map(drop)
    }
}

/// The value of `TOKEN_KEYS` that the edge of this deployment verifies links with.
///
/// # Errors
/// A secret that cannot be read, or that the rotation has not filled yet.
pub(crate) fn edge_token_keys(account: &Account, hands: &mut dyn Hands, outputs: &Outputs) -> anyhow::Result<String> {
    let secret = Secret::read(account, hands, output(outputs, SECRETS[1])?)?;
    secret.token_keys().map(str::to_owned).context("the edge's secret has no token keys")
}

fn list(text: &str) -> Option<Vec<Value>> {
    serde_json::from_str(text).ok()
}

/// Sees to it that both secrets hold token keys: CloudFormation begins a rotation with the stack, and does not wait for
/// it. `rotation` is the function for a Secrets Manager that does not know it.
///
/// # Errors
/// When it does not come about in time.
pub(crate) fn make_ready(
    account: &Account,
    hands: &mut dyn Hands,
    outputs: &Outputs,
    rotation: Option<&str>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut asked = false;
    loop {
        let mut missing = None;
        for name in SECRETS {
            if Secret::read(account, hands, output(outputs, name)?)?.token_keys().is_none() {
                missing = Some(name);
                break;
            }
        }
        let Some(name) = missing else { return Ok(()) };
        // The one that began with the stack has half of the time.
        if !asked && (rotation.is_some() || begun.elapsed() > ROTATION_LIMIT / 2) {
            asked = true;
            say::line("    no token keys yet: rotate");
            let mut arguments = vec!["secretsmanager", "rotate-secret", "--secret-id", output(outputs, SECRETS[0])?];
            if let Some(function) = rotation {
                arguments.extend(["--rotation-lambda-arn", function]);
            }
            account.aws(hands, &arguments)?;
        }
        if begun.elapsed() > ROTATION_LIMIT {
            bail!(
                "the secret of {name} has no two token keys after {} s: the log of the rotation function says why",
                ROTATION_LIMIT.as_secs()
            );
        }
        hands.pause(LOOK_EVERY)?;
    }
}

/// Makes the first API key, an admin's, where there is none: the key, of which the deployment keeps only the hash.
pub(crate) fn first_api_key(
    account: &Account,
    hands: &mut dyn Hands,
    outputs: &Outputs,
) -> anyhow::Result<Option<String>> {
    let arn = output(outputs, SECRETS[0])?;
    let mut secret = Secret::read(account, hands, arn)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")?.as_secs();
    if secret.has_api_keys(now) {
        return Ok(None);
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    let key = format!("cd_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    secret.add_api_key(&key);
    secret.write(account, hands, arn)?;
    Ok(Some(key))
}

/// A file for the owner only, which goes with this value.
pub(crate) struct PrivateFile {
    path: PathBuf,
}

impl PrivateFile {
    pub(crate) fn new(content: &Value) -> anyhow::Result<Self> {
        let folder = run::target().join("deploy");
        make_private(&folder)?;
        let path = folder.join(format!("secret.{}.json", std::process::id()));
        write_private(&path, content.to_string().as_bytes())?;
        Ok(Self { path })
    }

    /// How `aws` is told to read it.
    pub(crate) fn argument(&self) -> String {
        format!("file://{}", self.path.display())
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // If it cannot be removed, it is private and written anew the next time.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use std::collections::VecDeque;
    use std::process::Command;

    fn secret(value: &Value) -> Secret {
        Secret(value.as_object().cloned().unwrap())
    }

    #[test]
    fn two_token_keys_are_enough_and_one_is_not() {
        assert!(secret(&json!({})).token_keys().is_none());
        assert!(secret(&json!({ "TOKEN_KEYS": "[]" })).token_keys().is_none());
        assert!(secret(&json!({ "TOKEN_KEYS": "[{}]" })).token_keys().is_none());
        assert!(secret(&json!({ "TOKEN_KEYS": "damaged" })).token_keys().is_none());
        assert_eq!(secret(&json!({ "TOKEN_KEYS": "[{},{}]" })).token_keys(), Some("[{},{}]"));
    }

    /// Answers as `aws` would, and keeps what it was asked for.
    struct Played {
        answers: VecDeque<Value>,
        asked: Vec<String>,
        put: Vec<Value>,
    }

    impl Played {
        fn new(secrets: &[Value]) -> Self {
            let answer = |secret: &Value| json!({ "SecretString": secret.to_string() });
            Self { answers: secrets.iter().map(answer).collect(), asked: Vec::new(), put: Vec::new() }
        }
    }

    impl Hands for Played {
        fn shown(&mut self, _: &mut Command) -> anyhow::Result<()> {
            bail!("nothing is shown")
        }

        fn output(&mut self, command: &mut Command) -> anyhow::Result<String> {
            let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
            if let Some(file) = words.iter().find_map(|word| word.strip_prefix("file://")) {
                self.put.push(serde_json::from_str(&fs::read_to_string(file)?)?);
            }
            self.asked.push(words[1].clone());
            match words[1].as_str() {
                "get-secret-value" => Ok(self.answers.pop_front().context("no more answers")?.to_string()),
                _ => Ok("{}".into()),
            }
        }

        fn pause(&mut self, _: Duration) -> anyhow::Result<()> {
            Ok(())
        }
    }

    fn outputs() -> Outputs {
        [("SignerSecretArn", "arn:signer"), ("EdgeSecretArn", "arn:edge")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn a_rotation_is_asked_for_once_and_waited_for() {
        let (none, some) = (json!({}), json!({ "TOKEN_KEYS": "[{},{}]" }));
        // The edge's comes a little later than the signer's.
        let mut hands = Played::new(&[none.clone(), some.clone(), none, some.clone(), some]);
        let account = Account::emulated("127.0.0.1:1", "us-east-1");
        make_ready(&account, &mut hands, &outputs(), Some("arn:rotation")).unwrap();
        assert_eq!(hands.asked.iter().filter(|asked| *asked == "rotate-secret").count(), 1);
        assert!(hands.answers.is_empty());
    }

    #[test]
    fn the_first_api_key_is_made_once_and_only_its_hash_is_kept() {
        let account = Account::emulated("127.0.0.1:1", "us-east-1");
        let mut hands =
            Played::new(&[json!({ "TOKEN_KEYS": "[{},{}]", "API_KEYS": "[{\"name\":\"nobody\",\"expires_at\":1}]" })]);
        let key = first_api_key(&account, &mut hands, &outputs()).unwrap().unwrap();
        let put = hands.put[0]["SecretString"].as_str().unwrap().to_owned();
        assert!(
            key.len() > 40
                && !put.contains(&key)
                && put.contains(FIRST_KEY)
                && put.contains("nobody")
                && put.contains("TOKEN_KEYS"),
            "{put}"
        );
        let written: Value = serde_json::from_str(&put).unwrap();
        let mut hands = Played::new(&[written]);
        assert!(first_api_key(&account, &mut hands, &outputs()).unwrap().is_none());
        assert!(hands.put.is_empty());
    }
}
