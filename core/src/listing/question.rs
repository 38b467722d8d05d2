//! The signed ListObjectsV2 request (S3 API reference, "ListObjectsV2").

use super::place::Place;
use crate::config::Config;
use crate::decision::Fetch;
use crate::expect::Expect;
use crate::refusal::Refusal;
use crate::retry::Origin;
use crate::sigv4::{ToSign, UNSIGNED_PAYLOAD, canonical_query};
use crate::time::UnixTime;
use alloc::vec::Vec;

/// How many files and folders one page has at most.
pub const PAGE_KEYS: usize = 200;
/// [`PAGE_KEYS`] as the query says it.
const MAX_KEYS: &str = "200";

/// The question for one page of `place`: the names directly in the folder, and the folders in it.
///
/// # Errors
/// [`Refusal::OriginError`] if our credentials have ended.
pub fn fetch(place: &Place, now: UnixTime, config: &Config) -> Result<Fetch, Refusal> {
    config.live_credentials(now)?;
    let prefix = place.prefix(config);
    let mut pairs = Vec::with_capacity(5);
    pairs.extend([("list-type", "2"), ("prefix", prefix.as_str()), ("delimiter", "/"), ("max-keys", MAX_KEYS)]);
    pairs.extend(place.after().map(|mark| ("continuation-token", mark)));
    let query = canonical_query(&pairs);
    let bucket = config.bucket(Origin::First);
    let (path, mut url) = bucket.endpoint.locate("/");
    let to_sign = ToSign {
        method: "GET",
        host: bucket.endpoint.host(),
        path: &path,
        query: &query,
        extra: &[],
        payload: UNSIGNED_PAYLOAD,
    };
    let headers = bucket.signer.sign(&config.credentials, &to_sign, now).into_vec();
    url.push('?');
    url.push_str(&query);
    Ok(Fetch { method: "GET".into(), url, headers, expect: Expect::folder() })
}
