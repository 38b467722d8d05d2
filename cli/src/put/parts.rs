//! Sending a file in parts: those that are not there yet, several at once, by URLs that are asked for as they are needed.

use crate::api::{Api, number, text, unreachable};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::transfer::{AT_ONCE, patience, work_off};
use anyhow::Context as _;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Mutex;

/// How many URLs are asked for at once.
const URLS: usize = 100;

/// A stretch of a file and what is sent with it.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) first: u64,
    pub(crate) size: u64,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) attempt: u32,
}

/// A part by its number.
struct Part {
    number: u64,
    first: u64,
    size: u64,
}

/// Sends the parts of a granted upload that have not arrived.
pub(crate) fn send(api: &Api, path: &Path, grant: &Value, bar: &ProgressBar) -> Result<()> {
    let (upload, id) = (text(grant, "upload")?, text(grant, "upload_id")?);
    let received = match api.repeat("uploads/list", &json!({ "upload": upload, "upload_id": id }), None) {
        Ok(received) => received,
        // It is complete already: an earlier run did not hear so, or its call is under way just now. If it is not, then
        // completing it will say so.
        Err(failure) if matches!(failure.exit, Exit::NotFound | Exit::Conflict) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let (size, part_size) = (number(&received, "size")?, number(&received, "part_size")?);
    let there: BTreeSet<u64> =
        received["parts"].as_array().into_iter().flatten().filter_map(|part| part["number"].as_u64()).collect();
    bar.set_length(size);
    bar.set_position(number(&received, "received")?);
    bar.reset_eta();
    let missing: Vec<Part> = (1..=number(&received, "part_count")?)
        .filter(|number| !there.contains(number))
        .map(|number| {
            let first = (number - 1) * part_size;
            Part { number, first, size: part_size.min(size - first) }
        })
        .collect();
    let urls =
        Urls { api, upload, id, missing: missing.iter().map(|part| part.number).collect(), known: Mutex::default() };
    urls.learn(grant);
    work_off(&missing, AT_ONCE, |part, attempt| {
        let url = urls.of(part.number, attempt > 0)?;
        put(api, path, &url, &Piece { first: part.first, size: part.size, headers: &[], attempt }, bar)
    })
}

/// URLs of parts, as far as they are known.
struct Urls<'a> {
    api: &'a Api,
    upload: &'a str,
    id: &'a str,
    missing: Vec<u64>,
    known: Mutex<BTreeMap<u64, String>>,
}

impl Urls<'_> {
    fn learn(&self, answer: &Value) {
        let Ok(mut known) = self.known.lock() else { return };
        for part in answer["parts"].as_array().into_iter().flatten() {
            if let (Some(number), Some(url)) = (part["number"].as_u64(), part["url"].as_str()) {
                known.insert(number, url.into());
            }
        }
    }

    /// The URL of a part, a fresh one if the last did not do: it may have ended.
    fn of(&self, number: u64, fresh: bool) -> Result<String> {
        let known = || self.known.lock().ok().and_then(|mut known| known.remove(&number));
        if let Some(url) = known().filter(|_| !fresh) {
            return Ok(url);
        }
        let from = self.missing.partition_point(|other| *other < number);
        let count = if fresh { 1 } else { URLS };
        let numbers: Vec<u64> = self.missing.iter().skip(from).take(count).copied().collect();
        let body = json!({ "upload": self.upload, "upload_id": self.id, "numbers": numbers });
        self.learn(&self.api.repeat("uploads/parts", &body, None)?);
        known().ok_or_else(|| Failure::failed("the service gives no URL for a part"))
    }
}

/// Puts a piece of the file where its URL says.
pub(crate) fn put(api: &Api, path: &Path, url: &str, piece: &Piece<'_>, bar: &ProgressBar) -> Result<()> {
    let file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
    let mut section = Section { file, at: piece.first, left: piece.size, bar };
    let mut request = api.agent().put(url).header("content-length", piece.size.to_string());
    for (name, value) in piece.headers.iter().filter(|(name, _)| name != "content-length") {
        request = request.header(name, value);
    }
    let request = request.config().timeout_global(Some(patience(piece.size, piece.attempt))).build();
    let result = request.send(ureq::SendBody::from_reader(&mut section));
    let read = piece.size - section.left;
    let outcome = result.map_err(|error| unreachable(url, &error)).and_then(|mut answer| {
        let status = answer.status().as_u16();
        if status == 200 {
            return Ok(());
        }
        let body = answer.body_mut().with_config().limit(64 * 1024).read_to_string().unwrap_or_default();
        Err(refused(status, &body))
    });
    if outcome.is_err() {
        // What was counted is not there.
        bar.set_position(bar.position().saturating_sub(read));
    }
    outcome
}

/// The bucket's refusal. Its text is not shown: it quotes the request.
fn refused(status: u16, body: &str) -> Failure {
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let exit = match (status, code) {
        (_, Some("BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch")) => Exit::Damaged,
        // A URL that has ended is one that is asked for again.
        (403 | 408 | 429 | 500.., _) | (400, Some("RequestTimeout")) => Exit::Unavailable,
        (404, _) => Exit::NotFound,
        (409 | 412, _) => Exit::Conflict,
        _ => Exit::Failed,
    };
    let said = code.map_or_else(|| status.to_string(), |code| format!("{status} {}", crate::out::plain(code)));
    Failure { exit, message: format!("the bucket refuses the file: {said}"), code: code.map(String::from) }
}

/// A stretch of a file as a stream.
struct Section<'a> {
    file: File,
    at: u64,
    left: u64,
    bar: &'a ProgressBar,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file has become shorter"));
        }
        self.at += read as u64;
        self.left -= read as u64;
        self.bar.inc(read as u64);
        Ok(read)
    }
}
