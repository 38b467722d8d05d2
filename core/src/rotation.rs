//! Rotating the token keys: which key stands where in the two values of TOKEN_KEYS, the signer's and the edge's.
//!
//! The edge is a step ahead. It holds a key that nothing was made with yet; a rotation has the signer make tokens with that
//! one, which every edge has known for long, and gives the edge the next. The keys before it get an end, behind the last
//! link that they can have made, and leave when that has passed. An issuer never has fewer than two.
//!
//! ```text
//!            signer                edge
//! before     b  a                  c  b  a
//! after      c  b↓ a↓              d  c  b↓ a↓        ↓ retires
//! ```
//!
//! Keys of other issuers stay as they are. Nothing here makes entropy or reads a clock.

use crate::base64url;
use crate::config::{Faults, parse_keys};
use crate::json::{self, Object, Value};
use crate::secret::{KeyId, Secret, SecretText};
use crate::text::{push_json_string, push_number};
use crate::time::{Seconds, UnixTime};
use crate::token::KeySet;
use crate::token::keys::MIN_KEY_BYTES;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Fewest keys of an issuer.
const FEWEST: usize = 2;
/// How much longer than the longest link a key is kept: until every signer has the new one, some still make links with it.
const MARGIN: Seconds = Seconds(86_400);

/// One value of TOKEN_KEYS, entry by entry as it was written. It holds secrets: nothing prints them.
pub struct Ring {
    entries: Vec<Object>,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| text(entry, "kid").unwrap_or(""))).finish()
    }
}

/// A key that nothing was made with yet.
#[derive(Debug)]
pub struct Fresh {
    /// Its name, which no other key of the issuer has.
    pub id: KeyId,
    /// 32 random bytes or more.
    pub secret: Secret,
}

impl Fresh {
    /// A key of these random bytes, named by the day and four of further bytes, so that an operator sees how old it is.
    pub fn new(secret: [u8; 32], name: [u8; 4], now: UnixTime) -> Self {
        let mut id: String = format!("{now}").chars().take(10).collect();
        id.push('-');
        crate::hash::push_hex(&mut id, &name);
        let id = KeyId::new(&id).expect("digits, hyphens and hexadecimal, 19 of them");
        Self { id, secret: Secret::new(secret.into()) }
    }

    fn entry(&self, issuer: &str) -> Object {
        let secret = base64url::encode(self.secret.secret_bytes());
        let text = |text: &str| Value::Text(text.into());
        [("issuer", text(issuer)), ("kid", text(self.id.as_str())), ("secret", Value::Text(secret))]
            .map(|(name, value)| (name.into(), value))
            .into()
    }
}

/// What a key of a ring is called, and when it ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Its name.
    pub id: String,
    /// From when on it verifies nothing.
    pub retires: Option<UnixTime>,
}

impl Ring {
    /// Reads a value of TOKEN_KEYS.
    ///
    /// # Errors
    /// Everything that would stop a start. No message quotes a secret.
    pub fn parse(value: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        if parse_keys(value, "TOKEN_KEYS", &mut faults).is_none() {
            return Err(faults);
        }
        // What parse_keys takes is an array of flat objects.
        Ok(Self { entries: json::objects(value).unwrap_or_default() })
    }

    /// A ring without any key: that of an edge which has none yet.
    pub const fn empty() -> Self {
        Self { entries: Vec::new() }
    }

    /// The first ring of an issuer.
    pub fn first(issuer: &str, newer: &Fresh, older: &Fresh) -> Self {
        Self { entries: [newer.entry(issuer), older.entry(issuer)].into() }
    }

    /// The value of TOKEN_KEYS.
    pub fn value(&self) -> SecretText {
        let mut out = String::from("[");
        for entry in &self.entries {
            out.push_str(if out.len() > 1 { ",{" } else { "{" });
            for (place, (name, value)) in entry.iter().enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                push_json_string(&mut out, name);
                out.push(':');
                match value {
                    Value::Text(text) => push_json_string(&mut out, text),
                    Value::Number(number) => push_number(&mut out, *number),
                    Value::Null => out.push_str("null"),
                }
            }
            out.push('}');
        }
        out.push(']');
        SecretText::new(out)
    }

    /// The keys, ready to be used.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn keys(&self) -> Result<KeySet, Faults> {
        let mut faults = Faults::default();
        parse_keys(self.value().secret_text(), "TOKEN_KEYS", &mut faults).ok_or(faults)
    }

    /// The keys of `issuer` that links are made with, the newest first.
    pub fn names(&self, issuer: &str) -> Vec<Named> {
        self.of(issuer)
            .map(|entry| Named { id: text(entry, "kid").unwrap_or("").into(), retires: end(entry) })
            .collect()
    }

    /// The key that the edge has and the signer has not: the newest of `issuer` here, if it is not in `signer`.
    pub fn ahead_of(&self, signer: &Self, issuer: &str) -> Option<String> {
        let newest = self.of(issuer).next()?;
        (!signer.has(newest)).then(|| text(newest, "kid").unwrap_or("").into())
    }

    /// What the signer has after a rotation at `now`, this being what the edge has: the key that is ahead comes first, and
    /// the others get their end, `longest` being the longest life of a link. Without a key ahead nothing becomes new but
    /// that keys which have ended leave.
    #[must_use]
    pub fn promoted_to(&self, signer: &Self, issuer: &str, longest: Seconds, now: UnixTime) -> Self {
        let ahead = self.of(issuer).next().filter(|newest| !signer.has(newest));
        let mut entries: Vec<Object> = ahead.into_iter().cloned().collect();
        for entry in &signer.entries {
            let mut entry = entry.clone();
            if ahead.is_some() && is_minting(&entry, issuer) && end(&entry).is_none() {
                set_end(&mut entry, now.after(longest).after(MARGIN));
            }
            entries.push(entry);
        }
        Self { entries }.without_ended(issuer, now)
    }

    /// What the edge has beside a signer that has `signer`: all of the signer's keys with their ends, its own, and one
    /// ahead, which is `fresh` unless there is one. The same again changes nothing.
    #[must_use]
    pub fn ahead_with(&self, signer: &Self, issuer: &str, fresh: &Fresh, now: UnixTime) -> Self {
        let mut entries = self.entries.clone();
        // The signer's newest first, before those that only the edge has but for the one ahead.
        let mut place = usize::from(self.ahead_of(signer, issuer).is_some());
        for theirs in &signer.entries {
            match entries.iter_mut().find(|ours| is_same(ours, theirs)) {
                Some(ours) => {
                    if let Some(end) = end(theirs) {
                        set_end(ours, end);
                    }
                }
                None => {
                    entries.insert(place.min(entries.len()), theirs.clone());
                    place += 1;
                }
            }
        }
        let ring = Self { entries };
        let mut ring = if ring.ahead_of(signer, issuer).is_some() {
            ring
        } else {
            let mut entries = ring.entries;
            entries.insert(0, fresh.entry(issuer));
            Self { entries }
        };
        ring = ring.without_ended(issuer, now);
        ring
    }

    /// Whether every key that can make tokens here is known to `edge`, with the same secret.
    pub fn is_known_to(&self, edge: &Self, issuer: &str) -> bool {
        self.of(issuer).all(|entry| edge.has(entry))
    }

    /// Whether all of the signer's keys are here, with the ends that they have there: if not, a rotation was not finished.
    pub fn follows(&self, signer: &Self) -> bool {
        let is_here =
            |theirs: &Object| self.entries.iter().any(|ours| is_same(ours, theirs) && end(ours) == end(theirs));
        signer.entries.iter().all(is_here)
    }

    /// Drops keys of `issuer` whose time has passed, the oldest first, as long as there are more than enough.
    fn without_ended(mut self, issuer: &str, now: UnixTime) -> Self {
        let mut count = self.entries.iter().filter(|entry| text(entry, "issuer") == Some(issuer)).count();
        let mut place = self.entries.len();
        while place > 0 && count > FEWEST {
            place -= 1;
            let entry = &self.entries[place];
            if text(entry, "issuer") == Some(issuer) && end(entry).is_some_and(|end| end <= now) {
                self.entries.remove(place);
                count -= 1;
            }
        }
        self
    }

    fn of<'r>(&'r self, issuer: &'r str) -> impl Iterator<Item = &'r Object> {
        self.entries.iter().filter(move |entry| is_minting(entry, issuer))
    }

    fn has(&self, entry: &Object) -> bool {
        self.entries.iter().any(|other| is_same(other, entry))
    }
}

/// The same key: by its owner, name and secret. One that only shares the name would verify nothing.
fn is_same(one: &Object, other: &Object) -> bool {
    ["issuer", "kid", "alg", "secret", "x", "y"].iter().all(|name| text(one, name) == text(other, name))
}

/// A key of the issuer for the links made here.
fn is_minting(entry: &Object, issuer: &str) -> bool {
    text(entry, "issuer") == Some(issuer) && matches!(text(entry, "alg"), None | Some("HMAC 256/256"))
}

fn text<'e>(entry: &'e Object, name: &str) -> Option<&'e str> {
    entry.iter().find_map(|(n, value)| match value {
        Value::Text(text) if n == name => Some(text.as_str()),
        _ => None,
    })
}

fn end(entry: &Object) -> Option<UnixTime> {
    entry.iter().find_map(|(name, value)| match value {
        Value::Number(seconds) if name == "retires" => Some(UnixTime::from_secs(*seconds)),
        _ => None,
    })
}

fn set_end(entry: &mut Object, end: UnixTime) {
    entry.retain(|(name, _)| name != "retires");
    entry.push(("retires".into(), Value::Number(end.as_secs())));
}

const _: () = assert!(MIN_KEY_BYTES <= 32, "a fresh key has 32 bytes");

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    const ISSUER: &str = "demo";
    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const YEAR: Seconds = Seconds(365 * 86_400);

    fn fresh(id: &str) -> Fresh {
        let mut secret = [0; 32];
        secret[..id.len()].copy_from_slice(id.as_bytes());
        Fresh { id: KeyId::new(id).unwrap(), secret: Secret::new(secret.into()) }
    }

    fn ring(ids: &[&str]) -> Ring {
        Ring { entries: ids.iter().map(|id| fresh(id).entry(ISSUER)).collect() }
    }

    fn shown(ring: &Ring) -> Vec<String> {
        let mark = |named: Named| if named.retires.is_some() { format!("{}↓", named.id) } else { named.id };
        ring.names(ISSUER).into_iter().map(mark).collect()
    }

    #[test]
    fn the_edge_is_a_step_ahead_from_the_first_day_on() {
        let signer = Ring::first(ISSUER, &fresh("b"), &fresh("a"));
        // There is no edge's ring yet.
        let edge = Ring::empty().ahead_with(&signer, ISSUER, &fresh("c"), NOW);
        assert_eq!(
            (shown(&signer), shown(&edge)),
            (vec!["b".into(), "a".into()], vec!["c".to_string(), "b".into(), "a".into()])
        );
        assert_eq!(edge.ahead_of(&signer, ISSUER).as_deref(), Some("c"));
        assert!(signer.is_known_to(&edge, ISSUER));

        // A rotation: the tour of the module's head.
        let signer = edge.promoted_to(&signer, ISSUER, YEAR, NOW);
        assert_eq!(shown(&signer), ["c", "b↓", "a↓"]);
        assert!(signer.is_known_to(&edge, ISSUER), "the edge has known it for long");
        assert!(!edge.follows(&signer), "it does not know the ends yet");
        let edge = edge.ahead_with(&signer, ISSUER, &fresh("d"), NOW);
        assert_eq!(shown(&edge), ["d", "c", "b↓", "a↓"]);
        assert_eq!(edge.names(ISSUER)[2].retires, Some(NOW.after(YEAR).after(MARGIN)), "behind the last link");

        assert!(edge.follows(&signer));
        // Each step made again changes nothing.
        assert_eq!(shown(&edge.ahead_with(&signer, ISSUER, &fresh("e"), NOW)), shown(&edge));

        // The next but one drops what has ended, and keeps the ends that were given.
        let later = NOW.after(Seconds(200 * 86_400));
        let signer = edge.promoted_to(&signer, ISSUER, YEAR, later);
        let edge = edge.ahead_with(&signer, ISSUER, &fresh("e"), later);
        assert_eq!((shown(&signer).join(" "), shown(&edge).join(" ")), ("d c↓ b↓ a↓".into(), "e d c↓ b↓ a↓".into()));
        assert_eq!(signer.names(ISSUER)[2].retires, Some(NOW.after(YEAR).after(MARGIN)));
        let end = NOW.after(YEAR).after(MARGIN);
        let signer = edge.promoted_to(&signer, ISSUER, YEAR, end);
        let edge = edge.ahead_with(&signer, ISSUER, &fresh("f"), end);
        assert_eq!((shown(&signer).join(" "), shown(&edge).join(" ")), ("e d↓ c↓".into(), "f e d↓ c↓".into()));
    }

    #[test]
    fn without_a_key_ahead_the_signer_stays_as_it_is() {
        let (signer, edge) = (ring(&["b", "a"]), ring(&["b", "a"]));
        assert_eq!(edge.ahead_of(&signer, ISSUER), None);
        assert_eq!(shown(&edge.promoted_to(&signer, ISSUER, YEAR, NOW)), ["b", "a"]);
        assert_eq!(shown(&edge.ahead_with(&signer, ISSUER, &fresh("c"), NOW)), ["c", "b", "a"]);
    }

    #[test]
    fn two_stay_however_old_they_are() {
        let value = |ids: &[&str]| {
            let mut ring = ring(ids);
            for entry in &mut ring.entries {
                set_end(entry, UnixTime::from_secs(1));
            }
            ring
        };
        let signer = value(&["c", "b", "a"]);
        assert_eq!(shown(&value(&["c"]).promoted_to(&signer, ISSUER, YEAR, NOW)), ["c↓", "b↓"]);
    }

    #[test]
    fn keys_of_others_and_of_other_kinds_stay() {
        let mut signer = ring(&["b", "a"]);
        for (issuer, id, alg) in [("partner", "p", "HS256"), ("partner", "q", "HS256"), (ISSUER, "j", "HS256")] {
            let mut entry = fresh(id).entry(issuer);
            entry.push(("alg".into(), Value::Text(alg.into())));
            set_end(&mut entry, UnixTime::from_secs(u64::from(issuer == ISSUER) * 5_000_000_000 + 1));
            signer.entries.insert(0, entry);
        }
        let edge = Ring::empty().ahead_with(&signer, ISSUER, &fresh("c"), NOW);
        assert_eq!(format!("{edge:?}"), r#"["c", "j", "q", "p", "b", "a"]"#);
        let promoted = edge.promoted_to(&signer, ISSUER, YEAR, NOW);
        assert_eq!(format!("{promoted:?}"), r#"["c", "j", "q", "p", "b", "a"]"#);
        assert_eq!(shown(&promoted), ["c", "b↓", "a↓"]);
        // What comes out is what a start takes, and can be read again.
        let again = Ring::parse(promoted.value().secret_text()).unwrap();
        assert_eq!(again.value().secret_text(), promoted.value().secret_text());
        assert_eq!(again.keys().unwrap().of_issuer("partner").count(), 2);
    }

    #[test]
    fn a_key_of_the_same_name_is_another_key() {
        let (signer, mut edge) = (ring(&["b", "a"]), ring(&["b", "a"]));
        edge.entries[0] = Fresh { id: KeyId::new("b").unwrap(), secret: Secret::new([9; 32].into()) }.entry(ISSUER);
        assert!(!signer.is_known_to(&edge, ISSUER));
    }

    #[test]
    fn nothing_shows_a_secret() {
        let ring = ring(&["secret-a", "b"]);
        let text = base64url::encode(fresh("secret-a").secret.secret_bytes());
        assert!(ring.value().secret_text().contains(&text));
        assert!(!format!("{ring:?} {:?}", ring.value()).contains(&text));
        let damaged = ring.value().secret_text().replace("\"kid\"", "\"kit\"");
        assert!(!Ring::parse(&damaged).unwrap_err().to_string().contains(&text));
    }

    #[test]
    fn names_tell_the_day() {
        assert_eq!(Fresh::new([7; 32], [1, 2, 3, 255], NOW).id.as_str(), "2027-01-15-010203ff");
    }
}
