//! Proves the revocation list: its bytes and verdicts by vectors made elsewhere, its size by a hundred thousand entries,
//! and that whatever happens to its bytes, they are a list in order or none, and never a panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::cbor::unhex;
use clouddrop_cases::config;
use clouddrop_cases::token::Description;
use clouddrop_core::revocation::{Answer, Draft, Entry, Kind, List, MAX_LIST_BYTES, Mark, Revocations, fetch};
use clouddrop_core::token::verify;
use clouddrop_core::token::wire::TokenBytes;
use clouddrop_core::{ObjectPath, Seconds, UnixTime};
use clouddrop_tests::files::vectors;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
/// How many cases and how many refused lists `revocation.json` holds.
const VECTORS: (usize, usize) = (23, 14);

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

fn holding(bytes: Vec<u8>) -> Revocations {
    let mut held = Revocations::default();
    held.take(Answer { status: 200, etag: Some("\"v1\""), body: bytes }, NOW).unwrap();
    held
}

/// What the list says to the default token with `claims` put over its own.
fn says(held: &Revocations, claims: &Map<String, Value>) -> &'static str {
    let config = config::config(&Map::new()).unwrap();
    let bytes = Description { claims: claims.clone(), ..Description::default() }.bytes().unwrap();
    let bytes = TokenBytes::decode(&clouddrop_cases::base64url::encode(&bytes)).unwrap();
    let token = verify(&bytes.parts().unwrap(), config.keys(), NOW).unwrap();
    held.check(&token, &ObjectPath::from_key("a").unwrap(), NOW).map_or_else(|refusal| refusal.code(), |()| "allowed")
}

#[test]
fn every_list_of_the_vectors_gets_its_verdict() {
    let file = vectors("revocation.json").unwrap();
    let (cases, no_lists) = (file["cases"].as_array().unwrap(), file["no_lists"].as_array().unwrap());
    for case in cases {
        let bytes = unhex(text(case, "list")).unwrap();
        let list = List::parse(bytes.clone()).unwrap();
        // What is read is what is written.
        let mut draft = Draft::default();
        for entry in list.entries() {
            assert_eq!(draft.add(&entry), Ok(true), "{}", text(case, "name"));
        }
        assert_eq!(draft.encode(NOW), bytes, "{}", text(case, "name"));
        assert_eq!(
            says(&holding(bytes), case["claims"].as_object().unwrap()),
            text(case, "expect"),
            "{}",
            text(case, "name")
        );
    }
    for case in no_lists {
        let bad = List::parse(unhex(text(case, "list")).unwrap()).unwrap_err();
        assert_eq!(bad.0, text(case, "why"), "{}", text(case, "name"));
    }
    assert_eq!((cases.len(), no_lists.len()), VECTORS);
}

/// A list of `count` entries of all kinds, and a token among them.
fn long_list(count: u32) -> Draft {
    let mut draft = Draft::default();
    for number in 0..count {
        let kind = Kind::ALL[number as usize % 4];
        let mark =
            Mark::of_id(&u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes());
        draft.add(&Entry { kind, mark, until: NOW.after(Seconds(u64::from(number))) }).unwrap();
    }
    draft
}

#[test]
fn a_hundred_thousand_entries_are_held_and_each_is_found() {
    const ENTRIES: u32 = 100_000;
    let mut draft = long_list(ENTRIES);
    assert_eq!(draft.len(), ENTRIES as usize);
    let list = List::parse(draft.encode(NOW)).unwrap();
    assert_eq!(list.len(), ENTRIES as usize);
    for entry in list.entries() {
        assert_eq!(list.until(entry.kind, &entry.mark), Some(entry.until));
        let kinds = Kind::ALL.into_iter().filter(|kind| list.holds(*kind, &entry.mark)).count();
        assert_eq!(kinds, 1);
    }
    let held = holding(draft.encode(NOW));
    assert_eq!(says(&held, &Map::new()), "allowed");
    draft.add(&Entry { kind: Kind::Token, mark: Mark::of_id(&(0..16).collect::<Vec<u8>>()), until: NOW }).unwrap();
    assert_eq!(says(&holding(draft.encode(NOW)), &Map::new()), "gone");
    assert_eq!(draft.prune(NOW.after(Seconds(50_000))), 50_002, "0 to 50,000, and the one that was added");
}

#[test]
fn more_than_a_list_may_hold_is_not_looked_at() {
    let mut bytes = Draft::default().encode(NOW);
    bytes.resize(MAX_LIST_BYTES + 1, 0);
    assert_eq!(List::parse(bytes).unwrap_err().0, "too long");
}

#[test]
fn a_list_that_is_cut_is_none() {
    let bytes = long_list(50).encode(NOW);
    for length in 0..bytes.len() {
        assert!(List::parse(bytes[..length].to_vec()).is_err(), "{length}");
    }
}

#[test]
fn a_flipped_bit_leaves_a_list_in_order_or_none() {
    let bytes = long_list(50).encode(NOW);
    let mut refused = 0;
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        match List::parse(changed.clone()) {
            Ok(list) => {
                assert_eq!(list.len(), 50);
                for kind in Kind::ALL {
                    let marks: Vec<Mark> = list.entries().filter(|e| e.kind == kind).map(|e| e.mark).collect();
                    assert!(marks.is_sorted() && marks.iter().all(|mark| list.holds(kind, mark)), "bit {bit}");
                }
            }
            Err(_) => refused += 1,
        }
    }
    // The magic and the counts at least; times and the low bits of marks cannot be told from others.
    assert!(refused > 24 * 8, "{refused}");
}

#[test]
fn the_question_is_signed_by_four_headers_and_conditional_once_there_is_a_list() {
    let config = config::config(json!({"AWS_SESSION_TOKEN": "temporary"}).as_object().unwrap()).unwrap();
    let header = |held: &Revocations, name: &str| {
        let asked = fetch::request(held, NOW, &config).unwrap();
        asked.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
    };
    let nothing = Revocations::default();
    let authorization = header(&nothing, "authorization").unwrap();
    assert!(
        authorization.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"),
        "{authorization}"
    );
    assert_eq!(header(&nothing, "x-amz-security-token").as_deref(), Some("temporary"));
    assert_eq!(header(&nothing, "if-none-match"), None);
    assert_eq!(header(&holding(Draft::default().encode(NOW)), "if-none-match").as_deref(), Some("\"v1\""));

    let ended = json!({"AWS_CREDENTIALS_EXPIRE": NOW.as_secs().to_string()});
    let ended = config::config(ended.as_object().unwrap()).unwrap();
    assert_eq!(fetch::request(&nothing, NOW, &ended).unwrap_err().code(), "origin_error");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(
        counts in proptest::array::uniform4(prop_oneof![9 => 0..4_u32, 1 => any::<u32>()]),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = b"CDREVOK\x01\0\0\0\0\0\0\0\0".to_vec();
        for count in counts {
            bytes.extend(count.to_be_bytes());
        }
        bytes.extend(body);
        if let Ok(list) = List::parse(bytes.clone()) {
            prop_assert_eq!(list.entries().count(), list.len());
            prop_assert_eq!(Draft::from(&list).encode(UnixTime::from_secs(0)), bytes);
        }
    }

    #[test]
    fn no_order_of_adding_makes_another_list(
        entries in proptest::collection::vec((0..4_usize, 0..6_u8, 0..100_u64), 0..20), turn in any::<prop::sample::Index>(),
    ) {
        let mut entries: Vec<Entry> = entries
            .into_iter()
            .map(|(kind, id, until)| Entry { kind: Kind::ALL[kind], mark: Mark::of_id(&[id; 16]), until: UnixTime::from_secs(until) })
            .collect();
        let encoded = |entries: &[Entry]| {
            let mut draft = Draft::default();
            for entry in entries {
                let _ = draft.add(entry).unwrap();
            }
            draft.encode(NOW)
        };
        let one = encoded(&entries);
        if !entries.is_empty() {
            let middle = turn.index(entries.len());
            entries.rotate_left(middle);
        }
        prop_assert_eq!(encoded(&entries), one.clone());
        prop_assert!(List::parse(one).is_ok());
    }

    #[test]
    fn a_revoked_token_stays_revoked_whatever_it_says_of_its_share_and_parent(
        kind in prop_oneof![Just(Kind::Token), Just(Kind::Share)],
        share in proptest::option::of(any::<[u8; 16]>()),
        parent in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..20)),
    ) {
        let mut draft = Draft::default();
        draft.add(&Entry { kind, mark: Mark::of_id(&(0..16).collect::<Vec<u8>>()), until: NOW }).unwrap();
        let hex = |bytes: &[u8]| json!({"hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()});
        let mut claims = Map::new();
        if let Some(id) = share {
            claims.insert("-65545".into(), hex(&id));
        }
        if let Some(id) = parent {
            claims.insert("-65546".into(), hex(&id));
        }
        prop_assert_eq!(says(&holding(draft.encode(NOW)), &claims), "gone");
    }
}
