//! The signer's configuration in two steps: [`Raw`] is what the environment says, [`Config`] is what is
//! trusted. All faults are named at once.

use crate::api_key::ApiKeys;
use crate::who::oidc::{Provider, is_trusted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clouddrop_core::access::Role;
use clouddrop_core::config::{self, Faults, Records};
use clouddrop_core::hash::MacKey;
use clouddrop_core::issue::Span;
use clouddrop_core::issue::links::base_url;
use clouddrop_core::issue::parts::MAX_SINGLE_BYTES;
use clouddrop_core::issue::share::DEFAULT_MAX_EXPIRY;
use clouddrop_core::issue::upload::DEFAULT_MULTIPART_THRESHOLD;
use clouddrop_core::origin::Endpoint;
use clouddrop_core::records::Quota;
use clouddrop_core::records::account::DEFAULT_OPEN_UPLOADS;
use clouddrop_core::sigv4::Credentials;
use clouddrop_core::token::KeySet;
use clouddrop_core::{Seconds, UnixTime};

/// The variables as written. A Lambda's environment holds many others, so ours are picked by their names.
#[derive(Clone, Default)]
pub struct Raw {
    /// The host that serves files, as at the edge.
    pub file_host: Option<String>,
    /// The `aud` of tokens, as at the edge.
    pub audience: Option<String>,
    /// The `iss` of the tokens made here: one with keys in `token_keys`.
    pub issuer: Option<String>,
    /// The bucket's URL, as at the edge. Clients send uploads there.
    pub origin: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// The folder of the bucket that links can reach, with its closing slash.
    pub object_prefix: Option<String>,
    /// The folder for records, as at the edge: `records/` if absent.
    pub records_prefix: Option<String>,
    /// The URL of the bucket of the records, if it is not that of `origin`.
    pub records_origin: Option<String>,
    /// Secret: the token keys, as at the edge.
    pub token_keys: Option<String>,
    /// The hashes of the API keys: a JSON array of `{"name", "sha256"}`.
    pub api_keys: Option<String>,
    /// The longest life of a share: `365d` if absent.
    pub max_expiry: Option<String>,
    /// Up to how many bytes an upload is one PUT: 64 MiB if absent.
    pub multipart_threshold: Option<String>,
    /// The name or ARN of a secret of AWS Secrets Manager: a JSON object with `TOKEN_KEYS`, `API_KEYS` and
    /// `WEBHOOK_SECRET`, of which each goes before the variable.
    pub secrets_id: Option<String>,
    /// The URL of Secrets Manager, if it is not the region's own.
    pub secrets_endpoint: Option<String>,
    /// The host of the page, for links to it, as at the edge.
    pub page_host: Option<String>,
    /// The most bytes of an owner; no limit if absent.
    pub quota_bytes: Option<String>,
    /// The most files of an owner; no limit if absent.
    pub quota_files: Option<String>,
    /// The most uploads of an owner at once: 1000 if absent.
    pub max_open_uploads: Option<String>,
    /// Secret: what webhooks' secrets are made from, at least 32 bytes in base64url. Without it there are none.
    pub webhook_secret: Option<String>,
    /// The issuer of people's tokens: an https URL. Without it there are API keys only.
    pub oidc_issuer: Option<String>,
    /// The `aud` of people's tokens for us.
    pub oidc_audience: Option<String>,
    /// The claim that names an owner: `sub` if absent.
    pub oidc_owner_claim: Option<String>,
    /// The claim that names a role: `roles` if absent.
    pub oidc_role_claim: Option<String>,
    /// The role of those whose token names none: nobody's if absent.
    pub oidc_default_role: Option<String>,
    /// The signer's AWS identity; Lambda sets these itself.
    pub aws_access_key_id: Option<String>,
    /// Secret: its key.
    pub aws_secret_access_key: Option<String>,
    /// Secret: the token of temporary credentials.
    pub aws_session_token: Option<String>,
    /// When temporary credentials end, in seconds since 1970, where that is known.
    pub aws_credentials_expire: Option<String>,
}

impl Raw {
    /// Asks `variable` for each name.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            file_host: variable("FILE_HOST"),
            audience: variable("AUDIENCE"),
            issuer: variable("ISSUER"),
            origin: variable("ORIGIN"),
            region: variable("REGION"),
            object_prefix: variable("OBJECT_PREFIX"),
            records_prefix: variable("RECORDS_PREFIX"),
            records_origin: variable("RECORDS_ORIGIN"),
            token_keys: variable("TOKEN_KEYS"),
            api_keys: variable("API_KEYS"),
            max_expiry: variable("MAX_EXPIRY"),
            multipart_threshold: variable("MULTIPART_THRESHOLD"),
            secrets_id: variable("SECRETS_ID"),
            secrets_endpoint: variable("SECRETS_ENDPOINT"),
            page_host: variable("PAGE_HOST"),
            quota_bytes: variable("QUOTA_BYTES"),
            quota_files: variable("QUOTA_FILES"),
            max_open_uploads: variable("MAX_OPEN_UPLOADS"),
            webhook_secret: variable("WEBHOOK_SECRET"),
            oidc_issuer: variable("OIDC_ISSUER"),
            oidc_audience: variable("OIDC_AUDIENCE"),
            oidc_owner_claim: variable("OIDC_OWNER_CLAIM"),
            oidc_role_claim: variable("OIDC_ROLE_CLAIM"),
            oidc_default_role: variable("OIDC_DEFAULT_ROLE"),
            aws_access_key_id: variable("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
            aws_session_token: variable("AWS_SESSION_TOKEN"),
            aws_credentials_expire: variable("AWS_CREDENTIALS_EXPIRE"),
        }
    }

    /// The process's environment.
    pub fn from_env() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }
}

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    pub(crate) file_base: String,
    pub(crate) audience: String,
    pub(crate) issuer: String,
    pub(crate) bucket: Endpoint,
    pub(crate) region: String,
    pub(crate) object_prefix: String,
    pub(crate) records: Records,
    pub(crate) token_keys: KeySet,
    pub(crate) api_keys: ApiKeys,
    pub(crate) max_expiry: Seconds,
    pub(crate) multipart_threshold: u64,
    pub(crate) page_base: Option<String>,
    pub(crate) quota: Quota,
    pub(crate) webhook_secret: Option<MacKey>,
    pub(crate) oidc: Option<Provider>,
    pub(crate) credentials: Credentials,
}

impl Config {
    /// The bucket's region, which is the signer's own too.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The keys that tokens are made and verified with.
    pub const fn token_keys(&self) -> &KeySet {
        &self.token_keys
    }
}

impl TryFrom<Raw> for Config {
    type Error = Faults;

    fn try_from(raw: Raw) -> Result<Self, Faults> {
        const HOST: &str = "must be a host in lower case with an optional port, like files.example.net";
        const URL: &str = "must be an http or https URL without query, like https://bucket.s3.eu-north-1.amazonaws.com";
        let mut faults = Faults::default();
        let file_base =
            faults.checked("FILE_HOST", raw.file_host, HOST, |text| config::host(text).map(|h| base_url(&h)));
        let audience = faults.required("AUDIENCE", raw.audience);
        let issuer = faults.required("ISSUER", raw.issuer);
        let bucket = faults.checked("ORIGIN", raw.origin, URL, Endpoint::parse);
        let region = faults.checked("REGION", raw.region, "must be a region's name, like eu-north-1", config::region);
        let object_prefix =
            faults.checked("OBJECT_PREFIX", raw.object_prefix, "must be a folder like files/", config::object_prefix);
        let files = (bucket.as_ref(), object_prefix.as_deref());
        let records = Records::check(raw.records_prefix, raw.records_origin, files, &mut faults);
        let token_keys = faults.required("TOKEN_KEYS", raw.token_keys);
        let token_keys = token_keys.and_then(|text| config::parse_keys(&text, "TOKEN_KEYS", &mut faults));
        if let (Some(issuer), Some(keys)) = (&issuer, &token_keys) {
            // At the epoch no key has retired yet: this asks whether there is any.
            if keys.newest_of(issuer, UnixTime::from_secs(0)).is_none() {
                faults.add("ISSUER", "has no key in TOKEN_KEYS".into());
            }
        }
        let api_keys = faults.required("API_KEYS", raw.api_keys);
        let api_keys = api_keys.and_then(|text| ApiKeys::parse(&text, &mut faults));
        let max_expiry = optional(raw.max_expiry, DEFAULT_MAX_EXPIRY, |text| {
            faults.checked("MAX_EXPIRY", Some(text), "must be a span like 365d", |text| Span::parse(text).map(|s| s.0))
        });
        let multipart_threshold = optional(raw.multipart_threshold, DEFAULT_MULTIPART_THRESHOLD, |text| {
            const BYTES: &str = "must be a number of bytes up to 5 GiB, the largest single PUT";
            let bytes = |text: &str| text.parse().ok().filter(|bytes| *bytes <= MAX_SINGLE_BYTES);
            faults.checked("MULTIPART_THRESHOLD", Some(text), BYTES, bytes)
        });
        let page_base = optional(raw.page_host, None, |text| {
            faults.checked("PAGE_HOST", Some(text), HOST, |text| config::host(text).map(|host| Some(base_url(&host))))
        });
        let mut count = |name: &str, text: Option<String>| {
            const COUNT: &str = "must be a number of at least 1, or not set";
            let count = |text: &str| text.parse::<u64>().ok().filter(|count| *count > 0);
            optional(text, None, |text| faults.checked(name, Some(text), COUNT, |text| count(text).map(Some)))
        };
        let quota_bytes = count("QUOTA_BYTES", raw.quota_bytes);
        let quota_files = count("QUOTA_FILES", raw.quota_files);
        let open_uploads = count("MAX_OPEN_UPLOADS", raw.max_open_uploads);
        let quota = (|| {
            let open_uploads = open_uploads?.unwrap_or(DEFAULT_OPEN_UPLOADS);
            Some(Quota { bytes: quota_bytes?, files: quota_files?, open_uploads })
        })();
        let webhook_secret = optional(raw.webhook_secret, None, |text| {
            const SECRET: &str = "must be at least 32 bytes in base64url without padding, or not set";
            let key = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() >= 32);
            faults
                .checked("WEBHOOK_SECRET", Some(text), SECRET, |text| key(text).map(|bytes| Some(MacKey::new(&bytes))))
        });
        let provider = (raw.oidc_owner_claim, raw.oidc_role_claim, raw.oidc_default_role);
        let oidc = oidc(raw.oidc_issuer, raw.oidc_audience, provider, &mut faults);
        let credentials = config::credentials(
            raw.aws_access_key_id,
            raw.aws_secret_access_key,
            raw.aws_session_token,
            raw.aws_credentials_expire,
            &mut faults,
        );
        let checked = (|| {
            Some(Self {
                file_base: file_base?,
                audience: audience?,
                issuer: issuer?,
                bucket: bucket?,
                region: region?,
                object_prefix: object_prefix?,
                records: records?,
                token_keys: token_keys?,
                api_keys: api_keys?,
                max_expiry: max_expiry?,
                multipart_threshold: multipart_threshold?,
                page_base: page_base?,
                quota: quota?,
                webhook_secret: webhook_secret?,
                oidc: oidc?,
                credentials: credentials?,
            })
        })();
        // Every `None` has left a fault.
        match checked {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(faults),
        }
    }
}

/// The identity provider, where one is set.
fn oidc(
    issuer: Option<String>,
    audience: Option<String>,
    (owner_claim, role_claim, default_role): (Option<String>, Option<String>, Option<String>),
    faults: &mut Faults,
) -> Option<Option<Provider>> {
    let set = |text: Option<String>| text.filter(|text| !text.is_empty());
    let Some(issuer) = set(issuer) else { return Some(None) };
    let trusted = |text: &str| is_trusted(text).then(|| text.to_string());
    let issuer = faults.checked("OIDC_ISSUER", Some(issuer), "must be an https URL", trusted);
    let audience = faults.required("OIDC_AUDIENCE", audience);
    let default_role = optional(default_role, None, |text| {
        let role = |text: &str| serde_json::from_value::<Role>(text.into()).ok().map(Some);
        faults.checked("OIDC_DEFAULT_ROLE", Some(text), "must be viewer, member or admin, or not set", role)
    });
    Some(Some(Provider {
        issuer: issuer?,
        audience: audience?,
        owner_claim: set(owner_claim).unwrap_or_else(|| "sub".into()),
        role_claim: set(role_claim).unwrap_or_else(|| "roles".into()),
        default_role: default_role?,
    }))
}

/// `default` for what is not set.
fn optional<T>(text: Option<String>, default: T, check: impl FnOnce(String) -> Option<T>) -> Option<T> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => check(text),
        None => Some(default),
    }
}
