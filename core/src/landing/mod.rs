//! The pages of a share at `/s/<token>`, for people, and the same facts as JSON. They spend nothing.
//!
//! [`Facts`] is what the token tells. A link to one file asks the origin by HEAD and settles the answer
//! ([`Facts::settle`]); of a plain text that may be shown it then asks for the beginning ([`TextPreview`]). A link to a
//! folder is a page that says how to go on ([`Facts::folder`]) or, where its sender allowed it, the list of what is in
//! the folder ([`Facts::listed`], from [`crate::listing`]).
//!
//! No page holds a script, and none asks another host for anything. Names are text (`markup`), the words are in
//! `words`, the looks in `style`.

pub mod accept;
mod facts;
mod file_page;
mod folder_page;
mod human;
mod json;
pub(crate) mod markup;
mod password_form;
mod preview;
pub(crate) mod style;
pub(crate) mod words;

pub use accept::Form;
pub use facts::{Downloads, Facts, Found, Page};
pub(crate) use password_form::password_form;
pub use preview::{MAX_IMAGE_BYTES, MAX_TEXT_BYTES, TextPreview};

use crate::decision::Fetch;

/// A page about to be made: its question to the origin, where the link is for one object.
#[derive(Debug)]
pub struct Landing {
    /// The question; `None` for a link to a folder, about which there is nothing to ask.
    pub fetch: Option<Fetch>,
    /// What the token tells; settles the answer.
    pub facts: Facts,
}
