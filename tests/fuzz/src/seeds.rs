//! Seeds from the vectors: what the tests know to be interesting is where the fuzzer begins.

use clouddrop_cases::SUITES;
use clouddrop_cases::case::{Case, Suite, Token};
use clouddrop_cases::{base64url, cbor};
use serde_json::Value;

/// All cases of the suites.
pub(crate) fn cases() -> Vec<Case> {
    let suites = SUITES.iter().filter_map(|(_, text)| serde_json::from_str::<Suite>(text).ok());
    suites.flat_map(|suite| suite.cases).collect()
}

/// The case's token as text.
pub(crate) fn token_text(case: &Case) -> Option<String> {
    match &case.token {
        Token::None => None,
        Token::Literal(text) => Some(text.clone()),
        Token::Described(description) => description.text().ok(),
    }
}

/// All tokens, as bytes: those of the cases, and those of an independent encoder.
pub(crate) fn tokens() -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = cases().iter().filter_map(|case| base64url::decode(&token_text(case)?)).collect();
    let others: Value = serde_json::from_str(include_str!("../../vectors/cat.json")).unwrap_or_default();
    for vector in others["vectors"].as_array().into_iter().flatten() {
        out.extend(vector["hex"].as_str().and_then(|hex| cbor::unhex(hex).ok()));
    }
    distinct(out)
}

/// The fields of a case's request, one a line, with the token put in.
pub(crate) fn fields(case: &Case) -> String {
    let token = token_text(case).unwrap_or_default();
    let lines = case.headers.iter().map(|(name, value)| format!("{name},{}\n", value.replace("{token}", &token)));
    lines.collect()
}

/// Each seed once, and none that is longer than what is fuzzed.
pub(crate) fn distinct(mut seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.retain(|seed| seed.len() <= crate::targets::MAX_BYTES);
    seeds.sort();
    seeds.dedup();
    seeds
}
