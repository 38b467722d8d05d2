//! The tick: nothing sends it on the emulator, so it is sent here, with the words of the deployed schedule to the function
//! that the schedule names.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use serde_json::Value;

use super::account::Account;
use super::hands::Hands;

/// Calls the schedule's target with its input, once.
///
/// # Errors
/// When the function fails, or refuses it.
pub(crate) fn send(account: &Account, hands: &mut dyn Hands, schedule: &str, folder: &Path) -> anyhow::Result<()> {
    let answer = account.aws(hands, &["scheduler", "get-schedule", "--name", schedule])?;
    let text = |name: &str| answer["Target"][name].as_str().with_context(|| format!("the schedule has no {name}"));
    let (function, input) = (text("Arn")?, text("Input")?);
    let file = folder.join("tick.json");
    let to = file.to_str().context("a folder whose name is not UTF-8")?;
    let called = account.aws(hands, &["lambda", "invoke", "--function-name", function, "--payload", input, to])?;
    let reply = fs::read_to_string(&file).context("reading what the tick was answered")?;
    judge(&called, &reply)
}

/// `called` is what Lambda says about the call, `reply` what the function answered.
fn judge(called: &Value, reply: &str) -> anyhow::Result<()> {
    ensure!(called.get("FunctionError").is_none(), "the signer failed at the tick: {reply}");
    let reply: Value =
        serde_json::from_str(reply).map_err(|_| anyhow!("the tick was answered with no JSON: {reply}"))?;
    let status = reply["statusCode"].as_u64().unwrap_or_default();
    ensure!((200..300).contains(&status), "the signer refused the tick: {reply}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tick_is_answered_with_success_or_it_failed() {
        assert!(judge(&json!({ "StatusCode": 200 }), r#"{"statusCode":200,"body":"{}"}"#).is_ok());
        assert!(judge(&json!({ "StatusCode": 200 }), r#"{"statusCode":403}"#).is_err());
        assert!(judge(&json!({ "StatusCode": 200 }), "null").is_err());
        assert!(judge(&json!({ "FunctionError": "Unhandled" }), r#"{"statusCode":200}"#).is_err());
    }
}
