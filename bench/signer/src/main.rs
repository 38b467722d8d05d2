//! The signer's bootstrap beside a bare handler: size of the package, time of the start, time and CPU of a call, and a
//! list of a hundred thousand shares. Built and run by `cargo xtask bench signer`. Ratios are between neighbours in one
//! run; the result goes to stdout, progress to stderr. Linux only.

mod bucket;
mod runtime;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bucket::{API_KEY, Bucket};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use runtime::{Call, Function};
use serde_json::{Value, json};

/// How often each bootstrap is started.
const STARTS: usize = 15;
/// How often each is called.
const CALLS: usize = 400;
/// How many shares the long list has.
const SHARES: usize = 100_000;
/// How many pages of it are read.
const PAGES: usize = 40;

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = words.next().context("the folder of the built bootstraps is needed")?;
    let shares = words.next().map_or(Ok(SHARES), |text| text.to_string_lossy().parse())?;
    let (ours, bare) = (folder.join("bootstrap"), folder.join("bare-bootstrap"));
    let mut out = String::new();
    let mut say = |line: String| {
        out.push_str(&line);
        out.push('\n');
    };
    say("| what | signer | bare handler | ratio | to reach |".into());
    say("|---|---|---|---|---|".into());

    let (our_size, bare_size) = (size(&ours)?, size(&bare)?);
    say(row("binary, MB", mb(our_size.0), mb(bare_size.0), ""));
    say(row("package (deflated), MB", mb(our_size.1), mb(bare_size.1), "at most 2.5 MB"));

    let bucket = Bucket::start()?;
    let environment = bucket.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    progress("starts");
    let (mut our_starts, mut bare_starts) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        our_starts.push(Function::start(&ours, &environment)?.init);
        bare_starts.push(Function::start(&bare, &[])?.init);
    }
    say(row("init, ms, median", ms(median(our_starts)), ms(median(bare_starts)), "at most 1.3 times"));

    progress("calls");
    let (mut signer, mut bare) = (Function::start(&ours, &environment)?, Function::start(&bare, &[])?);
    let share = event("POST", "/api/v1/shares", "", Some(&json!({ "key": "a/report.pdf", "expires_in": "7d" })));
    let (mut our_calls, mut bare_calls) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let call = signer.call(&share)?;
        ensure!(call.answer["statusCode"] == 201, "{}", call.answer);
        our_calls.push(call);
        bare_calls.push(bare.call(&share)?);
    }
    let took = |calls: &[Call]| ms(median(calls.iter().map(|call| call.took)));
    let cpu = |calls: &[Call]| ms(median(calls.iter().map(|call| call.cpu)));
    say(row("a share is made, ms, p50 (signer: with its records in S3)", took(&our_calls), took(&bare_calls), ""));
    say(row("its CPU, ms, p50", cpu(&our_calls), cpu(&bare_calls), "at most 1 ms"));
    say(row("peak memory, MB", mb(signer.peak()?), mb(bare.peak()?), ""));

    progress(&format!("{shares} shares"));
    bucket.fill(shares)?;
    let mut cursor = String::new();
    let mut pages = Vec::new();
    let mut seen = 0;
    for _ in 0..PAGES {
        let call = signer.call(&event("GET", "/api/v1/shares", &format!("limit=50&owner=many{cursor}"), None))?;
        let page: Value = serde_json::from_str(call.answer["body"].as_str().context("no body")?)?;
        seen += page["items"].as_array().context("no items")?.len();
        let next = page["next_cursor"].as_str().context("the list has ended")?;
        cursor = format!("&cursor={next}");
        pages.push(call);
    }
    ensure!(seen == PAGES * 50, "{seen} shares were seen");
    let far = format!("{:032x}", shares - 1000);
    let call = signer.call(&event("GET", "/api/v1/shares", &format!("limit=50&owner=many&cursor={far}"), None))?;
    let first = ms(median(pages.iter().map(|page| page.took)));
    say(format!(
        "| a page of 50 of {shares} shares, ms, p50 (near the end: {:.1}) | {first:.1} | | | |",
        ms(call.took)
    ));
    print(&out);
    Ok(())
}

/// Bytes of a program, and as a zip file holds it.
fn size(program: &Path) -> anyhow::Result<(u64, u64)> {
    let bytes = std::fs::read(program).with_context(|| format!("reading {}", program.display()))?;
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(&bytes)?;
    Ok((bytes.len() as u64, deflate.finish()?.len() as u64))
}

/// A Function URL event (payload format 2.0).
fn event(method: &str, path: &str, query: &str, body: Option<&Value>) -> String {
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {
            "host": "x.lambda-url.us-east-1.on.aws", "x-clouddrop-authorization": format!("Bearer {API_KEY}"),
            "x-forwarded-proto": "https", "x-forwarded-port": "443",
        },
        "requestContext": {
            "accountId": "1", "apiId": "x", "domainName": "x.lambda-url.us-east-1.on.aws", "domainPrefix": "x",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "b" },
            "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "24/Nov/2026:03:00:00 +0000", "timeEpoch": 1_795_489_200_000_u64,
        },
        "isBase64Encoded": false,
    });
    if let Some(body) = body {
        event["body"] = body.to_string().into();
        event["headers"]["content-type"] = "application/json".into();
    }
    event.to_string()
}

fn median(values: impl IntoIterator<Item = Duration>) -> Duration {
    let mut values: Vec<Duration> = values.into_iter().collect();
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn row(what: &str, ours: f64, bare: f64, wanted: &str) -> String {
    format!("| {what} | {ours:.2} | {bare:.2} | {:.2} | {wanted} |", ours / bare)
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[expect(clippy::print_stdout, reason = "the result")]
fn print(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "what is going on")]
fn progress(what: &str) {
    eprintln!("--> signer: {what}");
}
