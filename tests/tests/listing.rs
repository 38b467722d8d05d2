//! Proves that a folder's question to S3 is signed as the AWS SDK would sign it and stays as it was built, that its
//! answer is read whole or not at all, and that no page leads out of the token's folder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use clouddrop_cases::config::{self, AWS_SECRET};
use clouddrop_core::listing::{self, Entry, Listing, MAX_AFTER_BYTES, MAX_REPLY_BYTES, PAGE_KEYS, Place};
use clouddrop_core::{Config, ObjectPath, Refusal, UnixTime};
use clouddrop_tests::node;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const ROOT: &str = "/f/9Jq2/";
const AMAZON: &str = include_str!("../vectors/listing/amazon.xml");
const NEXT: &str = "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=";

fn default_config() -> Config {
    config::config(&Map::new()).unwrap()
}

fn place(query: &str) -> Result<Place, Refusal> {
    Place::read(ROOT, query, &default_config())
}

fn read(text: &str) -> Result<Listing, &'static str> {
    settle(200, text.as_bytes())
}

fn settle(status: u16, body: &[u8]) -> Result<Listing, &'static str> {
    listing::settle(&place("").unwrap(), status, body, &default_config()).map_err(|refusal| refusal.code())
}

fn file(name: &str, size: u64, modified: u64) -> Entry {
    Entry::File { name: name.into(), size, modified: UnixTime::from_secs(modified) }
}

/// A listing of `files/9Jq2/` with these elements in it.
fn document(elements: &str) -> String {
    format!(
        "<ListBucketResult><Prefix>files/9Jq2/</Prefix><IsTruncated>false</IsTruncated>{elements}</ListBucketResult>"
    )
}

fn contents(key: &str) -> String {
    format!("<Contents><Key>{key}</Key><LastModified>2026-11-24T02:20:55.000Z</LastModified><Size>1</Size></Contents>")
}

#[test]
fn an_answer_of_amazons_is_read() {
    let listing = read(AMAZON).unwrap();
    assert_eq!(
        listing.entries,
        [
            Entry::Folder { name: "a b+c".into() },
            file("<b>Q&A 'draft'.txt", 434_234, 1_795_486_855),
            file("résumé 100%.pdf", 5_368_709_120, 0),
            file("report.pdf", 1_234_567, 1_835_481_599),
        ]
    );
    assert_eq!(listing.next.as_deref(), Some(NEXT));
    assert_eq!(listing.hidden, 3);
}

#[test]
fn a_folder_may_be_empty() {
    assert_eq!(read(&document("")), Ok(Listing::default()));
    // The folder itself, as some tools store it, is not in it.
    assert_eq!(read(&document(&contents("files/9Jq2/"))), Ok(Listing::default()));
}

#[test]
fn names_that_no_link_can_carry_are_counted() {
    let long = "k".repeat(1020);
    for name in ["a&#1;b", "a&#x85;", "a\\b", ".", "..", long.as_str()] {
        let listing =
            read(&document(&(contents(&format!("files/9Jq2/{name}")) + &contents("files/9Jq2/good")))).unwrap();
        assert_eq!((listing.hidden, listing.entries.len()), (1, 1), "{name}");
    }
}

#[test]
fn what_is_not_a_listing_of_the_folder_is_refused_whole() {
    let good = contents("files/9Jq2/good");
    let bad_time = |time: &str| good.replace("2026-11-24T02:20:55.000Z", time);
    let documents = [
        // Other folders' keys.
        document(&(good.clone() + &contents("files/9Jq3/a"))),
        document(&contents("files/9Jq2")),
        document(&contents("records/a")),
        document(&contents("")),
        document(&contents("files/9Jq2/deep/er")),
        document("<CommonPrefixes><Prefix>files/</Prefix></CommonPrefixes>"),
        document("<CommonPrefixes><Prefix>files/9Jq2/a</Prefix></CommonPrefixes>"),
        document("<CommonPrefixes><Prefix>files/9Jq2/a/b/</Prefix></CommonPrefixes>"),
        document("<CommonPrefixes></CommonPrefixes>"),
        document("<CommonPrefixes><Prefix>files/9Jq2/a/</Prefix><Prefix>files/9Jq2/b/</Prefix></CommonPrefixes>"),
        document("").replace("files/9Jq2/", "files/9Jq3/"),
        document("").replace("<Prefix>files/9Jq2/</Prefix>", ""),
        document("<Prefix>files/9Jq2/</Prefix>"),
        // Facts that are missing, doubled or malformed.
        document(&good.replace("<Size>1</Size>", "")),
        document(&good.replace("<Size>1</Size>", "<Size>1</Size><Size>2</Size>")),
        document(&good.replace("<Size>1</Size>", "<Size>-1</Size>")),
        document(&good.replace("<Size>1</Size>", "<Size>18446744073709551616</Size>")),
        document(&good.replace("<Size>1</Size>", "<Size><b/></Size>")),
        document(&good.replace("Key>", "Kex>")),
        document(&bad_time("2026-11-24")),
        document(&bad_time("2026-11-24T02:20:55")),
        document(&bad_time("2026-11-24T02:20:55+00:00")),
        document(&bad_time("2026-13-24T02:20:55Z")),
        document(&bad_time("2026-02-30T02:20:55Z")),
        document(&bad_time("2026-00-24T02:20:55Z")),
        document(&bad_time("2026-11-24T24:20:55Z")),
        document(&bad_time("1969-11-24T02:20:55Z")),
        document(&bad_time("2026-11-24T02:20:55.Z")),
        document(&bad_time("2026-11-24T02:20:\u{e9}Z")),
        document("").replace("false", "no"),
        document("").replace("false", "true"),
        document("<NextContinuationToken>a</NextContinuationToken>"),
        document("<NextContinuationToken>a b</NextContinuationToken>").replace("false", "true"),
        document("<NextContinuationToken></NextContinuationToken>").replace("false", "true"),
        document("<IsTruncated>false</IsTruncated>"),
        document("").replace("<IsTruncated>false</IsTruncated>", ""),
        // What the reader does not read.
        "<Error><Code>InternalError</Code></Error>".into(),
        document("<!-- x -->"),
        document(&contents("<![CDATA[files/9Jq2/a]]>")),
        format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", document("")),
        document(&contents("files/9Jq2/&a;")),
        document("text"),
        document("") + "<x/>",
        String::new(),
    ];
    for text in &documents {
        assert_eq!(read(text), Err("origin_error"), "{text}");
    }
    assert!(read(&document(&good)).is_ok());
    // An answer that ends early is never taken for a shorter list.
    let whole = AMAZON.trim_end();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert_eq!(read(&whole[..end]), Err("origin_error"), "{end} bytes");
    }
}

#[test]
fn more_than_was_asked_for_is_no_answer() {
    let many = |count: usize| document(&contents("files/9Jq2/a").repeat(count));
    assert_eq!(read(&many(PAGE_KEYS)).unwrap().entries.len(), PAGE_KEYS);
    assert_eq!(read(&many(PAGE_KEYS + 1)), Err("origin_error"));
    let padded = |bytes: usize| document(&" ".repeat(bytes - document("").len()));
    assert!(read(&padded(MAX_REPLY_BYTES)).is_ok());
    assert_eq!(read(&padded(MAX_REPLY_BYTES + 1)), Err("origin_error"));
    assert_eq!(settle(200, b"\xff"), Err("origin_error"));
}

#[test]
fn errors_of_s3_are_read_as_such() {
    let error = |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>").into_bytes();
    for (status, code, ours) in [
        // Not being allowed to list is our fault: it does not mean that nothing is there.
        (403, "AccessDenied", "origin_error"),
        (403, "SignatureDoesNotMatch", "origin_error"),
        (404, "NoSuchBucket", "origin_error"),
        (503, "SlowDown", "origin_unavailable"),
        (500, "InternalError", "origin_unavailable"),
        (400, "InvalidArgument", "origin_error"),
        (206, "", "origin_error"),
        (304, "", "origin_error"),
    ] {
        assert_eq!(settle(status, &error(code)), Err(ours), "{status} {code}");
    }
    // A mark that S3 does not know is the client's mistake.
    let later = place("after=abc").unwrap();
    let refusal = listing::settle(&later, 400, &error("InvalidArgument"), &default_config()).unwrap_err();
    assert_eq!(refusal.code(), "bad_request");
}

#[test]
fn a_place_stays_below_the_token() {
    for (query, inside, probe) in [
        ("", "", "9Jq2/index"),
        ("utm_source=x&CAT=abc&in", "", "9Jq2/index"),
        ("in=a/", "a/", "9Jq2/a/index"),
        ("in=a%20b/%C3%A9/&after=x", "a b/é/", "9Jq2/a b/é/index"),
        ("in=a+b%26c/", "a+b&c/", "9Jq2/a+b&c/index"),
    ] {
        let place = place(query).unwrap();
        assert_eq!((place.inside(), place.probe().key()), (inside, probe), "{query}");
    }
    for (query, code) in [
        ("in=", "bad_path"),
        ("in=/", "bad_path"),
        ("in=a", "bad_path"),
        ("in=a//", "bad_path"),
        ("in=../", "bad_path"),
        ("in=a/../../", "bad_path"),
        ("in=%2e%2e/", "bad_path"),
        ("in=..%2f", "bad_path"),
        ("in=a%2F", "bad_path"),
        ("in=a%5c/", "bad_path"),
        ("in=a\\/", "bad_path"),
        ("in=/etc/", "bad_path"),
        ("in=a%00/", "bad_path"),
        ("in=a/&in=b/", "bad_request"),
        ("after=a&after=a", "bad_request"),
        ("after=", "bad_request"),
        ("after=a b", "bad_request"),
        ("after=a%20b", "bad_request"),
        ("after=a%26b", "bad_request"),
        ("after=a%0a", "bad_request"),
        ("after=%zz", "bad_request"),
        ("after=%ff", "bad_request"),
        ("after=\u{e9}", "bad_request"),
    ] {
        assert_eq!(place(query).unwrap_err().code(), code, "{query}");
    }
    let mark = |bytes: usize| place(&format!("after={}", "a".repeat(bytes)));
    assert!(mark(MAX_AFTER_BYTES).is_ok());
    assert_eq!(mark(MAX_AFTER_BYTES + 1).unwrap_err().code(), "bad_request");
    let deep = |bytes: usize| place(&format!("in={}/", "a".repeat(bytes)));
    assert!(deep(1024 - "files/9Jq2//index".len()).is_ok());
    assert_eq!(deep(1025 - "files/9Jq2//index".len()).unwrap_err().code(), "bad_path");
}

#[test]
fn a_prefix_that_is_no_folder_of_ours_lists_nothing() {
    let read = |prefix: &str| Place::read(prefix, "", &default_config()).map_err(|refusal| refusal.code());
    assert_eq!(read("/f/").unwrap().probe().key(), "index");
    for prefix in ["", "/", "/f", "/f/a", "/x/a/", "/f//", "/f/../", "/f/a//", "f/a/"] {
        assert_eq!(read(prefix), Err("forbidden"), "{prefix}");
    }
}

#[test]
fn a_pages_links_lead_back_to_its_places() {
    let here = place("in=a%20b/c%26d/").unwrap();
    let steps: Vec<(&str, String)> = here.steps().map(|step| (step.name, step.query)).collect();
    assert_eq!(steps, [("a b", "?in=a%20b/".into()), ("c&d", "?in=a%20b/c%26d/".into())]);
    assert_eq!(here.query_below("é"), "?in=a%20b/c%26d/%C3%A9/");
    assert_eq!(here.path_of("é+"), "a%20b/c%26d/%C3%A9%2B");
    assert_eq!(here.query_of_page(None), "?in=a%20b/c%26d/");
    let next = here.query_of_page(Some(NEXT));
    assert_eq!(next, "?in=a%20b/c%26d/&after=1ueGcxLPRx1Tr%2FXYExHnhbYLgveDs2J%2Fwm36Hy4vbOwM%3D");
    let later = place(&next[1..]).unwrap();
    assert!(later.is_later_page() && !here.is_later_page());
    assert_eq!((later.inside(), later.query_of_page(None)), (here.inside(), here.query_of_page(None)));
    let root = place("").unwrap();
    assert_eq!((root.query_of_page(None), root.query_of_page(Some("a"))), (String::new(), "?after=a".into()));
    assert_eq!((root.query_below("x"), root.steps().count()), ("?in=x/".into(), 0));
}

/// What the SDK sends for the same question.
fn theirs(url: &str, session_token: Option<&str>) -> Vec<(String, String)> {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity: Identity =
        AwsCredentials::new("AKIDEXAMPLE", AWS_SECRET, session_token.map(Into::into), None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name("s3")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.as_secs()))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::UnsignedPayload).unwrap();
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    instructions.headers().map(|(name, value)| (name.to_ascii_lowercase(), value.to_string())).collect()
}

fn sorted(headers: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut headers: Vec<_> = headers.into_iter().collect();
    headers.sort();
    headers
}

#[test]
fn the_question_is_what_the_sdk_would_sign() {
    for (changes, root) in [
        (json!({}), "https://bucket.s3.eu-central-1.amazonaws.com/"),
        (json!({"ORIGIN": "http://127.0.0.1:9000/bucket"}), "http://127.0.0.1:9000/bucket/"),
        (json!({"AWS_SESSION_TOKEN": "token/with+signs="}), "https://bucket.s3.eu-central-1.amazonaws.com/"),
    ] {
        let config = config::config(changes.as_object().unwrap()).unwrap();
        for (query, sent) in [
            ("", "delimiter=%2F&list-type=2&max-keys=200&prefix=files%2F9Jq2%2F"),
            (
                "in=a%20b+%26/&after=a%2Bb%2F%3D%3D",
                "continuation-token=a%2Bb%2F%3D%3D&delimiter=%2F&list-type=2&max-keys=200&prefix=files%2F9Jq2%2Fa%20b%2B%26%2F",
            ),
        ] {
            let question = listing::fetch(&Place::read(ROOT, query, &config).unwrap(), NOW, &config).unwrap();
            assert_eq!((question.method.as_str(), question.url.as_str()), ("GET", format!("{root}?{sent}").as_str()));
            let ours = question.headers.into_iter().map(|(name, value)| (name.to_string(), value));
            let session = changes.get("AWS_SESSION_TOKEN").and_then(Value::as_str);
            assert_eq!(sorted(ours), sorted(theirs(&question.url, session)));
        }
    }
    let ended = config::config(json!({"AWS_CREDENTIALS_EXPIRE": "1800000000"}).as_object().unwrap()).unwrap();
    let refusal = listing::fetch(&Place::read(ROOT, "", &ended).unwrap(), NOW, &ended).unwrap_err();
    assert_eq!(refusal.code(), "origin_error");
}

/// Folders full of characters that parsers of URLs treat specially.
fn folders() -> impl Strategy<Value = String> {
    let segment =
        prop_oneof!["[a-zA-Z0-9._~-]{1,12}", "[ -~&&[^/\\\\]]{1,12}", "['\"#?&=+;:%@!$(),*]{1,6}", "\\PC{1,6}"];
    proptest::collection::vec(segment, 1..4)
        .prop_map(|segments| segments.join("/"))
        .prop_filter("a folder that is refused", |folder| ObjectPath::from_key(folder).is_ok())
}

/// The question's URL for a page of `folder`, which the page's own query has led to.
fn url_of(folder: &str, mark: &str) -> String {
    let here = place(&format!("in={}/", ObjectPath::from_key(folder).unwrap().encoded())).unwrap();
    assert_eq!(here.inside(), format!("{folder}/"));
    let later = place(&here.query_of_page(Some(mark))[1..]).unwrap();
    listing::fetch(&later, NOW, &default_config()).unwrap().url
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_url_crate_leaves_the_question_alone(folder in folders(), mark in "[A-Za-z0-9+/_-]{1,60}={0,2}") {
        let text = url_of(&folder, &mark);
        let url = url::Url::parse(&text).unwrap();
        prop_assert_eq!(url.as_str(), text.as_str());
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(&pairs[0], &("continuation-token".to_string(), mark));
        prop_assert_eq!(&pairs[4], &("prefix".to_string(), format!("files/9Jq2/{folder}/")));
    }

    #[test]
    fn no_answer_panics_or_leads_out(body in any::<Vec<u8>>(), cut in any::<prop::sample::Index>(), insert in "[<>&;/#x0-9a-z\"' ]{0,6}") {
        let _ = settle(200, &body);
        let at = (0..=cut.index(AMAZON.len())).rev().find(|at| AMAZON.is_char_boundary(*at)).unwrap();
        let (before, after) = AMAZON.split_at(at);
        if let Ok(listing) = read(&format!("{before}{insert}{after}")) {
            for entry in listing.entries {
                let (Entry::Folder { name } | Entry::File { name, .. }) = entry;
                let key = format!("9Jq2/{name}");
                prop_assert!(!name.contains('/') && ObjectPath::from_key(&key).is_ok(), "{}", name);
            }
        }
    }
}

#[test]
fn javascript_leaves_the_question_alone() {
    let urls: Vec<String> = ["a", "it's", "a b+c&d=e", "\"#?%41", "é/\u{1f600}", "[x]|{y}^`"]
        .iter()
        .map(|folder| url_of(folder, NEXT))
        .collect();
    let answer = node::run("url_unchanged.mjs", &json!(urls)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answer, json!({ "read": urls.len(), "changed": [] }));
    // The check itself: a query that a parser does change is told.
    let answer = node::run("url_unchanged.mjs", &json!(["https://h/?a='"])).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answer, json!({ "read": 1, "changed": ["https://h/?a='"] }));
}
