//! Owners: whom shares, files and upload links belong to. Each has a folder of the bucket of their own, named by a
//! digest, so that what belongs to whom is seen from a key alone.

use crate::hash::{push_hex, sha256};
use crate::refusal::Refusal;
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Longest name, in bytes: what an identity provider calls people.
pub const MAX_OWNER_BYTES: usize = 128;
/// A name as a schema says it.
pub const PATTERN: &str = "^[!-~]([ -~]{0,126}[!-~])?$";
/// Bytes of the digest in a tag: two of a billion owners meet once in 10^11 deployments.
const TAG_BYTES: usize = 12;

/// An owner's name: of an API key's owner, or a subject of the identity provider.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Owner(String);

impl Owner {
    /// A name of 1 to 128 printable ASCII characters, as subjects of identity providers are (OpenID Connect Core section
    /// 2), without space at its ends.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]
    pub fn new(name: &str) -> Result<Self, Refusal> {
        let fits = (1..=MAX_OWNER_BYTES).contains(&name.len());
        let plain = name.bytes().all(|b| (0x20..0x7f).contains(&b)) && name.trim() == name;
        if fits && plain {
            Ok(Self(name.into()))
        } else {
            Err(Refusal::BadRequest("an owner has 1 to 128 printable ASCII characters, no space at either end"))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that folders and tokens carry.
    pub fn tag(&self) -> OwnerTag {
        let mut input = String::from("owner\0");
        input.push_str(&self.0);
        let mut text = String::with_capacity(2 * TAG_BYTES);
        push_hex(&mut text, &sha256(input.as_bytes())[..TAG_BYTES]);
        OwnerTag(text)
    }
}

impl TryFrom<String> for Owner {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name).map_err(|_| "not an owner's name")
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Owner {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Owner".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "maxLength": MAX_OWNER_BYTES, "pattern": PATTERN })
    }
}

/// An owner by 24 hexadecimal digits: nobody reads a name or an address from a link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerTag(String);

impl OwnerTag {
    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag that `key` begins with, if it lies in an owner's folder.
    pub fn of_key(key: &str) -> Option<Self> {
        owner_of(key).map(|tag| Self(tag.into()))
    }

    /// Whether `key` lies in this owner's folder.
    pub fn owns(&self, key: &str) -> bool {
        key.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
    }
}

/// The tag that a key or an encoded path begins with, if it lies in an owner's folder.
pub fn owner_of(key: &str) -> Option<&str> {
    let (tag, rest) = key.split_at_checked(2 * TAG_BYTES)?;
    (is_tag(tag) && rest.len() > 1 && rest.starts_with('/')).then_some(tag)
}

/// Whether `text` is an owner's tag.
pub fn is_tag(text: &str) -> bool {
    text.len() == 2 * TAG_BYTES && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for OwnerTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_tag_says_whose_a_key_is() {
        let (alice, bob) = (Owner::new("alice").unwrap().tag(), Owner::new("bob").unwrap().tag());
        let key = format!("{alice}/a/b");
        assert!(alice.owns(&key) && !bob.owns(&key));
        assert_eq!(OwnerTag::of_key(&key), Some(alice.clone()));
        for other in
            [format!("{alice}"), format!("{alice}/"), format!("{alice}x/a"), format!("/{alice}/a"), "a/b".into()]
        {
            assert!(!alice.owns(&other), "{other}");
            assert_eq!(OwnerTag::of_key(&other), None, "{other}");
        }
        assert_eq!(alice.as_str().len(), 24);
    }

    #[test]
    fn names_are_short_and_plain() {
        for good in ["a", "alice@example.org", "team red", &"e".repeat(128)] {
            assert!(Owner::new(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", "a\u{7f}", "é", &"a".repeat(129)] {
            assert!(Owner::new(bad).is_err(), "{bad:?}");
        }
    }
}
