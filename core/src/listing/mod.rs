//! What is in a folder: the signed question to S3 (ListObjectsV2), and the strict reading of its answer.
//!
//! A token for a folder lists nothing by itself: its sender says so with a claim ([`crate::token::Listing`]). A
//! [`Place`] is the folder and the page of it that were asked for, [`fetch`] the question, [`settle`] what was
//! answered. No name reaches a page that the token would not open.

mod place;
mod question;
mod reply;
mod xml;

pub use place::{MAX_AFTER_BYTES, Place, Step};
pub use question::{PAGE_KEYS, fetch};
pub use reply::{Entry, Listing, MAX_REPLY_BYTES, settle};

use crate::config::Config;
use crate::decision::Fetch;
use crate::landing::Facts;
use crate::refusal::Refusal;
use crate::reply::Reply;

/// A folder's page about to be made: the question for its names, and what the token tells.
#[derive(Debug)]
pub struct Folder {
    /// The question.
    pub fetch: Fetch,
    pub(crate) place: Place,
    pub(crate) facts: Facts,
}

impl Folder {
    /// The page, from the answer's status and body; see [`settle`].
    ///
    /// # Errors
    /// Those of [`settle`].
    pub fn settle(&self, status: u16, body: &[u8], config: &Config) -> Result<Reply, Refusal> {
        Ok(self.facts.listed(&self.place, &settle(&self.place, status, body, config)?))
    }
}
