//! Cases for `clouddrop-core` as data, and what runs them. The native tests and the wasm tests call the same
//! [`run_suite`] with the same text, so a difference between the two targets is a failing case.
//!
//! A suite is a JSON file under `tests/vectors`; [`case`] holds its form, [`run`] walks a case through
//! `decide`, the origin's answers and whatever they ask for next.

pub mod base64url;
pub mod case;
pub mod cbor;
pub mod config;
pub mod content_disposition;
mod expected;
pub mod replay;
pub mod run;
pub mod token;

pub use run::{Report, run_suite};

/// How many cases the suites of `decide` hold together: a file that is cut short must not pass unseen.
pub const DECIDE_CASES: usize = 393;
/// How many those of `settle` hold.
pub const SETTLE_CASES: usize = 123;

/// Every suite by its path below `tests/vectors`. A native test holds the list against the folders.
pub const SUITES: &[(&str, &str)] = &[
    ("decide/carriers.json", include_str!("../../vectors/decide/carriers.json")),
    ("decide/claims.json", include_str!("../../vectors/decide/claims.json")),
    ("decide/counted.json", include_str!("../../vectors/decide/counted.json")),
    ("decide/forward.json", include_str!("../../vectors/decide/forward.json")),
    ("decide/jwt.json", include_str!("../../vectors/decide/jwt.json")),
    ("decide/password.json", include_str!("../../vectors/decide/password.json")),
    ("decide/paths.json", include_str!("../../vectors/decide/paths.json")),
    ("decide/reads.json", include_str!("../../vectors/decide/reads.json")),
    ("decide/routes.json", include_str!("../../vectors/decide/routes.json")),
    ("decide/structure.json", include_str!("../../vectors/decide/structure.json")),
    ("settle/errors.json", include_str!("../../vectors/settle/errors.json")),
    ("settle/headers.json", include_str!("../../vectors/settle/headers.json")),
    ("settle/landing.json", include_str!("../../vectors/settle/landing.json")),
    ("settle/ranges.json", include_str!("../../vectors/settle/ranges.json")),
    ("settle/validators.json", include_str!("../../vectors/settle/validators.json")),
];
