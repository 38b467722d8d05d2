//! What must be true of a signed request before its signature is looked at.
//!
//! s3s verifies signatures but lets pass what S3 refuses: `x-amz-*` headers outside the signature, any region, any
//! service, a presigned URL valid for years, Signature Version 2, browser form uploads. Those gaps close here, before
//! any byte of a body is read.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use s3s::{S3Error, S3ErrorCode, S3Result};
use subtle::ConstantTimeEq as _;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::identity::Identities;

/// The longest life of a presigned URL, seconds: 7 days
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>, `X-Amz-Expires`).
const MAX_EXPIRES: u32 = 604_800;

/// How far a presigned URL may be dated in the future.
const MAX_SKEW: Duration = Duration::minutes(15);

/// The query parameters that carry the signature itself.
const OF_THE_SIGNATURE: [&str; 8] = [
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// The only algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The headers of a request that say how its signature was made.
#[derive(Debug)]
struct Scope<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    presigned: bool,
}

/// What the rules about requests depend on.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    pub(crate) region: &'a str,
    pub(crate) identities: &'a Identities,
    pub(crate) now: OffsetDateTime,
}

impl Admission<'_> {
    /// Admits a request to signature verification.
    ///
    /// # Errors
    /// The S3 error a client is to see.
    pub(crate) fn check(&self, parts: &Parts) -> S3Result<()> {
        let query = query(parts);
        refuse_form_upload(parts)?;
        refuse_signature_v2(parts, &query)?;
        let authorization = authorization(&parts.headers)?;
        let scope = match (authorization, one(&query, "X-Amz-Signature")?) {
            (Some(_), Some(_)) => {
                return Err(error(
                    S3ErrorCode::InvalidArgument,
                    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
                ));
            }
            (None, None) => return Err(error(S3ErrorCode::AccessDenied, "Access Denied")),
            (Some(text), None) => header_scope(text)?,
            (None, Some(_)) => self.presigned_scope(&query)?,
        };
        let access_key_id = self.check_credential(&scope)?;
        check_signed_headers(&scope, &parts.headers)?;
        self.check_session_token(access_key_id, &parts.headers, &query)
    }

    fn presigned_scope<'a>(&self, query: &'a [(String, String)]) -> S3Result<Scope<'a>> {
        let malformed = |message: &'static str| error(S3ErrorCode::AuthorizationQueryParametersError, message);
        let needed = |name| {
            one(query, name)?.ok_or_else(|| malformed("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."))
        };
        if needed("X-Amz-Algorithm")? != ALGORITHM {
            return Err(malformed("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
        }
        let expires = needed("X-Amz-Expires")?;
        // `parse` alone would take a sign.
        if !expires.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed("X-Amz-Expires should be a number"));
        }
        match expires.parse::<u32>() {
            Ok(1..=MAX_EXPIRES) => {}
            Ok(0) => return Err(malformed("X-Amz-Expires must be at least one second")),
            _ => {
                return Err(malformed(
                    "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
                ));
            }
        }
        let date = parse_date(needed("X-Amz-Date")?)
            .ok_or_else(|| malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""))?;
        if date - self.now > MAX_SKEW {
            return Err(error(S3ErrorCode::AccessDenied, "Request is not yet valid"));
        }
        Ok(Scope {
            credential: needed("X-Amz-Credential")?,
            signed_headers: needed("X-Amz-SignedHeaders")?,
            presigned: true,
        })
    }

    /// The scope must be of this region and of S3. Returns the access key id.
    fn check_credential<'a>(&self, scope: &Scope<'a>) -> S3Result<&'a str> {
        let code = || {
            if scope.presigned {
                S3ErrorCode::AuthorizationQueryParametersError
            } else {
                S3ErrorCode::AuthorizationHeaderMalformed
            }
        };
        let parts: Vec<&str> = scope.credential.split('/').collect();
        let [access_key_id, _date, region, service, terminator] = parts[..] else {
            return Err(error(
                code(),
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            ));
        };
        if region != self.region {
            let message = format!("the region '{region}' is wrong; expecting '{}'", self.region);
            return Err(S3Error::with_message(code(), message));
        }
        if service != "s3" || terminator != "aws4_request" {
            return Err(error(code(), "the scope must end in \"s3/aws4_request\""));
        }
        Ok(access_key_id)
    }

    /// Temporary credentials are three values; a permanent identity has no token to send.
    fn check_session_token(
        &self,
        access_key_id: &str,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> S3Result<()> {
        let Some(identity) = self.identities.find(access_key_id) else {
            return Err(unknown_access_key());
        };
        let in_header = headers.get_all("x-amz-security-token").iter().map(|value| value.as_bytes());
        let in_query =
            query.iter().filter(|(name, _)| name == "X-Amz-Security-Token").map(|(_, value)| value.as_bytes());
        let sent: Vec<&[u8]> = in_header.chain(in_query).collect();
        let invalid = || error(S3ErrorCode::InvalidToken, "The provided token is malformed or otherwise invalid.");
        match (identity.session_token.as_ref(), &sent[..]) {
            (None, []) => Ok(()),
            // A temporary access key id alone is one that S3 does not know.
            (Some(_), []) => Err(unknown_access_key()),
            (Some(token), [sent]) if bool::from(token.expose().as_bytes().ct_eq(sent)) => Ok(()),
            _ => Err(invalid()),
        }
    }
}

/// The reply to an access key id that no identity has.
pub(crate) fn unknown_access_key() -> S3Error {
    error(S3ErrorCode::InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
}

/// The access key id a request claims, verified or not.
pub(crate) fn claimed_access_key_id(parts: &Parts) -> Option<String> {
    let query = query(parts);
    let credential = match authorization(&parts.headers) {
        Ok(Some(text)) => header_scope(text).ok()?.credential,
        _ => one(&query, "X-Amz-Credential").ok()??,
    };
    credential.split('/').next().map(str::to_owned)
}

/// Signers may move `x-amz-*` headers into the query of a presigned URL, and S3 reads them there as if they were headers.
/// s3s does not, and would silently drop a promised checksum. They are covered by the signature where they stand.
pub(crate) fn signed_query_as_headers<B>(request: &mut Request<B>) {
    let query: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes()).into_owned().collect();
    if !query.iter().any(|(name, _)| name == "X-Amz-Signature") {
        return;
    }
    for (name, value) in query {
        let name = name.to_ascii_lowercase();
        if !name.starts_with("x-amz-") || OF_THE_SIGNATURE.contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers_mut().entry(name).or_insert(value);
        }
    }
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()).into_owned().collect()
}

/// The value of a parameter that may stand once.
fn one<'a>(query: &'a [(String, String)], name: &str) -> S3Result<Option<&'a str>> {
    let mut values = query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(S3Error::with_message(
            S3ErrorCode::AuthorizationQueryParametersError,
            format!("{name} was given more than once"),
        )),
    }
}

fn authorization(headers: &HeaderMap) -> S3Result<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(Some).map_err(|_| error(S3ErrorCode::InvalidArgument, "Authorization header is invalid"))
        }
        _ => Err(error(S3ErrorCode::InvalidArgument, "Authorization was given more than once")),
    }
}

fn header_scope(authorization: &str) -> S3Result<Scope<'_>> {
    let malformed = || error(S3ErrorCode::AuthorizationHeaderMalformed, "The authorization header is malformed.");
    let rest = authorization.strip_prefix(ALGORITHM).ok_or_else(malformed)?;
    let mut credential = None;
    let mut signed_headers = None;
    for field in rest.split(',') {
        match field.trim().split_once('=') {
            Some(("Credential", value)) if credential.is_none() => credential = Some(value),
            Some(("SignedHeaders", value)) if signed_headers.is_none() => signed_headers = Some(value),
            Some(("Signature", _)) => {}
            _ => return Err(malformed()),
        }
    }
    Ok(Scope {
        credential: credential.ok_or_else(malformed)?,
        signed_headers: signed_headers.ok_or_else(malformed)?,
        presigned: false,
    })
}

/// Browser form uploads carry their signature in the body; this server has none of them.
fn refuse_form_upload(parts: &Parts) -> S3Result<()> {
    let form = parts
        .headers
        .get_all(header::CONTENT_TYPE)
        .iter()
        .any(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"multipart/form-data"));
    if form && parts.method == Method::POST {
        return Err(error(S3ErrorCode::NotImplemented, "Browser form uploads are not implemented."));
    }
    Ok(())
}

fn refuse_signature_v2(parts: &Parts, query: &[(String, String)]) -> S3Result<()> {
    let in_header = authorization(&parts.headers)?.is_some_and(|text| !text.starts_with("AWS4-"));
    let in_query = query.iter().any(|(name, _)| name == "Signature" || name == "AWSAccessKeyId");
    if in_header || in_query {
        return Err(error(
            S3ErrorCode::InvalidRequest,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ));
    }
    Ok(())
}

/// `host` and every `x-amz-*` header must be signed, and every signed header sent
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>, "Canonical headers").
fn check_signed_headers(scope: &Scope<'_>, headers: &HeaderMap) -> S3Result<()> {
    let unsigned =
        || error(S3ErrorCode::AccessDenied, "There were headers present in the request which were not signed");
    let signed: Vec<&str> = scope.signed_headers.split(';').collect();
    if !signed.contains(&"host") {
        return Err(unsigned());
    }
    for (name, value) in headers {
        if name.as_str().starts_with("x-amz-") {
            // s3s leaves headers that are not UTF-8 out of the canonical request.
            if !signed.contains(&name.as_str()) || std::str::from_utf8(value.as_bytes()).is_err() {
                return Err(unsigned());
            }
        }
    }
    if let Some(missing) = signed.iter().find(|name| !headers.contains_key(**name)) {
        let missing: String = missing.chars().take(64).collect();
        return Err(S3Error::with_message(
            S3ErrorCode::SignatureDoesNotMatch,
            format!("The signed header '{missing}' is not in the request"),
        ));
    }
    Ok(())
}

fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}

fn error(code: S3ErrorCode, message: &'static str) -> S3Error {
    S3Error::with_message(code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(signed_headers: &str, sent: &[(&'static str, &'static str)]) -> bool {
        let scope = Scope { credential: "", signed_headers, presigned: false };
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check_signed_headers(&scope, &headers).is_ok()
    }

    #[test]
    fn the_signature_covers_host_and_amz_headers_and_nothing_absent() {
        let sent = [("host", "h"), ("x-amz-date", "d"), ("range", "bytes=0-0")];
        assert!(covers("host;x-amz-date", &sent));
        assert!(covers("host;range;x-amz-date", &sent));
        assert!(!covers("x-amz-date", &sent));
        assert!(!covers("host", &sent));
        assert!(!covers("host;if-none-match;x-amz-date", &sent));
        assert!(!covers("host;x-amz-date;", &sent));
        assert!(!covers("", &sent));
    }
}
