//! Calls of AWS, signed here with credentials of the environment: no SDK, no profile, nothing that is cached.

use crate::exit::{Exit, Failure, Result};
use crate::http::{Answer, Ask, Client};
use clouddrop_core::UnixTime;
use clouddrop_core::config::{self, Faults};
use clouddrop_core::hash::{push_hex, sha256};
use clouddrop_core::origin::Endpoint;
use clouddrop_core::secrets_manager::{Action, call, endpoint_of};
use clouddrop_core::sigv4::{Credentials, EMPTY_PAYLOAD, Signer, ToSign, canonical_query};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time.
pub(crate) fn now() -> UnixTime {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    UnixTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The identity in the environment, as every tool of AWS reads it.
///
/// # Errors
/// There is none, or half of one.
pub(crate) fn credentials() -> Result<Credentials> {
    let mut faults = Faults::default();
    let found = config::credentials(
        set("AWS_ACCESS_KEY_ID"),
        set("AWS_SECRET_ACCESS_KEY"),
        set("AWS_SESSION_TOKEN"),
        None,
        &mut faults,
    );
    found.ok_or_else(|| {
        let message = "no credentials of AWS: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, \
                       AWS_SESSION_TOKEN (aws configure export-credentials --format env prints them)";
        Failure::new(Exit::SignIn, message)
    })
}

/// The region of an option, or of the environment.
///
/// # Errors
/// None is named.
pub(crate) fn region(option: Option<&str>) -> Result<String> {
    let named = option.map(String::from).or_else(|| set("AWS_REGION")).or_else(|| set("AWS_DEFAULT_REGION"));
    named
        .and_then(|text| config::region(&text))
        .ok_or_else(|| Failure::usage("no region: give --region, or set AWS_REGION"))
}

/// Where a service is, if not where it usually is: the variable that AWS's own tools read.
fn endpoint(variable: &str, usual: String) -> Result<Endpoint> {
    let url = set(variable).unwrap_or(usual);
    Endpoint::parse(&url).ok_or_else(|| Failure::usage(format!("{variable} is no https URL")))
}

/// Secrets Manager.
#[derive(Debug)]
pub(crate) struct Secrets {
    client: Client,
    endpoint: Endpoint,
    region: String,
    credentials: Credentials,
}

impl Secrets {
    /// # Errors
    /// No credentials, or no region.
    pub(crate) fn new(region_option: Option<&str>) -> Result<Self> {
        let region = region(region_option)?;
        let endpoint = endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint_of(&region))?;
        Ok(Self { client: Client::new(Duration::from_secs(20)), endpoint, region, credentials: credentials()? })
    }

    /// A secret's members.
    ///
    /// # Errors
    /// It cannot be had, or is no JSON object.
    pub(crate) fn read(&self, id: &str) -> Result<serde_json::Map<String, Value>> {
        let told = self.call(Action::GetSecretValue, &json!({ "SecretId": id }))?;
        let text = told["SecretString"].as_str().unwrap_or("");
        // The parser's message is of no use, and must not quote.
        serde_json::from_str(text).map_err(|_| Failure::failed(format!("the secret {id} is no JSON object")))
    }

    /// Makes these a secret's members, at once.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&self, id: &str, members: &serde_json::Map<String, Value>) -> Result<()> {
        let text = Value::Object(members.clone()).to_string();
        let mut version = [0; 16];
        getrandom::fill(&mut version).map_err(|_| Failure::failed("the system gives no random bytes"))?;
        let mut token = String::new();
        push_hex(&mut token, &version);
        let body = json!({ "SecretId": id, "ClientRequestToken": token, "SecretString": text });
        self.call(Action::PutSecretValue, &body).map(drop)
    }

    fn call(&self, action: Action, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let signed = call(action, &body, &self.endpoint, self.region.clone(), &self.credentials, now());
        let mut ask = Ask::new("POST", signed.url);
        for (name, value) in signed.headers.iter().filter(|(name, _)| *name != "content-type") {
            ask = ask.header(name, value);
        }
        let answer = self.client.send(&ask.body("application/x-amz-json-1.1", body.as_bytes()));
        let answer = answer.map_err(|why| Failure::new(Exit::Unavailable, why))?;
        if answer.status == 200 {
            return answer.json().ok_or_else(|| Failure::failed("Secrets Manager answers without JSON"));
        }
        let told = answer.json().unwrap_or_default();
        let kind = told["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or("");
        let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        let message = format!("{}: {} {kind}", action.target(), answer.status);
        let exit = if kind.contains("AccessDenied") || kind.contains("Signature") || kind.contains("Token") {
            Exit::SignIn
        } else {
            Exit::Failed
        };
        Err(Failure::new(exit, message))
    }
}

/// A bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    client: Client,
    endpoint: Endpoint,
    path: String,
    region: String,
    credentials: Credentials,
}

impl Bucket {
    /// # Errors
    /// No credentials, or no region.
    pub(crate) fn new(name: &str, region_option: Option<&str>) -> Result<Self> {
        let region = region(region_option)?;
        let is_elsewhere = set("AWS_ENDPOINT_URL_S3").is_some();
        let endpoint = endpoint("AWS_ENDPOINT_URL_S3", format!("https://{name}.s3.{region}.amazonaws.com"))?;
        // Other servers have the bucket in the path.
        let path = if is_elsewhere { format!("/{name}/") } else { "/".into() };
        Ok(Self { client: Client::new(Duration::from_secs(20)), endpoint, path, region, credentials: credentials()? })
    }

    /// The answer to a GET of one of the bucket's settings, like `policy`, or of an object of it.
    ///
    /// # Errors
    /// No answer.
    pub(crate) fn get(&self, object: &str, setting: Option<&str>) -> std::result::Result<Answer, String> {
        let query = setting.map_or(String::new(), |setting| canonical_query(&[(setting, "")]));
        let mut path = self.path.clone();
        clouddrop_core::percent::push_path(&mut path, object);
        let (path, url) = self.endpoint.locate(&path);
        let to_sign = ToSign {
            method: "GET",
            host: self.endpoint.host(),
            path: &path,
            query: &query,
            extra: &[],
            payload: EMPTY_PAYLOAD,
        };
        let signed = Signer::new(self.region.clone(), "s3").sign(&self.credentials, &to_sign, now()).into_vec();
        let mut ask = Ask::get(if query.is_empty() { url } else { format!("{url}?{query}") });
        for (name, value) in signed {
            ask = ask.header(name, &value);
        }
        self.client.send(&ask)
    }

    /// The answer without any signature.
    ///
    /// # Errors
    /// No answer.
    pub(crate) fn get_unsigned(&self) -> std::result::Result<Answer, String> {
        self.client.send(&Ask::get(self.endpoint.locate(&self.path).1))
    }
}

/// SHA-256 in hexadecimal, as `API_KEYS` has it.
pub(crate) fn digest(text: &str) -> String {
    let mut digest = String::new();
    push_hex(&mut digest, &sha256(text.as_bytes()));
    digest
}
