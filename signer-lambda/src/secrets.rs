//! Secrets from AWS Secrets Manager, where `SECRETS_ID` names one: fetched at the first call, kept, and fetched again
//! from time to time, so that a rotation needs no deployment. While they cannot be had the first time, every call is
//! answered 503; later on, those that are held go on.

use crate::config::{Config, Raw};
use crate::log::Log;
use crate::service::Signer;
use clouddrop_core::config::{self, Faults};
use clouddrop_core::origin::Endpoint;
use clouddrop_core::secrets_manager::{endpoint_of, get_secret_value};
use clouddrop_core::sigv4::Credentials;
use clouddrop_core::{Refusal, Seconds, UnixTime};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long secrets are held before they are asked for again.
const FRESH: Seconds = Seconds(300);
/// How long after a failure they are asked for again at the soonest.
const PAUSE: Seconds = Seconds(5);
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: u64 = 256 * 1024;
const UNAVAILABLE: Refusal = Refusal::OriginUnavailable("the secrets cannot be had");

/// The signer, once its secrets are there.
pub struct Holder {
    raw: Raw,
    source: Option<Source>,
    log: fn() -> Log,
    held: Mutex<Held>,
    /// One question at a time.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Held {
    signer: Option<Arc<Signer>>,
    fetched_at: Option<UnixTime>,
    failed_at: Option<UnixTime>,
}

/// Where the secrets are.
struct Source {
    id: String,
    endpoint: Endpoint,
    region: String,
    credentials: Credentials,
    agent: ureq::Agent,
}

impl Holder {
    /// A holder for what the environment says. Without `SECRETS_ID` the configuration is whole, and checked at once.
    ///
    /// # Errors
    /// Every fault of the configuration that can be seen without the secrets.
    pub fn new(raw: Raw, log: fn() -> Log) -> Result<Self, Faults> {
        let source = Source::of(&raw)?;
        let mut held = Held::default();
        if source.is_none() {
            held.signer = Some(Arc::new(Signer::new(Config::try_from(raw.clone())?, log())));
        }
        Ok(Self { raw, source, log, held: Mutex::new(held), asking: tokio::sync::Mutex::new(()) })
    }

    /// The signer.
    ///
    /// # Errors
    /// [`Refusal::OriginUnavailable`] while its secrets cannot be had, or are none.
    pub async fn signer(&self, now: UnixTime) -> Result<Arc<Signer>, Refusal> {
        let Some(source) = &self.source else { return self.held().ok_or(UNAVAILABLE) };
        if !self.is_due(now) {
            return self.held().ok_or(UNAVAILABLE);
        }
        let _turn = self.asking.lock().await;
        if !self.is_due(now) {
            return self.held().ok_or(UNAVAILABLE);
        }
        let fetched = source.fetch(now).await.and_then(|secrets| self.signer_with(&secrets));
        let mut held = self.held.lock().map_err(|_| UNAVAILABLE)?;
        match fetched {
            Ok(signer) => {
                *held = Held { signer: Some(signer), fetched_at: Some(now), failed_at: None };
            }
            Err(why) => {
                held.failed_at = Some(now);
                (self.log)().write(&json!({ "message": UNAVAILABLE.to_string(), "reason": why, "alarm": true }));
            }
        }
        held.signer.clone().ok_or(UNAVAILABLE)
    }

    fn held(&self) -> Option<Arc<Signer>> {
        self.held.lock().ok()?.signer.clone()
    }

    fn is_due(&self, now: UnixTime) -> bool {
        let Ok(held) = self.held.lock() else { return false };
        let rests = held.failed_at.is_some_and(|at| now < at.after(PAUSE));
        let is_fresh = held.fetched_at.is_some_and(|at| now < at.after(FRESH));
        !rests && !is_fresh
    }

    /// The signer with these secrets. Where they are those that are held, it is the one that is held, with all that it
    /// has learnt.
    fn signer_with(&self, secrets: &Value) -> Result<Arc<Signer>, String> {
        let mut raw = self.raw.clone();
        for (name, place) in [
            ("TOKEN_KEYS", &mut raw.token_keys),
            ("API_KEYS", &mut raw.api_keys),
            ("WEBHOOK_SECRET", &mut raw.webhook_secret),
        ] {
            match secrets.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => *place = Some(text.clone()),
                Some(array @ Value::Array(_)) => *place = Some(array.to_string()),
                Some(_) => return Err(format!("{name} in the secret is neither a text nor an array")),
            }
        }
        // The faults name variables and places, and quote no value.
        let config = Config::try_from(raw).map_err(|faults| faults.to_string())?;
        Ok(Arc::new(Signer::new(config, (self.log)())))
    }
}

impl Source {
    /// The place that the environment names.
    fn of(raw: &Raw) -> Result<Option<Self>, Faults> {
        let Some(id) = raw.secrets_id.clone().filter(|id| !id.is_empty()) else { return Ok(None) };
        let mut faults = Faults::default();
        let region = faults.checked("REGION", raw.region.clone(), "must be a region's name", config::region);
        let endpoint =
            raw.secrets_endpoint.clone().filter(|text| !text.is_empty()).or_else(|| region.as_deref().map(endpoint_of));
        let endpoint = faults.checked("SECRETS_ENDPOINT", endpoint, "must be an https URL", Endpoint::parse);
        let credentials = config::credentials(
            raw.aws_access_key_id.clone(),
            raw.aws_secret_access_key.clone(),
            raw.aws_session_token.clone(),
            raw.aws_credentials_expire.clone(),
            &mut faults,
        );
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .user_agent("clouddrop-signer")
            .build();
        match (region, endpoint, credentials) {
            (Some(region), Some(endpoint), Some(credentials)) if faults.is_empty() => {
                Ok(Some(Self { id, endpoint, region, credentials, agent: agent.into() }))
            }
            _ => Err(faults),
        }
    }

    /// GetSecretValue: the secret's text, which is a JSON object. No part of an answer is told.
    async fn fetch(&self, now: UnixTime) -> Result<Value, String> {
        let request = self.request(now).map_err(|error| error.to_string())?;
        let agent = self.agent.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let mut answer = agent.run(request).map_err(|error| error.to_string())?;
            let status = answer.status().as_u16();
            let body = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
            if status == 200 { body.map_err(|error| error.to_string()) } else { Err(format!("status {status}")) }
        });
        let body = asked.await.map_err(|_| "dropped".to_string())??;
        let answer: Value = serde_json::from_slice(&body).map_err(|_| "no JSON".to_string())?;
        let text = answer.get("SecretString").and_then(Value::as_str).ok_or("no SecretString")?;
        serde_json::from_str::<Value>(text).ok().filter(Value::is_object).ok_or("the secret is no JSON object".into())
    }

    fn request(&self, now: UnixTime) -> Result<http::Request<String>, http::Error> {
        let (signed, body) = get_secret_value(&self.id, &self.endpoint, self.region.clone(), &self.credentials, now);
        let mut request = http::Request::post(signed.url);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        request.body(body)
    }
}
