//! Requests as a client makes them. Nothing is followed, nothing repaired: what came is what is judged.

use crate::out::plain;
use serde_json::Value;
use std::time::Duration;

/// Most bytes of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
}

/// A request, made step by step.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// One whose requests take `patience` at most.
    pub(crate) fn new(patience: Duration) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(patience.min(Duration::from_secs(10))))
            .timeout_global(Some(patience))
            .user_agent(concat!("clouddrop-ops/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Self { agent }
    }

    /// The answer, read to its end.
    ///
    /// # Errors
    /// None came, or it broke off: with the host, not with the whole address, which may hold a token.
    pub(crate) fn send(&self, ask: &Ask) -> Result<Answer, String> {
        let host = host_of(&ask.url);
        let mut request = ureq::http::Request::builder().method(ask.method).uri(&ask.url);
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(ask.body.as_slice()).map_err(|_| format!("no request can be made to {host}"))?;
        let mut answer = self.agent.run(request).map_err(|error| format!("{host} cannot be reached: {error}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str().to_string(), text(value.as_bytes()))).collect();
        let body = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        let body = body.map_err(|error| format!("the answer of {host} broke off: {error}"))?;
        Ok(Answer { status: answer.status().as_u16(), headers, body })
    }
}

/// The host of an address, for messages.
pub(crate) fn host_of(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or("")
}

impl Ask {
    pub(crate) fn new(method: &'static str, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    #[must_use]
    pub(crate) fn content(mut self, body: &[u8]) -> Self {
        self.body = body.into();
        self
    }

    #[must_use]
    pub(crate) fn body(self, content_type: &str, body: &[u8]) -> Self {
        self.content(body).header("content-type", content_type)
    }

    #[must_use]
    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string().as_bytes())
    }
}

impl Answer {
    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The only value of a header.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        match self.all(name)[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The stable code of a refusal.
    pub(crate) fn code(&self) -> String {
        self.json().and_then(|json| Some(json["code"].as_str()?.to_string())).unwrap_or_default()
    }

    /// What it was, in a few words: status, and code and detail of a refusal. Nothing of another body, which may hold a token.
    pub(crate) fn words(&self) -> String {
        let problem = self.json().filter(|json| json["code"].is_string()).unwrap_or_default();
        let mut words = self.status.to_string();
        for member in ["code", "detail"] {
            if let Some(text) = problem[member].as_str() {
                words = format!("{words} {}", plain(text));
            }
        }
        if let Some(id) = problem["request_id"].as_str().filter(|_| self.status >= 500) {
            words = format!("{words} (request {})", plain(id));
        }
        words
    }
}
