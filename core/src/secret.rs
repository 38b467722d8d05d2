//! Values that must never be shown, and the names of keys, which may.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroizing;

/// Bytes that are wiped when dropped and that nothing prints: no Display, no Clone, no serialisation.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of the bytes; the caller keeps no copy.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves, for a MAC. The name is long so that its use is seen in review.
    pub fn secret_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are: that much may be said.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A secret that is sent as text: wiped when dropped, printed by nothing.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes ownership of the text; the caller keeps no copy.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the header it belongs in. The name is long so that its use is seen in review.
    pub fn secret_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The name of a key (COSE `kid`, RFC 9052 section 3.1): public, chosen by the operator.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Longest accepted name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// A name of 1 to 64 printable ASCII characters; `None` for any other text.
    pub fn new(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn debug_shows_no_secret() {
        let secret = Secret::from(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(secret.len(), 7);
        assert_eq!(format!("{:?}", SecretText::new("hunter2".into())), "Secret(..)");
    }

    #[test]
    fn key_ids_are_short_and_printable() {
        assert!(KeyId::new("2026-11").is_some());
        for bad in ["", "a b", "a\n", "schlüssel", &"k".repeat(65)] {
            assert!(KeyId::new(bad).is_none(), "{bad:?}");
        }
    }
}
