//! What the operator wrote: flat text, since that is what a Worker's variables and a Lambda's environment are.

use super::checked::Faults;
use crate::json::{self, Value};
use alloc::format;
use alloc::string::String;

/// The variables by name, nothing in them checked. A name that is not known is refused: it is a
/// misspelled one.
#[derive(Default)]
pub struct Raw {
    /// The host, with its port if it is not 443, that serves files: `files.example.net`.
    pub file_host: Option<String>,
    /// The host that serves the page and the API; another one than `file_host`.
    pub page_host: Option<String>,
    /// This deployment's id: the `aud` of its tokens.
    pub audience: Option<String>,
    /// The bucket's URL: `https://BUCKET.s3.REGION.amazonaws.com`, or `https://HOST/BUCKET` where buckets are
    /// paths; or that of a Multi-Region Access Point, `https://ALIAS.mrap.accesspoint.s3-global.amazonaws.com`.
    pub origin: Option<String>,
    /// The bucket's region; `*` if `origin` is a Multi-Region Access Point.
    pub region: Option<String>,
    /// The same objects in another region, asked when the first origin is out: its URL, as `origin`.
    pub second_origin: Option<String>,
    /// Its region.
    pub second_region: Option<String>,
    /// The folder of the bucket that links can reach, with its closing slash: `files/`.
    pub object_prefix: Option<String>,
    /// The folder of the bucket for the service's own records, which no link can reach: `records/` if absent.
    pub records_prefix: Option<String>,
    /// The URL of the bucket of the records, if it is not that of `origin`.
    pub records_origin: Option<String>,
    /// The region of `records_origin`, if it is not `region`.
    pub records_region: Option<String>,
    /// How often the revocation list is asked for, in whole seconds from 1 to 30: 4 if absent.
    pub revocation_poll_seconds: Option<String>,
    /// The signer's Function URL.
    pub signer_url: Option<String>,
    /// The signer's region: `region` if absent, or `records_region` where that is `*`.
    pub signer_region: Option<String>,
    /// Where to report weaknesses (RFC 9116): `mailto:` or `https:`. Without it there is no security.txt.
    pub security_contact: Option<String>,
    /// How many bytes of small objects an instance keeps in memory; 0 for none.
    pub cache_bytes: Option<String>,
    /// How many seconds a kept object is served without asking the origin whether it is still the same.
    pub cache_seconds: Option<String>,
    /// `on`: replies tell how long they took (Server-Timing).
    pub server_timing: Option<String>,
    /// How many API calls of one key go through in a minute.
    pub issues_per_minute: Option<String>,
    /// How many claims of one client go through in a minute.
    pub claims_per_minute: Option<String>,
    /// Where to report a file that should not be shared: `mailto:` or `https:`. Without it `security_contact`.
    pub report_contact: Option<String>,
    /// The identity provider by which people sign in to the page: its issuer URL, as its tokens name it.
    pub oidc_issuer: Option<String>,
    /// The page's client id there.
    pub oidc_client_id: Option<String>,
    /// The origin of its token endpoint, if that is not the issuer's.
    pub oidc_token_origin: Option<String>,
    /// Secret: the token keys, a JSON array of `{"issuer", "kid", "alg"?, "secret", "retires"?}`, newest first; with
    /// `"alg": "ES256"` there are `"x"` and `"y"` in the place of the secret.
    pub token_keys: Option<String>,
    /// The edge's AWS identity.
    pub aws_access_key_id: Option<String>,
    /// Secret: its key.
    pub aws_secret_access_key: Option<String>,
    /// Secret: the token of temporary credentials.
    pub aws_session_token: Option<String>,
    /// When temporary credentials end, in seconds since 1970.
    pub aws_credentials_expire: Option<String>,
}

impl Raw {
    /// Reads the variables from one JSON object of texts.
    ///
    /// # Errors
    /// [`Faults`] that name every unknown variable, or say where the text is no such object; no value is quoted.
    pub fn from_json(text: &str) -> Result<Self, Faults> {
        let (raw, faults) = Self::read(text);
        if faults.is_empty() { Ok(raw) } else { Err(faults) }
    }

    /// What could be read, and what could not.
    pub(super) fn read(text: &str) -> (Self, Faults) {
        let mut raw = Self::default();
        let mut faults = Faults::default();
        match json::object(text) {
            Ok(members) => {
                for (name, value) in members {
                    match (raw.place_of(&name), value) {
                        (Some(place), Value::Text(text)) => *place = Some(text),
                        (Some(_), Value::Null) => {}
                        (Some(_), Value::Number(_)) => faults.add(&name, "must be a text".into()),
                        (None, _) => faults.add(&name, "is not a variable of CloudDrop".into()),
                    }
                }
            }
            Err(bad) => faults.add("configuration", format!("is no JSON object of texts: byte {}", bad.at)),
        }
        (raw, faults)
    }

    fn place_of(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "FILE_HOST" => &mut self.file_host,
            "PAGE_HOST" => &mut self.page_host,
            "AUDIENCE" => &mut self.audience,
            "ORIGIN" => &mut self.origin,
            "REGION" => &mut self.region,
            "SECOND_ORIGIN" => &mut self.second_origin,
            "SECOND_REGION" => &mut self.second_region,
            "OBJECT_PREFIX" => &mut self.object_prefix,
            "RECORDS_PREFIX" => &mut self.records_prefix,
            "RECORDS_ORIGIN" => &mut self.records_origin,
            "RECORDS_REGION" => &mut self.records_region,
            "REVOCATION_POLL_SECONDS" => &mut self.revocation_poll_seconds,
            "SIGNER_URL" => &mut self.signer_url,
            "SIGNER_REGION" => &mut self.signer_region,
            "SECURITY_CONTACT" => &mut self.security_contact,
            "CACHE_BYTES" => &mut self.cache_bytes,
            "CACHE_SECONDS" => &mut self.cache_seconds,
            "SERVER_TIMING" => &mut self.server_timing,
            "ISSUES_PER_MINUTE" => &mut self.issues_per_minute,
            "CLAIMS_PER_MINUTE" => &mut self.claims_per_minute,
            "REPORT_CONTACT" => &mut self.report_contact,
            "OIDC_ISSUER" => &mut self.oidc_issuer,
            "OIDC_CLIENT_ID" => &mut self.oidc_client_id,
            "OIDC_TOKEN_ORIGIN" => &mut self.oidc_token_origin,
            "TOKEN_KEYS" => &mut self.token_keys,
            "AWS_ACCESS_KEY_ID" => &mut self.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY" => &mut self.aws_secret_access_key,
            "AWS_SESSION_TOKEN" => &mut self.aws_session_token,
            "AWS_CREDENTIALS_EXPIRE" => &mut self.aws_credentials_expire,
            _ => return None,
        })
    }
}
