//! The peer's side: bindings and requests for the `jose` + `aws4fetch` worker.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::ask::Ask;

/// Where the objects live in the origin's bucket.
pub(crate) const OBJECT_PREFIX: &str = "files/";
/// The name files are served under.
pub(crate) const FILE_HOST: &str = "files.bench.test";
pub(crate) const REGION: &str = "eu-north-1";
/// AWS's documented example pair: it opens nothing.
pub(crate) const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// Tokens live this long, in seconds: longer than any run.
pub(crate) const TOKEN_LIFE: u64 = 6 * 3600;

const ISSUER: &str = "https://issuer.bench.test";
const AUDIENCE: &str = "bench";
const TOKEN_SECRET: &str = "a key of a benchmark, which opens nothing at all";

pub(crate) fn bindings(origin: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("ISSUER", ISSUER.into()),
        ("AUDIENCE", AUDIENCE.into()),
        ("TOKEN_SECRET", TOKEN_SECRET.into()),
        ("ORIGIN", format!("http://{origin}")),
        ("OBJECT_PREFIX", OBJECT_PREFIX.into()),
        ("REGION", REGION.into()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.into()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.into()),
    ]
}

/// `GET /d/<token>` for one object, the form the edge is asked in too.
pub(crate) fn ask(object: &str) -> anyhow::Result<Ask> {
    let now = unix_time()?;
    let claims = json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": now + TOKEN_LIFE,
        "iat": now,
        "jti": "b3BlbnMgbm90aGluZw",
        "path": object,
        "methods": ["GET", "HEAD"],
    });
    let token = jwt_hs256(&claims, TOKEN_SECRET.as_bytes())?;
    Ok(Ask { host: FILE_HOST.into(), path: format!("/d/{token}"), headers: Vec::new(), token: Some(token) })
}

/// Seconds since 1970.
pub(crate) fn unix_time() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// A JWT in JWS compact form under HMAC-SHA256 (RFC 7519, RFC 7515 section 3.1).
fn jwt_hs256(claims: &serde_json::Value, key: &[u8]) -> anyhow::Result<String> {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}
