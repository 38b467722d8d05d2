//! A token bucket whose whole state is one moment: when it will be full again (the generic cell rate algorithm of
//! ITU-T I.371, in its virtual scheduling form). Exact in integers, and the same for a restarted store.

use crate::range::number;
use crate::time::UnixTime;
use alloc::string::{String, ToString};

const MICROS_PER_MINUTE: u64 = 60_000_000;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// How many calls a bucket holds and how fast it fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// What a full bucket lets through at once.
    pub capacity: u32,
    /// How many calls flow in within a minute; at least one.
    pub per_minute: u32,
}

/// A bucket's state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bucket {
    /// When it is full again, in microseconds since 1970: milliseconds are too coarse for a million a minute.
    full: u64,
}

/// Nothing is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait {
    /// After so many whole seconds, at least one, there is.
    pub seconds: u32,
}

impl Rate {
    /// A minute's calls, all at once or one by one.
    pub const fn per_minute(calls: u32) -> Self {
        Self { capacity: calls, per_minute: calls }
    }

    /// How long one call takes to flow in; rounded up, to the strict side.
    const fn interval(self) -> u64 {
        let per_minute = if self.per_minute == 0 { 1 } else { self.per_minute as u64 };
        MICROS_PER_MINUTE.div_ceil(per_minute)
    }
}

impl Bucket {
    /// Takes one call out, if one is in: the bucket after it, and how long to wait if it was empty.
    pub fn take(self, rate: Rate, now: UnixTime) -> (Self, Option<Wait>) {
        let now = now.as_millis().max(0).unsigned_abs().saturating_mul(1000);
        let fills_in = rate.interval().saturating_mul(rate.capacity.into());
        let latest = now.saturating_add(fills_in);
        // A bucket cannot be emptier than empty: after the clock was set back, or the rate was changed, it fills
        // from there.
        let held = self.full.clamp(now, latest);
        let full = held.saturating_add(rate.interval());
        if full > latest {
            let seconds = (full - latest).div_ceil(MICROS_PER_SECOND);
            let wait = Wait { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) };
            return (Self { full: held }, Some(wait));
        }
        (Self { full }, None)
    }

    /// When it is full again and as good as a new one.
    pub const fn full_at(self) -> UnixTime {
        #[expect(clippy::cast_possible_wrap, reason = "a thousandth of the type's range")]
        UnixTime::from_millis(self.full.div_ceil(1000) as i64)
    }

    /// The state as text.
    pub fn to_text(self) -> String {
        self.full.to_string()
    }

    /// What [`Self::to_text`] has written.
    pub fn from_text(text: &str) -> Option<Self> {
        number(text).map(|full| Self { full })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> UnixTime {
        UnixTime::from_millis(1_800_000_000_000 + millis)
    }

    /// How many of `calls` at `now` go through.
    fn through(bucket: &mut Bucket, rate: Rate, calls: u32, now: UnixTime) -> u32 {
        (0..calls).map(|_| u32::from(wait(bucket, rate, now) == 0)).sum()
    }

    /// The seconds that a call at `now` is told to wait.
    fn wait(bucket: &mut Bucket, rate: Rate, now: UnixTime) -> u32 {
        let (after, wait) = bucket.take(rate, now);
        *bucket = after;
        wait.map_or(0, |wait| wait.seconds)
    }

    #[test]
    fn a_full_bucket_lets_its_capacity_through_and_then_the_rate() {
        for per_minute in [2, 7, 60, 120, 59_999] {
            let rate = Rate::per_minute(per_minute);
            let mut bucket = Bucket::default();
            assert_eq!(through(&mut bucket, rate, per_minute + 3, at(0)), per_minute, "{per_minute}");
            let later: u32 = (1..=60).map(|second| through(&mut bucket, rate, per_minute + 3, at(second * 1000))).sum();
            // The interval is rounded up by less than a microsecond a call: the last one may come just after.
            assert!((per_minute - per_minute / 100 - 1..=per_minute).contains(&later), "{per_minute}: {later}");
        }
    }

    #[test]
    fn the_wait_that_is_told_is_enough_and_no_second_less_is() {
        let rate = Rate { capacity: 2, per_minute: 20 };
        let mut bucket = Bucket::default();
        assert_eq!(through(&mut bucket, rate, 5, at(0)), 2);
        for (millis, seconds) in [(0, 3), (500, 3), (2_000, 1), (2_999, 1), (3_000, 0)] {
            assert_eq!(wait(&mut bucket, rate, at(millis)), seconds, "{millis}");
        }
    }

    #[test]
    fn a_bucket_fills_to_its_capacity_and_no_further() {
        let rate = Rate { capacity: 3, per_minute: 60 };
        let mut bucket = Bucket::default();
        assert_eq!(through(&mut bucket, rate, 9, at(0)), 3);
        assert_eq!(bucket.full_at(), at(3_000));
        assert_eq!(through(&mut bucket, rate, 9, at(3_600_000)), 3);
    }

    #[test]
    fn a_clock_that_was_set_back_empties_it_and_does_not_keep_it_shut() {
        let rate = Rate::per_minute(6);
        let mut bucket = Bucket::default();
        assert_eq!(through(&mut bucket, rate, 6, at(3_600_000)), 6);
        assert_eq!(wait(&mut bucket, rate, at(0)), 10);
        assert_eq!(wait(&mut bucket, rate, at(10_000)), 0);
        assert_eq!(wait(&mut bucket, rate, at(10_000)), 10);
    }

    #[test]
    fn it_is_the_same_after_a_restart() {
        let rate = Rate::per_minute(4);
        let mut bucket = Bucket::default();
        assert_eq!(through(&mut bucket, rate, 4, at(0)), 4);
        let mut again = Bucket::from_text(&bucket.to_text()).unwrap();
        assert_eq!(wait(&mut again, rate, at(0)), 15);
        for bad in ["", "-1", "1.0", " 1"] {
            assert_eq!(Bucket::from_text(bad), None, "{bad:?}");
        }
    }
}
