//! catm: the methods that a token allows, compared exactly. HEAD is allowed only where it is listed.

use crate::cbor::Item;
use crate::refusal::Refusal;
use crate::token::claims::Raw;

/// The method must be in the list, if there is one; a list that is malformed anywhere refuses.
pub(super) fn check(methods: Option<Raw<'_>>, method: &str) -> Result<(), Refusal> {
    const MALFORMED: Refusal = Refusal::Forbidden("catm is malformed");
    let Some(methods) = methods else {
        return Ok(());
    };
    let mut reader = methods.reader();
    let Item::Array(count) = reader.item()? else {
        return Err(MALFORMED);
    };
    let mut found = false;
    for _ in 0..count {
        let Item::Text(one) = reader.item()? else {
            return Err(MALFORMED);
        };
        found |= one == method;
    }
    if found { Ok(()) } else { Err(Refusal::Forbidden("the method is not allowed by the token")) }
}
