//! base64url without padding (RFC 4648 section 5), strict: one spelling for each value.

use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The bytes that `text` stands for, or `None` for padding, foreign characters, white space, an
/// impossible length or non-zero trailing bits.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `bytes` as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_decodes() {
        assert_eq!(decode("_-8").as_deref(), Some(&[0xff, 0xef][..]));
        assert_eq!(encode(&[0xff, 0xef]), "_-8");
        for bad in ["_-8=", "/+8", "_-9", "_", "_-8\n", " _-8", "_-é"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
