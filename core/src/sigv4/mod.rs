//! AWS Signature Version 4 for S3 and for the signer's Function URL, with the signature in the
//! Authorization header. One stage a file: canonical request, signing key, signature. Version 4A, for what lies in no
//! one region, has a file of its own and the feature `sigv4a`.
//!
//! Few headers are signed, on purpose: platforms rewrite others on their way (Accept-Encoding, sometimes
//! Range), and a signature over them would then be wrong.

mod canonical;
mod request;
mod sign;
mod signing_key;
#[cfg(feature = "sigv4a")]
pub mod sigv4a;

pub(crate) use canonical::joined;
pub use canonical::{CanonicalRequest, canonical_query};
pub use request::SignedRequest;
pub use sign::{Credentials, EMPTY_PAYLOAD, SignedHeaders, Signer, ToSign, UNSIGNED_PAYLOAD, string_to_sign};
pub use signing_key::SigningKey;
