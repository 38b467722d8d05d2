//! Bytes of a file that nobody has to keep: each follows from its place.

use sha2::{Digest, Sha256};

/// The bytes of the file called `seed`, from `first` on.
pub fn bytes(seed: u64, first: u64, length: usize) -> Vec<u8> {
    let skip = usize::try_from(first % 8).unwrap_or_default();
    let mut out = Vec::with_capacity(length + 16);
    let mut word = first / 8;
    while out.len() < skip + length {
        out.extend_from_slice(&mix(seed.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ word).to_le_bytes());
        word += 1;
    }
    out.truncate(skip + length);
    out.drain(..skip);
    out
}

/// SHA-256 of a stream.
#[derive(Clone, Default)]
pub struct Hash {
    hash: Sha256,
    length: u64,
}

impl Hash {
    /// The next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// The digest, and how many bytes there were.
    pub fn end(self) -> ([u8; 32], u64) {
        (self.hash.finalize().into(), self.length)
    }
}

/// A seeded stream of numbers (splitmix64): the same in every run.
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next_number() % end.max(1) as u64).unwrap_or_default()
    }

    /// One of `items`.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_the_same_file() {
        let whole = bytes(7, 0, 1000);
        for (first, length) in [(0_usize, 1), (1, 7), (8, 8), (13, 500), (999, 1)] {
            assert_eq!(bytes(7, first as u64, length), whole[first..first + length]);
        }
        assert_ne!(bytes(8, 0, 1000), whole);
    }
}
