//! What every reply of a deployment promises, whoever runs the edge: rules on one reply, without any I/O.

use crate::http::Answer;
use crate::out::plain;

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

/// The one value of Cache-Control for what a token opens, and for every refusal.
const CACHING: &str = "private, no-store, no-transform";

/// Words of S3's errors, keys and signatures, which no client may see.
const WORDS_OF_S3: [&str; 5] = ["<Error>", "<RequestId>", "AWSAccessKeyId", "StringToSign", "CanonicalRequest"];

/// Why a reply breaks what every reply promises.
pub(crate) fn fault(answer: &Answer) -> Option<String> {
    for (name, part) in ALWAYS {
        match answer.all(name)[..] {
            [value] if value.contains(part) => {}
            [] => return Some(format!("the header {name} is missing")),
            [value] => return Some(format!("{name} is {:?}, without {part:?}", plain(value))),
            _ => return Some(format!("{name} stands more than once")),
        }
    }
    let caching = answer.all("cache-control");
    if caching != [CACHING] {
        return Some(format!("cache-control is {caching:?}, not {CACHING:?}"));
    }
    leak(answer).or_else(|| from_a_cache(answer))
}

/// A header or a word of S3's, or of the signer's.
pub(crate) fn leak(answer: &Answer) -> Option<String> {
    // CloudFront's own names begin with x-amz-cf-.
    let is_theirs =
        |name: &str| name.starts_with("x-amzn-") || (name.starts_with("x-amz-") && !name.starts_with("x-amz-cf-"));
    if let Some((name, _)) = answer.headers.iter().find(|(name, _)| is_theirs(name)) {
        return Some(format!("the origin's header {name} came through"));
    }
    if let Some(server) = answer.all("server").into_iter().find(|server| server.contains("AmazonS3")) {
        return Some(format!("server is {:?}", plain(server)));
    }
    let is_text = answer.one("content-type").is_some_and(|kind| kind.contains("xml") || kind.starts_with("text/"));
    let text = if answer.status >= 300 || is_text { String::from_utf8_lossy(&answer.body) } else { "".into() };
    let word = WORDS_OF_S3.into_iter().find(|word| text.contains(word))?;
    Some(format!("the body holds {word:?}, a word of the origin's"))
}

/// A sign that it came from a cache between, where nothing may be kept.
pub(crate) fn from_a_cache(answer: &Answer) -> Option<String> {
    if let Some(age) = answer.all("age").first() {
        return Some(format!("it has an Age ({}): a cache before the edge keeps it", plain(age)));
    }
    let hit = |value: &str| {
        let value = value.to_ascii_lowercase();
        ["hit", "refreshhit", "stale", "revalidated", "updating"].iter().any(|word| value.starts_with(word))
    };
    let told = ["x-cache", "cf-cache-status", "x-cache-status", "cache-status"];
    let found =
        told.into_iter().find_map(|name| answer.all(name).into_iter().find(|value| hit(value)).map(|v| (name, v)));
    found.map(|(name, value)| format!("{name} is {:?}: a cache before the edge has answered", plain(value)))
}

/// Why a reply with a file's content breaks what files promise: it is saved, not run.
pub(crate) fn file_fault(answer: &Answer) -> Option<String> {
    let policy = answer.all("content-security-policy").join(" ");
    if !policy.contains("sandbox") || !policy.contains("default-src 'none'") {
        return Some(format!("a file's content-security-policy has no sandbox: {:?}", plain(&policy)));
    }
    if !answer.one("content-disposition").is_some_and(|value| value.starts_with("attachment")) {
        return Some(format!("content-disposition is {:?}, not attachment", answer.all("content-disposition")));
    }
    if let Some(coding) = answer.all("content-encoding").first() {
        return Some(format!("content-encoding is {:?}: something compresses on the way", plain(coding)));
    }
    fault(answer)
}

/// Why a reply is not the refusal that it should be: status, code, the members of a problem (RFC 9457), and what every
/// reply promises.
pub(crate) fn refusal_fault(answer: &Answer, status: u16, code: &str) -> Option<String> {
    if (answer.status, answer.code().as_str()) != (status, code) {
        return Some(format!("answered {}, not {status} {code}", answer.words()));
    }
    if answer.one("content-type") != Some("application/problem+json") {
        return Some(format!("{status} {code} as {:?}, not application/problem+json", answer.all("content-type")));
    }
    let problem = answer.json().unwrap_or_default();
    let mut members: Vec<&str> = problem.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    members.retain(|member| *member != "detail");
    if members != ["code", "request_id", "status", "title"] {
        return Some(format!("the members of the problem are {members:?}"));
    }
    if status == 401 && !answer.all("www-authenticate").iter().any(|value| value.starts_with("Bearer")) {
        return Some("401 without WWW-Authenticate: Bearer".into());
    }
    fault(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Answer {
        let mut headers: Vec<(String, String)> =
            ALWAYS.iter().map(|(name, part)| ((*name).into(), (*part).into())).collect();
        headers.push(("cache-control".into(), CACHING.into()));
        Answer { status: 200, headers, body: b"content".to_vec() }
    }

    fn with(name: &str, value: &str) -> Answer {
        let mut answer = good();
        answer.headers.push((name.into(), value.into()));
        answer
    }

    #[test]
    fn every_promise_is_missed_when_it_is_broken() {
        assert_eq!(fault(&good()), None);
        for (name, _) in ALWAYS {
            let mut answer = good();
            answer.headers.retain(|(n, _)| n != name);
            assert!(fault(&answer).is_some_and(|why| why.contains(name)), "{name}");
            assert!(fault(&with(name, "twice")).is_some(), "{name}");
        }
        let mut public = good();
        public.headers.retain(|(name, _)| name != "cache-control");
        assert!(fault(&public).is_some());
        public.headers.push(("cache-control".into(), "public, max-age=60".into()));
        assert!(fault(&public).is_some());
    }

    #[test]
    fn the_origin_and_caches_show_by_their_headers() {
        for (name, value) in [
            ("x-amz-request-id", "1"),
            ("x-amzn-requestid", "1"),
            ("server", "AmazonS3"),
            ("age", "3"),
            ("x-cache", "Hit from cloudfront"),
            ("x-cache", "RefreshHit from cloudfront"),
            ("cf-cache-status", "HIT"),
            ("cf-cache-status", "REVALIDATED"),
        ] {
            assert!(fault(&with(name, value)).is_some(), "{name}: {value}");
        }
        for (name, value) in [
            ("x-amz-cf-id", "1"),
            ("x-amz-cf-pop", "ARN1"),
            ("server", "cloudflare"),
            ("x-cache", "Miss from cloudfront"),
            ("x-cache", "LambdaGeneratedResponse from cloudfront"),
            ("cf-cache-status", "DYNAMIC"),
        ] {
            assert_eq!(fault(&with(name, value)), None, "{name}: {value}");
        }
        let words = Answer { status: 403, body: b"<Error><Code>AccessDenied".to_vec(), ..good() };
        assert!(fault(&words).is_some());
    }

    #[test]
    fn a_file_is_saved_and_not_run() {
        let file = |policy: &str, disposition: &str| {
            let mut answer = with("content-disposition", disposition);
            answer.headers.retain(|(name, _)| name != "content-security-policy");
            answer.headers.push(("content-security-policy".into(), policy.into()));
            answer
        };
        let policy = "default-src 'none'; sandbox; frame-ancestors 'none'";
        assert_eq!(file_fault(&file(policy, "attachment; filename=a")), None);
        assert!(file_fault(&file(policy, "inline")).is_some());
        assert!(file_fault(&file("default-src 'none'; frame-ancestors 'none'", "attachment")).is_some());
        let mut packed = file(policy, "attachment");
        packed.headers.push(("content-encoding".into(), "br".into()));
        assert!(file_fault(&packed).is_some_and(|why| why.contains("compresses")));
    }

    #[test]
    fn a_refusal_is_a_problem_and_no_more() {
        let refusal = |body: &str| {
            let mut answer = with("content-type", "application/problem+json");
            answer.status = 410;
            answer.body = body.into();
            answer
        };
        let body = r#"{"status":410,"title":"Gone.","code":"gone","request_id":"1"}"#;
        assert_eq!(refusal_fault(&refusal(body), 410, "gone"), None);
        assert!(refusal_fault(&refusal(body), 403, "gone").is_some());
        assert!(refusal_fault(&refusal(body), 410, "expired").is_some());
        let told = body.replace("\"code\"", "\"key\":\"a/b\",\"code\"");
        assert!(refusal_fault(&refusal(&told), 410, "gone").is_some_and(|why| why.contains("members")));
        let mut page = refusal(body);
        page.headers.retain(|(name, _)| name != "content-type");
        assert!(refusal_fault(&page, 410, "gone").is_some());
        let mut nobody = refusal(&body.replace("410", "401"));
        nobody.status = 401;
        assert!(refusal_fault(&nobody, 401, "gone").is_some_and(|why| why.contains("WWW-Authenticate")));
    }
}
