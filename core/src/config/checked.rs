//! What is trusted: every value in the type of its meaning.

use super::keys::parse_keys;
use super::raw::Raw;
use super::records::{Records, revocation_poll};
#[cfg(feature = "sigv4a")]
use super::regions::EVERY_REGION;
use super::regions::{REGION, Regions, Written};
use crate::cache::CacheRules;
use crate::limit::StrictRates;
use crate::origin::Endpoint;
use crate::page::SignIn;
use crate::path::ObjectPath;
use crate::range::number;
use crate::request::split_port;
use crate::retry::Origin;
use crate::revocation::Revocations;
use crate::secret::{Secret, SecretText};
use crate::sigv4::{Credentials, Signer};
use crate::time::{Seconds, UnixTime};
use crate::token::KeySet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A checked snapshot of the edge's configuration. An adapter replaces it whole; nothing here is refreshed.
#[derive(Debug)]
pub struct Config {
    pub(crate) file_host: String,
    pub(crate) page_host: String,
    pub(crate) audience: String,
    pub(crate) first: Bucket,
    /// The same objects in another region.
    pub(crate) second: Option<Bucket>,
    pub(crate) object_prefix: String,
    pub(crate) records: Records,
    /// What signs for the bucket of the records.
    pub(crate) records_signer: Signer,
    pub(crate) revocation_poll: Seconds,
    /// What is taken back. It is the one part that an adapter renews; at first it is not there, and every token is
    /// refused.
    pub(crate) revocations: Revocations,
    pub(crate) signer: Endpoint,
    pub(crate) security_contact: Option<String>,
    pub(crate) cache: CacheRules,
    pub(crate) server_timing: bool,
    pub(crate) strict_rates: StrictRates,
    pub(crate) report_contact: Option<String>,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) keys: KeySet,
    pub(crate) credentials: Credentials,
    pub(crate) lambda: Signer,
}

/// A bucket: where it is, and what signs for it.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) endpoint: Endpoint,
    pub(crate) signer: Signer,
}

impl Bucket {
    fn new(endpoint: Endpoint, region: String) -> Self {
        #[cfg(feature = "sigv4a")]
        if region == EVERY_REGION {
            return Self { endpoint, signer: Signer::for_region_set(region, S3_SERVICE) };
        }
        Self { endpoint, signer: Signer::new(region, S3_SERVICE) }
    }
}

impl Config {
    /// The bucket of an origin; the first one where there is no second.
    pub(crate) fn bucket(&self, origin: Origin) -> &Bucket {
        match (origin, &self.second) {
            (Origin::Second, Some(second)) => second,
            _ => &self.first,
        }
    }

    /// What is taken back, as far as it is known.
    pub const fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// For the adapter that asks for the newest list.
    pub const fn revocations_mut(&mut self) -> &mut Revocations {
        &mut self.revocations
    }

    /// Whether there is a second bucket.
    pub const fn has_second_origin(&self) -> bool {
        self.second.is_some()
    }

    /// What an instance keeps in memory.
    pub const fn cache(&self) -> &CacheRules {
        &self.cache
    }

    /// How often calls that cost something may be made.
    pub const fn strict_rates(&self) -> &StrictRates {
        &self.strict_rates
    }

    /// Whether replies tell how long they took.
    pub const fn server_timing(&self) -> bool {
        self.server_timing
    }

    /// The keys that tokens are verified with.
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// This deployment's id.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// How often the revocation list is to be asked for.
    pub const fn revocation_poll(&self) -> Seconds {
        self.revocation_poll
    }
}

/// One thing wrong with the configuration: which variable, and what to do about it. Never its value where
/// that is a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The variable's name.
    pub variable: String,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}

/// All faults of a configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, variable: &str, problem: String) {
        self.0.push(Fault { variable: variable.into(), problem });
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// `value`, or a fault that says it is missing.
    pub fn required(&mut self, variable: &str, value: Option<String>) -> Option<String> {
        let value = value.filter(|text| !text.is_empty());
        if value.is_none() {
            self.add(variable, "is not set".into());
        }
        value
    }

    /// `text` put through `check`, or a fault that says `problem`.
    pub fn checked<T>(
        &mut self,
        variable: &str,
        text: Option<String>,
        problem: &str,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.required(variable, text)?;
        let value = check(&text);
        if value.is_none() {
            self.add(variable, problem.into());
        }
        value
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "\n" };
            write!(f, "{separator}{} {}", fault.variable, fault.problem)?;
        }
        Ok(())
    }
}

impl core::error::Error for Faults {}

/// The service names that signatures are scoped to.
const S3_SERVICE: &str = "s3";
const LAMBDA_SERVICE: &str = "lambda";

const URL: &str = "must be an http or https URL without query, like https://bucket.s3.eu-central-1.amazonaws.com";

impl TryFrom<Raw> for Config {
    type Error = Faults;

    fn try_from(raw: Raw) -> Result<Self, Faults> {
        Self::check(raw, Faults::default())
    }
}

impl Config {
    /// Reads and checks the variables, one JSON object of texts.
    ///
    /// # Errors
    /// Every fault of both steps at once.
    pub fn from_json(text: &str) -> Result<Self, Faults> {
        let (raw, faults) = Raw::read(text);
        Self::check(raw, faults)
    }

    fn check(raw: Raw, mut faults: Faults) -> Result<Self, Faults> {
        const HOST: &str =
            "must be a host in lower case with an optional port, like files.example.net or 127.0.0.1:8788";
        let file_host = faults.checked("FILE_HOST", raw.file_host, HOST, host);
        let page_host = faults.checked("PAGE_HOST", raw.page_host, HOST, host);
        if file_host.is_some() && file_host == page_host {
            faults.add("PAGE_HOST", "is FILE_HOST: files of strangers must not share an origin with the page".into());
        }
        let audience = faults.required("AUDIENCE", raw.audience);
        let bucket = faults.checked("ORIGIN", raw.origin, URL, Endpoint::parse);
        let object_prefix = faults.checked(
            "OBJECT_PREFIX",
            raw.object_prefix,
            "must be a folder's name with its closing slash, like files/",
            object_prefix,
        );
        let second = second_bucket(raw.second_origin, raw.second_region, &mut faults);
        let written = Written {
            origin: bucket.as_ref(),
            region: raw.region,
            second_origin: second.as_ref().map(|second| &second.endpoint),
            records_origin: raw.records_origin.as_deref().filter(|text| !text.is_empty()),
            records_region: raw.records_region,
            signer_region: raw.signer_region,
        };
        let regions = written.check(&mut faults);
        let cache = CacheRules::read(raw.cache_bytes, raw.cache_seconds, &mut faults);
        let strict_rates = StrictRates::read(raw.issues_per_minute, raw.claims_per_minute, &mut faults);
        let server_timing = match raw.server_timing.as_deref() {
            Some("on") => true,
            None | Some("" | "off") => false,
            Some(_) => {
                faults.add("SERVER_TIMING", "must be on or off".into());
                false
            }
        };
        let files = (bucket.as_ref(), object_prefix.as_deref());
        let records = Records::check(raw.records_prefix, raw.records_origin, files, &mut faults);
        let revocation_poll = revocation_poll(raw.revocation_poll_seconds, &mut faults);
        let signer = faults.checked("SIGNER_URL", raw.signer_url, URL, Endpoint::parse);
        let security_contact = contact("SECURITY_CONTACT", raw.security_contact, &mut faults);
        let report_contact = contact("REPORT_CONTACT", raw.report_contact, &mut faults);
        let sign_in = sign_in(raw.oidc_issuer, raw.oidc_client_id, raw.oidc_token_origin, &mut faults);
        let token_keys = faults.required("TOKEN_KEYS", raw.token_keys);
        let keys = token_keys.and_then(|text| parse_keys(&text, "TOKEN_KEYS", &mut faults));
        let credentials = credentials(
            raw.aws_access_key_id,
            raw.aws_secret_access_key,
            raw.aws_session_token,
            raw.aws_credentials_expire,
            &mut faults,
        );
        // Every `None` above has left a fault; the second pattern says so to the compiler.
        let records = records.zip(revocation_poll);
        match (file_host, page_host, audience, bucket, regions, object_prefix, records, signer, keys, credentials) {
            (
                Some(file_host),
                Some(page_host),
                Some(audience),
                Some(bucket),
                Some(Regions { files, records: records_region, signer: signer_region }),
                Some(object_prefix),
                Some((records, revocation_poll)),
                Some(signer),
                Some(keys),
                Some(credentials),
            ) if faults.is_empty() => Ok(Self {
                file_host,
                page_host,
                audience,
                first: Bucket::new(bucket, files),
                second,
                object_prefix,
                records,
                records_signer: Signer::new(records_region, S3_SERVICE),
                revocation_poll,
                revocations: Revocations::default(),
                signer,
                report_contact: report_contact.or_else(|| security_contact.clone()),
                security_contact,
                cache,
                server_timing,
                strict_rates,
                sign_in,
                keys,
                credentials,
                lambda: Signer::new(signer_region, LAMBDA_SERVICE),
            }),
            _ => Err(faults),
        }
    }
}

fn is_set(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_empty())
}

/// The identity provider of the page: issuer and client, or neither.
fn sign_in(
    issuer: Option<String>,
    client_id: Option<String>,
    token_origin: Option<String>,
    faults: &mut Faults,
) -> Option<SignIn> {
    if ![&issuer, &client_id, &token_origin].into_iter().any(is_set) {
        return None;
    }
    // What becomes part of a policy must be a URL and no more.
    let url = |text: &str| Endpoint::parse(text).map(|_| text.to_string());
    let issuer = faults.checked("OIDC_ISSUER", issuer, URL, url);
    let client_id = faults.required("OIDC_CLIENT_ID", client_id);
    let token_origin = token_origin.filter(|text| !text.is_empty()).and_then(|text| {
        faults.checked("OIDC_TOKEN_ORIGIN", Some(text), URL, |text| Endpoint::parse(text).map(|at| at.origin().into()))
    });
    Some(SignIn { issuer: issuer?, client_id: client_id?, token_origin })
}

/// The second bucket: both of its variables, or neither.
fn second_bucket(origin: Option<String>, region: Option<String>, faults: &mut Faults) -> Option<Bucket> {
    if !is_set(&origin) && !is_set(&region) {
        return None;
    }
    let endpoint = faults.checked("SECOND_ORIGIN", origin, URL, Endpoint::parse);
    let region = faults.checked("SECOND_REGION", region, REGION, self::region);
    Some(Bucket::new(endpoint?, region?))
}

/// AWS credentials from their four variables, every fault added to `faults`.
pub fn credentials(
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    expire: Option<String>,
    faults: &mut Faults,
) -> Option<Credentials> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic()).then(|| text.to_string());
    const PLAIN: &str = "must hold no space and no character outside ASCII";
    let access_key_id = faults.checked("AWS_ACCESS_KEY_ID", access_key_id, PLAIN, |text| {
        (!text.contains('/')).then(|| plain(text)).flatten()
    });
    let secret = faults.checked("AWS_SECRET_ACCESS_KEY", secret_access_key, PLAIN, plain).map(Secret::from);
    let before = faults.len();
    let session_token = session_token
        .filter(|token| !token.is_empty())
        .and_then(|token| faults.checked("AWS_SESSION_TOKEN", Some(token), PLAIN, plain))
        .map(SecretText::new);
    const SECONDS: &str = "must be a time in seconds since 1970";
    let expires = expire
        .filter(|text| !text.is_empty())
        .and_then(|text| faults.checked("AWS_CREDENTIALS_EXPIRE", Some(text), SECONDS, number));
    if faults.len() > before {
        return None;
    }
    Some(Credentials {
        access_key_id: access_key_id?,
        secret_access_key: secret?,
        session_token,
        expires: expires.map(UnixTime::from_secs),
    })
}

/// A host in the form in which browsers send it, so that it can be compared byte by byte.
pub fn host(text: &str) -> Option<String> {
    let (name, port) = split_port(text);
    let name_fits = !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'[' | b']' | b':'));
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == port));
    (name_fits && port_fits).then(|| text.into())
}

/// A region's name.
pub fn region(text: &str) -> Option<String> {
    let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    fits.then(|| text.into())
}

/// A folder's name with its closing slash.
pub fn object_prefix(text: &str) -> Option<String> {
    let folder = text.strip_suffix('/')?;
    ObjectPath::from_key(folder).is_ok().then(|| text.into())
}

/// A contact that may be left out.
fn contact(variable: &str, text: Option<String>, faults: &mut Faults) -> Option<String> {
    let text = text.filter(|text| !text.is_empty());
    if text.as_deref().is_some_and(|text| !is_contact(text)) {
        faults.add(variable, "must begin with mailto: or https: and hold no space".into());
    }
    text
}

fn is_contact(text: &str) -> bool {
    (text.starts_with("mailto:") || text.starts_with("https:")) && text.bytes().all(|b| b.is_ascii_graphic())
}
