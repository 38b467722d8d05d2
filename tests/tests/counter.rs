//! Proves that a counted link never has more uses than it allows: any sequence of claims, repetitions, bodies, failures
//! and crashes, through the same texts as at the edge, answers what a model answers that counts on its fingers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::UnixTime;
use clouddrop_core::counter::{Claim, GRANT_LIFE, Reserved, Taken, budget, step};
use proptest::prelude::*;
use std::collections::BTreeMap;

const START: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;
const LINK_ENDS: i64 = START + 70 * HOUR;
const SIZE: u64 = 5_000_000;

/// What somebody wants of the counter. Sessions and keys are few, so that they meet again.
#[derive(Clone, Debug)]
enum Wish {
    Take {
        session: u8,
        key: Option<u8>,
        version: u8,
    },
    /// So many tenths of the budget.
    Reserve {
        session: u8,
        tenths: u64,
    },
    GiveBack {
        session: u8,
    },
    Left,
    Sleep {
        hours: i64,
    },
}

/// What becomes of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Delivered,
    /// The store crashes before it is committed.
    Undone,
    /// The store or the way to it crashes before the answer arrives.
    Unheard,
}

fn wishes() -> impl Strategy<Value = Vec<(Wish, Fate)>> {
    let wish = prop_oneof![
        6 => (0..6_u8, prop::option::of(0..4_u8), 0..2_u8)
            .prop_map(|(session, key, version)| Wish::Take { session, key, version }),
        6 => (0..6_u8, 0..6_u64).prop_map(|(session, tenths)| Wish::Reserve { session, tenths }),
        4 => (0..6_u8).prop_map(|session| Wish::GiveBack { session }),
        1 => Just(Wish::Left),
        1 => (1..30_i64).prop_map(|hours| Wish::Sleep { hours }),
    ];
    let fate = prop_oneof![8 => Just(Fate::Delivered), 1 => Just(Fate::Undone), 1 => Just(Fate::Unheard)];
    prop::collection::vec((wish, fate), 1..80)
}

/// The store, as the edge has it: rows as text, found by session or key.
#[derive(Default)]
struct Store {
    link: String,
    /// Key, end and row by session.
    grants: BTreeMap<String, (String, i64, String)>,
}

impl Store {
    fn perform(&mut self, ask: &str, session: &str, key: &str, now: i64, fate: Fate) -> Option<String> {
        self.grants.retain(|_, (_, ends, _)| *ends > now);
        let by_key = || self.grants.values().find(|(other, ..)| other == key && key != "-");
        let held = self.grants.get(session).or_else(by_key).map_or("", |(_, _, row)| row);
        let answer = step(&format!("{ask}\n{}\n{held}", self.link), UnixTime::from_millis(now)).unwrap();
        if fate == Fate::Undone {
            return None;
        }
        let [told, link, _, place, row] = answer.split('\n').collect::<Vec<_>>()[..] else { panic!("{answer}") };
        if !link.is_empty() {
            self.link = link.into();
        }
        if let [session, key, ends] = place.split(' ').collect::<Vec<_>>()[..] {
            self.grants.insert(session.into(), (key.into(), ends.parse().unwrap(), row.into()));
        }
        (fate == Fate::Delivered).then(|| told.into())
    }

    /// How many grants count, by the link's row.
    fn used(&self) -> u64 {
        self.link.split(' ').nth(1).map_or(0, |used| used.parse().unwrap())
    }
}

/// A grant that was ever made.
struct Made {
    session: u8,
    key: Option<u8>,
    version: u8,
    ends: i64,
    parked: bool,
    bodies: Vec<u64>,
}

/// Every grant that was ever made, in order; nothing is forgotten and nothing counted ahead.
#[derive(Default)]
struct Model {
    limit: u64,
    made: Vec<Made>,
}

impl Model {
    fn counting(&self) -> u64 {
        self.made.iter().filter(|made| !made.parked).count() as u64
    }

    fn living(&mut self, now: i64, is_it: impl Fn(&Made) -> bool) -> Option<&mut Made> {
        self.made.iter_mut().find(|made| made.ends > now && is_it(made))
    }

    fn take(&mut self, session: u8, key: Option<u8>, version: u8, now: i64) -> Taken {
        let is_left = self.counting() < self.limit;
        if now >= LINK_ENDS {
            return Taken::Ended;
        }
        let found = self.living(now, |made| made.session == session).is_some();
        let same = |made: &Made| if found { made.session == session } else { key.is_some() && made.key == key };
        if let Some(made) = self.living(now, same) {
            if made.parked && !is_left {
                return Taken::UsedUp;
            }
            made.parked = false;
            return granted(made);
        }
        if !is_left {
            return Taken::UsedUp;
        }
        let day = i64::try_from(GRANT_LIFE.0).unwrap() * 1000;
        let ends = LINK_ENDS.min(now + day);
        let made = Made { session, key, version, ends, parked: false, bodies: Vec::new() };
        let taken = granted(&made);
        self.made.push(made);
        taken
    }

    fn reserve(&mut self, session: u8, bytes: u64, now: i64) -> Reserved {
        let is_left = self.counting() < self.limit;
        let Some(made) = self.living(now, |made| made.session == session) else { return Reserved::Unknown };
        if made.bodies.iter().sum::<u64>() + bytes > budget(SIZE) {
            return Reserved::OverBudget;
        }
        if made.parked && !is_left {
            return Reserved::UsedUp;
        }
        made.parked = false;
        made.bodies.push(bytes);
        Reserved::Ok
    }

    fn give_back(&mut self, session: u8, bytes: u64, now: i64) {
        let Some(made) = self.living(now, |made| made.session == session) else { return };
        if let Some(place) = made.bodies.iter().position(|body| *body == bytes) {
            made.bodies.remove(place);
            made.parked = made.bodies.is_empty();
        }
    }
}

fn granted(made: &Made) -> Taken {
    Taken::Granted {
        session: [made.session; 16],
        ends: UnixTime::from_millis(made.ends),
        size: SIZE,
        version: version(made.version),
    }
}

fn version(number: u8) -> String {
    format!("\"v{number}\"")
}

fn hex(byte: u8, length: usize) -> String {
    format!("{byte:02x}").repeat(length)
}

/// Bodies that a client may have begun to get: grant by its session and end, and bytes.
type Sent = Vec<(u8, i64, u64)>;

/// Acts out the wishes and compares every answer that is heard.
fn act(limit: u64, wishes: &[(Wish, Fate)]) {
    let (mut store, mut model) = (Store::default(), Model { limit, ..Model::default() });
    let (mut sent, mut now): (Sent, i64) = (Vec::new(), START);
    for (wish, fate) in wishes {
        let done = *fate != Fate::Undone;
        match *wish {
            Wish::Take { session, key, version: number } => {
                let claim = Claim {
                    limit,
                    ends: UnixTime::from_millis(LINK_ENDS),
                    session: [session; 16],
                    key: key.map(|key| [key; 32]),
                    size: SIZE,
                    version: version(number),
                };
                let ask = format!("take {}", claim.to_text().unwrap());
                let key_text = key.map_or("-".into(), |key| hex(key, 32));
                let told = store.perform(&ask, &hex(session, 16), &key_text, now, *fate);
                let expected = done.then(|| model.take(session, key, number, now));
                if let Some(told) = told {
                    assert_eq!(Taken::from_text(&told), expected, "{wish:?}");
                }
            }
            Wish::Reserve { session, tenths } => {
                let bytes = budget(SIZE) * tenths / 10;
                let told = store.perform(&format!("reserve {bytes}"), &hex(session, 16), "-", now, *fate);
                let expected = done.then(|| model.reserve(session, bytes, now));
                let Some(told) = told else { continue };
                assert_eq!(Reserved::from_text(&told), expected, "{wish:?}");
                if expected == Some(Reserved::Ok) {
                    let ends = model.living(now, |made| made.session == session).unwrap().ends;
                    sent.push((session, ends, bytes));
                }
            }
            Wish::GiveBack { session } => {
                // Only what was told to be reserved is given back, and once.
                let Some(place) = sent.iter().position(|(other, ends, _)| *other == session && *ends > now) else {
                    continue;
                };
                let (_, _, bytes) = sent.remove(place);
                store.perform(&format!("give_back {bytes}"), &hex(session, 16), "-", now, *fate);
                if done {
                    model.give_back(session, bytes, now);
                }
            }
            Wish::Left => {
                let told = store.perform(&format!("left {limit}"), "", "-", now, *fate);
                let left = if now >= LINK_ENDS && !store.link.is_empty() { 0 } else { limit - model.counting() };
                assert!(told.is_none_or(|told| told == left.to_string()), "{left}");
            }
            Wish::Sleep { hours } => now += hours * HOUR,
        }
        check(limit, &store, &model, &sent);
    }
}

fn check(limit: u64, store: &Store, model: &Model, sent: &Sent) {
    assert_eq!(store.used(), model.counting());
    assert!(store.used() <= limit, "{} grants count", store.used());
    let mut bytes: BTreeMap<(u8, i64), u64> = BTreeMap::new();
    for (session, ends, body) in sent {
        *bytes.entry((*session, *ends)).or_default() += body;
    }
    assert!(bytes.len() as u64 <= limit, "{} downloads", bytes.len());
    assert!(bytes.values().all(|sum| *sum <= budget(SIZE)), "{bytes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_and_no_crash_gives_a_use_too_many(limit in 1..4_u64, wishes in wishes()) {
        act(limit, &wishes);
    }
}

/// The wishes are such that every answer comes, or the property says little.
#[test]
fn the_wishes_reach_every_answer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..300 {
        let (mut model, mut now) = (Model { limit: 2, ..Model::default() }, START);
        for (wish, _) in wishes().new_tree(&mut runner).unwrap().current() {
            let answer = match wish {
                Wish::Take { session, key, version } => format!("take {:?}", model.take(session, key, version, now)),
                Wish::Reserve { session, tenths } => {
                    format!("reserve {:?}", model.reserve(session, budget(SIZE) * tenths / 10, now))
                }
                Wish::GiveBack { session } => {
                    let bytes = model.living(now, |made| made.session == session).and_then(|made| made.bodies.pop());
                    if bytes.is_none() {
                        continue;
                    }
                    let made = model.living(now, |made| made.session == session).unwrap();
                    made.parked = made.bodies.is_empty();
                    format!("parked {}", made.parked)
                }
                Wish::Left => continue,
                Wish::Sleep { hours } => {
                    now += hours * HOUR;
                    continue;
                }
            };
            let kind = answer.split(' ').take(2).collect::<Vec<_>>().join(" ");
            *told.entry(kind).or_default() += 1;
        }
    }
    for kind in [
        "take Granted",
        "take UsedUp",
        "take Ended",
        "reserve Ok",
        "reserve OverBudget",
        "reserve UsedUp",
        "reserve Unknown",
        "parked true",
        "parked false",
    ] {
        assert!(told.get(kind).is_some_and(|times| *times >= 20), "{kind}: {told:?}");
    }
}
