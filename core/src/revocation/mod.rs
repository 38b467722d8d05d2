//! Taking links back: a short list of what is revoked, kept as one object in the bucket, in a folder that no link
//! can reach. The signer changes it, every edge holds a copy and asks every few seconds whether it is still the
//! newest; a request costs no look-up but one in memory.
//!
//! [`mark`] says what can be revoked and by which sixteen bytes it stands in the list, [`list`] is the list's format
//! and the look-up, [`draft`] the signer's changes, [`held`] the edge's copy with its age, [`fetch`] the question
//! for the newest.
//!
//! ```text
//! edge    Revocations::freshness ── fetch::request ── Revocations::take ── Revocations::check ── Ok, 410 or 503
//! signer  List::parse ── Draft::prune, add ── Draft::encode ── a conditional PUT
//! ```

pub mod draft;
pub mod fetch;
pub mod held;
pub mod list;
pub mod mark;

pub use draft::{Draft, Full};
pub use held::{Answer, Freshness, MAX_AGE, Revocations};
pub use list::{BadList, List, MAX_ENTRIES, MAX_LIST_BYTES};
pub use mark::{Entry, Kind, Mark};

/// The list's name in the folder of records.
pub const LIST_NAME: &str = "revoked";
