//! Taking back: what a call to revoke names, and the entry of the list that it becomes.

use super::Moment;
use crate::access::Owner;
use crate::path::ObjectPath;
use crate::refusal::Refusal;
use crate::revocation::{Entry, Kind, Mark};
use crate::secret::KeyId;
use crate::time::{Seconds, UnixTime};
use crate::token::wire::MAX_BYTES;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The call's JSON, nothing in it checked. A field that is not known is refused, as is one that stands twice.
#[derive(Deserialize, Debug, Clone)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::issue::schema::revocation))]
pub struct RevocationRequest {
    /// A token by its id, in lower-case hexadecimal: one of the eight.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^([0-9a-f]{2}){1,64}$")))]
    pub token_id: Option<String>,
    /// A share by its id, in lower-case hexadecimal.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^([0-9a-f]{2}){1,64}$")))]
    pub share: Option<String>,
    /// Somebody by name, as tokens of other issuers have it in `sub`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 256)))]
    pub subject: Option<String>,
    /// An owner: all shares of theirs.
    pub owner: Option<Owner>,
    /// An object by its key below the shared prefix: all links to it, whoever made them.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), regex(pattern = crate::issue::schema::KEY)))]
    pub object: Option<String>,
    /// Every file that was sent with this SHA-256, in base64; and no further one is taken.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = crate::issue::schema::SHA256)))]
    pub sha256: Option<String>,
    /// A token key by its name.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[!-~]{1,64}$")))]
    pub key_id: Option<String>,
    /// With `key_id`, whose key it is: ours, if absent. Alone, all that this issuer has made.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 256)))]
    pub issuer: Option<String>,
    /// When the last token that is meant has ended: after the longest life of a share, if absent.
    pub until: Option<Moment>,
}

/// What is to be revoked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Revoked {
    /// An entry of the list.
    Entry(Entry),
    /// An entry for each file of this content, by SHA-256 in hexadecimal, until then.
    Content(String, UnixTime),
}

impl RevocationRequest {
    /// What the call asks for. `issuer` is the signer's own, `longest` the longest life of a share.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`], [`Refusal::BadPath`]
    pub fn check(&self, issuer: &str, longest: Seconds, now: UnixTime) -> Result<Revoked, Refusal> {
        let until = match self.until {
            Some(Moment(until)) if until <= now => return Err(Refusal::Conflict("until has passed")),
            Some(Moment(until)) => until,
            None => now.after(longest),
        };
        let named = [
            self.token_id.is_some(),
            self.share.is_some(),
            self.subject.is_some(),
            self.owner.is_some(),
            self.object.is_some(),
            self.sha256.is_some(),
            self.key_id.is_some(),
            self.issuer.is_some() && self.key_id.is_none(),
        ];
        if named.iter().filter(|named| **named).count() != 1 {
            const WHICH: &str =
                "exactly one of token_id, share, subject, owner, object, sha256, key_id, issuer is needed";
            return Err(Refusal::BadRequest(WHICH));
        }
        let (kind, mark) = if let Some(id) = &self.token_id {
            (Kind::Token, Mark::of_id(&id_bytes(id)?))
        } else if let Some(id) = &self.share {
            (Kind::Share, Mark::of_id(&id_bytes(id)?))
        } else if let Some(subject) = &self.subject {
            (Kind::Subject, Mark::of_subject(name(subject)?))
        } else if let Some(owner) = &self.owner {
            (Kind::Subject, Mark::of_subject(owner.tag().as_str()))
        } else if let Some(key) = &self.object {
            let path = ObjectPath::from_key(key).map_err(Refusal::BadPath)?;
            (Kind::Subject, Mark::of_object(path.key()))
        } else if let Some(digest) = &self.sha256 {
            return Ok(Revoked::Content(content_hex(digest)?, until));
        } else if let Some(key_id) = &self.key_id {
            let key_id = KeyId::new(key_id).ok_or(Refusal::BadRequest("key_id is not a key's name"))?;
            let issuer = self.issuer.as_deref().map_or(Ok(issuer), name)?;
            (Kind::Key, Mark::of_key(issuer, &key_id))
        } else {
            (Kind::Key, Mark::of_issuer(name(self.issuer.as_deref().unwrap_or(""))?))
        };
        Ok(Revoked::Entry(Entry { kind, mark, until }))
    }
}

/// SHA-256 in hexadecimal, as records are named by it, from its base64.
///
/// # Errors
/// [`Refusal::BadRequest`]
pub fn content_hex(base64: &str) -> Result<String, Refusal> {
    let bytes = STANDARD.decode(base64).ok().filter(|bytes| bytes.len() == 32);
    Ok(crate::records::id::hex(&bytes.ok_or(Refusal::BadRequest("sha256 is 32 bytes in base64"))?))
}

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 256;

/// A name that can stand in a token.
fn name(text: &str) -> Result<&str, Refusal> {
    let fits = !text.is_empty() && text.chars().count() <= MAX_NAME_CHARS;
    fits.then_some(text).ok_or(Refusal::BadRequest("a name has 1 to 256 characters"))
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn check(json: &str) -> Result<Entry, Refusal> {
        let request: RevocationRequest = serde_json::from_str(json).unwrap();
        match request.check("demo", Seconds(1000), NOW)? {
            Revoked::Entry(entry) => Ok(entry),
            Revoked::Content(digest, until) => {
                Ok(Entry { kind: Kind::Subject, mark: Mark::of_subject(&digest), until })
            }
        }
    }

    #[test]
    fn eight_things_can_be_named() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let key = |issuer: &str| Mark::of_key(issuer, &KeyId::new("a").unwrap());
        for (json, kind, mark) in [
            (r#"{"token_id":"000102030405060708090a0b0c0d0eff"}"#, Kind::Token, {
                Mark::of_id(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255])
            }),
            (r#"{"token_id":"6162"}"#, Kind::Token, Mark::of_id(b"ab")),
            (r#"{"share":"6162"}"#, Kind::Share, Mark::of_id(b"ab")),
            (r#"{"subject":"alice"}"#, Kind::Subject, Mark::of_subject("alice")),
            (r#"{"owner":"alice"}"#, Kind::Subject, { Mark::of_subject(Owner::new("alice").unwrap().tag().as_str()) }),
            (r#"{"object":"a/b"}"#, Kind::Subject, Mark::of_object("a/b")),
            (r#"{"sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}"#, Kind::Subject, Mark::of_subject(digest)),
            (r#"{"issuer":"guest"}"#, Kind::Key, Mark::of_issuer("guest")),
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
            r#"{"issuer":""}"#,
            r#"{"issuer":"demo","owner":"a"}"#,
            r#"{"sha256":"YQ=="}"#,
            r#"{"key_id":"a","object":"b"}"#,
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
            &long("token_id", 2050),
            &long("subject", 257),
        ] {
            assert_eq!(check(bad).unwrap_err().code(), "bad_request", "{bad}");
        }
        for past in [r#"{"token_id":"61","until":1800000000}"#, r#"{"token_id":"61","until":"2027-01-15T08:00:00Z"}"#] {
            assert_eq!(check(past).unwrap_err().code(), "conflict", "{past}");
        }
        assert!(check(&long("token_id", 2048)).is_ok() && check(&long("subject", 256)).is_ok());
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
