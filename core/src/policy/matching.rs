//! Match maps (CTA-5007): the tests that catu puts to a part of the URI and cath to a header.

use crate::cbor::{Item, Malformed, Reader};
use crate::hash::{equal_in_constant_time, sha256};
use crate::text::holds;
use alloc::borrow::Cow;

const EXACT: i128 = 0;
const PREFIX: i128 = 1;
const SUFFIX: i128 = 2;
const CONTAINS: i128 = 3;
const SHA256: i128 = -1;

/// Reads one match map and puts all its tests to `value`: they are joined by AND, and an empty map, an
/// unknown or a regular-expression test is malformed, that is, refused. `None` is a value that is not there:
/// no test passes. `canonical` brings a pattern into the form that `value` has, or fails.
pub(super) fn matches<'a>(
    reader: &mut Reader<'a>,
    value: Option<&str>,
    canonical: impl Fn(&'a str) -> Option<Cow<'a, str>>,
) -> Result<bool, Malformed> {
    let mut all = value.is_some();
    let mut tests = 0_usize;
    reader.int_map::<Malformed>(|test, reader| {
        tests += 1;
        let item = reader.item()?;
        let passed = match (test, item) {
            (SHA256, Item::Bytes(digest)) if digest.len() == 32 => {
                value.is_some_and(|value| equal_in_constant_time(&sha256(value.as_bytes()), digest))
            }
            (EXACT | PREFIX | SUFFIX | CONTAINS, Item::Text(pattern)) => {
                let pattern = canonical(pattern).ok_or(Malformed)?;
                value.is_some_and(|value| match test {
                    EXACT => value == pattern,
                    PREFIX => value.starts_with(&*pattern),
                    SUFFIX => value.ends_with(&*pattern),
                    _ => holds(value, &pattern),
                })
            }
            _ => return Err(Malformed),
        };
        all &= passed;
        Ok(())
    })?;
    if tests == 0 { Err(Malformed) } else { Ok(all) }
}
