//! The edge's signature on a call, verified as a Function URL with IAM authorisation does (Signature Version 4,
//! service `lambda`), and a little more strictly: what the signer believes must be among what is signed.

use clouddrop_core::config::Faults;
use clouddrop_core::hash::{equal_in_constant_time, push_hex, sha256};
use clouddrop_core::sigv4::{CanonicalRequest, Credentials, SigningKey, string_to_sign};
use clouddrop_core::{UnixTime, config, query};
use http::{Request, Response, StatusCode};

const SERVICE: &str = "lambda";
/// How far the edge's clock may be from ours (AWS: five minutes).
const MAX_SKEW_MILLIS: i64 = 5 * 60 * 1000;
/// Every signature covers these.
const ALWAYS_SIGNED: [&str; 3] = ["host", "x-amz-content-sha256", "x-amz-date"];
/// Headers of these families are believed, so they are signed or not there.
const BELIEVED: [&str; 2] = ["x-amz-", "x-clouddrop-"];

/// Who may call, and in which region.
#[derive(Debug)]
pub struct Gate {
    credentials: Credentials,
    region: String,
}

/// Why a call is not let in: for the log, since the caller learns nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Denied(pub &'static str);

impl Gate {
    /// A gate for the identity in EDGE_ACCESS_KEY_ID and EDGE_SECRET_ACCESS_KEY.
    ///
    /// # Errors
    /// What is wrong with the two variables.
    pub fn new(access_key_id: Option<String>, secret: Option<String>, region: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        // The faults of the checker name the usual variables; here they have names of their own.
        let mut renamed = Faults::default();
        let credentials = config::credentials(access_key_id, secret, None, None, &mut faults);
        for fault in faults.iter() {
            let variable = match &*fault.variable {
                "AWS_ACCESS_KEY_ID" => "EDGE_ACCESS_KEY_ID",
                _ => "EDGE_SECRET_ACCESS_KEY",
            };
            renamed.add(variable, fault.problem.clone());
        }
        match credentials {
            Some(credentials) => Ok(Self { credentials, region: region.into() }),
            None => Err(renamed),
        }
    }

    /// Lets a call in if its signature is the edge's, over method, path, body and all headers that are believed.
    ///
    /// # Errors
    /// [`Denied`] for any other call.
    pub fn check(&self, request: &Request<impl AsRef<[u8]>>, now: UnixTime) -> Result<(), Denied> {
        let authorization = Authorization::parse(only(request, "authorization")?).ok_or(Denied("not a signature"))?;
        let amz_date = only(request, "x-amz-date")?;
        let signed_at = parse_amz_date(amz_date).ok_or(Denied("x-amz-date is no date"))?;
        if (signed_at.as_millis() - now.as_millis()).abs() > MAX_SKEW_MILLIS {
            return Err(Denied("signed at another time"));
        }
        let key = SigningKey::derive(&self.credentials.secret_access_key, signed_at, &self.region, SERVICE);
        let known = authorization.access_key_id == self.credentials.access_key_id;
        if !known || authorization.scope != key.scope() {
            return Err(Denied("another identity or scope"));
        }
        let query = request.uri().query().unwrap_or("");
        let canonical = query::canonical(query).map_err(|_| Denied("a query that cannot be read"))?;
        if canonical != query {
            return Err(Denied("a query that is not in its canonical form, as the edge sends it"));
        }
        let headers = signed_headers(request, authorization.signed_headers)?;
        let mut body_hash = String::with_capacity(64);
        push_hex(&mut body_hash, &sha256(request.body().as_ref()));
        if only(request, "x-amz-content-sha256")? != body_hash {
            return Err(Denied("another body than was signed"));
        }
        let canonical = CanonicalRequest {
            method: request.method().as_str(),
            path: request.uri().path(),
            query,
            headers: &headers,
            payload: &body_hash,
        };
        let mut text = String::new();
        canonical.write(&mut text);
        let digest = sha256(text.as_bytes());
        text.clear();
        string_to_sign(&mut text, amz_date, key.scope(), &digest);
        let mut expected = String::with_capacity(64);
        push_hex(&mut expected, &key.signature(&text));
        if equal_in_constant_time(expected.as_bytes(), authorization.signature.as_bytes()) {
            Ok(())
        } else {
            Err(Denied("the signature does not match"))
        }
    }
}

/// What a Function URL answers to a caller that may not call it.
pub fn forbidden() -> Response<String> {
    let mut reply = Response::new(String::from("{\"Message\":\"Forbidden\"}"));
    *reply.status_mut() = StatusCode::FORBIDDEN;
    let headers = reply.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", http::HeaderValue::from_static("AccessDeniedException"));
    reply
}

/// `AWS4-HMAC-SHA256 Credential=ID/SCOPE, SignedHeaders=A;B, Signature=HEX`.
struct Authorization<'a> {
    access_key_id: &'a str,
    scope: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.strip_prefix("AWS4-HMAC-SHA256 ")?.split(',').map(str::trim);
        let credential = fields.next()?.strip_prefix("Credential=")?;
        let signed_headers = fields.next()?.strip_prefix("SignedHeaders=")?;
        let signature = fields.next()?.strip_prefix("Signature=")?;
        let (access_key_id, scope) = credential.split_once('/')?;
        fields.next().is_none().then_some(Self { access_key_id, scope, signed_headers, signature })
    }
}

/// The values of the signed headers, whose names must be sorted and stand once; all that must be signed is.
fn signed_headers<'a, B>(request: &'a Request<B>, names: &'a str) -> Result<Vec<(&'a str, &'a str)>, Denied> {
    let mut headers: Vec<(&str, &str)> = Vec::new();
    for name in names.split(';') {
        if headers.last().is_some_and(|(last, _)| *last >= name) {
            return Err(Denied("signed headers are not sorted"));
        }
        headers.push((name, only(request, name)?.trim()));
    }
    let is_signed = |name: &str| headers.iter().any(|(signed, _)| *signed == name);
    let believed = request.headers().keys().map(http::HeaderName::as_str);
    let mut needed = believed.filter(|name| BELIEVED.iter().any(|family| name.starts_with(family)));
    if !ALWAYS_SIGNED.into_iter().all(is_signed) || !needed.all(is_signed) {
        return Err(Denied("a header that is believed is not signed"));
    }
    Ok(headers)
}

/// The one value of a header.
fn only<'a, B>(request: &'a Request<B>, name: &str) -> Result<&'a str, Denied> {
    crate::service::one(request.headers(), name).ok_or(Denied("a signed header is missing or stands twice"))
}

/// `YYYYMMDDTHHMMSSZ` as a time; only what reads back the same is one.
fn parse_amz_date(text: &str) -> Option<UnixTime> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let (year, month, day) = (digits(0, 4)?, digits(4, 6)?, digits(6, 8)?);
    let seconds = digits(9, 11)? * 3600 + digits(11, 13)? * 60 + digits(13, 15)?;
    // Days since 1970-01-01: years are counted from March, so that the leap day ends one.
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let shifted_month = (month + 9) % 12;
    let days = shifted_year * 365 + shifted_year / 4 - shifted_year / 100
        + shifted_year / 400
        + (shifted_month * 153 + 2) / 5
        + day
        - 1
        - 719_468;
    let time = UnixTime::from_millis((days * 86_400 + seconds) * 1000);
    (time.amz_date() == *text.as_bytes()).then_some(time)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
mod tests {
    use super::*;

    #[test]
    fn dates_read_back() {
        for secs in [0, 951_782_399, 951_782_400, 1_369_353_600, 4_107_542_399, 4_107_542_400, 253_402_300_799] {
            let time = UnixTime::from_secs(secs);
            let text = time.amz_date();
            assert_eq!(parse_amz_date(std::str::from_utf8(&text).unwrap()), Some(time));
        }
        for bad in [
            "",
            "20130524",
            "20130524T000000",
            "20131324T000000Z",
            "20130230T000000Z",
            "20130524T250000Z",
            "+0130524T000000Z",
        ] {
            assert_eq!(parse_amz_date(bad), None, "{bad}");
        }
    }
}
