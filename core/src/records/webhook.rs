//! Webhooks: who is told of what, how a message is signed, and when it is tried again. The form is that of
//! standard-webhooks (<https://www.standardwebhooks.com>).

use super::VERSION;
use crate::access::Owner;
use crate::hash::MacKey;
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Most webhooks of an owner.
pub const MAX_WEBHOOKS: usize = 10;
/// Longest URL, in bytes.
const MAX_URL_BYTES: usize = 1024;
/// Seconds before each further try: in all about a day and a quarter.
const PAUSES: [u64; 9] = [5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 43_200];

/// What can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Topic {
    /// Something was downloaded, or a use claimed.
    #[serde(rename = "share.used")]
    ShareUsed,
    /// A file was sent in.
    #[serde(rename = "file.created")]
    FileCreated,
}

/// The JSON of a call that makes a webhook.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WebhookRequest {
    /// Where messages are posted to, by https.
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(max = 1024),
            regex(
                pattern = "^https://([A-Za-z0-9-]+[.])+[A-Za-z-][A-Za-z0-9-]*(:[1-9][0-9]{0,3})?([/?][A-Za-z0-9._~%/?&=+-]*)?$"
            )
        )
    )]
    pub url: String,
    /// Which ones: all, if absent.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2)))]
    pub topics: Option<Vec<Topic>>,
}

/// The record. The secret is not in it: it follows from the service's own and the id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WebhookRecord {
    /// Its version.
    pub v: u32,
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// Where messages go.
    pub url: String,
    /// Which ones.
    pub topics: Vec<Topic>,
    /// Who made it.
    pub created_by: String,
    /// When, in seconds since 1970.
    pub created_at: u64,
}

/// A message that is to be delivered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Its version.
    pub v: u32,
    /// The message's name, the same at each try.
    pub message: String,
    /// The webhook.
    pub webhook: String,
    /// The tag of its owner.
    pub owner: String,
    /// How often it was tried.
    pub tries: u32,
    /// The JSON that is posted.
    pub body: String,
}

/// Where messages may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Receivers {
    /// By https to hosts with public names.
    Public,
    /// To loopback, too: in development. Elsewhere loopback is the platform's own, of which a Lambda is steered.
    AndLoopback,
}

impl WebhookRequest {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]
    pub fn check(
        self,
        id: String,
        owner: Owner,
        created_by: String,
        receivers: Receivers,
        now: UnixTime,
    ) -> Result<WebhookRecord, Refusal> {
        if !is_url(&self.url, receivers) {
            return Err(Refusal::BadRequest("url is an https URL of a public host, without user or fragment"));
        }
        let topics = self.topics.unwrap_or_else(|| Vec::from([Topic::ShareUsed, Topic::FileCreated]));
        if topics.is_empty() || topics.len() > 2 {
            return Err(Refusal::BadRequest("topics are share.used, file.created or both"));
        }
        let v = VERSION;
        Ok(WebhookRecord { v, id, owner, url: self.url, topics, created_by, created_at: now.as_secs() })
    }
}

/// An https URL of a host with a dot in its name that is no address, or one of loopback where that is let: who names a host
/// within the operator's network would have the signer knock there.
fn is_url(url: &str, receivers: Receivers) -> bool {
    let plain = url.len() <= MAX_URL_BYTES && url.bytes().all(|b| b.is_ascii_graphic() && !b"#\\@".contains(&b));
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let port = crate::range::number(port).is_some_and(|port| (1..=65_535).contains(&port));
    let dns = host.split('.').count() > 1
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        && !host.split('.').next_back().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    plain
        && port
        && ((scheme == "https" && dns)
            || (receivers == Receivers::AndLoopback && scheme == "http" && host == "127.0.0.1"))
}

/// The secret of a webhook, from the service's own.
pub fn secret(service: &MacKey, id: &str) -> [u8; 32] {
    service.tag(&[b"webhook\0", id.as_bytes()])
}

/// The secret as its owner gets it.
pub fn secret_text(secret: &[u8; 32]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// The value of `webhook-signature` for a message sent at `at`.
pub fn signature(secret: &[u8; 32], message: &str, at: UnixTime, body: &str) -> String {
    let at = format!("{}", at.as_secs());
    let tag = MacKey::new(secret).tag(&[message.as_bytes(), b".", at.as_bytes(), b".", body.as_bytes()]);
    format!("v1,{}", STANDARD.encode(tag))
}

/// When a message is tried again that was tried `tries` times; `None` once it is given up. `chance` from 0 to 255
/// spreads the tries over a quarter of the pause.
pub fn next_try(tries: u32, chance: u8, now: UnixTime) -> Option<UnixTime> {
    let place = usize::try_from(tries).ok()?.checked_sub(1)?;
    let pause = *PAUSES.get(place)?;
    Some(now.after(Seconds(pause + pause * u64::from(chance) / 1024)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // The example of the specification ("Symmetric signature scheme").
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let at = UnixTime::from_secs(1_614_265_330);
        let tag =
            MacKey::new(&secret).tag(&[b"msg_p5jXN8AQM9LWM0D4loKWxJek", b".", b"1614265330", b".", body.as_bytes()]);
        assert_eq!(STANDARD.encode(tag), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let ours = signature(&[7; 32], "m", at, body);
        let tag = MacKey::new(&[7; 32]).tag(&[format!("m.1614265330.{body}").as_bytes()]);
        assert_eq!(ours, format!("v1,{}", STANDARD.encode(tag)));
    }

    #[test]
    fn only_public_hosts_are_told() {
        for good in ["https://example.com/hook", "https://a.b-c.example:8443/x?y=z", "http://127.0.0.1:9999/"] {
            assert!(is_url(good, Receivers::AndLoopback), "{good}");
        }
        for bad in [
            "",
            "https://",
            "ftp://example.com",
            "http://example.com/",
            "https://localhost/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://u@example.com/",
            "https://example.com/#a",
            "https://example.com:0/",
            "https://example.com:x/",
            "https://exa mple.com/",
            "https://example..com/",
            "https://2130706433/",
            "https://example.0x7f/",
        ] {
            assert!(!is_url(bad, Receivers::AndLoopback), "{bad}");
        }
        assert!(!is_url("http://127.0.0.1:9001/2018-06-01/runtime", Receivers::Public));
    }

    #[test]
    fn tries_grow_apart_and_end() {
        let now = UnixTime::from_secs(0);
        assert_eq!(next_try(0, 0, now), None);
        assert_eq!(next_try(1, 0, now), Some(UnixTime::from_secs(5)));
        assert_eq!(next_try(9, 255, now).map(UnixTime::as_secs), Some(43_200 + 43_200 * 255 / 1024));
        assert_eq!(next_try(10, 0, now), None);
        assert!(secret_text(&secret(&MacKey::new(&[1; 32]), "a")).starts_with("whsec_"));
    }
}
