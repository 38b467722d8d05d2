//! Proves that every name comes out as one header that reads back, by the grammar, to a harmless name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::content_disposition::{AWKWARD, check};
use clouddrop_core::disposition::harmless;
use clouddrop_core::token::Disposition;
use proptest::prelude::*;

/// Names of all kinds: any text, long ones, what Windows reserves, endings behind marks and spaces.
fn any_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,8}",
        any::<String>(),
        "[a-zA-Z0-9 ._-]{0,12}",
        "(?i)(con|prn|aux|nul|com|lpt|conin\\$)[0-9\u{b9}\u{b2}\u{b3}]?",
        "[\u{300}-\u{36f}]{1,4}",
        "[\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f} \u{a0}\u{3000}]{1,4}",
        "[\"\\\\%;='*/:<>|?]{1,4}",
        proptest::sample::select(AWKWARD.to_vec()).prop_map(String::from),
    ];
    let long = (piece.clone(), 1..300_usize).prop_map(|(piece, times)| piece.repeat(times));
    let ending = prop_oneof![Just(String::new()), "\\.[a-z0-9]{1,4}", "\\.\\PC{0,40}"];
    (proptest::collection::vec(prop_oneof![4 => piece, 1 => long], 0..5), ending)
        .prop_map(|(pieces, ending)| pieces.concat() + &ending)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_name_reads_back_to_a_harmless_one(name in any_name()) {
        for disposition in [Disposition::Attachment, Disposition::Inline] {
            prop_assert_eq!(check(disposition, &name), Ok(()), "{:?}", name);
        }
    }

    #[test]
    fn a_harmless_name_stays(name in "[a-zA-Z0-9éö€日本][a-zA-Z0-9éö€日本_-]{0,60}\\.[a-z]{3}") {
        // "com1.txt" is not one.
        prop_assume!(!["con", "prn", "aux", "nul", "com", "lpt"].iter().any(|device| name.to_lowercase().starts_with(device)));
        prop_assert_eq!(harmless(&name), name);
    }
}

#[test]
fn awkward_names_read_back_too() {
    for name in AWKWARD {
        assert_eq!(check(Disposition::Attachment, name), Ok(()), "{name:?}");
    }
}
