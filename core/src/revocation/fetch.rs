//! The question for the newest list: a signed GET that costs a 304 while the list is the same.

use super::LIST_NAME;
use super::held::Revocations;
use crate::config::Config;
use crate::refusal::Refusal;
use crate::request::Names;
use crate::sigv4::{ToSign, UNSIGNED_PAYLOAD};
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A signed GET, complete. Who has its headers can send it: `Debug` shows their names.
pub struct ListRequest {
    /// Where to. No URL parser changes it.
    pub url: String,
    /// Names in lower case; Host is the URL's.
    pub headers: Vec<(&'static str, String)>,
}

impl fmt::Debug for ListRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListRequest").field("url", &self.url).field("headers", &Names(&self.headers)).finish()
    }
}

/// The request for the list, on condition that it is another than the one held.
///
/// # Errors
/// [`Refusal::OriginError`] if our credentials have ended.
pub fn request(held: &Revocations, now: UnixTime, config: &Config) -> Result<ListRequest, Refusal> {
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
    let mut headers = config.first.signer.sign(&config.credentials, &to_sign, now).into_vec();
    if let Some(etag) = held.etag() {
        headers.push(("if-none-match", etag.into()));
    }
    Ok(ListRequest { url, headers })
}
