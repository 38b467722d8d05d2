//! Tokens of an identity provider (OpenID Connect): JWTs of the configured issuer, for the configured audience, signed
//! with ES256 or RS256 by a key that the issuer publishes. Its keys are fetched from where its discovery document says,
//! kept for a while, and fetched again when a token names one that is not among them. Where they cannot be had, nobody
//! is let in.

use crate::failure::Failure;
use clouddrop_core::access::{Identity, Principal, Role};
use clouddrop_core::{Refusal, Seconds, UnixTime};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Mutex;
use std::time::Duration;

/// How long the provider's keys are believed before they are fetched again.
const FRESH: Seconds = Seconds(600);
/// The oldest keys that are believed where the provider does not answer.
const MAX_AGE: Seconds = Seconds(86_400);
/// How often, at most, a key that is not known makes us ask again.
const ASK_AGAIN: Seconds = Seconds(30);
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_DOCUMENT_BYTES: u64 = 256 * 1024;

/// The provider, as configured.
#[derive(Clone, Debug)]
pub struct Provider {
    /// `iss` of its tokens: an https URL, or an http one of loopback.
    pub issuer: String,
    /// `aud` of those for us.
    pub audience: String,
    /// The claim that names the owner: `sub` if nothing else is set.
    pub owner_claim: String,
    /// The claim that names the role: a text or an array of texts, of which the highest role counts.
    pub role_claim: String,
    /// The role of those whose token names none; nobody is let in without, if this is not set.
    pub default_role: Option<Role>,
}

/// What is known of the provider.
#[derive(Debug)]
pub(crate) struct Oidc {
    agent: ureq::Agent,
    keys: Mutex<Option<Keys>>,
    /// One question at a time.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Keys {
    set: JwkSet,
    fetched_at: UnixTime,
    tried_at: UnixTime,
}

impl Default for Oidc {
    fn default() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .proxy(None)
            .user_agent("clouddrop-signer")
            .build();
        Self { agent: config.into(), keys: Mutex::new(None), asking: tokio::sync::Mutex::new(()) }
    }
}

impl Oidc {
    /// Whom a token stands for.
    pub(crate) async fn principal(
        &self,
        provider: &Provider,
        token: &str,
        now: UnixTime,
    ) -> Result<Principal, Failure> {
        let header = decode_header(token).map_err(|_| Refusal::Unauthorized("not a JWT"))?;
        if !matches!(header.alg, Algorithm::ES256 | Algorithm::RS256) {
            return Err(Refusal::Unauthorized("a JWT is signed with ES256 or RS256").into());
        }
        let kid = header.kid.ok_or(Refusal::Unauthorized("a JWT without a key id"))?;
        let mut keys = self.keys(provider, now, FRESH).await?;
        if keys.find(&kid).is_none() {
            // The provider may have a new key.
            keys = self.keys(provider, now, ASK_AGAIN).await?;
        }
        let jwk = keys.find(&kid).ok_or(Refusal::Unauthorized("a JWT of a key that the issuer does not publish"))?;
        let key = DecodingKey::from_jwk(jwk).map_err(|_| Refusal::Unauthorized("a key that cannot be used"))?;
        // A key of one kind verifies nothing of another: the library holds key and algorithm together.
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&provider.issuer]);
        validation.set_audience(&[&provider.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are the rules' to check, by the clock of the call.
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let claims = decode::<Map<String, Value>>(token, &key, &validation)
            .map_err(|error| {
                Failure::because(Refusal::Unauthorized("the JWT is not good"), format!("{:?}", error.kind()))
            })?
            .claims;
        identity(provider, &claims).principal(provider.default_role, now).map_err(Failure::from)
    }

    /// Keys that are no older than `fresh`; older ones up to a day where the provider does not answer.
    async fn keys(&self, provider: &Provider, now: UnixTime, fresh: Seconds) -> Result<JwkSet, Failure> {
        let is_fresh = |keys: &Keys| now < keys.fetched_at.after(fresh) || now < keys.tried_at.after(ASK_AGAIN);
        if let Some(keys) = self.held().filter(is_fresh) {
            return Ok(keys.set);
        }
        let _turn = self.asking.lock().await;
        let held = self.held();
        if let Some(keys) = held.clone().filter(is_fresh) {
            return Ok(keys.set);
        }
        let (agent, issuer) = (self.agent.clone(), provider.issuer.clone());
        let fetched = tokio::task::spawn_blocking(move || fetch(&agent, &issuer)).await;
        match fetched.map_err(|_| Refusal::Internal("a question to the identity provider was dropped"))? {
            Ok(set) => {
                self.hold(Keys { set: set.clone(), fetched_at: now, tried_at: now });
                Ok(set)
            }
            Err(why) => {
                let kept = held.filter(|keys| now < keys.fetched_at.after(MAX_AGE));
                let keys = kept.ok_or(Refusal::OriginUnavailable("the identity provider's keys cannot be had"));
                let keys = keys.map_err(|refusal| Failure::because(refusal, why))?;
                self.hold(Keys { tried_at: now, ..keys.clone() });
                Ok(keys.set)
            }
        }
    }

    fn held(&self) -> Option<Keys> {
        self.keys.lock().ok()?.clone()
    }

    fn hold(&self, keys: Keys) {
        if let Ok(mut held) = self.keys.lock() {
            *held = Some(keys);
        }
    }
}

/// The keys that the issuer's discovery document leads to (OpenID Connect Discovery 1.0 section 4).
fn fetch(agent: &ureq::Agent, issuer: &str) -> Result<JwkSet, String> {
    #[derive(Deserialize)]
    struct Discovery {
        issuer: String,
        jwks_uri: String,
    }
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let discovery: Discovery = document(agent, &url)?;
    if discovery.issuer != issuer {
        return Err("the discovery document is of another issuer".into());
    }
    if !is_trusted(&discovery.jwks_uri) {
        return Err("the discovery document leads to a URL that is not https".into());
    }
    document(agent, &discovery.jwks_uri)
}

fn document<T: for<'de> Deserialize<'de>>(agent: &ureq::Agent, url: &str) -> Result<T, String> {
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    let text = answer.body_mut().with_config().limit(MAX_DOCUMENT_BYTES).read_to_vec();
    serde_json::from_slice(&text.map_err(|error| error.to_string())?).map_err(|_| format!("no document at {url}"))
}

/// https, or http on loopback: where tests and development are.
pub(crate) fn is_trusted(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://127.0.0.1:")
}

/// What the claims say of somebody, for the rules.
fn identity<'a>(provider: &Provider, claims: &'a Map<String, Value>) -> Identity<'a> {
    let roles = match claims.get(&provider.role_claim) {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    Identity {
        expires: claims.get("exp").and_then(Value::as_f64),
        not_before: claims.get("nbf").map(Value::as_f64),
        owner: claims.get(&provider.owner_claim).and_then(Value::as_str),
        roles,
    }
}
