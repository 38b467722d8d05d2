//! The canonical request: it reads back to what was signed, and its query is one for all orders.
//!
//! Lines: method, path, host, payload; then `name=value` for the query and `name:value` for further headers.

use super::NOW;
use crate::seeds;
use clouddrop_core::hash::MacKey;
use clouddrop_core::sigv4::{CanonicalRequest, Credentials, Signer, ToSign, canonical_query};
use clouddrop_core::{Secret, hash, percent};
use serde_json::Value;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let (Some(method), Some(path), Some(host), Some(payload)) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let (mut query, mut extra) = (Vec::new(), Vec::new());
    for line in lines {
        match line.find(['=', ':']) {
            Some(at) if line.as_bytes()[at] == b'=' => query.push((&line[..at], &line[at + 1..])),
            // The contract of `ToSign`: names in lower case, each once, beside those that are always signed.
            Some(at) if is_name(&line[..at]) && extra.iter().all(|(name, _)| *name != &line[..at]) => {
                extra.push((&line[..at], &line[at + 1..]));
            }
            _ => {}
        }
    }
    let canonical = check_query(&query);
    let mut encoded = String::new();
    percent::push_path(&mut encoded, path);
    let path = format!("/{encoded}");
    let to_sign = ToSign { method, host, path: &path, query: &canonical, extra: &extra, payload };
    check_signature(&to_sign);
}

fn is_name(name: &str) -> bool {
    let always = matches!(name, "host" | "x-amz-content-sha256" | "x-amz-date" | "x-amz-security-token");
    !always && !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn check_query(pairs: &[(&str, &str)]) -> String {
    let canonical = canonical_query(pairs);
    let mut reversed = pairs.to_vec();
    reversed.reverse();
    assert_eq!(canonical_query(&reversed), canonical);
    assert!(canonical.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%&=".contains(&b)), "{canonical}");
    let mut read: Vec<(String, String)> = Vec::new();
    for pair in canonical.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("{pair}"));
        let decode = |text| percent::decode(text).unwrap_or_else(|| panic!("{pair}"));
        read.push((decode(name), decode(value)));
    }
    let mut wanted: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
    let borrowed: Vec<(&str, &str)> = read.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(canonical_query(&borrowed), canonical, "a canonical query is canonical");
    read.sort();
    wanted.sort();
    assert_eq!(read, wanted);
    canonical
}

/// The signature of the S3 API reference, step by step, over the canonical request as its page lays it out.
fn check_signature(to_sign: &ToSign<'_>) {
    let credentials = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
        secret_access_key: Secret::new(SECRET.as_bytes().to_vec()),
        session_token: None,
        expires: None,
    };
    let headers = Signer::new("us-east-1".into(), "s3").sign(&credentials, to_sign, NOW).into_vec();
    let date = "20270115T080000Z";
    let mut signed = vec![("host", to_sign.host), ("x-amz-content-sha256", to_sign.payload), ("x-amz-date", date)];
    signed.extend(to_sign.extra);
    signed.sort_unstable();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = names.join(";");
    let canonical =
        format!("{}\n{}\n{}\n{lines}\n{names}\n{}", to_sign.method, to_sign.path, to_sign.query, to_sign.payload);
    let mut written = String::new();
    let ToSign { method, path, query, payload, .. } = *to_sign;
    CanonicalRequest { method, path, query, headers: &signed, payload }.write(&mut written);
    assert_eq!(written, canonical);

    let scope = "20270115/us-east-1/s3/aws4_request";
    let mut text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n");
    hash::push_hex(&mut text, &hash::sha256(canonical.as_bytes()));
    let mut key = MacKey::new(format!("AWS4{SECRET}").as_bytes()).tag(&[b"20270115"]);
    for step in ["us-east-1", "s3", "aws4_request"] {
        key = MacKey::new(&key).tag(&[step.as_bytes()]);
    }
    let mut signature = String::new();
    hash::push_hex(&mut signature, &MacKey::new(&key).tag(&[text.as_bytes()]));
    let wanted = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    assert_eq!(headers.iter().find(|(name, _)| *name == "authorization").map(|(_, value)| value), Some(&wanted));
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/s3-sigv4.json")).unwrap_or_default();
    let mut out = vec![b"PUT\na b\nh\nUNSIGNED-PAYLOAD\nb=2\na=1\nx-b:2\nx-a:1".to_vec()];
    for case in vectors["cases"].as_array().into_iter().flatten() {
        let key = case["params"]["Key"].as_str().unwrap_or_default();
        out.push(format!("GET\n{key}\nexamplebucket.s3.amazonaws.com\nUNSIGNED-PAYLOAD\nprefix={key}").into_bytes());
    }
    seeds::distinct(out)
}
