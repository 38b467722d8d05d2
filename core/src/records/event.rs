//! What the edge tells of downloads and claims: batches of events, each of which is counted once.

use super::id::{is_hex, is_record_id};
use super::share::Uses;
use crate::refusal::Refusal;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most events of a batch.
pub const MAX_EVENTS: usize = 500;
/// Digits of a batch's name.
const BATCH_DIGITS: usize = 32;
/// Longest path of an event, in bytes.
const MAX_PATH_BYTES: usize = 1024;
/// Longest network or country of an event, in bytes.
const MAX_PLACE_BYTES: usize = 64;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EventKind {
    /// An object was sent, or the first part of it.
    Download,
    /// A later part of an object was sent.
    Part,
    /// A use of a counted link was claimed.
    Claim,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What.
    pub kind: EventKind,
    /// The share, in hexadecimal.
    pub share: String,
    /// The tag of the owner.
    pub owner: String,
    /// The object's key, encoded as in a path.
    pub path: String,
    /// Bytes that the reply promised.
    #[serde(default)]
    pub bytes: u64,
    /// The country of the client, where the platform tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The network of the client: of IPv4 the first 24 bits, of IPv6 the first 48.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

/// Events of one instance of the edge.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Its name: random, the same when it is sent again.
    pub batch: String,
    /// The events.
    pub events: Vec<Event>,
}

/// The events of one share.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OfShare {
    /// The owner's tag.
    pub owner: String,
    /// In the order in which they came.
    pub events: Vec<Event>,
    /// What they add up to.
    pub uses: Uses,
}

impl Batch {
    /// The events by share.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] for a batch that no edge of ours sends.
    pub fn by_share(self) -> Result<BTreeMap<String, OfShare>, Refusal> {
        if !is_hex(&self.batch, BATCH_DIGITS) || self.events.is_empty() || self.events.len() > MAX_EVENTS {
            return Err(Refusal::BadRequest("not a batch of 1 to 500 events"));
        }
        let mut shares: BTreeMap<String, OfShare> = BTreeMap::new();
        for event in self.events {
            let short = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= MAX_PLACE_BYTES);
            let fits = event.path.len() <= MAX_PATH_BYTES && short(&event.country) && short(&event.network);
            if !is_record_id(&event.share) || !is_hex(&event.owner, 24) || !fits {
                return Err(Refusal::BadRequest("an event is not of the expected form"));
            }
            let of_share = shares.entry(event.share.clone()).or_default();
            if of_share.owner.is_empty() {
                of_share.owner.clone_from(&event.owner);
            }
            let uses = &mut of_share.uses;
            match event.kind {
                EventKind::Download => uses.downloads = uses.downloads.saturating_add(1),
                EventKind::Claim => uses.claims = uses.claims.saturating_add(1),
                EventKind::Part => {}
            }
            uses.bytes = uses.bytes.saturating_add(event.bytes);
            uses.last_at = uses.last_at.max(Some(event.at / 1000));
            of_share.events.push(event);
        }
        Ok(shares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn batch(events: &str) -> Result<BTreeMap<String, OfShare>, Refusal> {
        let json = format!(r#"{{"batch":"{}","events":[{events}]}}"#, "0".repeat(32));
        serde_json::from_str::<Batch>(&json).unwrap().by_share()
    }

    fn event(kind: &str, share: char, at: u64) -> String {
        let (share, owner) = (share.to_string().repeat(32), "f".repeat(24));
        format!(r#"{{"at":{at},"kind":"{kind}","share":"{share}","owner":"{owner}","path":"a","bytes":7}}"#)
    }

    use alloc::string::ToString;

    #[test]
    fn events_add_up_by_share() {
        let events = [
            event("claim", 'a', 1_000),
            event("download", 'a', 3_999),
            event("download", 'b', 5_000),
            event("part", 'a', 2_000),
        ];
        let shares = batch(&events.join(",")).unwrap();
        let uses = shares[&"a".repeat(32)].uses;
        assert_eq!(uses, Uses { downloads: 1, claims: 1, bytes: 21, last_at: Some(3) });
        assert_eq!(shares[&"b".repeat(32)].events.len(), 1);
        assert!(batch("").is_err() && batch(&event("claim", 'g', 1)).is_err());
        let many = vec![event("claim", 'a', 1); 501].join(",");
        assert!(batch(&many).is_err());
    }

    use alloc::vec;
}
