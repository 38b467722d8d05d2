//! The token keys of the first door: they go into its key value store, for a template has no secrets.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::account::Account;
use super::hands::Hands;
use super::secrets::PrivateFile;

/// Puts them in, beside what is there: a key that has ended may stay, since what is behind the first door refuses it.
///
/// # Errors
/// What AWS refuses.
pub(crate) fn put_keys(account: &Account, hands: &mut dyn Hands, store: &str, puts: &Value) -> anyhow::Result<()> {
    const SERVICE: &str = "cloudfront-keyvaluestore";
    let answer = account.aws(hands, &[SERVICE, "describe-key-value-store", "--kvs-arn", store])?;
    let version = answer["ETag"].as_str().context("the key value store has no ETag")?;
    let file = PrivateFile::new(&json!({ "KvsARN": store, "IfMatch": version, "Puts": puts }))?;
    account.aws(hands, &[SERVICE, "update-keys", "--cli-input-json", &file.argument()]).map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use anyhow::bail;
    use std::process::Command;
    use std::time::Duration;

    /// A store in its second version, and what is put into it.
    struct Store(Option<Value>);

    impl Hands for Store {
        fn shown(&mut self, _: &mut Command) -> anyhow::Result<()> {
            bail!("nothing is shown")
        }

        fn output(&mut self, command: &mut Command) -> anyhow::Result<String> {
            let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
            if words[1] == "describe-key-value-store" {
                return Ok(r#"{ "ETag": "second" }"#.into());
            }
            let file = words.iter().find_map(|word| word.strip_prefix("file://")).unwrap();
            self.0 = Some(serde_json::from_str(&std::fs::read_to_string(file)?)?);
            assert!(words.iter().all(|word| !word.contains("hush")));
            Ok(String::new())
        }

        fn pause(&mut self, _: Duration) -> anyhow::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn keys_are_put_beside_what_is_there_and_in_no_argument() {
        let puts = json!([{ "Key": "token-key/a", "Value": "{\"clouddrop\":\"hush\"}" }]);
        let mut store = Store(None);
        put_keys(&Account::emulated("127.0.0.1:1", "us-east-1"), &mut store, "arn:store", &puts).unwrap();
        assert_eq!(store.0.unwrap(), json!({ "KvsARN": "arn:store", "IfMatch": "second", "Puts": puts }));
    }
}
