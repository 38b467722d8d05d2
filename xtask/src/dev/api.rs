//! Asks the running edge: whether it is healthy, and for the grant and the link that the curl lines need.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Longest answer.
const LIMIT: Duration = Duration::from_secs(10);

/// A client of the edge.
pub(crate) struct Api {
    agent: ureq::Agent,
    page: String,
    api_key: String,
}

/// A granted upload.
#[derive(Deserialize)]
pub(crate) struct Grant {
    pub(crate) key: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
}

/// A made link.
#[derive(Deserialize)]
pub(crate) struct Share {
    pub(crate) download: String,
}

impl Api {
    /// A client of the edge whose page is at `page` (with its last slash).
    pub(crate) fn new(page: &str, api_key: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            // A refusal is an answer, with a body that says more than its number.
            .http_status_as_error(false)
            // The stack is on loopback whatever the environment says.
            .proxy(None)
            .build();
        Self { agent: config.into(), page: page.into(), api_key: api_key.into() }
    }

    /// What GET of `url` is answered with, if it is 200.
    pub(crate) fn is_healthy(&self, url: &str) -> anyhow::Result<()> {
        match self.agent.get(url).call()?.status().as_u16() {
            200 => Ok(()),
            status => bail!("{url} answers {status}"),
        }
    }

    /// An upload of `content`, to be done within a day.
    pub(crate) fn grant(&self, name: &str, content: &str) -> anyhow::Result<Grant> {
        self.post("uploads", &json!({ "name": name, "size": content.len(), "type": "text/plain", "expires_in": "24h" }))
    }

    /// A link to `key`.
    pub(crate) fn share(&self, key: &str) -> anyhow::Result<Share> {
        self.post("shares", &json!({ "key": key, "expires_in": "7d" }))
    }

    fn post<T: DeserializeOwned>(&self, call: &str, body: &Value) -> anyhow::Result<T> {
        let url = format!("{}api/v1/{call}", self.page);
        let mut answer = self
            .agent
            .post(&url)
            .header("authorization", format!("Bearer {}", self.api_key))
            .header("content-type", "application/json")
            .send(body.to_string())
            .with_context(|| format!("POST {url}"))?;
        let text = answer.body_mut().read_to_string().with_context(|| format!("POST {url}"))?;
        if answer.status().as_u16() != 201 {
            bail!("POST {url} answers {}: {text}", answer.status().as_u16());
        }
        serde_json::from_str(&text).with_context(|| format!("the answer of POST {url}"))
    }
}
