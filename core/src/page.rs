//! The web page: which of its built files answers a path of the page's host, and what a browser lets that file do.
//!
//! The files themselves are no part of the rules: the adapter has them, under the names that are given here.

use crate::config::{Config, HAS_SIGV4A};
use crate::reply::{Body, HeaderSet, NOT_STORED, Reply};
use crate::text::{cut, push_json_string};
use alloc::string::String;
use alloc::vec::Vec;

/// The folder of the page's parts.
const FOLDER: &str = "/assets/";
/// Names in [`FOLDER`] hold a hash of what is in them, so that a browser need never ask again (RFC 8246).
const FOREVER: &str = "public, max-age=31536000, immutable";
/// The media types of the page's files, by the ends of their names.
const TYPES: [(&str, &str); 6] = [
    (".html", "text/html; charset=utf-8"),
    (".js", "text/javascript; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".svg", "image/svg+xml"),
    (".png", "image/png"),
    (".webmanifest", "application/manifest+json"),
];

/// The identity provider by which people sign in to the page: a public client with PKCE (RFC 7636), no secret.
#[derive(Debug)]
pub struct SignIn {
    /// The issuer's URL, as its tokens name it.
    pub issuer: String,
    /// The page's name there.
    pub client_id: String,
    /// Where the provider's token endpoint is, if that is not the issuer's own origin.
    pub token_origin: Option<String>,
}

/// The built file that answers `path`: the page itself, the page of an upload link, or a part of them.
pub(crate) fn asset(path: &str) -> Option<&str> {
    if path == "/" {
        return Some("index.html");
    }
    if path.strip_prefix("/u/").is_some_and(|token| !token.is_empty() && !token.contains('/')) {
        return Some("guest.html");
    }
    let name = path.strip_prefix(FOLDER)?;
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let is_part = is_plain && !name.starts_with('.') && !name.ends_with(".html");
    (is_part && media_type(name).is_some()).then(|| &path[1..])
}

fn media_type(name: &str) -> Option<&'static str> {
    TYPES.iter().find(|(end, _)| name.ends_with(end)).map(|(_, media_type)| *media_type)
}

/// The reply with the built file `name`, one of [`asset`].
pub(crate) fn reply(name: &str, scheme: &str, config: &Config) -> Reply {
    // The page itself is asked for each time, and names the parts that go with it.
    let kept = if name.contains('/') { FOREVER } else { NOT_STORED };
    let headers = Vec::from([
        ("content-type", media_type(name).unwrap_or("application/octet-stream").into()),
        ("content-security-policy", policy(scheme, config)),
        ("cache-control", kept.into()),
    ]);
    Reply { status: 200, set: HeaderSet::App, headers, body: Body::Asset(name.into()), log: None }
}

/// Scripts and styles of its own only, and those through one Trusted Types policy; calls to itself, to the bucket for
/// uploads, to the files and to the identity provider (CSP 3; Trusted Types section 4).
fn policy(scheme: &str, config: &Config) -> String {
    let mut policy = String::from(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; manifest-src 'self'; \
         worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types clouddrop; connect-src 'self'",
    );
    // Nobody uploads to a Multi-Region Access Point: the signer's bucket is that of its records then.
    let files = &config.first.endpoint;
    let uploads = if HAS_SIGV4A && files.is_multi_region() { config.records.origin() } else { files.origin() };
    for part in [" ", uploads, " ", scheme, "://", &config.file_host] {
        policy.push_str(part);
    }
    if let Some(sign_in) = &config.sign_in {
        for origin in [Some(origin_of(&sign_in.issuer)), sign_in.token_origin.as_deref()].into_iter().flatten() {
            policy.push(' ');
            policy.push_str(origin);
        }
    }
    policy
}

/// The origin of a URL: what stands before its path.
fn origin_of(url: &str) -> &str {
    let Some((_, rest)) = cut(url, "://") else { return url };
    rest.find('/').map_or(url, |at| &url[..url.len() - rest.len() + at])
}

/// `GET /settings.json`: what the page must know of where it is. Nothing in it is secret.
pub(crate) fn settings(scheme: &str, config: &Config) -> Reply {
    let mut json = String::from("{\"files\":");
    push_json_string(&mut json, &[scheme, "://", &config.file_host].concat());
    json.push_str(",\"oidc\":");
    match &config.sign_in {
        Some(sign_in) => {
            json.push_str("{\"issuer\":");
            push_json_string(&mut json, &sign_in.issuer);
            json.push_str(",\"client_id\":");
            push_json_string(&mut json, &sign_in.client_id);
            json.push('}');
        }
        None => json.push_str("null"),
    }
    json.push_str("}\n");
    Reply::text(200, "application/json", json)
}
