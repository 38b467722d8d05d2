//! The deployment that is meant, and who calls it.

use crate::exit::{Exit, Failure, Result};
use crate::http::{Answer, Ask, Client};
use clouddrop_core::SecretText;
use serde_json::Value;
use std::io::{self, IsTerminal as _, Read as _};
use std::time::Duration;

/// The variable of the API key, as the command line has it.
pub(crate) const KEY_VARIABLE: &str = "CLOUDDROP_API_KEY";
const MAX_KEY_BYTES: u64 = 4096;
/// How long a call that is limited waits for its turn, in all.
const LONGEST_TURN: Duration = Duration::from_secs(70);

/// Arguments that every verb has.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The page's address.
    #[arg(long, value_name = "URL", env = "CLOUDDROP_URL", value_parser = address)]
    #[arg(help = "The page's address, like https://share.example.com")]
    pub(crate) url: String,
    /// Print one JSON document in the place of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// The API of a deployment.
#[derive(Debug)]
pub(crate) struct Api {
    client: Client,
    page: String,
    key: Option<SecretText>,
}

/// Keys travel by https, or to this machine. The address without its last slash.
fn address(text: &str) -> std::result::Result<String, String> {
    let authority = text.split('/').nth(2).unwrap_or("");
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let is_bare = text.trim_end_matches('/').split('/').count() == 3 && !authority.contains(['@', '\\', '?', '#']);
    let is_ours = matches!(host, "127.0.0.1" | "localhost");
    if is_bare && !authority.is_empty() && (text.starts_with("https://") || (text.starts_with("http://") && is_ours)) {
        return Ok(text.trim_end_matches('/').into());
    }
    Err("is no address of a page: https:// and the host, nothing else".into())
}

/// The API key: of the environment, of stdin, or typed without being shown. Never an argument, which others on the
/// machine can read.
///
/// # Errors
/// There is none.
pub(crate) fn api_key() -> Result<SecretText> {
    let text = match std::env::var(KEY_VARIABLE).ok().filter(|text| !text.is_empty()) {
        Some(text) => text,
        None if io::stdin().is_terminal() => rpassword::prompt_password("API key: ").unwrap_or_default(),
        None => {
            let mut text = String::new();
            // What cannot be read is no key.
            let _ = io::stdin().lock().take(MAX_KEY_BYTES).read_to_string(&mut text);
            text
        }
    };
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("no API key: set {KEY_VARIABLE}, or give it on stdin");
        return Err(Failure::new(Exit::SignIn, message));
    }
    Ok(SecretText::new(text.into()))
}

impl Api {
    pub(crate) fn new(page: &str, key: Option<SecretText>) -> Self {
        Self { client: Client::new(Duration::from_secs(30)), page: page.into(), key }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The page's address, without a slash at its end.
    pub(crate) fn page(&self) -> &str {
        &self.page
    }

    pub(crate) const fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// A call with the key; a limited one waits for its turn.
    ///
    /// # Errors
    /// No answer.
    pub(crate) fn call(
        &self,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
    ) -> std::result::Result<Answer, String> {
        let mut ask = Ask::new(method, format!("{}/api/v1/{path}", self.page));
        if let Some(key) = &self.key {
            ask = ask.bearer(key.secret_text());
        }
        if let Some(body) = body {
            ask = ask.json(body);
        }
        let mut waited = Duration::ZERO;
        loop {
            let answer = self.client.send(&ask)?;
            let asked = answer.one("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
            match asked.filter(|pause| answer.status == 429 && waited + *pause <= LONGEST_TURN) {
                Some(pause) => {
                    std::thread::sleep(pause);
                    waited += pause.max(Duration::from_secs(1));
                }
                None => return Ok(answer),
            }
        }
    }

    /// A call that must be answered with JSON and a status of 200 to 299.
    ///
    /// # Errors
    /// Any other answer, in words for people.
    pub(crate) fn must(&self, method: &'static str, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.call(method, path, body).map_err(|why| Failure::new(Exit::Unavailable, why))?;
        let name = path.split('?').next().unwrap_or(path);
        match answer.status {
            200..300 => answer.json().ok_or_else(|| {
                Failure::failed(format!("{} does not answer like CloudDrop: is the address right?", self.page))
            }),
            401 => Err(Failure::new(Exit::SignIn, format!("the API key is not taken by {}", self.page))),
            500.. | 429 => Err(Failure::new(Exit::Unavailable, format!("{method} {name}: {}", answer.words()))),
            _ => Err(Failure::failed(format!("{method} {name}: {}", answer.words()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_by_https_or_to_this_machine() {
        for good in ["https://share.example.com", "http://127.0.0.1:8787/", "http://localhost"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "share.example.com",
            "http://share.example.com",
            "http://127.0.0.1.evil.example/",
            "http://localhost:x@evil.example/",
            "https://share.example.com@evil.example",
            "https://a/b",
            "https://",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_key_is_shown() {
        let api = Api::new("https://a", Some(SecretText::new("cd_secret".into())));
        assert!(!format!("{api:?}").contains("cd_secret"));
    }
}
