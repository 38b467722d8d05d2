//! The signer: the only room that issues share tokens and upload URLs. It converts a call into the terms of
//! [`clouddrop_core::issue`], performs what these say, and converts back; every rule is there.
//!
//! ```text
//! call ── route ── API key ── strict JSON ── core::issue ── token, presigned URLs ── reply
//!                                                 ├ multipart: S3 is asked (create, list, complete, abort)
//!                                                 └ revocations: the list in S3 is read, and changed on condition
//! ```
//!
//! | call | does |
//! |---|---|
//! | `POST /api/v1/shares` | a token for an object or a folder |
//! | `POST /api/v1/uploads` | one presigned PUT, or an upload in parts |
//! | `POST /api/v1/uploads/parts` | fresh URLs for parts |
//! | `POST /api/v1/uploads/list` | which parts have arrived |
//! | `POST /api/v1/uploads/complete` | puts the parts together, if they are what was granted |
//! | `POST /api/v1/uploads/abort` | throws them away |
//! | `POST /api/v1/revocations` | takes back a token, a share, all of a subject or of a key |
//! | `GET /api/v1/revocations` | how much is taken back |
//!
//! The client's API key comes in `x-clouddrop-authorization`: the edge, which calls the signer with a signature
//! of its own in Authorization, moves it there. Whether a shared object exists is not looked at: the
//! signer's role cannot read objects, so a share may be made before its upload.
//!
//! The binary `bootstrap` serves calls as a Lambda behind a Function URL, `clouddrop-signer-serve` on loopback.

pub mod api_key;
mod calls;
pub mod config;
mod failure;
pub mod iam;
pub mod log;
mod reply;
mod s3;
pub mod server;
pub mod service;

pub use config::{Config, Raw};
pub use service::Signer;

use clouddrop_core::UnixTime;

/// The time of the machine: read once for each call, by the binaries.
pub fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
