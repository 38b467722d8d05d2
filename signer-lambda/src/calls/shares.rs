//! `POST /api/v1/shares`.

use super::{random, read};
use crate::failure::Failure;
use crate::reply;
use crate::service::{Signer, one};
use clouddrop_core::hash::push_hex;
use clouddrop_core::issue::{ShareRequest, Shared};
use clouddrop_core::{Refusal, UnixTime};
use http::header::{ACCEPT, HeaderMap};
use http::{Response, StatusCode};
use serde::Serialize;

#[derive(Serialize)]
struct Created<'a> {
    link: &'a str,
    download: &'a str,
    token: &'a str,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<&'a str>,
    expires_at: String,
    curl: &'a str,
}

/// Issues a share: 201 with its links, or for `Accept: text/plain` the link and a line feed.
pub(crate) fn create(
    signer: &Signer,
    body: &[u8],
    headers: &HeaderMap,
    now: UnixTime,
) -> Result<Response<String>, Failure> {
    let config = &signer.config;
    let share = read::<ShareRequest>(body)?.check(&config.object_prefix, config.max_expiry, now)?;
    let key = signer.token_key(now)?;
    let id = random()?;
    let token = share.mint(id, &config.audience, key, now)?;
    let links = share.links(&config.file_base, &token);
    if one(headers, ACCEPT.as_str()).is_some_and(wants_text) {
        return Ok(reply::text(StatusCode::CREATED, links.page + "\n"));
    }
    let mut id_text = String::with_capacity(32);
    push_hex(&mut id_text, &id);
    let (key, folder) = match share.shared() {
        Shared::Object(path) => (Some(path.key()), None),
        Shared::Folder(path) => (None, Some(path.key())),
    };
    let created = Created {
        link: &links.page,
        download: &links.download,
        token: &token,
        id: id_text,
        key,
        folder,
        expires_at: share.expires().to_string(),
        curl: &links.curl,
    };
    reply::json(StatusCode::CREATED, &created)
}

impl Signer {
    /// The key that tokens are made with now.
    pub(super) fn token_key(&self, now: UnixTime) -> Result<&clouddrop_core::token::TokenKey, Refusal> {
        let key = self.config.token_keys.newest_of(&self.config.issuer, now);
        key.ok_or(Refusal::Internal("every token key of the issuer has retired"))
    }
}

/// Whether plain text is accepted and JSON is not asked for.
fn wants_text(accept: &str) -> bool {
    let names = |wanted: &str| {
        accept.split(',').any(|range| range.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted))
    };
    names("text/plain") && !names("application/json")
}
