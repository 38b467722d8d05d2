//! ECDSA on P-256 with SHA-256, verification only: ES256 (RFC 7518 section 3.4, FIPS 186-5 section 6.4.2).
//!
//! Everything here is public: the key, the message and the signature. So nothing takes care to need the same time
//! for all of them, and the code is a twelfth of what a general library adds to the edge. There is nothing here that
//! makes a signature, and nothing here may ever be given a secret.

mod modulus;
mod point;

use modulus::{Modulus, Number, ZERO, checked_add, from_bytes};
use point::{FIELD, Point};

/// Bytes of a signature: r and s, 32 each, the highest first (RFC 7518 section 3.4).
pub const SIGNATURE_BYTES: usize = 64;

/// Modulo the order of the group (SEC 2 section 2.4.2).
const ORDER: Modulus = Modulus {
    number: [0xfc63_2551, 0xf3b9_cac2, 0xa717_9e84, 0xbce6_faad, 0xffff_ffff, 0xffff_ffff, 0, 0xffff_ffff],
    inverse: 0xee00_bc4f,
    square: [0xbe79_eea2, 0x8324_4c95, 0x49bd_6fa6, 0x4699_799c, 0x2b6b_ec59, 0x2845_b239, 0xf3d9_5620, 0x66e1_2d94],
    one: [0x039c_daaf, 0x0c46_353d, 0x58e8_617b, 0x4319_0552, 0, 0, 0xffff_ffff, 0],
};

/// A public key: a point of the curve.
#[derive(Clone, Copy)]
pub struct PublicKey(Point);

impl PublicKey {
    /// The key with these coordinates, the highest byte first; `None` if they are not those of a point of the curve
    /// (FIPS 186-5 section 3.3: a key is checked before it is used).
    pub fn new(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        Point::new(&from_bytes(x), &from_bytes(y)).map(Self)
    }

    /// Whether `signature` is one of the key's for the message whose SHA-256 is `hash`.
    ///
    /// With `(r, s)` also `(r, n - s)` is good, as RFC 7518 has it: a signature identifies nothing.
    pub fn verifies(&self, hash: &[u8; 32], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let (Some(r), Some(s)) = (scalar(signature.first_chunk()), scalar(signature.last_chunk())) else {
            return false;
        };
        let inverse = ORDER.invert(&ORDER.enter(&s));
        // A number in Montgomery's form times one that is not is a product that is not, and below the order.
        let hash = from_bytes(hash);
        let sum = self.0.combined_with_base(&ORDER.mul(&hash, &inverse), &ORDER.mul(&r, &inverse));
        // Whether r is x modulo the order, x being X / Z^2 and below p: so x is r, or r and the order once.
        !sum.is_infinity() && (is_x_of(&sum, &r) || checked_add(&r, &ORDER.number).is_some_and(|x| is_x_of(&sum, &x)))
    }
}

impl core::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PublicKey(..)")
    }
}

/// A number from 1 to the order less one: what r and s have to be.
fn scalar(bytes: Option<&[u8; 32]>) -> Option<Number> {
    Some(from_bytes(bytes?)).filter(|number| *number != ZERO && ORDER.holds(number))
}

fn is_x_of(point: &Point, x: &Number) -> bool {
    FIELD.holds(x) && FIELD.mul(&FIELD.enter(x), &FIELD.square(&point.z)) == point.x
}
