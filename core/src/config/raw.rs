//! What the operator wrote: flat text, since that is what a Worker's variables and a Lambda's environment are.

use alloc::string::String;
use serde::Deserialize;

/// The variables by name, nothing in them checked. A name that is not known is refused: it is a
/// misspelled one.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Raw {
    /// The host, with its port if it is not 443, that serves files: `files.example.net`.
    pub file_host: Option<String>,
    /// The host that serves the page and the API; another one than `file_host`.
    pub page_host: Option<String>,
    /// This deployment's id: the `aud` of its tokens.
    pub audience: Option<String>,
    /// The bucket's URL: `https://BUCKET.s3.REGION.amazonaws.com`, or `https://HOST/BUCKET` where buckets are
    /// paths.
    pub origin: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// The folder of the bucket that links can reach, with its closing slash: `files/`.
    pub object_prefix: Option<String>,
    /// The signer's Function URL.
    pub signer_url: Option<String>,
    /// Where to report weaknesses (RFC 9116): `mailto:` or `https:`. Without it there is no security.txt.
    pub security_contact: Option<String>,
    /// Secret: the token keys, a JSON array of `{"issuer", "kid", "secret", "retires"?}`, newest first.
    pub token_keys: Option<String>,
    /// The edge's AWS identity.
    pub aws_access_key_id: Option<String>,
    /// Secret: its key.
    pub aws_secret_access_key: Option<String>,
    /// Of temporary credentials.
    pub aws_session_token: Option<String>,
    /// When temporary credentials end, in seconds since 1970.
    pub aws_credentials_expire: Option<String>,
}
