//! One line of JSON for each call, on standard error: Lambda keeps that, and a terminal shows it.

use serde::Serialize;
use std::io::Write;

/// A call, as it is logged: no token, no key, no address of a file.
#[derive(Serialize, Debug)]
pub struct Line<'a> {
    /// The call's id, the same that the client is told.
    pub request_id: &'a str,
    /// The method.
    pub method: &'a str,
    /// The route, or nothing where there is none.
    pub route: Option<&'a str>,
    /// The name of the API key.
    pub api_key: Option<&'a str>,
    /// The reply's status.
    pub status: u16,
    /// The refusal in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where in the JSON, which error of S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Somebody on our side should look.
    pub alarm: bool,
}

/// Where lines go.
pub struct Log(Box<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// Standard error. A log that cannot be written stops no call.
    pub fn to_stderr() -> Self {
        Self::to(|line| {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        })
    }

    /// Whatever `sink` does with a line; it has no line feed.
    pub fn to(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Box::new(sink))
    }

    /// Writes a line.
    pub fn write(&self, line: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(line) {
            (self.0)(&text);
        }
    }

    /// Writes a message that belongs to no call.
    pub fn message(&self, text: &str) {
        self.write(&serde_json::json!({ "message": text }));
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log(..)")
    }
}
