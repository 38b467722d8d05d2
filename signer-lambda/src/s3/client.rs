//! Sending a signed request to S3: bounded in time and in bytes, no redirect followed, nothing sent twice.

use crate::failure::Failure;
use clouddrop_core::Refusal;
use http::header::{DATE, ETAG};
use http::{Method, Request};
use std::time::Duration;
use ureq::Agent;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From the start of the call to the last byte of its answer.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer: a page of 1000 parts has about 300 KiB, the longest revocation list 5 MB.
const MAX_ANSWER_BYTES: u64 = 8 * 1024 * 1024;
/// A connection is used again within a call only. A frozen Lambda finds old ones closed by the other side, and a
/// POST on such a one cannot be repeated safely.
const MAX_IDLE: Duration = Duration::from_secs(2);

/// The client with its connections.
#[derive(Debug)]
pub(super) struct Client(Agent);

/// S3's answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// With its quotes.
    pub(super) etag: Option<String>,
    /// When S3 answered, by its own clock (RFC 9110 section 6.6.1).
    pub(super) date: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The body of an answer that is a document of S3's; empty if it is no text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or("")
    }

    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

impl Client {
    pub(super) fn new() -> Self {
        Self::with_timeouts(CONNECT_TIMEOUT, WHOLE_TIMEOUT)
    }

    fn with_timeouts(connect: Duration, whole: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(connect))
            .timeout_global(Some(whole))
            .max_idle_age(MAX_IDLE)
            .user_agent("clouddrop-signer")
            .build();
        Self(config.into())
    }

    /// Sends the request on a thread of its own, since the client blocks.
    pub(super) async fn send(&self, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
        let agent = self.0.clone();
        let sent = tokio::task::spawn_blocking(move || send(&agent, request)).await;
        sent.map_err(|_| Refusal::Internal("a call to S3 was dropped"))?
    }
}

fn send(agent: &Agent, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
    // A body, even of no bytes, is for POST and PUT only (RFC 9110 section 9.3).
    let has_body = matches!(*request.method(), Method::POST | Method::PUT);
    let sent = if has_body { agent.run(request) } else { agent.run(request.map(|_| ())) };
    let mut answer = sent.map_err(|error| failure(&error))?;
    let status = answer.status().as_u16();
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
    let (etag, date) = (text(ETAG), text(DATE));
    let body = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
    Ok(Answer { status, etag, date, body: body.map_err(|error| failure(&error))? })
}

fn failure(error: &ureq::Error) -> Failure {
    let refusal = match error {
        ureq::Error::Timeout(_) => Refusal::OriginTimeout,
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::Protocol(_) | ureq::Error::Http(_) => {
            Refusal::OriginError("an answer that is not S3's")
        }
        _ => Refusal::OriginUnavailable("S3 cannot be reached"),
    };
    // The error speaks of sockets and addresses; the request, with its signature, is not in it.
    Failure::because(refusal, error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn an_s3_that_says_nothing_is_given_up() {
        // Connections are taken by the system and never looked at.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::with_timeouts(Duration::from_millis(50), Duration::from_millis(50));
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let url = format!("http://{}/a", silent.local_addr().unwrap());
            let request = Request::builder().method(method).uri(url).body(Vec::new()).unwrap();
            assert_eq!(send(&client.0, request).unwrap_err().refusal, Refusal::OriginTimeout);
        }
    }
}
