//! Signatures for S3, by AWS's own signer: the path is signed as it is sent, neither normalised nor encoded again.

use crate::failure::Failure;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use clouddrop_core::{Refusal, Seconds, UnixTime};
use http::Request;
use std::time::{Duration, SystemTime};

const SERVICE: &str = "s3";
const CANNOT_SIGN: Refusal = Refusal::Internal("a request to S3 cannot be signed");

/// Credentials in one region. Neither prints its secrets.
pub(super) struct Identity {
    identity: aws_smithy_runtime_api::client::identity::Identity,
    region: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Identity {
    pub(super) fn new(credentials: &clouddrop_core::sigv4::Credentials, region: &str) -> Self {
        // Configuration takes printable ASCII only, so the secret is text.
        let secret = std::str::from_utf8(credentials.secret_access_key.secret_bytes()).unwrap_or_default();
        let ours = Credentials::new(
            credentials.access_key_id.as_str(),
            secret,
            credentials.session_token.as_ref().map(|token| token.secret_text().to_owned()),
            // The end is our own rule's affair: a URL is shortened, not refused.
            None,
            "configuration",
        );
        Self { identity: ours.into(), region: region.into() }
    }

    /// `url` with a signature in its query that ends `span` after `now`.
    pub(super) fn presign(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        span: Seconds,
        now: UnixTime,
    ) -> Result<String, Failure> {
        let mut settings = settings();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(span.0));
        let mut request = Request::builder().method(method).uri(url).body(()).map_err(|_| CANNOT_SIGN)?;
        self.apply(&mut request, headers, SignableBody::UnsignedPayload, settings, now)?;
        Ok(request.uri().to_string())
    }

    /// A request with its signature in its headers, over all of `headers` and the body.
    pub(super) fn sign(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        now: UnixTime,
    ) -> Result<Request<Vec<u8>>, Failure> {
        let mut settings = settings();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).map_err(|_| CANNOT_SIGN)?;
        self.apply(&mut request, headers, SignableBody::Bytes(&body), settings, now)?;
        Ok(request.map(|()| body))
    }

    fn apply<B>(
        &self,
        request: &mut Request<B>,
        headers: &[(&str, &str)],
        body: SignableBody<'_>,
        settings: SigningSettings,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs()))
            .settings(settings)
            .build()
            .map_err(|_| CANNOT_SIGN)?;
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(request.method().as_str(), &uri, headers.iter().copied(), body)
            .map_err(|_| CANNOT_SIGN)?;
        let (instructions, _) = sign(signable, &params.into()).map_err(|_| CANNOT_SIGN)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}

/// What S3 wants: one encoding of the path, and the path untouched.
fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}
