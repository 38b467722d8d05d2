//! Stored types: what a browser is told is on the list, without parameters of strangers, and never markup.

use crate::seeds;
use clouddrop_core::media_type::{MediaType, OCTET_STREAM};

pub(crate) fn run(data: &[u8]) {
    let Ok(stored) = std::str::from_utf8(data) else { return };
    let told = MediaType::of(Some(stored));
    let again = MediaType::of(Some(told.sent));
    assert_eq!(again, told, "a type that is told is told again");
    let lower = told.sent.to_ascii_lowercase();
    assert_eq!(lower, told.sent);
    assert!(!lower.contains("html") && !lower.contains("xml;") && !lower.contains("svg") && !lower.contains("script"));
    if told.sent != OCTET_STREAM {
        let essence = |text: &str| text.split(';').next().unwrap_or("").trim_matches([' ', '\t']).to_ascii_lowercase();
        assert_eq!(essence(told.sent), essence(stored), "another type than the stored one");
    }
    let shown = ["image/", "audio/", "video/", "text/plain"].iter().any(|family| lower.starts_with(family));
    assert!(!told.may_be_inline || shown, "{lower} inline");
    // Spelling and parameters make no difference.
    assert_eq!(MediaType::of(Some(&stored.to_ascii_uppercase())), told);
    assert_eq!(MediaType::of(Some(&format!("{stored};x=y"))), told);
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let cases = seeds::cases();
    let answers = cases.iter().flat_map(|case| case.answers.iter().flat_map(|answer| &answer.headers));
    let types = answers.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let known = ["image/png", "video/mp4", "audio/mpeg", "text/plain; charset=latin1", "image/svg+xml", "text/html"];
    seeds::distinct(
        types.map(|(_, value)| value.as_bytes().to_vec()).chain(known.map(|text| text.as_bytes().to_vec())).collect(),
    )
}
