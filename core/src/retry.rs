//! When an origin's failure is tried again, and when the origin is left alone.
//!
//! Three rules, each with its own reason. A **read** is tried again, before the first byte has gone to the
//! client, at most twice and after a random wait, so that clients that failed together do not come back
//! together. A **budget** bounds what retries add to an origin that is ill: a tenth of the traffic. A
//! **breaker** per origin opens when nothing has come back for a while; then one request a second looks
//! whether the origin is there again and the others are refused at once.
//!
//! The state is one instance's own: platforms run many, and each sees enough traffic to judge by itself.

use crate::refusal::Refusal;
use crate::time::UnixTime;

/// Longest wait for the first byte of an answer, over all attempts, in milliseconds.
pub const FIRST_BYTE_MILLIS: i64 = 8_000;
/// Where there is a second origin, the first one has this long, in milliseconds: then the other is asked.
pub const FIRST_BYTE_OF_TWO_MILLIS: i64 = 3_000;
/// Retries of one request.
pub const MOST_RETRIES: u32 = 2;
/// Shortest and longest wait before a retry, in milliseconds.
const JITTER_MILLIS: (u32, u32) = (50, 400);
/// What must be left of [`FIRST_BYTE_MILLIS`] after the wait for a retry to make sense.
const LEAST_ATTEMPT_MILLIS: i64 = 250;

/// A request adds this much to the budget, a retry takes [`RETRY_COST`]: retries are a tenth of the traffic.
const REQUEST_CREDIT: u32 = 1;
const RETRY_COST: u32 = 10;
/// What the budget holds at most, and at first: ten retries.
const MOST_CREDIT: u32 = 10 * RETRY_COST;

/// A breaker opens after this long without a success, in milliseconds,
const OPENS_AFTER_MILLIS: i64 = 5_000;
/// if there were at least so many failures in that time,
const OPENS_AFTER_FAILURES: u32 = 20;
/// and lets one request through so often.
const PROBE_MILLIS: i64 = 1_000;

/// Which of the configured origins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    /// `ORIGIN`.
    #[default]
    First,
    /// `SECOND_ORIGIN`: the same objects in another region.
    Second,
}

/// One attempt that failed, as its adapter saw it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// How many were made, this one included.
    pub number: u32,
    /// Since the first one began, in milliseconds.
    pub elapsed_millis: i64,
    /// 32 random bits for the wait.
    pub entropy: u32,
}

/// What to do after a failure that may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Wait so long first.
    pub delay_millis: u32,
    /// Then ask this one.
    pub origin: Origin,
}

/// How the origins have done lately.
#[derive(Debug)]
pub struct Health {
    credit: u32,
    first: Breaker,
    second: Breaker,
}

impl Default for Health {
    fn default() -> Self {
        Self { credit: MOST_CREDIT, first: Breaker::default(), second: Breaker::default() }
    }
}

impl Health {
    /// The origin that a new request is for; `None` if none is to be asked now.
    pub fn admit(&mut self, has_second: bool, now: UnixTime) -> Option<Origin> {
        self.credit = MOST_CREDIT.min(self.credit + REQUEST_CREDIT);
        if self.first.admits(now) {
            Some(Origin::First)
        } else if has_second && self.second.admits(now) {
            Some(Origin::Second)
        } else {
            None
        }
    }

    /// An answer came that is not a failure of the origin, whatever it says.
    pub const fn succeeded(&mut self, origin: Origin) {
        self.breaker(origin).succeeded();
    }

    /// No answer came, or one that is the origin's failure. What follows, if anything does.
    pub fn failed(&mut self, origin: Origin, attempt: Attempt, has_second: bool, now: UnixTime) -> Option<Retry> {
        self.breaker(origin).failed(now);
        let delay_millis = jitter(attempt.entropy);
        let left = FIRST_BYTE_MILLIS - attempt.elapsed_millis - i64::from(delay_millis);
        if attempt.number > MOST_RETRIES || left < LEAST_ATTEMPT_MILLIS {
            return None;
        }
        let other = match origin {
            Origin::First => Origin::Second,
            Origin::Second => Origin::First,
        };
        // Another origin is not the one that is ill: asking it takes nothing from the budget.
        if has_second && attempt.number == 1 && !self.breaker(other).is_open() {
            return Some(Retry { delay_millis: 0, origin: other });
        }
        if self.breaker(origin).is_open() || self.credit < RETRY_COST {
            return None;
        }
        self.credit -= RETRY_COST;
        Some(Retry { delay_millis, origin })
    }

    const fn breaker(&mut self, origin: Origin) -> &mut Breaker {
        match origin {
            Origin::First => &mut self.first,
            Origin::Second => &mut self.second,
        }
    }
}

/// Full jitter: anywhere between the bounds.
fn jitter(entropy: u32) -> u32 {
    let (least, most) = JITTER_MILLIS;
    least + entropy % (most - least + 1)
}

impl Refusal {
    /// Whether asking again may help: the origin was out of reach, overloaded, or late.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::OriginUnavailable(_) | Self::OriginTimeout)
    }
}

#[derive(Debug, Default)]
struct Breaker {
    /// Since the last success.
    failures: u32,
    /// When the first of them was.
    since: Option<UnixTime>,
    /// When it opened or last let one through.
    probed: Option<UnixTime>,
}

impl Breaker {
    const fn is_open(&self) -> bool {
        self.probed.is_some()
    }

    fn admits(&mut self, now: UnixTime) -> bool {
        match self.probed {
            None => true,
            // A clock that was set back must not keep it shut.
            Some(last) if millis_between(last, now) >= PROBE_MILLIS || now < last => {
                self.probed = Some(now);
                true
            }
            Some(_) => false,
        }
    }

    const fn succeeded(&mut self) {
        self.failures = 0;
        self.since = None;
        self.probed = None;
    }

    fn failed(&mut self, now: UnixTime) {
        self.failures = self.failures.saturating_add(1);
        let since = *self.since.get_or_insert(now);
        if !self.is_open() && self.failures >= OPENS_AFTER_FAILURES && millis_between(since, now) >= OPENS_AFTER_MILLIS
        {
            self.probed = Some(now);
        }
    }
}

const fn millis_between(from: UnixTime, to: UnixTime) -> i64 {
    to.as_millis().saturating_sub(from.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> UnixTime {
        UnixTime::from_millis(1_800_000_000_000 + millis)
    }

    fn attempt(number: u32, elapsed_millis: i64) -> Attempt {
        Attempt { number, elapsed_millis, entropy: number.wrapping_mul(2_654_435_761) }
    }

    #[test]
    fn a_request_is_tried_three_times_in_all_and_within_its_time() {
        let mut health = Health::default();
        assert_eq!(health.admit(false, at(0)), Some(Origin::First));
        for number in 1..=2 {
            let retry = health.failed(Origin::First, attempt(number, 100), false, at(0)).unwrap();
            assert!((50..=400).contains(&retry.delay_millis));
            assert_eq!(retry.origin, Origin::First);
        }
        assert_eq!(health.failed(Origin::First, attempt(3, 100), false, at(0)), None);
        assert_eq!(health.failed(Origin::First, attempt(1, 7_900), false, at(0)), None);
        assert_eq!(health.failed(Origin::First, attempt(1, 8_100), true, at(0)), None);
    }

    #[test]
    fn the_wait_takes_every_value_between_its_bounds() {
        let waits: alloc::collections::BTreeSet<u32> = (0..10_000).map(jitter).collect();
        assert_eq!((waits.first(), waits.last(), waits.len()), (Some(&50), Some(&400), 351));
    }

    #[test]
    fn under_a_total_outage_retries_are_a_tenth_and_then_the_origin_is_left_alone() {
        let mut health = Health::default();
        // 100 requests a second.
        let mut asked_by_second = [0_u32; 30];
        for request in 0..3000_i64 {
            let now = at(request * 10);
            let Some(origin) = health.admit(false, now) else { continue };
            let mut number = 1;
            let place = usize::try_from(request / 100).unwrap();
            asked_by_second[place] += 1;
            while health.failed(origin, attempt(number, 0), false, now).is_some() {
                number += 1;
                asked_by_second[place] += 1;
            }
        }
        assert!(asked_by_second[..5].iter().sum::<u32>() <= 500 + 10 + 50, "{asked_by_second:?}");
        assert!(asked_by_second[10..].iter().all(|asked| *asked <= 2), "{asked_by_second:?}");
        assert!(asked_by_second[10..].iter().sum::<u32>() >= 19, "nobody looks whether it is back");
    }

    #[test]
    fn one_success_closes_the_breaker_and_few_failures_never_open_it() {
        let mut health = Health::default();
        for second in 0..60 {
            health.failed(Origin::First, attempt(3, 0), false, at(second * 1000));
            assert_eq!(health.admit(false, at(second * 1000)).is_some(), second < 19, "{second}");
            if second == 19 {
                break;
            }
        }
        assert_eq!(health.admit(false, at(20_000)), Some(Origin::First), "a probe");
        assert_eq!(health.admit(false, at(20_001)), None);
        health.succeeded(Origin::First);
        assert_eq!(health.admit(false, at(20_002)), Some(Origin::First));
        // A success now and then is no outage.
        for step in 0..2000 {
            if step % 50 == 0 {
                health.succeeded(Origin::First);
            }
            health.failed(Origin::First, attempt(3, 0), false, at(22_000 + step * 100));
            assert!(!health.first.is_open(), "{step}");
        }
    }

    #[test]
    fn a_second_origin_is_asked_at_once_and_alone_while_the_first_is_out() {
        let mut health = Health::default();
        for request in 0..1000_i64 {
            let now = at(request * 10);
            match health.admit(true, now) {
                Some(Origin::First) => {
                    let retry = health.failed(Origin::First, attempt(1, 0), true, now).unwrap();
                    assert_eq!(retry, Retry { delay_millis: 0, origin: Origin::Second });
                    health.succeeded(Origin::Second);
                }
                Some(Origin::Second) => health.succeeded(Origin::Second),
                None => unreachable!("the second origin is well"),
            }
        }
        assert!(health.first.is_open());
        assert_eq!(health.admit(true, at(9_995)), Some(Origin::Second));
    }
}
