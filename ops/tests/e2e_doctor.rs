//! `doctor`: a sound deployment is found sound, what cannot be looked at is never green, and every finding is seen once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::stack::Stack;
use common::mock::{Asked, Given, Mock};
use common::{json, ops, outcomes, s3, said};
use serde_json::json;
use std::process::Output;

fn doctor(page: &str, more: &[&str], environment: &[(&str, &str)]) -> Output {
    let arguments: Vec<&str> = ["doctor", "--json", "--url", page].into_iter().chain(more.iter().copied()).collect();
    ops(&arguments, environment).output().unwrap()
}

fn with_key(page: &str, stack: &Stack) -> Output {
    let output = doctor(page, &["--revoked-within", "1"], &[("CLOUDDROP_API_KEY", &stack.ready.api_key)]);
    assert!(!said(&output).contains(&stack.ready.api_key));
    output
}

/// What was seen by the check that failed.
fn failed(output: &Output, check: &str) -> String {
    assert_eq!(output.status.code(), Some(1), "{check}: {}", said(output));
    let failed = outcomes(&json(output), "failed");
    let found = failed.iter().find(|(name, _)| name == check);
    found.unwrap_or_else(|| panic!("{check:?} is not in {failed:#?}")).1.clone()
}

const LINK: &str = "the way of a link: key, revocation list, identity, bucket";
const CACHE: &str = "a link that is taken back is served by no cache";

/// Damage, the check that sees it, and what it says.
type Case = (fn(&Asked, &mut Given), &'static str, &'static str);

const CASES: [Case; 15] = [
    (|asked, given| settings(asked, given, "PAGE"), "page and files are on hosts of their own", "on one host"),
    (|asked, given| settings(asked, given, ""), "page and files are on hosts of their own", "is no CloudDrop"),
    (|_, given| given.set("date", "Thu, 26 Nov 2020 00:00:00 GMT"), "the edge's clock", "from this machine's"),
    (|_, given| given.remove("x-content-type-options"), "headers", "x-content-type-options"),
    (|_, given| given.set("age", "7"), "no cache before the edge", "Age (7)"),
    (
        |_, given| {
            if given.status == 401 {
                given.body = br#"{"status":401,"title":"A.","code":"unauthorized","request_id":"1"}"#.to_vec();
            }
        },
        "no cache before the edge",
        "came twice",
    ),
    (|_, given| given.set("content-encoding", "br"), "nothing transforms replies", "compresses by br"),
    (
        |asked, given| replace(asked, given, "/api/v1/keys", r#"{"issuer":"i","keys":[{"id":"a","state":"minting"}]}"#),
        "token keys",
        "none stands by",
    ),
    (
        |asked, given| replace(asked, given, "/api/v1/keys", r#"{"issuer":"i","keys":[{"id":"a","state":"retired"}]}"#),
        "token keys",
        "no key makes links",
    ),
    (|asked, given| link(asked, given, 502), LINK, "the bucket refuses the edge's identity"),
    (|asked, given| link(asked, given, 503), LINK, "no revocation list that is young enough"),
    (|asked, given| link(asked, given, 401), LINK, "does not know the key"),
    (
        |asked, given| replace(asked, given, "/api/v1/revocations", r#"{"entries":240000,"made_at":"t"}"#),
        "the revocation list has room",
        "240000 entries",
    ),
    (
        |asked, given| {
            replace(asked, given, "/api/v1/uploads?", r#"{"items":[{"expires_at":"2020-01-01T00:00:00Z"}]}"#);
        },
        "the tick",
        "1 uploads ended long ago",
    ),
    (
        |asked, given| {
            if asked.of_files && given.status == 410 {
                given.status = 200;
            }
        },
        CACHE,
        "is good 1 s after it was taken back",
    ),
];

fn settings(asked: &Asked, given: &mut Given, files: &str) {
    if asked.target == "/settings.json" {
        let page = given.headers.iter().find(|(name, _)| name == "x-mock-page").map(|(_, page)| page.clone());
        given.body = json!({ "files": files.replace("PAGE", &page.unwrap_or_default()) }).to_string().into_bytes();
        if files.is_empty() {
            given.body = b"{}".to_vec();
        }
    }
}

fn replace(asked: &Asked, given: &mut Given, target: &str, body: &str) {
    if asked.target.starts_with(target) {
        given.body = body.into();
        given.status = 200;
    }
}

/// A link to nothing that is answered so.
fn link(asked: &Asked, given: &mut Given, status: u16) {
    if asked.of_files && given.status == 404 {
        given.status = status;
    }
}

#[test]
fn a_sound_deployment_is_found_sound_and_every_fault_is_named() {
    let stack = Stack::start(&[]);
    let page = stack.ready.page.trim_end_matches('/');
    let output = with_key(page, &stack);
    assert!(output.status.success(), "{}", said(&output));
    let report = json(&output);
    let passed: Vec<String> = outcomes(&report, "passed").into_iter().map(|(name, _)| name).collect();
    assert!(passed.iter().any(|name| name == LINK) && passed.iter().any(|name| name == CACHE), "{passed:?}");
    let open = outcomes(&report, "not_checked");
    assert!(open.iter().filter(|(name, _)| name.starts_with("bucket: ")).count() == 10, "{open:?}");
    assert_eq!(stack.call_get("files")["items"], json!([]));

    // Without a key and without credentials most is open, and said to be.
    let output = doctor(page, &[], &[]);
    assert!(output.status.success(), "{}", said(&output));
    let open = outcomes(&json(&output), "not_checked");
    assert!(open.iter().any(|(name, why)| name == LINK && why.contains("CLOUDDROP_API_KEY")), "{open:?}");
    let output = doctor("http://127.0.0.1:9", &[], &[]);
    assert!(failed(&output, "page and files are on hosts of their own").contains("cannot be reached"));

    for (damage, check, seen) in CASES {
        let mock = Mock::before(&stack, damage);
        let words = failed(&with_key(&mock.page, &stack), check);
        assert!(words.contains(seen), "{check}: {seen:?} is not in {words:?}");
    }
    // Keys in stores: they go together, or not.
    let folder = tempfile::tempdir().unwrap();
    let key = |kid: &str| json!({ "issuer": "clouddrop", "kid": kid, "secret": format!("{kid:A<43}") });
    let store = |name: &str, keys: &[&str]| {
        let path = folder.path().join(name);
        std::fs::write(&path, keys.iter().map(|kid| key(kid)).collect::<serde_json::Value>().to_string()).unwrap();
        format!("file:{}", path.display())
    };
    let (signer, good, bad) =
        (store("signer", &["b", "a"]), store("good", &["c", "b", "a"]), store("bad", &["d", "a"]));
    let stores = |edge: &str| {
        let more = ["--read-only", "--edge", edge, "--signer", &signer];
        doctor(page, &more, &[("CLOUDDROP_API_KEY", &stack.ready.api_key)])
    };
    assert!(failed(&stores(&bad), "token keys in the stores").contains("lacks a key"));
    let output = stores(&good);
    assert!(output.status.success() && said(&output).contains("b is the newest, c is ahead"), "{}", said(&output));
    // A signer whose only standby key has retired: no mock.
    stack.must(200, "keys/dev-1/retire", &json!({}));
    assert!(failed(&with_key(page, &stack), "token keys").contains("none stands by"));
    assert_eq!(stack.call_get("files")["items"], json!([]));
}

#[test]
fn a_buckets_settings_are_held_against_the_promises() {
    let page = "http://127.0.0.1:9";
    let run = |answers: s3::Answers, more: &[(&str, &str)]| {
        let url = s3::start(answers);
        let mut environment = vec![
            ("AWS_ENDPOINT_URL_S3", url.as_str()),
            ("AWS_REGION", "eu-north-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret-of-an-example"),
        ];
        environment.extend(more);
        let output = doctor(page, &["--bucket", "bucket"], &environment);
        assert!(!said(&output).contains("secret-of-an-example"));
        output
    };
    let sound = run(s3::sound(), &[]);
    let failures = outcomes(&json(&sound), "failed");
    assert!(failures.iter().all(|(name, _)| !name.starts_with("bucket: ")), "{failures:#?}");
    let passed = outcomes(&json(&sound), "passed");
    assert_eq!(passed.iter().filter(|(name, _)| name.starts_with("bucket: ")).count(), 10, "{passed:#?}");

    let denied = (403, "<Error><Code>AccessDenied</Code></Error>");
    let cases: [(&'static str, (u16, &'static str), &str, &str); 20] = [
        ("publicAccessBlock", (404, ""), "bucket: no public access", "BlockPublicAcls is not on"),
        ("policyStatus", (200, "<IsPublic>true</IsPublic>"), "bucket: the policy is not public", "public"),
        ("policy", (404, "<Code>NoSuchBucketPolicy</Code>"), "bucket: policy", "without TLS"),
        (
            "policy",
            (200, r#"{"Statement":[{"Effect":"Deny","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#),
            "bucket: policy",
            "s3:signatureAge and s3:if-none-match",
        ),
        (
            "policy",
            (
                200,
                r#"{"Statement":[{"Effect":"Deny","Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Effect":"Allow","Principal":{"AWS":"*"}}]}"#,
            ),
            "bucket: policy",
            "to everybody",
        ),
        ("ownershipControls", (404, ""), "bucket: its owner owns all objects", "not set"),
        (
            "ownershipControls",
            (200, "<ObjectOwnership>ObjectWriter</ObjectOwnership>"),
            "bucket: its owner owns all objects",
            "ObjectWriter",
        ),
        ("encryption", (404, ""), "bucket: encryption", "no default encryption"),
        ("versioning", (200, "<VersioningConfiguration/>"), "bucket: versions are kept", "versioning is off"),
        ("lifecycle", (404, ""), "bucket: lifecycle", "no rule ends unfinished uploads"),
        (
            "lifecycle",
            (
                200,
                "<Rule><Filter><Prefix>files/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>9</Days></Expiration></Rule>",
            ),
            "bucket: lifecycle",
            "nobody has tagged",
        ),
        ("cors", (404, ""), "bucket: cross-origin requests", "uploads in browsers fail"),
        ("cors", (200, "<AllowedOrigin>*</AllowedOrigin>"), "bucket: cross-origin requests", "every origin"),
        (
            "cors",
            (200, "<AllowedOrigin>http://127.0.0.1:9</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"),
            "bucket: cross-origin requests",
            "PUT is not allowed",
        ),
        ("", (200, "<ListBucketResult/>"), "bucket: nothing without a signature, and S3's clock", "answered 200"),
        ("object", (404, ""), "bucket: the revocation list", "refuses every link"),
        ("object", (200, "nonsense"), "bucket: the revocation list", "last good version"),
        ("object", (500, ""), "bucket: the revocation list", "S3 answers 500"),
        ("versioning", (404, "<Code>NoSuchBucket</Code>"), "bucket: versions are kept", "NoSuchBucket"),
        ("versioning", (301, "<Code>PermanentRedirect</Code>"), "bucket: versions are kept", "PermanentRedirect"),
    ];
    for (setting, answer, check, seen) in cases {
        let mut answers = s3::sound();
        answers.insert(setting, answer);
        let words = failed(&run(answers, &[]), check);
        assert!(words.contains(seen), "{check}: {seen:?} is not in {words:?}");
    }
    // What these credentials may not see is not said to be good.
    let mut answers = s3::sound();
    answers.insert("versioning", denied);
    let open = outcomes(&json(&run(answers, &[])), "not_checked");
    assert!(open.iter().any(|(name, why)| name == "bucket: versions are kept" && why.contains("may not")), "{open:?}");

    // Temporary credentials: the end is told where it is known.
    const END: &str = "these credentials' end";
    let temporary = ("AWS_SESSION_TOKEN", "token");
    let open = outcomes(&json(&run(s3::sound(), &[temporary])), "not_checked");
    assert!(open.iter().any(|(name, _)| name == END), "{open:?}");
    let output = run(s3::sound(), &[temporary, ("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")]);
    assert!(failed(&output, END).contains("they ended"));
    let output = run(s3::sound(), &[temporary, ("AWS_CREDENTIAL_EXPIRATION", "2100-01-01T00:00:00Z")]);
    assert!(outcomes(&json(&output), "passed").iter().any(|(name, _)| name == END));
}
