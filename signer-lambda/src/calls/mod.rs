//! The calls: JSON to terms, terms to tokens and URLs, and back to JSON.

pub(crate) mod revocations;
pub(crate) mod shares;
pub(crate) mod uploads;

use crate::failure::Failure;
use clouddrop_core::Refusal;
use serde::de::DeserializeOwned;

/// Reads a body strictly: UTF-8 JSON of exactly the call's fields, each once, and nothing behind it. The call's
/// types are flat, so the depth is bounded by them.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        // serde's own message may quote values; the place and the kind are enough to find the fault.
        let place = format!("{:?} at line {}, column {}", error.classify(), error.line(), error.column());
        Failure::because(Refusal::BadRequest("the body is not the JSON of this call"), place)
    })
}

/// 16 bytes that nobody can guess.
fn random() -> Result<[u8; 16], Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::Internal("no entropy"))?;
    Ok(bytes)
}
