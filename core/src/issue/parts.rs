//! How an upload is cut into parts. The plan follows from the size alone, so nobody has to remember it.

use crate::refusal::Refusal;

const MIB: u64 = 1024 * 1024;
/// The largest object in bytes (S3 user guide, "Multipart upload limits").
pub const MAX_OBJECT_BYTES: u64 = 5 * 1024 * 1024 * MIB;
/// The largest body of one PUT in bytes (same page).
pub const MAX_SINGLE_BYTES: u64 = 5 * 1024 * MIB;
/// Most parts of one upload (same page).
pub const MAX_PARTS: u64 = 10_000;
/// The smallest part that is planned, in bytes: big enough to fill a fast line, small enough to send again.
pub const MIN_PART_BYTES: u64 = 16 * MIB;

/// The parts of an upload of one size: all of `part_size` bytes but the last, which has the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartPlan {
    size: u64,
    part_size: u64,
    count: u32,
}

impl PartPlan {
    /// The plan for `size` bytes; `None` over [`MAX_OBJECT_BYTES`].
    pub fn of(size: u64) -> Option<Self> {
        if size > MAX_OBJECT_BYTES {
            return None;
        }
        let part_size = size.div_ceil(MAX_PARTS).next_multiple_of(MIB).max(MIN_PART_BYTES);
        // An object of no bytes has one part of no bytes.
        let count = u32::try_from(size.div_ceil(part_size).max(1)).ok()?;
        Some(Self { size, part_size, count })
    }

    /// The bytes of the whole object.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of each part but the last.
    pub const fn part_size(&self) -> u64 {
        self.part_size
    }

    /// How many parts there are: 1 to [`MAX_PARTS`].
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The exact bytes of part `number`, counted from 1; `None` if there is no such part.
    pub const fn bytes_of(&self, number: u32) -> Option<u64> {
        if number == 0 || number > self.count {
            None
        } else if number == self.count {
            Some(self.size - self.part_size * (self.count as u64 - 1))
        } else {
            Some(self.part_size)
        }
    }

    /// Whether `parts`, as number and bytes in the order of their numbers, are this plan's: each one there, each
    /// of its planned size. The sum is then the granted size.
    ///
    /// # Errors
    /// [`Refusal::PreconditionFailed`] for any other parts.
    pub fn check(&self, parts: impl ExactSizeIterator<Item = (u32, u64)>) -> Result<(), Refusal> {
        if parts.len() != self.count as usize {
            return Err(Refusal::PreconditionFailed);
        }
        for (expected, (number, bytes)) in (1..).zip(parts) {
            if number != expected || self.bytes_of(number) != Some(bytes) {
                return Err(Refusal::PreconditionFailed);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_size_fits_into_ten_thousand_parts() {
        for (size, part_size, count, last) in [
            (0, 16 * MIB, 1, 0),
            (1, 16 * MIB, 1, 1),
            (16 * MIB, 16 * MIB, 1, 16 * MIB),
            (16 * MIB + 1, 16 * MIB, 2, 1),
            (160_000 * MIB, 16 * MIB, 10_000, 16 * MIB),
            (160_000 * MIB + 1, 17 * MIB, 9_412, 13 * MIB + 1),
            (MAX_OBJECT_BYTES, 525 * MIB, 9_987, 230 * MIB),
        ] {
            let plan = PartPlan::of(size).unwrap();
            assert_eq!((plan.part_size(), plan.count()), (part_size, count), "{size}");
            assert_eq!(plan.bytes_of(count), Some(last), "{size}");
            assert_eq!((1..=count).filter_map(|n| plan.bytes_of(n)).sum::<u64>(), size);
            assert_eq!((plan.bytes_of(0), plan.bytes_of(count + 1)), (None, None));
        }
        assert_eq!(PartPlan::of(MAX_OBJECT_BYTES + 1), None);
    }

    #[test]
    fn only_the_planned_parts_are_complete() {
        let plan = PartPlan::of(40 * MIB).unwrap();
        let check = |parts: &[(u32, u64)]| plan.check(parts.iter().copied()).is_ok();
        assert!(check(&[(1, 16 * MIB), (2, 16 * MIB), (3, 8 * MIB)]));
        let wrong: [Vec<(u32, u64)>; 6] = [
            Vec::new(),
            Vec::from([(1, 16 * MIB), (2, 16 * MIB)]),
            Vec::from([(1, 16 * MIB), (3, 8 * MIB), (2, 16 * MIB)]),
            Vec::from([(1, 16 * MIB), (2, 16 * MIB), (4, 8 * MIB)]),
            // The right sum, cut otherwise.
            Vec::from([(1, 16 * MIB), (2, 15 * MIB), (3, 9 * MIB)]),
            Vec::from([(1, 16 * MIB), (2, 16 * MIB), (3, 8 * MIB), (4, 0)]),
        ];
        for parts in wrong {
            assert!(!check(&parts), "{parts:?}");
        }
    }
}
