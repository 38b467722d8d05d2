//! AWS's own suite of signatures, which ships inside the package of `aws-sigv4`: where it is, and how its requests are
//! read.

use clouddrop_core::hash::push_hex;
use clouddrop_core::percent;
use clouddrop_tests::files::repository;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite's folder of `version` inside the package, wherever cargo keeps it.
pub(crate) fn suite(version: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "aws-sigv4").unwrap();
    assert_eq!(package["version"], "1.6.4");
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().join("aws-signing-test-suite").join(version)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    push_hex(&mut out, bytes);
    out
}

/// What of a raw request is signed.
pub(crate) struct Parsed {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names and values, decoded, in the order of the request.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Reads `request.txt`, a request as it goes over the wire but for spaces and raw UTF-8 in its target.
pub(crate) fn parse(text: &str) -> Parsed {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap();
    let (method, rest) = first.split_once(' ').unwrap();
    let target = rest.strip_suffix(" HTTP/1.1").unwrap();
    let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
    let mut encoded = String::new();
    percent::push_path(&mut encoded, &percent::decode(path).unwrap());
    let query: Vec<(String, String)> = raw_query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent::decode(name).unwrap(), percent::decode(value).unwrap()))
        .collect();
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        // A line that begins with a space goes on with the value before it.
        if let Some(more) = line.strip_prefix([' ', '\t']) {
            let (_, value) = headers.last_mut().unwrap();
            value.push(' ');
            value.push_str(more.trim());
            continue;
        }
        let (name, value) = line.split_once(':').unwrap();
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = name.to_ascii_lowercase();
        match headers.iter_mut().find(|(other, _)| *other == name) {
            Some((_, all)) => {
                all.push(',');
                all.push_str(&value);
            }
            None => headers.push((name, value)),
        }
    }
    Parsed { method: method.into(), path: encoded, query, headers, body: body.into() }
}

/// The same pairs, borrowed.
pub(crate) fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
