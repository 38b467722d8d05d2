//! The share token: a Common Access Token (CTA-5007-B) in COSE_Mac0 (RFC 9052) with HMAC 256/256.
//!
//! `carrier` finds it in a request, `wire` takes it apart, `verify` checks its MAC and is the only door
//! to [`Verified`] claims, `mint` makes one. `jwt` is the same for the second format, the signed JWT of RFC 9246.

pub mod carrier;
pub mod claims;
pub mod grant_token;
pub mod jwt;
pub mod keys;
pub mod mint;
pub mod unlocked_token;
pub mod verify;
pub mod wire;

pub use claims::{Claims, Disposition, Listing, Purpose};
pub use keys::{KeySet, TokenKey};
pub use mint::{MintFault, NewToken, mint};
pub use verify::{Verified, verify};

/// Claim keys: RFC 8392 section 4, the IANA CWT registry, and our private range.
pub(crate) mod label {
    pub(crate) const ISS: i128 = 1;
    pub(crate) const SUB: i128 = 2;
    pub(crate) const AUD: i128 = 3;
    pub(crate) const EXP: i128 = 4;
    pub(crate) const NBF: i128 = 5;
    pub(crate) const IAT: i128 = 6;
    pub(crate) const CTI: i128 = 7;
    pub(crate) const CATREPLAY: i128 = 308;
    pub(crate) const CATV: i128 = 310;
    pub(crate) const CATNIP: i128 = 311;
    pub(crate) const CATU: i128 = 312;
    pub(crate) const CATM: i128 = 313;
    pub(crate) const CATH: i128 = 315;
    pub(crate) const CATGEOISO3166: i128 = 316;
    pub(crate) const MAX_DOWNLOADS: i128 = -65_537;
    pub(crate) const FILE_NAME: i128 = -65_538;
    pub(crate) const DISPOSITION: i128 = -65_539;
    pub(crate) const PURPOSE: i128 = -65_540;
    pub(crate) const LARGEST_UPLOAD: i128 = -65_541;
    pub(crate) const OBJECT_VERSION: i128 = -65_542;
    pub(crate) const PASSWORD: i128 = -65_543;
    pub(crate) const MAY_LIST: i128 = -65_544;
    pub(crate) const SHARE: i128 = -65_545;
    pub(crate) const PARENT: i128 = -65_546;
}
