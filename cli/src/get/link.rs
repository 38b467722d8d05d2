//! Links: where they lead, and the way through a password and a claim to what can be read.

use crate::api::{refusal, retry_after, unreachable};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use serde_json::Value;
use std::thread::sleep;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);
const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// A link taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    /// Scheme and host.
    pub(crate) origin: String,
    pub(crate) token: String,
    /// What follows the token in the path of a download: a name below a folder.
    pub(crate) below: String,
}

impl Link {
    /// Reads `https://host/s/<token>`, `/d/<token>` or `/d/<token>/<name>`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let fault = || Failure::usage("this is no link of CloudDrop: it looks like https://files.example.net/s/...");
        let text = text.trim();
        let scheme = if text.starts_with("https://") { 8 } else { 7 };
        crate::config::check_url(text).map_err(|_| fault())?;
        let (host, path) = text[scheme..].split_once('/').ok_or_else(fault)?;
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let (route, rest) = path.split_once('/').ok_or_else(fault)?;
        let (token, below) = match rest.split_once('/') {
            Some((token, below)) if route == "d" => (token, format!("/{below}")),
            None if matches!(route, "d" | "s") => (rest, String::new()),
            _ => return Err(fault()),
        };
        let is_token = token.len() > 40 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if host.is_empty() || !is_token {
            return Err(fault());
        }
        Ok(Self { origin: text[..scheme + host.len()].into(), token: token.into(), below })
    }

    pub(crate) fn page(&self) -> String {
        format!("{}/s/{}", self.origin, self.token)
    }

    pub(crate) fn download(&self) -> String {
        format!("{}/d/{}{}", self.origin, self.token, self.below)
    }
}

/// What a link's page says of it.
pub(crate) fn facts(agent: &ureq::Agent, link: &Link, query: &str) -> Result<Value> {
    let url = format!("{}{query}", link.page());
    let mut answer = asked(&url, || {
        let request = agent.get(&url).header("accept", "application/json");
        request.config().timeout_global(Some(TIMEOUT)).build().call()
    })?;
    let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string();
    let text = text.map_err(|error| unreachable(&url, &error))?;
    if answer.status() != 200 {
        return Err(refusal(answer.status().as_u16(), &text));
    }
    serde_json::from_str(&text).map_err(|_| Failure::failed("the server does not answer like CloudDrop"))
}

/// The same link, opened with its password.
pub(crate) fn open(agent: &ureq::Agent, link: &Link, password: &str) -> Result<Link> {
    let mut form = String::from("password=");
    clouddrop_core::percent::push_query(&mut form, password);
    let target = post(agent, &link.page(), Some(&form), None)?;
    Ok(Link { below: link.below.clone(), ..Link::parse(&format!("{}{target}", link.origin))? })
}

/// The path of a download that was claimed. The same `key` claims the same one again.
pub(crate) fn claim(agent: &ureq::Agent, link: &Link, key: &str) -> Result<String> {
    post(agent, &link.download(), None, Some(key))
}

/// Where a POST leads: a path on the same host.
fn post(agent: &ureq::Agent, url: &str, form: Option<&str>, key: Option<&str>) -> Result<String> {
    let mut answer = asked(url, || {
        let mut request = agent.post(url);
        if form.is_some() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.config().timeout_global(Some(TIMEOUT)).build().send(form.unwrap_or(""))
    })?;
    let status = answer.status().as_u16();
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).map(String::from);
    match location.filter(|to| matches!(status, 303 | 307) && to.starts_with('/')) {
        Some(location) => Ok(location),
        None => {
            let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string().unwrap_or_default();
            Err(refusal(status, &text))
        }
    }
}

/// Asks again where the server is not available or asks to wait. For questions that may be put again.
fn asked(
    url: &str,
    ask: impl Fn() -> std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<ureq::http::Response<ureq::Body>> {
    let mut wait = Duration::from_millis(300);
    for _ in 0..4 {
        match ask() {
            Ok(answer) if !matches!(answer.status().as_u16(), 429 | 500..) => return Ok(answer),
            Ok(answer) => sleep(retry_after(&answer).unwrap_or(wait).min(Duration::from_secs(30))),
            Err(_) => sleep(wait),
        }
        wait *= 2;
    }
    ask().map_err(|error| unreachable(url, &error))
}

/// Whether a password is what is missing.
pub(crate) fn needs_password(failure: &Failure) -> bool {
    failure.exit == Exit::Refused && failure.is("password_required")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn links_come_apart() {
        let token = "2D3RhEOhAQWhBEFhWCkaZGV2".repeat(2);
        let link = Link::parse(&format!("https://files.example.net/s/{token}")).unwrap();
        assert_eq!(link.download(), format!("https://files.example.net/d/{token}"));
        let link = Link::parse(&format!(" http://127.0.0.1:8788/d/{token}/a/b%20c?x#y\n")).unwrap();
        assert_eq!((link.origin.as_str(), link.below.as_str()), ("http://127.0.0.1:8788", "/a/b%20c"));
        for bad in [
            "",
            "https://files.example.net/",
            "https://files.example.net/x/token",
            "https:///s/token",
            &format!("https://files.example.net/s/{token}/a"),
            &format!("http://files.example.net/s/{token}"),
            &format!("https://files.example.net/s/{token}!"),
            &token,
        ] {
            assert_eq!(Link::parse(bad).unwrap_err().exit, Exit::Usage, "{bad}");
        }
    }
}
