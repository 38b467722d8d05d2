//! Calls of the API: JSON in and out, refusals as failures, and another try where one is of use.

use crate::config::Profile;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use serde_json::Value;
use std::thread::sleep;
use std::time::Duration;

/// How often a call that may be made again is made.
const TRIES: u32 = 5;
/// The first wait between two tries; each later one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(300);
/// The longest wait that a server can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(60);
/// Most bytes of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// A client of one service.
#[derive(Debug)]
pub(crate) struct Api {
    agent: ureq::Agent,
    profile: Profile,
}

/// An agent for everything: it leaves statuses and redirects to us, and names us.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(Duration::from_secs(15)))
        .max_idle_connections_per_host(16)
        .user_agent(concat!("clouddrop/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

impl Api {
    pub(crate) fn new(profile: Profile) -> Self {
        Self { agent: agent(), profile }
    }

    pub(crate) const fn agent(&self) -> &ureq::Agent {
        &self.agent
    }

    pub(crate) fn url(&self) -> &str {
        &self.profile.url
    }

    /// What is at `path`, which begins behind `/api/v1`.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.call("GET", path, None, None)
    }

    /// A change that is made once: it is not tried again.
    pub(crate) fn change(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        self.try_once(method, path, body, None).map_err(|(failure, _)| failure)
    }

    /// A change that comes out the same however often it is made, by its nature or by its Idempotency-Key.
    pub(crate) fn repeat(&self, path: &str, body: &Value, key: Option<&str>) -> Result<Value> {
        self.call("POST", path, Some(body), key)
    }

    /// A call by somebody else's token, such as a key that is tried before it is kept.
    fn call(&self, method: &str, path: &str, body: Option<&Value>, key: Option<&str>) -> Result<Value> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.try_once(method, path, body, key) {
                Err((failure, asked)) if failure.exit == Exit::Unavailable => {
                    sleep(asked.unwrap_or(wait).min(LONGEST_WAIT));
                    wait *= 2;
                }
                result => return result.map_err(|(failure, _)| failure),
            }
        }
        self.try_once(method, path, body, key).map_err(|(failure, _)| failure)
    }

    /// The failure comes with how long the server asks to wait.
    fn try_once(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> std::result::Result<Value, (Failure, Option<Duration>)> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v1/{path}", self.profile.url))
            .header("authorization", format!("Bearer {}", self.profile.api_key));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let text = body.map(Value::to_string);
        if text.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(text.unwrap_or_default());
        let request = request.map_err(|_| (Failure::usage("the API key holds characters that no key has"), None))?;
        let request = self.agent.configure_request(request).timeout_global(Some(TIMEOUT)).build();
        let mut answer = self.agent.run(request).map_err(|error| (unreachable(&self.profile.url, &error), None))?;
        let asked = retry_after(&answer);
        let status = answer.status().as_u16();
        let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string();
        let text = text.map_err(|error| (unreachable(&self.profile.url, &error), None))?;
        if !(200..300).contains(&status) {
            let mut failure = refusal(status, &text);
            if failure.exit == Exit::SignIn {
                failure.message = "the API key is not taken: run clouddrop login".into();
            }
            return Err((failure, asked));
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|_| {
            let message = format!("{} does not answer like CloudDrop: is the address right?", self.profile.url);
            (Failure::failed(message), None)
        })
    }
}

/// How long a server asks to wait, if it does so in seconds.
pub(crate) fn retry_after<T>(answer: &ureq::http::Response<T>) -> Option<Duration> {
    let text = answer.headers().get("retry-after")?.to_str().ok()?;
    text.parse().ok().map(Duration::from_secs)
}

/// No answer came.
pub(crate) fn unreachable(url: &str, error: &ureq::Error) -> Failure {
    let host = url.split('/').take(3).collect::<Vec<_>>().join("/");
    Failure::new(Exit::Unavailable, format!("{host} cannot be reached: {error}"))
}

/// A refusal as the service words it (RFC 9457), or as plainly as its status.
pub(crate) fn refusal(status: u16, text: &str) -> Failure {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let of = |name: &str| problem[name].as_str().map(crate::out::plain);
    let code = of("code");
    let exit = Exit::of_refusal(status, code.as_deref().unwrap_or(""));
    let title = of("title").unwrap_or_else(|| format!("the server answered {status}"));
    let mut message = title.trim_end_matches('.').to_string();
    if let Some(detail) = of("detail") {
        message = format!("{message}: {detail}");
    }
    if let Some(id) = of("request_id").filter(|_| status >= 500) {
        message = format!("{message} (request {id})");
    }
    Failure { exit, message, code }
}

/// An id for a call that may be made again: 16 random bytes.
pub(crate) fn new_key() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Failure::failed("the system gives no random bytes"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A text member of an answer.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .ok_or_else(|| Failure::failed(format!("the service's answer lacks {name}: is it of another version?")))
}

/// A number of an answer.
pub(crate) fn number(value: &Value, name: &str) -> Result<u64> {
    value[name]
        .as_u64()
        .ok_or_else(|| Failure::failed(format!("the service's answer lacks {name}: is it of another version?")))
}

/// A name or an id as one segment of a path, or as a value of a query.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    clouddrop_core::percent::push_query(&mut out, text);
    out
}
