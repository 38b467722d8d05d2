//! Proves core's verification of ES256: by the vectors of project Wycheproof, and by the crate `p256`, which must answer
//! the same for thousands of keys, hashes and signatures, good, damaged and made of the values at every edge.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::hash::sha256;
use clouddrop_core::p256::PublicKey;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

/// How many vectors the pinned crate holds.
const VECTORS: usize = 262;
/// The order of the group, and the prime of the field.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

fn number(hex: &str) -> [u8; 32] {
    clouddrop_cases::cbor::unhex(hex).unwrap().try_into().unwrap()
}

/// `number + delta`, modulo 2^256.
fn moved(mut number: [u8; 32], delta: i64) -> [u8; 32] {
    let mut carry = i128::from(delta);
    for byte in number.iter_mut().rev() {
        let sum = i128::from(*byte) + (carry & 0xff);
        *byte = (sum & 0xff) as u8;
        carry = (carry >> 8) + (sum >> 8);
    }
    number
}

/// The same 32 bytes for the same words in each run.
fn random(what: &str, round: u32) -> [u8; 32] {
    sha256(format!("{what} {round}").as_bytes())
}

/// x and y.
fn coordinates(key: &VerifyingKey) -> ([u8; 32], [u8; 32]) {
    let point = key.to_sec1_point(false);
    let bytes = point.as_bytes();
    (bytes[1..33].try_into().unwrap(), bytes[33..].try_into().unwrap())
}

/// Both libraries' form of one key.
struct Pair {
    ours: PublicKey,
    theirs: VerifyingKey,
}

impl Pair {
    fn of(key: &SigningKey) -> Self {
        let theirs = *key.verifying_key();
        let (x, y) = coordinates(&theirs);
        let ours = PublicKey::new(&x, &y).unwrap();
        Self { ours, theirs }
    }

    /// What both say.
    fn verify(&self, hash: &[u8; 32], signature: &[u8; 64]) -> bool {
        let theirs = Signature::from_slice(signature).is_ok_and(|s| self.theirs.verify_prehash(hash, &s).is_ok());
        assert_eq!(self.ours.verifies(hash, signature), theirs, "{:?} {hash:?} {signature:?}", self.theirs);
        theirs
    }
}

fn signature(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    [*r, *s].concat().try_into().unwrap()
}

#[test]
fn every_vector_of_wycheproof() {
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut ran, mut valid) = (0, 0);
    for group in &set.test_groups {
        let point = &group.key.key;
        let (head, rest) = point.split_first().unwrap();
        assert_eq!((*head, rest.len()), (4, 64), "an uncompressed point");
        let key = PublicKey::new(rest[..32].try_into().unwrap(), rest[32..].try_into().unwrap()).unwrap();
        for test in &group.tests {
            // Of another length it is no signature: the type says so.
            let ours = <&[u8; 64]>::try_from(&test.sig[..]).is_ok_and(|sig| key.verifies(&sha256(&test.msg), sig));
            assert_eq!(ours, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            ran += 1;
            valid += usize::from(ours);
        }
    }
    assert_eq!(ran, VECTORS);
    assert!(valid > 100, "{valid}");
}

#[test]
fn random_signatures_good_and_damaged() {
    for round in 0..1000 {
        let key = SigningKey::from_slice(&random("key", round)).unwrap();
        let pair = Pair::of(&key);
        let hash = random("hash", round);
        let made: Signature = key.sign_prehash(&hash).unwrap();
        let good: [u8; 64] = made.to_bytes().into();
        assert!(pair.verify(&hash, &good));
        let (r, s) = made.split_scalars();
        let other_half: [u8; 64] = Signature::from_scalars(r, -s).unwrap().to_bytes().into();
        assert!(pair.verify(&hash, &other_half));
        // One bit of each, a different one in each round.
        let bit = round as usize;
        let mut damaged = good;
        damaged[bit / 8 % 64] ^= 1 << (bit % 8);
        assert!(!pair.verify(&hash, &damaged));
        let mut other_hash = hash;
        other_hash[bit / 8 % 32] ^= 1 << (bit % 8);
        assert!(!pair.verify(&other_hash, &good));
        assert!(!pair.verify(&hash, &signature(&random("r", round), &random("s", round))));
    }
}

#[test]
fn every_bit_of_a_signature_and_of_a_hash() {
    let key = SigningKey::from_slice(&random("bits", 0)).unwrap();
    let pair = Pair::of(&key);
    let hash = random("bits", 1);
    let good: [u8; 64] = key.sign_prehash(&hash).map(|made: Signature| made.to_bytes().into()).unwrap();
    for bit in 0..512 {
        let mut damaged = good;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(!pair.verify(&hash, &damaged), "{bit}");
    }
    for bit in 0..256 {
        let mut other = hash;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!pair.verify(&other, &good), "{bit}");
    }
}

/// Small secret keys and those next to the order, with hashes of the same kind: multiples of the base point meet
/// themselves, their negatives and infinity inside the sum.
#[test]
fn keys_and_hashes_at_the_edges() {
    let order = number(ORDER);
    let edges: Vec<[u8; 32]> = (-3..=3)
        .flat_map(|delta| [moved([0; 32], delta), moved(order, delta), moved(number(PRIME), delta)])
        .chain([1 << 7, 1 << 32, 1 << 40].map(|delta| moved([0; 32], delta)))
        .chain([-(1 << 32), -(1 << 40)].map(|delta| moved(order, delta)))
        .collect();
    let (mut good, mut asked) = (0, 0);
    for secret in (1..=3).flat_map(|small| [moved([0; 32], small), moved(order, -small)]) {
        let key = SigningKey::from_slice(&secret).unwrap();
        let pair = Pair::of(&key);
        for hash in &edges {
            let made: Signature = key.sign_prehash(hash).unwrap();
            assert!(pair.verify(hash, &made.to_bytes().into()));
            let (x, _) = coordinates(&pair.theirs);
            for r in edges.iter().chain([&x]) {
                for s in [&edges[0], &edges[9], &edges[10], &edges[13], &x, hash] {
                    good += usize::from(pair.verify(hash, &signature(r, s)));
                    asked += 1;
                }
            }
        }
    }
    // With r = s = x of the key and a hash of zero the sum is the key itself: a signature that nobody made.
    assert!(good >= 6, "{good} of {asked}");
}

#[test]
fn a_sum_at_infinity_is_refused() {
    // hash + r * secret = 0 modulo the order, whatever s: with the secret 1 the hash is the order less r.
    let order = number(ORDER);
    let pair = Pair::of(&SigningKey::from_slice(&moved([0; 32], 1)).unwrap());
    for r in 1..=40 {
        for s in [1, 2, 3, 1 << 33] {
            assert!(!pair.verify(&moved(order, -r), &signature(&moved([0; 32], r), &moved([0; 32], s))));
        }
    }
}

#[test]
fn only_points_of_the_curve_are_keys() {
    let (prime, zero) = (number(PRIME), [0; 32]);
    let accepts = |x: &[u8; 32], y: &[u8; 32]| {
        let ours = PublicKey::new(x, y).is_some();
        let theirs = VerifyingKey::from_sec1_bytes(&[&[4], &x[..], &y[..]].concat()).is_ok();
        assert_eq!(ours, theirs, "{x:?} {y:?}");
        ours
    };
    for round in 0..300 {
        let (x, y) = coordinates(SigningKey::from_slice(&random("point", round)).unwrap().verifying_key());
        assert!(accepts(&x, &y));
        assert!(!accepts(&y, &x));
        assert!(!accepts(&x, &moved(y, 1)));
        assert!(!accepts(&moved(x, 1), &y));
        assert!(!accepts(&random("x", round), &random("y", round)));
    }
    // x = 0 is on the curve, y being a root of b; the same numbers with the prime added are no coordinates.
    let root = number("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
    assert!(accepts(&zero, &root));
    assert!(!accepts(&prime, &root));
    for coordinate in [zero, moved(prime, 0), moved(prime, 1), moved(prime, -1), [0xff; 32]] {
        assert!(!accepts(&coordinate, &coordinate));
    }
    // Small x whose x + p is below 2^256 as well: only the small one is a coordinate.
    let mut small = 0;
    for x in 0..64 {
        let compressed = [&[2], &moved(zero, x)[..]].concat();
        let Ok(key) = VerifyingKey::from_sec1_bytes(&compressed) else { continue };
        let (_, y) = coordinates(&key);
        assert!(accepts(&moved(zero, x), &y));
        assert!(!accepts(&moved(prime, x), &y));
        small += 1;
    }
    assert!(small > 20, "{small}");
}
