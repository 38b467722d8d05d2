//! What limiters count by, and the strict limit of calls that cost something: issuing links and claiming uses.
//!
//! Two kinds of limiters stand before the rules. The platform's own counts roughly, in each of its locations; it
//! costs nothing and keeps floods away from reads. A strict one, [`Bucket`], is one place in the world for each key
//! and counts exactly.

mod bucket;

pub use bucket::{Bucket, Rate, Wait};

use crate::config::Faults;
use crate::hash::push_hex;
use crate::range::number;
use crate::time::UnixTime;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;
use core::net::IpAddr;

/// The key of all clients whose address the platform does not tell: one for them all, so that not being known is
/// never a way around a limit.
const UNKNOWN: &str = "unknown";

/// What a client is counted by: its IPv4 address, or the first 64 bits of its IPv6 address, which are one host's or
/// one household's to choose the rest freely (RFC 4291 section 2.5.1, RFC 6177). Only the platform's word is asked:
/// X-Forwarded-For and its kin are the client's own.
pub fn client_key(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(v4)) => v4.to_string(),
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            let mut out = String::with_capacity(24);
            // Writing to a String cannot fail.
            let _ = write!(out, "{a:x}:{b:x}:{c:x}:{d:x}::/64");
            out
        }
        None => UNKNOWN.into(),
    }
}

/// What a token is counted by, and its counter's name: its id in hexadecimal.
pub fn token_key(id: &[u8]) -> String {
    let mut out = String::with_capacity(id.len() * 2);
    push_hex(&mut out, id);
    out
}

/// How many requests an instance of its own lets through, where the platform has no limiter of that kind: the figures
/// of the rate limits in `wrangler.toml`, in the order client, token, client with tokens that do not verify.
const ROUGH: [(&str, Rate); 3] = [
    ("c", Rate { capacity: 1_000, per_minute: 6_000 }),
    ("t", Rate { capacity: 500, per_minute: 3_000 }),
    ("b", Rate { capacity: 30, per_minute: 30 }),
];

/// Takes from the bucket of a rough limit, which an instance keeps in its memory; `letter` is the limit's, see
/// [`crate::border`]. Answers as [`StrictRates::step`].
pub fn rough_step(letter: &str, state: &str, now: UnixTime) -> Option<String> {
    let (_, rate) = ROUGH.into_iter().find(|(name, _)| *name == letter)?;
    step(rate, state, now)
}

/// The configured rates of strict buckets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StrictRates {
    /// API calls of one key.
    pub issues: Rate,
    /// Claims of one client.
    pub claims: Rate,
}

/// A call every second, for a program that makes links in bulk; a person needs a few.
const ISSUES_PER_MINUTE: u32 = 60;
/// Two a second: an office behind one address that claims a link sent to all. A claim costs a question to the bucket
/// and a write; who draws so many is no reader.
const CLAIMS_PER_MINUTE: u32 = 120;
const MOST_PER_MINUTE: u32 = 1_000_000;

impl StrictRates {
    /// From `ISSUES_PER_MINUTE` and `CLAIMS_PER_MINUTE`, or their defaults.
    pub(crate) fn read(issues: Option<String>, claims: Option<String>, faults: &mut Faults) -> Self {
        let mut read = |name: &str, text: Option<String>, default: u32| {
            let Some(text) = text.filter(|text| !text.is_empty()) else { return Rate::per_minute(default) };
            let value = number(&text).and_then(|n| u32::try_from(n).ok());
            let value = value.filter(|n| (1..=MOST_PER_MINUTE).contains(n)).unwrap_or_else(|| {
                faults.add(name, format!("must be a number from 1 to {MOST_PER_MINUTE}"));
                default
            });
            Rate::per_minute(value)
        };
        Self {
            issues: read("ISSUES_PER_MINUTE", issues, ISSUES_PER_MINUTE),
            claims: read("CLAIMS_PER_MINUTE", claims, CLAIMS_PER_MINUTE),
        }
    }

    /// The rate of a kind of bucket: `issue` or `claim`.
    fn of(&self, kind: &str) -> Option<Rate> {
        match kind {
            "issue" => Some(self.issues),
            "claim" => Some(self.claims),
            _ => None,
        }
    }

    /// Takes from a bucket of `kind` whose state a host keeps as text, empty for a new one. The answer is
    /// `wait \n state \n full`: seconds to wait, 0 if the call may go on; the state to be kept and the
    /// moment, in milliseconds since 1970, from which on it need not be, both empty where nothing changes. `None` for
    /// a kind or a state that is none.
    pub fn step(&self, kind: &str, state: &str, now: UnixTime) -> Option<String> {
        step(self.of(kind)?, state, now)
    }
}

fn step(rate: Rate, state: &str, now: UnixTime) -> Option<String> {
    let bucket = if state.is_empty() { Bucket::default() } else { Bucket::from_text(state)? };
    let (after, wait) = bucket.take(rate, now);
    let seconds = wait.map_or(0, |wait| wait.seconds);
    if after == bucket {
        return Some(format!("{seconds}\n\n"));
    }
    Some(format!("{seconds}\n{}\n{}", after.to_text(), after.full_at().as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> String {
        client_key(Some(address.parse().unwrap()))
    }

    #[test]
    fn a_client_is_its_address_or_the_network_that_it_chooses_addresses_in() {
        assert_eq!(key("203.0.113.7"), "203.0.113.7");
        assert_eq!(key("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(key("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::/64");
        assert_eq!(key("2001:db8:0:1:ffff::"), key("2001:db8:0:1::1"));
        assert_ne!(key("2001:db8:0:2::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("203.0.113.7"), key("203.0.113.8"));
        assert_eq!(client_key(None), "unknown");
    }

    #[test]
    fn a_token_is_its_id() {
        assert_eq!(token_key(&[0, 0xff, 0x1a]), "00ff1a");
    }

    #[test]
    fn rates_are_numbers_in_bounds() {
        let read = |issues: &str, claims: &str| {
            let mut faults = Faults::default();
            let rates = StrictRates::read(Some(issues.into()), Some(claims.into()), &mut faults);
            (rates, faults.iter().map(|fault| fault.variable.clone()).collect::<alloc::vec::Vec<_>>())
        };
        let per_minute = Rate::per_minute;
        assert_eq!(read("", ""), (StrictRates { issues: per_minute(60), claims: per_minute(120) }, [].into()));
        assert_eq!(
            read("1", "1000000"),
            (StrictRates { issues: per_minute(1), claims: per_minute(1_000_000) }, [].into())
        );
        for bad in ["0", "1000001", "-1", "1.5", "60 ", "4294967297", "many"] {
            assert_eq!(read(bad, bad).1, ["ISSUES_PER_MINUTE", "CLAIMS_PER_MINUTE"], "{bad}");
        }
    }

    #[test]
    fn an_instance_counts_each_limit_by_its_own_rate() {
        let now = UnixTime::from_secs(1_800_000_000);
        for (letter, most) in [("c", 1_000), ("t", 500), ("b", 30)] {
            let mut state = String::new();
            for n in 0..=most {
                let told = rough_step(letter, &state, now).unwrap();
                let (wait, rest) = told.split_once('\n').unwrap();
                assert_eq!(wait == "0", n < most, "{letter} {n}");
                state = rest.split('\n').next().unwrap().into();
            }
        }
        assert_eq!(rough_step("x", "", now), None);
    }

    #[test]
    fn a_step_tells_what_to_keep_and_for_how_long() {
        let rates = StrictRates { issues: Rate::per_minute(1), claims: Rate::per_minute(60) };
        let now = UnixTime::from_millis(1_800_000_000_000);
        let taken = rates.step("issue", "", now).unwrap();
        let [wait, state, full] = taken.split('\n').collect::<alloc::vec::Vec<_>>()[..] else { unreachable!() };
        assert_eq!((wait, full), ("0", "1800000060000"));
        assert_eq!(rates.step("issue", state, now).unwrap(), "60\n\n");
        assert_eq!(rates.step("other", "", now), None);
        assert_eq!(rates.step("issue", "1e9", now), None);
    }
}
