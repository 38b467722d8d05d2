//! cath: tests on request headers, joined by AND; a header that is missing fails.

use super::matching::matches;
use crate::cbor::{Item, Malformed};
use crate::refusal::Refusal;
use crate::request::Headers;
use crate::token::claims::Raw;
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// All tests of all headers must pass. Names compare without case; the same name twice is malformed.
pub(super) fn check(claim: Option<Raw<'_>>, headers: &Headers<'_>) -> Result<(), Refusal> {
    const MALFORMED: Refusal = Refusal::Forbidden("cath is malformed");
    let Some(claim) = claim else { return Ok(()) };
    let mut reader = claim.reader();
    let Item::Map(pairs) = reader.item()? else {
        return Err(MALFORMED);
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut all = true;
    for _ in 0..pairs {
        let Item::Text(name) = reader.item()? else {
            return Err(MALFORMED);
        };
        if name.is_empty() || seen.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(Malformed.into());
        }
        seen.push(name);
        let value = headers.combined(name);
        all &= matches(&mut reader, value.as_deref(), |pattern| Some(Cow::Borrowed(pattern)))?;
    }
    if all { Ok(()) } else { Err(Refusal::Forbidden("a header is not as the token asks")) }
}
