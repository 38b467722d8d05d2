//! What the service remembers: shares, files, uploads, upload links, accounts, events, webhooks and keys, each a small
//! JSON object in the bucket. Here is what stands in them and how they change; where they lie and that each change is
//! a conditional write is the adapter's.
//!
//! A record has a version `v`. An older one lacks what came later, which has a default; a newer one than is known here
//! is refused, so that nothing is lost by writing it again.

pub mod account;
pub mod api_key;
pub mod event;
pub mod file;
pub mod id;
pub mod keys;
pub mod page;
pub mod share;
pub mod share_change;
pub mod tally;
pub mod upload;
pub mod upload_link;
pub mod webhook;

pub use account::{Account, Quota};
pub use api_key::{ApiKeyRecord, ApiKeyRequest};
pub use event::{Batch, Event};
pub use file::{FileChange, FileRecord};
pub use keys::KeyStates;
pub use page::Page;
pub use share::{ShareRecord, State};
pub use share_change::{Changed, Changing, ShareChange};
pub use tally::Tally;
pub use upload::{Sender, UploadRecord};
pub use upload_link::{UploadLinkRecord, UploadLinkRequest};
pub use webhook::{WebhookRecord, WebhookRequest};

use crate::refusal::Refusal;
use serde::{Deserialize, Deserializer};

/// The version that is written.
pub const VERSION: u32 = 1;

/// Whether a record of version `v` may be read and written here.
///
/// # Errors
/// [`Refusal::Internal`] for one that a newer program wrote.
pub const fn check_version(v: u32) -> Result<(), Refusal> {
    if v <= VERSION { Ok(()) } else { Err(Refusal::Internal("a record is of a newer version than this program")) }
}

/// Tells a member that is `null` from one that is absent: for changes, where the one clears and the other keeps.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}
