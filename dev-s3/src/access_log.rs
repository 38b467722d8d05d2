//! One JSON line for every request, on disk before the reply is on its way: what tests count.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Mutex;

use http::request::Parts;
use http::{StatusCode, header};
use serde::Serialize;

use crate::store::held;

/// A log file, or none.
#[derive(Debug)]
pub(crate) struct AccessLog(Option<Mutex<File>>);

/// A request that has no line yet. Dropped without one (the client is gone, nobody is answered) it writes 499.
#[derive(Debug)]
pub(crate) struct Pending<'a> {
    log: &'a AccessLog,
    entry: Option<Entry>,
}

/// What proxies write for a client that did not wait for its answer.
const CLIENT_GONE: (u16, &str) = (499, "ClientClosedRequest");

impl<'a> Pending<'a> {
    /// What is known when a request comes in.
    pub(crate) fn new(log: &'a AccessLog, parts: &Parts) -> Self {
        Self { log, entry: Some(Entry::of(parts)) }
    }

    /// Writes the line of an answered request.
    pub(crate) fn settle(mut self, identity: Option<String>, status: StatusCode, code: Option<String>) {
        if let Some(entry) = self.entry.take() {
            self.log.note(&Entry { identity, status: status.as_u16(), code, ..entry });
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            let (status, code) = CLIENT_GONE;
            self.log.note(&Entry { status, code: Some(code.to_owned()), ..entry });
        }
    }
}

/// A line of it. Names of query parameters only: their values may be signatures and tokens.
#[derive(Debug, Serialize)]
struct Entry {
    method: String,
    /// As sent, still encoded.
    path: String,
    query_keys: Vec<String>,
    /// Whose signature was verified.
    identity: Option<String>,
    status: u16,
    /// The `Range` header as sent.
    range: Option<String>,
    /// The S3 error code.
    code: Option<String>,
}

impl Entry {
    fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or("");
        let mut query_keys: Vec<String> =
            form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
        query_keys.sort();
        query_keys.dedup();
        Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query_keys,
            identity: None,
            status: 0,
            range: parts.headers.get(header::RANGE).map(|range| String::from_utf8_lossy(range.as_bytes()).into_owned()),
            code: None,
        }
    }
}

impl AccessLog {
    /// Opens the log for appending.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let file = path.map(|path| OpenOptions::new().append(true).create(true).open(path)).transpose()?;
        Ok(Self(file.map(Mutex::new)))
    }

    fn note(&self, entry: &Entry) {
        if let Err(error) = self.write(entry) {
            tracing::error!(%error, "the access log could not be written");
        }
    }

    /// The file is unbuffered and the line goes in one call, so a reader never sees half of one.
    fn write(&self, entry: &Entry) -> io::Result<()> {
        let Some(file) = &self.0 else {
            return Ok(());
        };
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        held(file).write_all(&line)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

    use super::*;

    #[test]
    fn a_request_whose_client_left_has_its_line_too() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log");
        let log = AccessLog::open(Some(&path)).unwrap();
        let (parts, ()) = http::Request::put("/b/k?X-Amz-Signature=hush").body(()).unwrap().into_parts();
        drop(Pending::new(&log, &parts));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("\"status\":499") && text.contains("X-Amz-Signature"), "{text}");
        assert!(text.ends_with('\n') && !text.contains("hush"), "{text}");
    }
}
