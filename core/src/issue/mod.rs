//! What the signer decides: which shares and uploads are granted, and on what terms.
//!
//! A call's JSON becomes a request ([`ShareRequest`], [`UploadRequest`]), its `check` becomes terms that are
//! trusted ([`Share`], [`Upload`]), and these mint the token. Time and entropy are arguments; presigning and
//! asking S3 are the adapter's.

pub mod duration;
pub mod fault;
pub mod links;
pub mod parts;
pub mod revocation;
#[cfg(feature = "schema")]
pub mod schema;
pub mod share;
pub mod upload;
pub mod upload_grant;
mod upload_name;
pub mod whole;

pub use duration::{Moment, Span, end, presign_until};
pub use links::Links;
pub use parts::PartPlan;
pub use revocation::RevocationRequest;
pub use share::{Share, ShareRequest, Shared};
pub use upload::{Destination, Upload, UploadRequest};
pub use upload_grant::UploadGrant;
