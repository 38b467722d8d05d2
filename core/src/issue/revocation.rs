//! Taking back: what a call to revoke names, and the entry of the list that it becomes.

use crate::refusal::Refusal;
use crate::revocation::{Entry, Kind, Mark};
use crate::secret::KeyId;
use crate::time::{Seconds, UnixTime};
use crate::token::wire::MAX_BYTES;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// The call's JSON, nothing in it checked. A field that is not known is refused, as is one that stands twice.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct RevocationRequest {
    /// A token by its id, in lower-case hexadecimal: one of the four.
    pub token_id: Option<String>,
    /// A share by its id, in lower-case hexadecimal.
    pub share: Option<String>,
    /// Somebody by name.
    pub subject: Option<String>,
    /// A token key by its name.
    pub key_id: Option<String>,
    /// Whose key it is: ours, if absent.
    pub issuer: Option<String>,
    /// When the last token that is meant has ended: after the longest life of a share, if absent.
    pub until: Option<Moment>,
}

/// A moment to come, in JSON seconds since 1970 or a text like `"2027-01-15T08:00:00Z"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment(pub UnixTime);

impl RevocationRequest {
    /// The entry that the call asks for. `issuer` is the signer's own, `longest` the longest life of a share.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]
    pub fn check(&self, issuer: &str, longest: Seconds, now: UnixTime) -> Result<Entry, Refusal> {
        let (kind, mark) = match (&self.token_id, &self.share, &self.subject, &self.key_id) {
            (Some(id), None, None, None) => (Kind::Token, Mark::of_id(&id_bytes(id)?)),
            (None, Some(id), None, None) => (Kind::Share, Mark::of_id(&id_bytes(id)?)),
            (None, None, Some(subject), None) => (Kind::Subject, Mark::of_subject(name(subject)?)),
            (None, None, None, Some(key_id)) => {
                let key_id = KeyId::new(key_id).ok_or(Refusal::BadRequest("key_id is not a key's name"))?;
                let issuer = self.issuer.as_deref().map_or(Ok(issuer), name)?;
                (Kind::Key, Mark::of_key(issuer, &key_id))
            }
            _ => return Err(Refusal::BadRequest("exactly one of token_id, share, subject and key_id is needed")),
        };
        if self.issuer.is_some() && kind != Kind::Key {
            return Err(Refusal::BadRequest("an issuer goes with a key_id only"));
        }
        let until = match self.until {
            Some(Moment(until)) if until <= now => return Err(Refusal::BadRequest("until has passed")),
            Some(Moment(until)) => until,
            None => now.after(longest),
        };
        Ok(Entry { kind, mark, until })
    }
}

/// A name that can stand in a token.
fn name(text: &str) -> Result<&str, Refusal> {
    let fits = (1..=MAX_BYTES).contains(&text.len());
    fits.then_some(text).ok_or(Refusal::BadRequest("a name is empty or longer than a token"))
}

/// An id from its hexadecimal form.
fn id_bytes(hex: &str) -> Result<Vec<u8>, Refusal> {
    const FAULT: Refusal = Refusal::BadRequest("an id is written in pairs of lower-case hexadecimal digits");
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !(1..=MAX_BYTES).contains(&pairs.len()) || !rest.is_empty() {
        return Err(FAULT);
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(FAULT),
    };
    pairs.iter().map(|[high, low]| Ok(digit(*high)? << 4 | digit(*low)?)).collect()
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970, or a time like 2027-01-15T08:00:00Z")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Moment, E> {
                Ok(Moment(UnixTime::from_secs(seconds)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
                UnixTime::from_rfc3339(text).map(Moment).ok_or_else(|| E::custom("not a time"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn check(json: &str) -> Result<Entry, Refusal> {
        let request: RevocationRequest = serde_json::from_str(json).unwrap();
        request.check("demo", Seconds(1000), NOW)
    }

    #[test]
    fn four_things_can_be_named() {
        let key = |issuer: &str| Mark::of_key(issuer, &KeyId::new("a").unwrap());
        for (json, kind, mark) in [
            (r#"{"token_id":"000102030405060708090a0b0c0d0eff"}"#, Kind::Token, {
                Mark::of_id(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255])
            }),
            (r#"{"token_id":"6162"}"#, Kind::Token, Mark::of_id(b"ab")),
            (r#"{"share":"6162"}"#, Kind::Share, Mark::of_id(b"ab")),
            (r#"{"subject":"alice"}"#, Kind::Subject, Mark::of_subject("alice")),
            (r#"{"key_id":"a"}"#, Kind::Key, key("demo")),
            (r#"{"key_id":"a","issuer":"guest"}"#, Kind::Key, key("guest")),
        ] {
            assert_eq!(check(json), Ok(Entry { kind, mark, until: UnixTime::from_secs(1_800_001_000) }), "{json}");
        }
    }

    #[test]
    fn what_names_nothing_or_too_much_is_refused() {
        let long = |member: &str, length: usize| alloc::format!(r#"{{"{member}":"{}"}}"#, "a".repeat(length));
        for bad in [
            "{}",
            r#"{"until":1900000000}"#,
            r#"{"issuer":"demo"}"#,
            r#"{"token_id":"61","share":"61"}"#,
            r#"{"subject":"a","key_id":"a"}"#,
            r#"{"token_id":"61","issuer":"demo"}"#,
            r#"{"token_id":""}"#,
            r#"{"token_id":"6"}"#,
            r#"{"token_id":"616"}"#,
            r#"{"token_id":"6A"}"#,
            r#"{"token_id":"6g"}"#,
            r#"{"token_id":"é1"}"#,
            r#"{"share":" 61"}"#,
            r#"{"subject":""}"#,
            r#"{"key_id":""}"#,
            r#"{"key_id":"a b"}"#,
            r#"{"key_id":"a","issuer":""}"#,
            r#"{"token_id":"61","until":1800000000}"#,
            r#"{"token_id":"61","until":"2027-01-15T08:00:00Z"}"#,
            &long("token_id", 2050),
            &long("subject", 1025),
        ] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_request", "{bad}");
        }
        assert!(check(&long("token_id", 2048)).is_ok() && check(&long("subject", 1024)).is_ok());
    }

    #[test]
    fn until_is_a_time_in_either_form() {
        for until in ["1800000001", r#""2027-01-15T08:00:01Z""#] {
            let json = alloc::format!(r#"{{"token_id":"61","until":{until}}}"#);
            assert_eq!(check(&json).unwrap().until, UnixTime::from_secs(1_800_000_001));
        }
        for bad in ["-1", "1.5", "\"\"", "\"tomorrow\"", "true", "[]", "18446744073709551616"] {
            assert!(serde_json::from_str::<Moment>(bad).is_err(), "{bad}");
        }
    }
}
