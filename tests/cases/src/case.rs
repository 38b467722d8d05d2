//! The form of a suite: what is asked, when, under which configuration, and what must come of it.

use crate::token::Description;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A file of cases about one subject.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// What the cases show, for the reader.
    pub about: String,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One request and what becomes of it.
///
/// In the URL, in header values and in expected texts, `{token}` stands for the token, `{other}` for the second
/// one, and `{x*1000}` for a thousand times the character before the star.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence.
    pub name: String,
    /// Variables that differ from the default ones; `null` takes one away.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// The token.
    #[serde(default)]
    pub token: Token,
    /// A second token.
    #[serde(default)]
    pub other: Token,
    /// The method; GET if it is not told.
    #[serde(default = "get")]
    pub method: String,
    /// The absolute URL, or, from a slash on, one of the file host.
    pub url: String,
    /// Header fields in order. Host is the URL's unless it stands here; `Bearer {token}` is put in where neither
    /// URL nor headers hold a token.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The client's address.
    #[serde(default)]
    pub address: Option<String>,
    /// Where the client is; without it nobody has looked.
    #[serde(default)]
    pub place: Option<PlaceOf>,
    /// Seconds since 1970.
    #[serde(default = "now")]
    pub now: u64,
    /// The body of an API call.
    #[serde(default)]
    pub body: String,
    /// The origin's answers in turn. An error's body is read when core asks for it.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// The requests after the first that the answers must have led to, in turn.
    #[serde(default)]
    pub again: Vec<Sent>,
    /// What must come of it.
    pub expect: Expected,
}

/// A token: described, literal, or none.
#[derive(Clone, Deserialize, Default)]
#[serde(untagged)]
pub enum Token {
    /// None: nothing is put in.
    #[default]
    None,
    /// As it is.
    Literal(String),
    /// To be made.
    Described(Box<Description>),
}

/// A [`clouddrop_core::Place`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOf {
    /// The country.
    #[serde(default)]
    pub country: Option<String>,
    /// The subdivision.
    #[serde(default)]
    pub subdivision: Option<String>,
    /// The autonomous system.
    #[serde(default)]
    pub asn: Option<u32>,
}

/// An answer of the origin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its fields.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Its body, if it is an error's.
    #[serde(default)]
    pub body: String,
}

/// A request to the origin: whatever is told of it must be so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Its method.
    pub method: String,
    /// Its URL.
    #[serde(default)]
    pub url: Option<String>,
    /// Header values; `null` for a field that must not be there.
    #[serde(default)]
    pub headers: Map<String, Value>,
}

/// What comes of a case.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expected {
    /// A refusal by its code and status.
    Refusal {
        /// Of the log line, and of the body where there is one.
        code: String,
        /// Of the reply.
        status: u16,
        /// As in [`Sent::headers`].
        #[serde(default)]
        headers: Map<String, Value>,
        /// Whether it is a page; without it problem details.
        #[serde(default)]
        page: bool,
    },
    /// Any other reply.
    Reply {
        /// Its status.
        status: u16,
        /// As in [`Sent::headers`]; the fixed headers of its set count as its own.
        #[serde(default)]
        headers: Map<String, Value>,
        /// `none`, `origin`, or, behind `text:`, what the text must hold.
        body: String,
        /// Whether the headers named are all that there are beside the fixed ones.
        #[serde(default)]
        no_other_headers: bool,
    },
    /// A request to the origin.
    Fetch(Sent),
    /// A landing page, and whether it asks the origin first.
    Landing {
        /// The question, if there is one.
        fetch: Option<Sent>,
    },
    /// A claim of a use.
    Spend {
        /// The counter's name in hexadecimal.
        id: String,
        /// How many uses there are.
        limit: u64,
    },
    /// The question for a folder's names.
    Folder(Sent),
    /// The client's place is needed.
    Place,
}

fn get() -> String {
    "GET".into()
}

const fn now() -> u64 {
    1_800_000_000
}
