//! The four calls of Secrets Manager that a rotation makes. No part of an answer is told, but for the name of its fault.

use clouddrop_core::UnixTime;
use clouddrop_core::origin::Endpoint;
use clouddrop_core::secrets_manager::{Action, call};
use clouddrop_core::sigv4::Credentials;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The stage of the version in use.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The stage of the version that a rotation makes.
pub(super) const PENDING: &str = "AWSPENDING";
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: u64 = 256 * 1024;
const NOT_FOUND: &str = "ResourceNotFoundException";

/// A client of Secrets Manager.
#[derive(Debug)]
pub(super) struct Manager {
    endpoint: Endpoint,
    region: String,
    credentials: Credentials,
    agent: ureq::Agent,
}

/// What DescribeSecret tells.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) arn: String,
    name: String,
    stages: BTreeMap<String, Vec<String>>,
}

impl Described {
    /// Whether `id` is a name or the ARN of it.
    pub(super) fn is_called(&self, id: &str) -> bool {
        id == self.name || id == self.arn
    }

    /// The stages of a version.
    pub(super) fn stages_of(&self, version: &str) -> Option<&[String]> {
        self.stages.get(version).map(Vec::as_slice)
    }

    fn current(&self) -> Option<&str> {
        let is_current = |stages: &Vec<String>| stages.iter().any(|stage| stage == CURRENT);
        self.stages.iter().find(|(_, stages)| is_current(stages)).map(|(version, _)| version.as_str())
    }
}

impl Manager {
    pub(super) fn new(endpoint: Endpoint, region: String, credentials: Credentials) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .user_agent("clouddrop-rotation")
            .build();
        Self { endpoint, region, credentials, agent: agent.into() }
    }

    pub(super) fn describe(&self, id: &str, now: UnixTime) -> Result<Described, String> {
        let told = self.call(Action::DescribeSecret, &json!({ "SecretId": id }), now)?;
        let told = told.ok_or("there is no such secret")?;
        let text = |name: &str| told[name].as_str().unwrap_or("").to_string();
        let stages = told["VersionIdsToStages"].as_object().into_iter().flatten();
        let stages = stages.map(|(version, stages)| {
            let stages = stages.as_array().into_iter().flatten();
            (version.clone(), stages.filter_map(|stage| Some(stage.as_str()?.to_string())).collect())
        });
        Ok(Described { arn: text("ARN"), name: text("Name"), stages: stages.collect() })
    }

    /// The text of the version in use, if there is one.
    pub(super) fn current(&self, id: &str, now: UnixTime) -> Result<Option<String>, String> {
        self.value(&json!({ "SecretId": id, "VersionStage": CURRENT }), now)
    }

    /// The text of a version, if it has one yet.
    pub(super) fn version(&self, id: &str, version: &str, now: UnixTime) -> Result<Option<String>, String> {
        self.value(&json!({ "SecretId": id, "VersionId": version, "VersionStage": PENDING }), now)
    }

    fn value(&self, body: &Value, now: UnixTime) -> Result<Option<String>, String> {
        let Some(told) = self.call(Action::GetSecretValue, body, now)? else { return Ok(None) };
        let text = told["SecretString"].as_str().ok_or("a secret of bytes, not of text")?;
        Ok(Some(text.into()))
    }

    /// Stores a version. The same one again is the same.
    pub(super) fn put(&self, id: &str, version: &str, stage: &str, text: &str, now: UnixTime) -> Result<(), String> {
        let body = json!({
            "SecretId": id, "ClientRequestToken": version, "SecretString": text, "VersionStages": [stage],
        });
        self.call(Action::PutSecretValue, &body, now)?.map(drop).ok_or_else(|| "there is no such secret".into())
    }

    /// Has a version be the one in use.
    pub(super) fn make_current(&self, secret: &Described, version: &str, now: UnixTime) -> Result<(), String> {
        let mut body = json!({ "SecretId": secret.arn, "VersionStage": CURRENT, "MoveToVersionId": version });
        if let Some(before) = secret.current() {
            body["RemoveFromVersionId"] = before.into();
        }
        let told = self.call(Action::UpdateSecretVersionStage, &body, now)?;
        told.map(drop).ok_or_else(|| "there is no such secret".into())
    }

    /// The answer; `None` for a secret, a version or a value that is not there.
    fn call(&self, action: Action, body: &Value, now: UnixTime) -> Result<Option<Value>, String> {
        let name = action.target();
        let body = body.to_string();
        let signed = call(action, &body, &self.endpoint, self.region.clone(), &self.credentials, now);
        let mut request = http::Request::post(signed.url);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).map_err(|_| format!("{name}: no request can be made"))?;
        let mut answer = self.agent.run(request).map_err(|error| format!("{name}: {error}"))?;
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        let told: Value = text.ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        if status == 200 {
            return Ok(Some(told));
        }
        // `__type` may have its namespace before a hash.
        let fault = told["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or("");
        if fault == NOT_FOUND {
            return Ok(None);
        }
        let fault: String = fault.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        Err(format!("{name}: {status} {fault}"))
    }
}
