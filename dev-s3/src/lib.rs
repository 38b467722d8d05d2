//! An S3 server for development and tests: one bucket in one folder, requests verified as strictly as S3 verifies them.
//!
//! ```text
//! server.rs    port, connections
//!   service.rs   one request: cors.rs · admission.rs (what s3s lets pass) · s3s · error_body.rs · access_log.rs
//!     access.rs    who is asking (identity.rs), and may they
//!     api/         the operations: read.rs (GET, HEAD) · put.rs · multipart.rs · list.rs
//!       store/       objects and uploads on disk, visible by one rename
//! ```
//! In scope: SigV4 in headers and in URLs, objects, conditional requests, ranges, checksums, multipart uploads, lists,
//! CORS, permissions by action and prefix. Out of scope, and refused instead of ignored: versions, copies, tags, ACLs,
//! customer encryption keys, browser form uploads, TLS. It is no storage for data that matters.

mod access;
mod access_log;
mod admission;
mod api;
mod cors;
mod error_body;
mod identity;
mod request_body;
mod server;
mod service;
mod store;

pub use s3s::auth::SecretKey;

pub use crate::identity::{Action, Identity, IdentityError, read_identities};
pub use crate::server::{Options, Server, StartError};
pub use crate::store::{Durability, OpenError};
