//! catu: tests on the parts of the URI, joined by AND.
//!
//! Path, parent path, file name, stem and extension are read from the one canonical encoding of the
//! object's path, and patterns are brought into that encoding first: `/f/a(1)` and `/f/a%281%29` are the
//! same path, and no client can choose a spelling that a test reads differently from the origin.

use super::matching::matches;
use crate::cbor::{Item, Malformed, Reader};
use crate::hash::sha256;
use crate::percent;
use crate::refusal::Refusal;
use crate::token::carrier;
use crate::token::claims::{Raw, Target};
use alloc::borrow::Cow;
use alloc::string::String;

/// The route whose paths tokens speak of.
pub const FILE_ROUTE: &str = "/f/";

pub(crate) const SCHEME: i128 = 0;
const HOST: i128 = 1;
pub(crate) const PORT: i128 = 2;
pub(crate) const PATH: i128 = 3;
const QUERY: i128 = 4;
const PARENT_PATH: i128 = 5;
const FILE_NAME: i128 = 6;
const STEM: i128 = 7;
const EXTENSION: i128 = 8;

const NOT_ALLOWED: Refusal = Refusal::Forbidden("the address is not allowed by the token");

/// The URI that a token's tests are put to.
#[derive(Clone, Debug)]
pub struct Uri<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// In lower case, without the port.
    pub host: Cow<'a, str>,
    /// In digits: explicit, or the scheme's own.
    pub port: &'a str,
    /// Canonically encoded, with its leading slash.
    pub path: Cow<'a, str>,
    /// As received, without the token's own parameter.
    pub query: Cow<'a, str>,
}

/// All tests of the claim must pass; a part or a test that is not implemented refuses.
pub(super) fn check(claim: Option<Raw<'_>>, uri: &Uri<'_>) -> Result<(), Refusal> {
    let Some(claim) = claim else { return Ok(()) };
    let mut reader = claim.reader();
    let mut all = true;
    reader.int_map::<Malformed>(|part, reader| {
        let (_, file_name) = split_last(&uri.path, '/');
        all &= match part {
            SCHEME => matches(reader, Some(uri.scheme), lower_case),
            HOST => matches(reader, Some(&uri.host), lower_case),
            PORT => matches(reader, Some(uri.port), as_it_is),
            PATH => matches(reader, Some(&uri.path), canonical_path),
            QUERY => matches(reader, Some(&uri.query), as_it_is),
            PARENT_PATH => matches(reader, Some(parent(&uri.path)), canonical_path),
            FILE_NAME => matches(reader, Some(file_name), canonical_path),
            STEM => matches(reader, Some(stem_and_extension(file_name).0), canonical_path),
            EXTENSION => matches(reader, Some(stem_and_extension(file_name).1), canonical_path),
            _ => Err(Malformed),
        }?;
        Ok(())
    })?;
    if all { Ok(()) } else { Err(NOT_ALLOWED) }
}

/// cdniuc (RFC 9246 section 2.1.15): the hash, where there is one, is that of the URI as the client wrote it, without
/// the token. Nothing in it is repaired first: another spelling of the same URI is refused.
pub(super) fn check_hash(hash: Option<&[u8; 32]>, url: &str) -> Result<(), Refusal> {
    match hash {
        Some(hash) if *hash != sha256(carrier::url_without_token(url).as_bytes()) => Err(NOT_ALLOWED),
        _ => Ok(()),
    }
}

/// What the claim's path test points at: exact before prefix, `None` for any other claim.
pub(crate) fn target(claim: Raw<'_>) -> Result<Option<Target>, Malformed> {
    let mut found = None;
    claim.reader().int_map::<Malformed>(|part, reader| {
        if part == PATH { read_target(reader, &mut found) } else { reader.raw_item().map(|_| ()) }
    })?;
    Ok(found)
}

fn read_target(reader: &mut Reader<'_>, found: &mut Option<Target>) -> Result<(), Malformed> {
    reader.int_map::<Malformed>(|test, reader| {
        match (test, reader.item()?) {
            (0, Item::Text(path)) => *found = Some(Target::Exact(canonical_path(path).ok_or(Malformed)?.into_owned())),
            (1, Item::Text(path)) if found.is_none() => {
                *found = Some(Target::Prefix(canonical_path(path).ok_or(Malformed)?.into_owned()));
            }
            (_, Item::Text(_) | Item::Bytes(_)) => {}
            _ => return Err(Malformed),
        }
        Ok(())
    })
}

fn as_it_is(pattern: &str) -> Option<Cow<'_, str>> {
    Some(pattern.into())
}

fn lower_case(pattern: &str) -> Option<Cow<'_, str>> {
    Some(if pattern.bytes().any(|b| b.is_ascii_uppercase()) {
        pattern.to_ascii_lowercase().into()
    } else {
        pattern.into()
    })
}

/// A pattern in the encoding of [`crate::ObjectPath`]; it may have been written plain or encoded.
fn canonical_path(pattern: &str) -> Option<Cow<'_, str>> {
    if percent::is_plain_path(pattern) {
        return Some(pattern.into());
    }
    let mut out = String::with_capacity(pattern.len() + 16);
    percent::push_path(&mut out, &percent::decode(pattern)?);
    Some(out.into())
}

/// Up to the last slash; of `/a` the root itself.
fn parent(path: &str) -> &str {
    match split_last(path, '/').0 {
        "" => "/",
        parent => parent,
    }
}

/// A file name apart at its last dot, which goes with the extension; a name that starts with its only
/// dot has none.
fn stem_and_extension(file_name: &str) -> (&str, &str) {
    match file_name.rfind('.') {
        Some(dot) if dot > 0 => file_name.split_at(dot),
        _ => (file_name, ""),
    }
}

fn split_last(text: &str, separator: char) -> (&str, &str) {
    text.rsplit_once(separator).unwrap_or(("", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_at_the_last_dot() {
        for (name, stem, extension) in [
            ("a.pdf", "a", ".pdf"),
            ("a.tar.gz", "a.tar", ".gz"),
            (".profile", ".profile", ""),
            ("a", "a", ""),
            ("a.", "a", "."),
        ] {
            assert_eq!(stem_and_extension(name), (stem, extension));
        }
        assert_eq!((parent("/f/a/b"), parent("/f")), ("/f/a", "/"));
    }

    #[test]
    fn a_pattern_is_read_plain_or_encoded() {
        for pattern in ["/f/a (1)é", "/f/a%20(1)%c3%a9", "/f/a%20%281%29%C3%A9"] {
            assert_eq!(canonical_path(pattern).as_deref(), Some("/f/a%20%281%29%C3%A9"));
        }
        assert_eq!(canonical_path("/f/100%"), None);
    }
}
