//! The counter of one counted link: how many uses are gone, and what each grant made for a use may still send.
//!
//! A store keeps one [`Link`] and its [`Held`] grants. Each step here takes what the store has read and says what
//! it writes, all of it in one transaction: a crash falls before a step or behind it, never into it. So at no
//! moment do more grants count than the link has uses, whatever is lost on the way; what can be lost is a use that
//! was taken and whose answer did not arrive, and a claim repeated with the same key finds that one again.
//!
//! ```text
//! take ──► counts ──reserve──► counts, sending ──give_back, no other body──► parked
//!            ▲                                                                 │
//!            └─────────── take with its key, or reserve: while a use is left ──┘
//! ```
//! A grant that has ended is forgotten, its use is not: only `give_back` returns one.

mod text;
pub mod whole;

pub use text::step;

use crate::hash;
use crate::time::{Seconds, UnixTime};
use alloc::string::String;

/// Longest life of a grant: a download that is interrupted may be resumed for a day.
pub const GRANT_LIFE: Seconds = Seconds(86_400);
/// For how long a link's uses are remembered after its end. A claim is refused by the clock of the store and by
/// that of the edge; were the uses forgotten while one of them is behind, they could be had again.
pub const KEPT_AFTER_END: Seconds = Seconds(3_600);
/// What a grant may send beyond 1.1 times its object: small objects are asked for several times, too.
const SLACK_BYTES: u64 = 1 << 20;
/// Longest Idempotency-Key.
pub const MAX_KEY_BYTES: usize = 255;
/// Longest entity tag that is kept; S3's take 40.
pub const MAX_VERSION_BYTES: usize = 256;

/// A client's Idempotency-Key as it is stored, or `None` if it is empty, too long or not all visible ASCII.
pub fn key_hash(key: &str) -> Option<[u8; 32]> {
    let fits = (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| hash::sha256(key.as_bytes()))
}

/// The most bytes that all bodies under one grant may have together: 1.1 times the object and 1 MiB.
pub const fn budget(size: u64) -> u64 {
    size.saturating_add(size / 10).saturating_add(SLACK_BYTES)
}

/// A wish for one use of a counted link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// How many uses the token allows.
    pub limit: u64,
    /// When the token ends.
    pub ends: UnixTime,
    /// The name of the grant that is made, if one is: random, and new for each claim that is not a repetition.
    pub session: [u8; 16],
    /// [`key_hash`] of the client's Idempotency-Key.
    pub key: Option<[u8; 32]>,
    /// The object's size in bytes.
    pub size: u64,
    /// The object's entity tag.
    pub version: String,
}

/// What a store keeps of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// How many grants may count at once.
    pub limit: u64,
    /// How many do, those that have ended among them.
    pub used: u64,
    /// When the token ends.
    pub ends: UnixTime,
}

/// What a store keeps of a grant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Its name.
    pub session: [u8; 16],
    /// [`key_hash`] of the key that it was claimed with.
    pub key: Option<[u8; 32]>,
    /// The size of its object in bytes.
    pub size: u64,
    /// The entity tag of its object.
    pub version: String,
    /// When it ends.
    pub ends: UnixTime,
    /// Bytes of all bodies that were or are being sent.
    pub reserved: u64,
    /// How many bodies those are.
    pub bodies: u64,
    /// Whether it holds one of the link's uses; if not, it is parked.
    pub counts: bool,
}

/// What a step changes: rows to be written in the transaction in which the old ones were read.
#[must_use]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Writes {
    /// The link's new row.
    pub link: Option<Link>,
    /// The new row of the grant with this session.
    pub grant: Option<Held>,
}

/// What came of a claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// The use is this grant's.
    Granted {
        /// Its name: of the claim, or of the grant that an equal claim has made before.
        session: [u8; 16],
        /// When it ends.
        ends: UnixTime,
        /// The size of the object that it was made for.
        size: u64,
        /// The entity tag of that object.
        version: String,
    },
    /// No use is left.
    UsedUp,
    /// The token has ended.
    Ended,
}

/// What came of a reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reserved {
    /// The body may be sent.
    Ok,
    /// All bodies together would exceed the grant's [`budget`].
    OverBudget,
    /// The grant is parked and no use is left.
    UsedUp,
    /// The grant has ended.
    Ended,
    /// There is no such grant, or no longer.
    Unknown,
}

impl Link {
    const fn has_use_left(&self) -> bool {
        self.used < self.limit
    }
}

impl Held {
    fn granted(&self) -> Taken {
        Taken::Granted { session: self.session, ends: self.ends, size: self.size, version: self.version.clone() }
    }
}

/// Takes one use. `held` is the grant of the same session or key, where there is one: while it lives it is the
/// answer, with the object that it was made for, whatever the claim says now.
pub fn take(claim: Claim, link: Option<Link>, held: Option<Held>, now: UnixTime) -> (Taken, Writes) {
    if now >= claim.ends {
        return (Taken::Ended, Writes::default());
    }
    // A token's limit and end do not change. Should two tokens have one name, the stricter limit holds.
    let mut link = link.unwrap_or(Link { limit: claim.limit, used: 0, ends: claim.ends });
    link.limit = link.limit.min(claim.limit);
    link.ends = link.ends.max(claim.ends);
    let repeated = held.filter(|held| now < held.ends);
    if let Some(held) = repeated.as_ref().filter(|held| held.counts) {
        return (held.granted(), Writes::default());
    }
    if !link.has_use_left() {
        return (Taken::UsedUp, Writes::default());
    }
    link.used += 1;
    let grant = match repeated {
        Some(held) => Held { counts: true, ..held },
        None => Held {
            session: claim.session,
            key: claim.key,
            size: claim.size,
            version: claim.version,
            ends: claim.ends.min(now.after(GRANT_LIFE)),
            reserved: 0,
            bodies: 0,
            counts: true,
        },
    };
    (grant.granted(), Writes { link: Some(link), grant: Some(grant) })
}

/// Reserves the bytes of a body that is about to be sent; a parked grant takes a use again with it.
pub fn reserve(bytes: u64, link: Option<Link>, held: Option<Held>, now: UnixTime) -> (Reserved, Writes) {
    let refused = |why| (why, Writes::default());
    let (Some(mut link), Some(mut grant)) = (link, held) else { return refused(Reserved::Unknown) };
    if now >= grant.ends {
        return refused(Reserved::Ended);
    }
    let reserved = grant.reserved.saturating_add(bytes);
    if reserved > budget(grant.size) {
        return refused(Reserved::OverBudget);
    }
    let was_parked = !grant.counts;
    if was_parked {
        if !link.has_use_left() {
            return refused(Reserved::UsedUp);
        }
        link.used += 1;
        grant.counts = true;
    }
    grant.reserved = reserved;
    grant.bodies = grant.bodies.saturating_add(1);
    (Reserved::Ok, Writes { link: was_parked.then_some(link), grant: Some(grant) })
}

/// Gives a reservation back whose body never began. Under a grant of which no other body was or is being sent,
/// nothing was had for the use: it is given back, too.
///
/// To be called once for a [`Reserved::Ok`], and never where an answer is uncertain: what is not given back is
/// lost to the client, what is given back twice is had twice.
pub fn give_back(bytes: u64, link: Option<Link>, held: Option<Held>) -> Writes {
    let (Some(mut link), Some(mut grant)) = (link, held) else { return Writes::default() };
    if grant.bodies == 0 {
        return Writes::default();
    }
    grant.bodies -= 1;
    grant.reserved = grant.reserved.saturating_sub(bytes);
    let parks = grant.bodies == 0 && grant.counts;
    if parks {
        grant.counts = false;
        link.used = link.used.saturating_sub(1);
    }
    Writes { link: parks.then_some(link), grant: Some(grant) }
}

/// How many uses are left of a link whose token allows `limit`.
pub fn left(limit: u64, link: Option<Link>, now: UnixTime) -> u64 {
    match link {
        None => limit,
        Some(link) if now >= link.ends => 0,
        Some(link) => link.limit.min(limit).saturating_sub(link.used),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: UnixTime = UnixTime::from_secs(2_000_000_000);
    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn claim(session: u8, limit: u64) -> Claim {
        Claim { limit, ends: END, session: [session; 16], key: None, size: 1000, version: "\"a\"".into() }
    }

    /// The rows after `writes`.
    fn written(writes: Writes, link: Option<Link>, held: Option<Held>) -> (Option<Link>, Option<Held>) {
        (writes.link.or(link), writes.grant.or(held))
    }

    #[test]
    fn keys_are_visible_ascii_and_kept_as_hashes_only() {
        assert_eq!(key_hash("a"), Some(hash::sha256(b"a")));
        let longest = "k".repeat(MAX_KEY_BYTES);
        assert!(key_hash(&longest).is_some());
        for bad in ["", "a b", "ä", "a\n", "\u{7f}", &alloc::format!("{longest}k")] {
            assert_eq!(key_hash(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_budget_is_a_tenth_more_and_a_mebibyte() {
        assert_eq!(budget(0), 1_048_576);
        assert_eq!(budget(10_000_000), 12_048_576);
        assert_eq!(budget(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_grant_ends_with_its_token_or_after_a_day() {
        for (now, ends) in [(NOW, NOW.after(GRANT_LIFE)), (UnixTime::from_secs(1_999_999_999), END)] {
            let (taken, writes) = take(claim(1, 1), None, None, now);
            assert!(matches!(taken, Taken::Granted { ends: told, .. } if told == ends), "{taken:?}");
            let (link, held) = written(writes, None, None);
            let before = UnixTime::from_millis(ends.as_millis() - 1);
            assert_eq!(reserve(1, link, held.clone(), before).0, Reserved::Ok);
            assert_eq!(reserve(1, link, held, ends).0, Reserved::Ended);
        }
        assert_eq!(take(claim(1, 1), None, None, END), (Taken::Ended, Writes::default()));
    }

    #[test]
    fn a_repeated_claim_gets_the_same_grant_while_it_lives_also_for_another_version() {
        let first = Claim { key: Some([9; 32]), ..claim(1, 2) };
        let (taken, writes) = take(first.clone(), None, None, NOW);
        let (link, held) = written(writes, None, None);
        let again = Claim { session: [2; 16], version: "\"b\"".into(), size: 7, ..first };
        assert_eq!(take(again.clone(), link, held.clone(), NOW), (taken.clone(), Writes::default()));
        let (later, writes) = take(again, link, held, NOW.after(GRANT_LIFE));
        assert!(matches!(&later, Taken::Granted { session, version, .. } if *session == [2; 16] && version == "\"b\""));
        assert_eq!(writes.link.map(|link| link.used), Some(2));
    }

    #[test]
    fn what_exceeds_the_budget_is_refused_and_changes_nothing() {
        let (link, held) = written(take(claim(1, 1), None, None, NOW).1, None, None);
        let (answer, writes) = reserve(budget(1000), link, held.clone(), NOW);
        assert_eq!(answer, Reserved::Ok);
        let (link, held) = written(writes, link, held);
        assert_eq!(reserve(1, link, held.clone(), NOW), (Reserved::OverBudget, Writes::default()));
        assert_eq!(reserve(u64::MAX, link, held, NOW).0, Reserved::OverBudget);
    }

    #[test]
    fn a_use_comes_back_only_if_no_body_was_sent() {
        let (link, held) = written(take(claim(1, 1), None, None, NOW).1, None, None);
        let (link, held) = written(reserve(10, link, held.clone(), NOW).1, link, held);
        let (link, held) = written(reserve(20, link, held.clone(), NOW).1, link, held);
        // Of two bodies one failed.
        let (link, held) = written(give_back(20, link, held.clone()), link, held);
        assert_eq!((left(1, link, NOW), held.as_ref().map(|held| held.reserved)), (0, Some(10)));
        // Both did.
        let (link, held) = written(give_back(10, link, held.clone()), link, held);
        assert_eq!((left(1, link, NOW), held.as_ref().map(|held| held.reserved)), (1, Some(0)));
        assert_eq!(give_back(10, link, held), Writes::default());
    }

    #[test]
    fn a_parked_grant_takes_a_use_again_if_one_is_left() {
        let (link, parked) = written(take(claim(1, 1), None, None, NOW).1, None, None);
        let (link, parked) = written(reserve(10, link, parked.clone(), NOW).1, link, parked);
        let (link, parked) = written(give_back(10, link, parked.clone()), link, parked);
        for again in [reserve(10, link, parked.clone(), NOW).1, take(claim(1, 1), link, parked.clone(), NOW).1] {
            assert_eq!(left(1, again.link, NOW), 0);
            assert!(again.grant.is_some_and(|grant| grant.counts));
        }
        let (link, _) = written(take(claim(2, 1), link, None, NOW).1, link, None);
        assert_eq!(reserve(10, link, parked.clone(), NOW), (Reserved::UsedUp, Writes::default()));
        assert_eq!(take(claim(1, 1), link, parked, NOW), (Taken::UsedUp, Writes::default()));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(reserve(1, None, None, NOW).0, Reserved::Unknown);
        assert_eq!(give_back(1, None, None), Writes::default());
        assert_eq!(left(3, None, NOW), 3);
        assert_eq!(left(3, Some(Link { limit: 3, used: 1, ends: END }), END), 0);
    }
}
