//! The token's wire form: core's borrowing reader against one that builds a tree.

use crate::{cbor, seeds};
use clouddrop_cases::base64url;
use clouddrop_core::token::wire::{Algorithm, MAX_BYTES, Parts, TokenBytes};

pub(crate) fn run(data: &[u8]) {
    let found = Parts::read(data).ok();
    let wanted = cbor::mac0(data);
    assert_eq!(found.is_some(), wanted.is_some(), "{found:02x?} {wanted:02x?}");
    if let (Some(found), Some(wanted)) = (&found, &wanted) {
        let Algorithm(algorithm) = found.algorithm();
        let beyond = wanted.algorithm != i128::from(algorithm) && i64::try_from(wanted.algorithm).is_ok();
        assert!(!beyond, "{algorithm} {}", wanted.algorithm);
        assert_eq!(found.tag(), wanted.tag);
        let input = found.with_mac_input(|pieces| pieces.concat());
        assert_eq!(input, cbor::mac_input(wanted.protected, wanted.payload), "what is authenticated");
    }

    // The text form: one spelling for each value, and nothing longer than the profile's limit.
    let text = base64url::encode(data);
    let decoded = TokenBytes::decode(&text);
    assert_eq!(decoded.is_ok(), data.len() <= MAX_BYTES);
    if let Ok(bytes) = decoded {
        assert_eq!(bytes.parts().is_ok(), found.is_some());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let known = base64url::decode(text).filter(|bytes| bytes.len() <= MAX_BYTES);
        assert_eq!(TokenBytes::decode(text).is_ok(), known.is_some(), "{text:?}");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    seeds::tokens()
}
