//! iss and aud (RFC 8392 sections 3.1.1 and 3.1.3): who made the token and for whom.

use crate::cbor::{Item, Malformed};
use crate::refusal::Refusal;
use crate::token::claims::Raw;

/// The issuer, where one is named, must be the one whose key made the token: a key of one issuer cannot
/// speak for another. One audience, where any is named, must be this deployment.
pub(super) fn check(
    issuer: Option<&str>,
    issuer_of_key: &str,
    audience: Option<Raw<'_>>,
    deployment: &str,
) -> Result<(), Refusal> {
    if issuer.is_some_and(|issuer| issuer != issuer_of_key) {
        return Err(Refusal::Forbidden("the issuer is not the key's"));
    }
    let Some(audience) = audience else {
        return Ok(());
    };
    if names(audience, deployment)? { Ok(()) } else { Err(Refusal::Forbidden("another audience")) }
}

fn names(audience: Raw<'_>, deployment: &str) -> Result<bool, Malformed> {
    let mut reader = audience.reader();
    match reader.item()? {
        Item::Text(one) => Ok(one == deployment),
        Item::Array(count) => {
            let mut found = false;
            for _ in 0..count {
                let Item::Text(one) = reader.item()? else {
                    return Err(Malformed);
                };
                found |= one == deployment;
            }
            Ok(found)
        }
        _ => Err(Malformed),
    }
}
