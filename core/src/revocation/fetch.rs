//! The question for the newest list: a signed GET that costs a 304 while the list is the same.

use super::LIST_NAME;
use super::held::Revocations;
use crate::config::Config;
use crate::refusal::Refusal;
use crate::sigv4::{SignedRequest, ToSign, UNSIGNED_PAYLOAD};
use crate::time::UnixTime;

/// The request for the list, on condition that it is another than the one held.
///
/// # Errors
/// [`Refusal::OriginError`] if our credentials have ended.
pub fn request(held: &Revocations, now: UnixTime, config: &Config) -> Result<SignedRequest, Refusal> {
    config.live_credentials(now)?;
    let (path, url) = config.records.locate(LIST_NAME);
    let to_sign = ToSign {
        method: "GET",
        host: config.records.host(),
        path: &path,
        query: "",
        extra: &[],
        payload: UNSIGNED_PAYLOAD,
    };
    let mut headers = config.records_signer.sign(&config.credentials, &to_sign, now).into_vec();
    if let Some(etag) = held.etag() {
        headers.push(("if-none-match", etag.into()));
    }
    Ok(SignedRequest { url, headers })
}
