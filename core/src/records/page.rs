//! Pages of lists: how many entries, and after which.

use crate::refusal::Refusal;
use alloc::string::String;

/// Entries of a page where nothing is asked.
pub const DEFAULT_LIMIT: usize = 50;
/// Most entries of a page.
pub const MAX_LIMIT: usize = 200;
/// Longest cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 256;
/// Longest filter, in characters.
pub const MAX_FILTER_CHARS: usize = 200;

/// What a call that lists asks for in its query. A name that is not known is refused.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// Most entries.
    pub limit: usize,
    /// The name behind which the page begins: a cursor that an earlier page gave.
    pub cursor: Option<String>,
    /// Whose things: for admins.
    pub owner: Option<String>,
    /// Only what begins so.
    pub prefix: Option<String>,
    /// Only what has this in its name, in whatever case.
    pub name: Option<String>,
    /// Of a link to a file: it may be shown in place of being saved.
    pub inline: bool,
}

impl Page {
    /// Reads the query of a call.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`], [`Refusal::UriTooLong`]
    pub fn read(query: &str, known: &[&str]) -> Result<Self, Refusal> {
        let mut page = Self { limit: DEFAULT_LIMIT, ..Self::default() };
        for (name, value) in crate::query::pairs(query)? {
            if !known.contains(&name.as_str()) {
                return Err(Refusal::BadRequest("the query has a name that this call does not know"));
            }
            match name.as_str() {
                "limit" => page.limit = limit(&value)?,
                "cursor" => page.cursor = Some(cursor(value)?),
                "owner" => page.owner = Some(value),
                "inline" => page.inline = flag(&value)?,
                "prefix" => page.prefix = Some(filter(value)?),
                _ => page.name = Some(filter(value)?.to_lowercase()),
            }
        }
        Ok(page)
    }
}

fn limit(text: &str) -> Result<usize, Refusal> {
    let number = crate::range::number(text).and_then(|number| usize::try_from(number).ok());
    number.filter(|number| (1..=MAX_LIMIT).contains(number)).ok_or(Refusal::BadRequest("limit is from 1 to 200"))
}

fn flag(text: &str) -> Result<bool, Refusal> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Refusal::BadRequest("inline is true or false")),
    }
}

/// Cursors are names of ours: letters, digits, hyphens.
fn cursor(text: String) -> Result<String, Refusal> {
    let fits = (1..=MAX_CURSOR_BYTES).contains(&text.len());
    if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        Ok(text)
    } else {
        Err(Refusal::BadRequest("the cursor is not one of ours"))
    }
}

fn filter(text: String) -> Result<String, Refusal> {
    let fits = (1..=MAX_FILTER_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(Refusal::BadRequest("a filter has 1 to 200 characters, none of control")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_becomes_a_page() {
        let known = ["limit", "cursor", "name"];
        assert_eq!(Page::read("", &known).unwrap().limit, DEFAULT_LIMIT);
        let page = Page::read("limit=200&cursor=0a-f&name=R%C3%89port", &known).unwrap();
        assert_eq!((page.limit, page.cursor.as_deref(), page.name.as_deref()), (200, Some("0a-f"), Some("réport")));
        for bad in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=x",
            "limit=",
            "cursor=",
            "cursor=a/b",
            "cursor=%C3%A9",
            "name=",
            "name=%0A",
            "owner=a",
            "Limit=1",
            "limit=1&limit=1",
        ] {
            assert_eq!(Page::read(bad, &known).unwrap_err().code(), "bad_request", "{bad}");
        }
    }
}
