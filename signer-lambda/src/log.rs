//! One line of JSON for each call, on standard error: Lambda keeps that, and a terminal shows it.

use clouddrop_core::UnixTime;
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// Where CloudWatch keeps the metrics.
const NAMESPACE: &str = "CloudDrop/Signer";

/// A call, as it is logged: no token, no key, no address of a file.
#[derive(Serialize, Debug)]
pub struct Line<'a> {
    /// The call's id, the same that the client is told.
    pub request_id: &'a str,
    /// The method.
    pub method: &'a str,
    /// What the call does, or nothing where there is no such call.
    pub operation: Option<&'static str>,
    /// The name of the API key, or who else calls.
    pub caller: Option<&'a str>,
    /// The reply's status.
    pub status: u16,
    /// The refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
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

    /// Writes a call's line, which CloudWatch reads as metrics, too (CloudWatch user guide, "Embedded metric format").
    pub fn call(&self, line: &Line<'_>, took: Duration, now: UnixTime) {
        #[derive(Serialize)]
        struct Measured<'a> {
            #[serde(flatten)]
            line: &'a Line<'a>,
            #[serde(rename = "Calls")]
            calls: u8,
            #[serde(rename = "Latency")]
            latency: f64,
            #[serde(rename = "Refused", skip_serializing_if = "Option::is_none")]
            refused: Option<u8>,
            #[serde(rename = "Faults", skip_serializing_if = "Option::is_none")]
            faults: Option<u8>,
            #[serde(rename = "S3Errors", skip_serializing_if = "Option::is_none")]
            s3_errors: Option<u8>,
            #[serde(rename = "_aws")]
            aws: serde_json::Value,
        }
        let refused = line.code.map(|_| 1);
        let faults = (line.status >= 500).then_some(1);
        let s3_errors = line.code.is_some_and(|code| code.starts_with("origin_")).then_some(1);
        let dimensions = match line.code {
            Some(_) => serde_json::json!([["operation"], ["code"]]),
            None => serde_json::json!([["operation"]]),
        };
        let mut metrics = vec![
            serde_json::json!({ "Name": "Calls", "Unit": "Count" }),
            serde_json::json!({ "Name": "Latency", "Unit": "Milliseconds" }),
        ];
        if refused.is_some() {
            metrics.push(serde_json::json!({ "Name": "Refused", "Unit": "Count" }));
        }
        if s3_errors.is_some() {
            metrics.push(serde_json::json!({ "Name": "S3Errors", "Unit": "Count" }));
        }
        if faults.is_some() {
            metrics.push(serde_json::json!({ "Name": "Faults", "Unit": "Count" }));
        }
        let aws = serde_json::json!({
            "Timestamp": now.as_millis(),
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics }],
        });
        let latency = took.as_secs_f64() * 1000.0;
        self.write(&Measured { line, calls: 1, latency, refused, faults, s3_errors, aws });
    }

    /// Writes one number as a metric of its own.
    pub fn metric(&self, name: &'static str, unit: &'static str, value: u64, now: UnixTime) {
        let metric = serde_json::json!({ "Name": name, "Unit": unit });
        let aws = serde_json::json!({
            "Timestamp": now.as_millis(),
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": [metric] }],
        });
        let mut line = serde_json::Map::new();
        line.insert(name.into(), value.into());
        line.insert("_aws".into(), aws);
        self.write(&line);
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
