//! The password of a share: what is remembered of it, what a token says of it (private claim -65543), and whether one
//! that somebody gives is it.
//!
//! A token is public to whoever has the link, so what it says must not be a hash that can be tried against a
//! dictionary: it is a MAC by the issuer's key over a salted hash. Guessing needs the edge, which limits it.

use crate::hash::{MacKey, equal_in_constant_time, from_hex, push_hex, sha256};
use crate::refusal::Refusal;
use alloc::string::String;
use core::fmt;
use serde::Deserialize;
use zeroize::Zeroizing;

/// Length of the salt, and of what a token says behind it.
const HALF: usize = 16;
/// Length of the claim: salt and verifier.
pub const CLAIM_BYTES: usize = 2 * HALF;
/// Fewest and most characters of a password.
pub const PASSWORD_CHARS: core::ops::RangeInclusive<usize> = 4..=128;
/// What the MAC's input begins with. No token's does: those are CBOR arrays.
const CONTEXT: &[u8] = b"password\0";

/// A password as somebody gave it: wiped when dropped, printed by nothing.
#[derive(Deserialize, Clone, PartialEq, Eq)]
#[serde(transparent)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes ownership of the text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// What is remembered of it with 16 random bytes of salt.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] for one that is too short or too long, or holds control characters.
    pub fn lock(&self, salt: [u8; HALF]) -> Result<Lock, Refusal> {
        let fits = PASSWORD_CHARS.contains(&self.0.chars().count());
        if !fits || self.0.chars().any(char::is_control) {
            return Err(Refusal::BadRequest("a password has 4 to 128 characters, none of them a control character"));
        }
        Ok(Lock { salt, hash: self.hash(&salt) })
    }

    fn hash(&self, salt: &[u8]) -> [u8; 32] {
        let mut salted = Zeroizing::new(alloc::vec::Vec::with_capacity(salt.len() + self.0.len()));
        salted.extend_from_slice(salt);
        salted.extend_from_slice(self.0.as_bytes());
        sha256(&salted)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What is remembered of a password: enough to make tokens with any key, for as long as the share lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    salt: [u8; HALF],
    hash: [u8; 32],
}

impl Lock {
    /// The value of the claim in a token that is made with `mac`.
    pub(crate) fn claim(&self, mac: &MacKey) -> [u8; CLAIM_BYTES] {
        let mut claim = [0; CLAIM_BYTES];
        claim[..HALF].copy_from_slice(&self.salt);
        claim[HALF..].copy_from_slice(&verifier(mac, &self.salt, &self.hash));
        claim
    }

    /// As it stands in a record.
    pub fn to_text(self) -> String {
        let mut out = String::with_capacity(96);
        push_hex(&mut out, &self.salt);
        push_hex(&mut out, &self.hash);
        out
    }

    /// The lock of a record; `None` if it is none.
    pub fn from_text(text: &str) -> Option<Self> {
        let (salt, hash) = text.split_at_checked(2 * HALF)?;
        Some(Self { salt: from_hex(salt)?, hash: from_hex(hash)? })
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock(..)")
    }
}

/// Whether `password` is the one of a token that was made with `mac` and says `claim`.
pub(crate) fn opens(claim: &[u8; CLAIM_BYTES], password: &Password, mac: &MacKey) -> bool {
    let (salt, expected) = claim.split_at(HALF);
    equal_in_constant_time(&verifier(mac, salt, &password.hash(salt)), expected)
}

fn verifier(mac: &MacKey, salt: &[u8], hash: &[u8; 32]) -> [u8; HALF] {
    let tag = mac.tag(&[CONTEXT, salt, hash]);
    let mut out = [0; HALF];
    out.copy_from_slice(&tag[..HALF]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn only_the_password_opens_and_only_with_the_key() {
        let (mac, other) = (MacKey::new(&[7; 32]), MacKey::new(&[8; 32]));
        let password = |text: &str| Password::new(text.into());
        let lock = password("open sesame").lock([3; 16]).unwrap();
        let claim = lock.claim(&mac);
        assert!(opens(&claim, &password("open sesame"), &mac));
        for wrong in ["", "open sesam", "open sesame ", "Open sesame"] {
            assert!(!opens(&claim, &password(wrong), &mac), "{wrong:?}");
        }
        assert!(!opens(&claim, &password("open sesame"), &other));
        assert_ne!(password("open sesame").lock([4; 16]).unwrap().claim(&mac)[16..], claim[16..]);
        assert_eq!(Lock::from_text(&lock.to_text()), Some(lock));
        assert_eq!(Lock::from_text("00"), None);
    }

    #[test]
    fn passwords_are_neither_too_short_nor_too_long_and_are_not_shown() {
        let lock = |text: &str| Password::new(text.into()).lock([0; 16]);
        assert!(lock("ßßßß").is_ok() && lock(&"x".repeat(128)).is_ok());
        for bad in ["", "abc", "abc\n", &"x".repeat(129)] {
            assert_eq!(lock(bad).unwrap_err().code(), "bad_request", "{bad:?}");
        }
        assert_eq!(
            format!("{:?} {:?}", Password::new("hunter2".into()), lock("hunter2").unwrap()),
            "Password(..) Lock(..)"
        );
    }
}
