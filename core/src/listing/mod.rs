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
pub use question::{PAGE_KEYS, Question, fetch};
pub use reply::{Entry, Listing, MAX_REPLY_BYTES, settle};
