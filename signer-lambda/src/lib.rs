//! The signer: the only room that issues share tokens and upload URLs, and keeps what there is to remember of shares,
//! files and uploads. It converts a call into the terms of [`clouddrop_core::issue`] and [`clouddrop_core::records`],
//! performs what these say, and converts back; every rule is there.
//!
//! ```text
//! call ── Operation::find ── who calls ── may they ── strict JSON ── core ── records in S3 ── reply
//!                                                               ├ multipart: S3 is asked (create, list, complete, abort)
//!                                                               └ revocations: the list in S3 is read, and changed on condition
//! ```
//!
//! The calls are the table of [`clouddrop_core::access::Operation`]; `openapi.json` describes them, is served and is
//! kept true by a test.
//!
//! The client's own Authorization comes in `x-clouddrop-authorization`: the edge, which calls the signer with a
//! signature of its own in Authorization, moves it there.
//!
//! The binary `bootstrap` serves calls as a Lambda behind a Function URL, `clouddrop-signer-serve` on loopback.

pub mod api_key;
mod calls;
pub mod config;
mod failure;
pub mod iam;
pub mod log;
#[cfg(test)]
mod openapi;
mod pages;
mod pause;
mod records;
mod reply;
pub mod rotation;
mod s3;
pub mod secrets;
pub mod server;
pub mod service;
mod views;
pub mod who;

pub use config::{Config, Raw};
pub use service::Signer;

use clouddrop_core::{Refusal, UnixTime};

/// The reply to a call that nobody can answer now.
pub fn refuse(refusal: Refusal, method: &str, request_id: &str) -> http::Response<String> {
    reply::problem(refusal, None, method, request_id)
}

/// The time of the machine: read once for each call, by the binaries.
pub fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
