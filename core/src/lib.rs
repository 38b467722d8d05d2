//! Every rule of CloudDrop, in one place: who may fetch what, from where and until when.
//!
//! A request comes in as a [`Request`], the answer goes out as a [`Decision`]; in between nothing is read
//! from a clock, a socket, the environment or a random source. The caller gives the time, the request and
//! a checked [`Config`], performs what the decision says, and brings the origin's answer back to
//! [`Fetch::settle`]. The same code runs in a Cloudflare Worker, in Lambda@Edge, in the signer and in tests.
//!
//! ```text
//! decide ── route ── carrier ── wire ── verify (MAC) ── policy ── ObjectPath ── sigv4 ── Decision
//! ```
//!
//! In scope: the share token, the object path, the policy, the signature for the origin, the reply's
//! status and headers. Left to the caller: sockets, clocks, entropy, logging, counting, caching.
//!
//! # One example
//! ```
//! use clouddrop_core::{Client, Config, Decision, Headers, Raw, Request, UnixTime, decide};
//!
//! let raw = Raw::from_json(r#"{
//!   "FILE_HOST": "files.example.net", "PAGE_HOST": "share.example.com", "AUDIENCE": "demo",
//!   "ORIGIN": "https://bucket.s3.eu-central-1.amazonaws.com", "REGION": "eu-central-1",
//!   "OBJECT_PREFIX": "files/", "SIGNER_URL": "https://signer.example.com",
//!   "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
//!   "TOKEN_KEYS": "[{\"issuer\":\"demo\",\"kid\":\"a\",\"secret\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"},{\"issuer\":\"demo\",\"kid\":\"b\",\"secret\":\"ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA\"}]"
//! }"#).unwrap();
//! let config = Config::try_from(raw).unwrap();
//! let request = Request {
//!     method: "GET",
//!     url: "https://files.example.net/f/report.pdf",
//!     id: "request-1",
//!     headers: Headers::new(&[("host", "files.example.net")]),
//!     client: Client { address: None, place: None },
//! };
//! let Decision::Reply(reply) = decide(&request, UnixTime::from_secs(1_800_000_000), &config) else { unreachable!() };
//! assert_eq!(reply.status, 401); // no token
//! ```
// The derived schemas, which nothing that ships has, are written for programs with std.
#![cfg_attr(not(feature = "schema"), no_std)]
extern crate alloc;

pub mod access;
mod base64url;
pub mod border;
pub mod cache;
mod cbor;
pub mod claim;
pub mod config;
pub mod cors;
pub mod counter;
pub mod decide;
pub mod decision;
pub mod disposition;
pub mod expect;
pub mod grant;
pub mod hash;
mod http_date;
pub mod issue;
mod json;
pub mod landing;
pub mod limit;
pub mod listing;
pub mod lock;
pub mod media_type;
mod order;
pub mod origin;
pub mod origin_reply;
pub mod p256;
pub mod page;
pub mod path;
pub mod percent;
pub mod policy;
pub mod problem;
pub mod query;
pub mod range;
pub mod records;
pub mod refusal;
pub mod reply;
pub mod request;
pub mod retry;
pub mod revocation;
pub mod rotation;
mod s3_error;
pub mod secret;
pub mod secrets_manager;
pub mod sigv4;
mod text;
pub mod time;
pub mod token;
pub mod trail;
pub mod unlock;
mod validators;

pub use config::{Config, Fault, Raw};
pub use decide::decide;
pub use decision::{Decision, Fetch, Forward, Head};
pub use expect::Expect;
pub use grant::Grant;
pub use landing::Landing;
pub use origin_reply::Next;
pub use path::ObjectPath;
pub use refusal::Refusal;
pub use reply::{Body, HeaderSet, Reply};
pub use request::{Client, Headers, Place, Request};
pub use revocation::Revocations;
pub use secret::{KeyId, Secret, SecretText};
pub use time::{Seconds, UnixTime};
