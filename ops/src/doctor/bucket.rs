//! The bucket's settings, as S3 tells them: rules on answers, and the questions.

use super::xml::{all, first};
use crate::aws::Bucket;
use crate::checks::{Fault, Seen};
use crate::http::host_of;
use clouddrop_core::{UnixTime, time};
use serde_json::Value;

/// For how long a started upload may lie about.
const MOST_DAYS: u64 = 7;
/// How far the clocks of edge, S3 and this machine may be apart: S3 refuses signatures at 15 minutes, the signer at five.
pub(super) const MAX_SKEW: i64 = 60;

/// A setting: what it is called, what S3 calls it, and the rule on its answer; the page's origin is given to all of them.
type Rule = fn(&str, &str) -> Seen;

pub(super) const SETTINGS: [(&str, &str, Rule); 8] = [
    ("bucket: no public access", "publicAccessBlock", |text, _| public_access(text)),
    ("bucket: the policy is not public", "policyStatus", |text, _| policy_status(text)),
    ("bucket: policy", "policy", |text, _| policy(text)),
    ("bucket: its owner owns all objects", "ownershipControls", |text, _| ownership(text)),
    ("bucket: encryption", "encryption", |text, _| encryption(text)),
    ("bucket: versions are kept", "versioning", |text, _| versioning(text)),
    ("bucket: lifecycle", "lifecycle", |text, _| lifecycle(text)),
    ("bucket: cross-origin requests", "cors", cors),
];

/// Asks for a setting and puts the answer to its rule.
pub(super) fn check(bucket: &Bucket, setting: &str, origin: &str, rule: Rule) -> Seen {
    let answer = bucket.get("", Some(setting))?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let code = first(&text, "Code").unwrap_or("");
    match answer.status {
        200 => rule(&text, origin),
        // What is not set is answered 404, with a code of its own.
        404 if code != "NoSuchBucket" => rule("", origin),
        403 => Err(Fault::NotChecked(format!("these credentials may not ask for it ({code})"))),
        status => Err(Fault::Failed(format!("S3 answers {status} {code}"))),
    }
}

fn public_access(text: &str) -> Seen {
    for name in ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] {
        if first(text, name) != Some("true") {
            return Err(format!("{name} is not on: put all four of the public access block on").into());
        }
    }
    Ok("all four blocks are on".into())
}

fn policy_status(text: &str) -> Seen {
    match first(text, "IsPublic") {
        Some("true") => Err("the policy makes the bucket public".into()),
        _ => Ok("not public".into()),
    }
}

fn policy(text: &str) -> Seen {
    let policy: Value = serde_json::from_str(text).unwrap_or_default();
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    let denies = |condition: &str| {
        statements
            .iter()
            .any(|statement| statement["Effect"] == "Deny" && statement["Condition"].to_string().contains(condition))
    };
    if !denies(r#""aws:SecureTransport":"false""#) && !denies(r#""aws:SecureTransport":false"#) {
        return Err("no statement denies requests without TLS (aws:SecureTransport)".into());
    }
    let allows_all = |statement: &Value| {
        let everybody = ["*", r#"{"AWS":"*"}"#];
        let principal =
            statement["Principal"].as_str().map_or_else(|| statement["Principal"].to_string(), String::from);
        statement["Effect"] == "Allow" && everybody.contains(&principal.as_str()) && statement["Condition"].is_null()
    };
    if statements.iter().any(allows_all) {
        return Err("a statement allows something to everybody".into());
    }
    let missing: Vec<&str> =
        ["s3:signatureAge", "s3:if-none-match"].into_iter().filter(|condition| !denies(condition)).collect();
    if !missing.is_empty() {
        return Err(format!("no statement denies by {}: see infra/storage.yaml", missing.join(" and ")).into());
    }
    Ok("TLS only, no old signatures, no overwriting".into())
}

fn ownership(text: &str) -> Seen {
    match first(text, "ObjectOwnership") {
        Some("BucketOwnerEnforced") => Ok("BucketOwnerEnforced: no ACLs".into()),
        other => Err(format!("{}: set BucketOwnerEnforced, which ends ACLs", other.unwrap_or("not set")).into()),
    }
}

fn encryption(text: &str) -> Seen {
    match first(text, "SSEAlgorithm") {
        Some(algorithm @ ("AES256" | "aws:kms" | "aws:kms:dsse")) => Ok(algorithm.into()),
        _ => Err("there is no default encryption".into()),
    }
}

fn versioning(text: &str) -> Seen {
    match first(text, "Status") {
        Some("Enabled") => Ok("Enabled".into()),
        _ => Err("versioning is off: a damaged revocation list could not be put back".into()),
    }
}

fn lifecycle(text: &str) -> Seen {
    let rules = all(text, "Rule");
    let enabled = || rules.iter().filter(|rule| first(rule, "Status") == Some("Enabled"));
    let days = enabled().filter_map(|rule| first(rule, "DaysAfterInitiation")?.parse::<u64>().ok()).min();
    // A rule that removes by prefix alone would remove files that links still lead to, or records.
    let removes_all = |rule: &&&str| {
        let whole = first(rule, "Filter").unwrap_or(rule);
        let expires = first(rule, "Expiration").is_some_and(|expiration| expiration.contains("<Days>"));
        expires && !whole.contains("<Tag>")
    };
    if enabled().any(|rule| removes_all(&rule)) {
        return Err("a rule removes objects that nobody has tagged: links would lead nowhere, records vanish".into());
    }
    match days {
        Some(days) if days <= MOST_DAYS => Ok(format!("unfinished uploads go after {days} days")),
        _ => {
            Err("no rule ends unfinished uploads (AbortIncompleteMultipartUpload): they are paid for and not seen"
                .into())
        }
    }
}

fn cors(text: &str, page: &str) -> Seen {
    let origins = all(text, "AllowedOrigin");
    if origins.contains(&"*") {
        return Err("every origin may send to the bucket: allow the page's alone".into());
    }
    if !origins.contains(&page) {
        return Err(format!("the page's origin {page} may not send to the bucket: uploads in browsers fail").into());
    }
    if !all(text, "AllowedMethod").contains(&"PUT")
        || !all(text, "ExposeHeader").iter().any(|name| name.eq_ignore_ascii_case("etag"))
    {
        return Err("PUT is not allowed, or ETag not exposed: uploads in browsers fail".into());
    }
    Ok(format!("{page} may PUT"))
}

/// Nobody gets anything without a signature; the other clock is S3's.
pub(super) fn unsigned(bucket: &Bucket, now: UnixTime) -> Seen {
    let answer = bucket.get_unsigned()?;
    if answer.status != 403 {
        return Err(format!("a request without a signature is answered {}, not 403", answer.status).into());
    }
    let date = answer.one("date").and_then(time::from_http_date);
    let Some(theirs) = date else { return Ok("403; it tells no time".into()) };
    let apart = apart(now, theirs);
    if apart.abs() > MAX_SKEW {
        return Err(format!("403, but this machine's clock is {apart} s from S3's").into());
    }
    Ok(format!("403; this machine's clock is {apart} s from S3's"))
}

/// The revocation list, as the edge reads it.
pub(super) fn revocation_list(bucket: &Bucket, name: &str) -> Seen {
    let answer = bucket.get(name, None)?;
    match answer.status {
        200 if answer.body.starts_with(b"CDREVOK") => {
            let changed = answer.one("last-modified").unwrap_or("an unknown time");
            Ok(format!("{} bytes, changed {changed}", answer.body.len()))
        }
        200 => Err(format!("{name} is no revocation list: put its last good version back").into()),
        403 => Err(Fault::NotChecked("these credentials may not read it".into())),
        404 => Err(format!("there is no {name}: every edge refuses every link until the signer has made one").into()),
        status => Err(format!("S3 answers {status}").into()),
    }
}

/// Seconds from `theirs` to `ours`.
pub(super) fn apart(ours: UnixTime, theirs: UnixTime) -> i64 {
    let secs = |time: UnixTime| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    secs(ours) - secs(theirs)
}

/// An origin as browsers name it: the page's address is one.
pub(super) fn origin(page: &str) -> String {
    let scheme = page.split("://").next().unwrap_or("https");
    format!("{scheme}://{}", host_of(page))
}
