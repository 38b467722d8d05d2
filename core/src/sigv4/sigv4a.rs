//! SigV4A: a signature that is good in every region of a set, as a Multi-Region Access Point wants it, since nobody knows
//! beforehand which region will answer (IAM User Guide, "AWS Signature Version 4 for API requests").
//!
//! The request is put into the same canonical form as for Version 4. What differs: the key is a private key of P-256
//! that follows from the credentials alone, and the regions stand in a header instead of in the scope.

use super::sign::write_string_to_sign;
use crate::hash::MacKey;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::ff::PrimeField as _;
use p256::{FieldBytes, NonZeroScalar, Scalar};
use zeroize::Zeroizing;

/// What the scope, the string to sign and the Authorization header call the algorithm.
pub(super) const ALGORITHM: &str = "AWS4-ECDSA-P256-SHA256";
/// Counters of candidates for a key: one byte, beginning with one; 255 is not used.
const COUNTERS: core::ops::RangeInclusive<u8> = 1..=254;

/// The private key that follows from an AWS identity; it is wiped when dropped.
pub struct RegionSetKey(SigningKey);

impl RegionSetKey {
    /// Derives the key by a KDF in counter mode (NIST SP 800-108 section 4.1) with HMAC-SHA256 under `AWS4A` and the
    /// secret: one block of 256 bits for each candidate, of which the first that is small enough is the key less one.
    pub fn derive(access_key_id: &str, secret: &Secret) -> Self {
        let mut first = Zeroizing::new(Vec::with_capacity(5 + secret.len()));
        first.extend_from_slice(b"AWS4A");
        first.extend_from_slice(secret.secret_bytes());
        let mac = MacKey::new(&first);
        let (block, bits) = (1_u32.to_be_bytes(), 256_u32.to_be_bytes());
        let candidate = |counter: u8| {
            let parts: [&[u8]; 6] = [&block, ALGORITHM.as_bytes(), &[0], access_key_id.as_bytes(), &[counter], &bits];
            Zeroizing::new(mac.tag(&parts))
        };
        match COUNTERS.map(candidate).find_map(|candidate| private_key(&candidate)) {
            Some(key) => Self(SigningKey::from(*key)),
            None => unreachable!("a candidate is too large once in 2^32: all of 254 never are"),
        }
    }

    /// The signature of a string to sign, in DER; it is sent in hexadecimal.
    ///
    /// Its nonce follows from the key and the text (RFC 6979): without randomness, and never the same for two texts.
    pub fn signature(&self, string_to_sign: &str) -> Vec<u8> {
        let signature: DerSignature = self.0.sign(string_to_sign.as_bytes());
        signature.as_bytes().into()
    }

    /// The coordinates of the public key, x and y: what AWS checks signatures with.
    pub fn public_key(&self) -> ([u8; 32], [u8; 32]) {
        let point = self.0.verifying_key().to_sec1_point(false);
        let coordinate = |bytes: Option<&FieldBytes>| bytes.map_or([0; 32], |bytes| (*bytes).into());
        (coordinate(point.x()), coordinate(point.y()))
    }
}

impl fmt::Debug for RegionSetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegionSetKey(..)")
    }
}

/// The private key of a candidate: the candidate and one, if the candidate is at most the order less two.
///
/// In constant time but for the answer: a candidate from the order on is no scalar, and the order less one becomes zero
/// by adding one, which is no key.
fn private_key(candidate: &[u8; 32]) -> Option<Zeroizing<NonZeroScalar>> {
    let scalar = Scalar::from_repr(FieldBytes::from(*candidate));
    scalar.and_then(|scalar| NonZeroScalar::new(scalar + Scalar::ONE)).into_option().map(Zeroizing::new)
}

/// The kept key of the identity that signed last.
#[derive(Debug)]
pub(super) struct Kept {
    access_key_id: String,
    pub(super) key: RegionSetKey,
}

impl Kept {
    pub(super) fn derive(access_key_id: &str, secret: &Secret) -> Self {
        Self { access_key_id: access_key_id.into(), key: RegionSetKey::derive(access_key_id, secret) }
    }

    pub(super) fn is_of(&self, access_key_id: &str) -> bool {
        self.access_key_id == access_key_id
    }
}

/// The credential scope: day and service, no region.
pub fn scope(now: UnixTime, service: &str) -> String {
    let amz_date = now.amz_date();
    let date = core::str::from_utf8(&amz_date[..8]).unwrap_or_default(); // digits
    [date, "/", service, "/aws4_request"].concat()
}

/// Appends the string to sign, as [`super::string_to_sign`] does for Version 4.
pub fn string_to_sign(out: &mut String, amz_date: &str, scope: &str, canonical_request_sha256: &[u8; 32]) {
    write_string_to_sign(out, ALGORITHM, amz_date, scope, canonical_request_sha256);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::from_hex;
    use alloc::format;

    /// The order of the group (SEC 2 section 2.4.2).
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    /// The order less `by`.
    fn order_less(by: u8) -> [u8; 32] {
        let mut number: [u8; 32] = from_hex(ORDER).unwrap();
        number[31] -= by;
        number
    }

    #[test]
    fn a_candidate_is_a_key_up_to_the_order_less_two() {
        let key = |candidate: [u8; 32]| private_key(&candidate).map(|key| <[u8; 32]>::from(key.to_repr()));
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(key([0; 32]), Some(one));
        assert_eq!(key(order_less(3)), Some(order_less(2)));
        assert_eq!(key(order_less(2)), Some(order_less(1)));
        for too_large in [order_less(1), order_less(0), [0xff; 32]] {
            assert_eq!(key(too_large), None);
        }
    }

    #[test]
    fn nothing_of_a_key_is_shown() {
        let kept = Kept::derive("AKIDEXAMPLE", &Secret::from(String::from("hunter2")));
        assert_eq!(format!("{:?}", kept.key), "RegionSetKey(..)");
        assert_eq!(format!("{kept:?}"), "Kept { access_key_id: \"AKIDEXAMPLE\", key: RegionSetKey(..) }");
    }
}
