//! What must be true of every reply of the edge.

use super::http::Reply;
use serde_json::Value;

/// Headers that stand in every reply, with a part of their value that must be there.
const ALWAYS: [(&str, &str); 7] = [
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
];

/// The one value of Cache-Control.
const CACHING: &str = "private, no-store, no-transform";

/// All further headers that a reply may have.
const ALLOWED: [&str; 18] = [
    "accept-ranges",
    "allow",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cross-origin-embedder-policy",
    "date",
    "etag",
    "last-modified",
    "retry-after",
    "transfer-encoding",
    "vary",
    "www-authenticate",
    "x-frame-options",
];

/// Why a reply is not one of the edge's own: a security header that is missing, or a header that none may have.
pub fn fault(reply: &Reply) -> Option<String> {
    let values = |name: &str| -> Vec<&str> {
        reply.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    };
    for (name, part) in ALWAYS {
        match values(name)[..] {
            [value] if value.contains(part) => {}
            ref other => return Some(format!("{name} is {other:?}")),
        }
    }
    if values("cache-control") != [CACHING] {
        return Some(format!("cache-control is {:?}", values("cache-control")));
    }
    // A claim leads to its grant, nothing else leads anywhere.
    let leads_on = |name: &str| name == "location" && reply.status == 303;
    let known =
        |name: &str| leads_on(name) || ALLOWED.contains(&name) || ALWAYS.iter().any(|(always, _)| *always == name);
    if let Some((name, value)) = reply.headers.iter().find(|(name, _)| !known(name)) {
        return Some(format!("a header that is on no list: {name}: {value}"));
    }
    let policy = values("content-security-policy").join(" ");
    let sandboxed = policy.contains("sandbox") && policy.contains("default-src 'none'");
    let ours = policy.contains("default-src 'none'") && values("x-frame-options") == ["DENY"];
    if !sandboxed && !ours {
        return Some(format!("neither a sandbox nor a page of ours: {policy}"));
    }
    let is_page = values("content-type").iter().any(|value| value.starts_with("text/html"));
    let embeds = values("cross-origin-embedder-policy");
    if is_page && (sandboxed || embeds != ["require-corp"]) {
        return Some(format!("a page of ours with cross-origin-embedder-policy {embeds:?} and the policy {policy}"));
    }
    None
}

/// Asserts that a reply carries what every reply does and nothing of the origin's.
pub fn assert_safe(reply: &Reply, about: &str) {
    if let Some(fault) = fault(reply) {
        panic!("{about}: {} with {fault}\n{:#?}", reply.status, reply.headers);
    }
}

/// Asserts that a reply is a problem (RFC 9457) with exactly our members, and returns them.
pub fn assert_problem(reply: &Reply, status: u16, code: &str, about: &str) -> Value {
    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{about}: {}", reply.text());
    assert_eq!(reply.one("content-type"), Some("application/problem+json"), "{about}");
    assert_eq!(reply.one("content-length"), Some(reply.body.len().to_string().as_str()), "{about}");
    let problem = reply.json();
    let mut members: Vec<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
    // Of a call to the API that has shown who makes it, the signer tells what in it is wrong.
    if let Some(detail) = problem.get("detail") {
        assert!(status != 401 && detail.as_str().is_some_and(|text| !text.is_empty()), "{about}: {problem}");
        members.retain(|member| *member != "detail");
    }
    assert_eq!(members, ["code", "request_id", "status", "title"], "{about}: {problem}");
    assert_eq!(problem["status"], status, "{about}");
    assert!(problem["title"].as_str().is_some_and(|title| title.ends_with('.') || title.ends_with("soon.")), "{about}");
    assert!(problem["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{about}");
    assert_safe(reply, about);
    problem
}

/// Asserts that nothing in a reply is of S3's making.
pub fn assert_nothing_of_s3(reply: &Reply, about: &str) {
    let all = format!("{:?}{}", reply.headers, reply.text()).to_ascii_lowercase();
    for word in
        ["<error", "<?xml", "signaturedoesnotmatch", "awsaccesskeyid", "canonicalrequest", "hostid", "x-amz-", "akia"]
    {
        assert!(!all.contains(word), "{about}: {word} in {all}");
    }
}

/// Log lines travel by another way than replies: they come, but not at once.
pub fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begun = std::time::Instant::now();
    // Who asks too often is told to come later.
    let mut pause = std::time::Duration::from_millis(5);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed().as_secs() < 30, "it did not come");
        std::thread::sleep(pause);
        pause = (pause * 2).min(std::time::Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Reply {
        let mut headers: Vec<(String, String)> = ALWAYS.map(|(name, part)| (name.into(), part.into())).into();
        headers.push(("cache-control".into(), CACHING.into()));
        headers.push(("x-frame-options".into(), "DENY".into()));
        headers[3].1.push_str("; default-src 'none'");
        Reply { status: 200, headers, body: vec![] }
    }

    #[test]
    fn every_header_is_missed_and_every_other_is_found() {
        assert_eq!(fault(&good()), None);
        for place in 0..good().headers.len() {
            let mut reply = good();
            let (name, _) = reply.headers.remove(place);
            assert!(fault(&reply).is_some(), "without {name}");
            let mut reply = good();
            reply.headers[place].1 = "x".into();
            assert!(fault(&reply).is_some(), "another {name}");
            let mut reply = good();
            reply.headers.push(reply.headers[place].clone());
            assert!(name == "x-frame-options" || fault(&reply).is_some(), "two of {name}");
        }
        for name in ["server", "set-cookie", "x-amz-request-id", "location"] {
            let mut reply = good();
            reply.headers.push((name.into(), "x".into()));
            assert!(fault(&reply).is_some_and(|fault| fault.contains(name)));
        }
    }

    #[test]
    fn a_page_embeds_nothing_that_does_not_ask_for_it() {
        let mut page = good();
        page.headers.push(("content-type".into(), "text/html; charset=utf-8".into()));
        assert!(fault(&page).is_some_and(|fault| fault.contains("embedder")));
        page.headers.push(("cross-origin-embedder-policy".into(), "require-corp".into()));
        assert_eq!(fault(&page), None);
        page.headers[3].1.push_str("; sandbox");
        assert!(fault(&page).is_some());
    }

    #[test]
    #[should_panic(expected = "signaturedoesnotmatch")]
    fn words_of_s3_are_found() {
        let body = b"<Code>SignatureDoesNotMatch</Code>".to_vec();
        assert_nothing_of_s3(&Reply { body, ..good() }, "a test");
    }
}
