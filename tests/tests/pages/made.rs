//! Pages as `decide` and the landing make them, from claims and the origin's answers, and their golden files.

use super::{NOW, REWRITE};
use clouddrop_cases::config;
use clouddrop_cases::token::Description;
use clouddrop_core::landing::{Facts, MAX_TEXT_BYTES, Page, TextPreview};
use clouddrop_core::listing::Place;
use clouddrop_core::{Body, Client, Config, Decision, Fetch, Head, Headers, Landing, Reply, Request, decide};
use clouddrop_tests::files::repository;
use serde_json::{Map, Value, json};

/// Claims of a link to one object.
pub(super) fn file(path: &str, more: Value) -> Map<String, Value> {
    with(json!({"312": {"3": {"0": path}}}), more)
}

/// Claims of a link to a folder whose names may be told.
pub(super) fn folder(path: &str, more: Value) -> Map<String, Value> {
    with(json!({"312": {"3": {"1": path}}, "-65544": 1}), more)
}

pub(super) fn with(claims: Value, more: Value) -> Map<String, Value> {
    let (Value::Object(mut claims), Value::Object(more)) = (claims, more) else { panic!("claims are a map") };
    claims.extend(more);
    claims
}

pub(super) fn inline() -> Value {
    json!({"-65539": 1})
}

pub(super) fn config_with(changes: &Value) -> Config {
    config::config(changes.as_object().unwrap()).unwrap()
}

pub(super) fn reporting() -> Config {
    config_with(&json!({"REPORT_CONTACT": "mailto:abuse@example.com"}))
}

/// What the edge decides for a page with this query, and the token.
pub(super) fn decided(
    claims: Map<String, Value>,
    headers: &[(&str, &str)],
    query: &str,
    config: &Config,
) -> (Decision, String) {
    let token = Description { claims, ..Description::default() }.text().unwrap();
    let url = format!("https://files.example.net/s/{token}{query}");
    let mut fields = vec![("host", "files.example.net")];
    fields.extend_from_slice(headers);
    let client = Client { address: None, place: None };
    let request = Request { method: "GET", url: &url, id: "page", headers: Headers::new(&fields), client };
    (decide(&request, NOW, config), token)
}

/// The page about one file, or about a folder whose names are not told.
pub(super) fn landing(claims: Map<String, Value>, headers: &[(&str, &str)], config: &Config) -> (Landing, String) {
    match decided(claims, headers, "", config) {
        (Decision::Landing(landing), token) => (landing, token),
        (other, _) => panic!("{other:?}"),
    }
}

/// What follows from an answer of the origin about the object.
pub(super) fn settled(
    fetch: Fetch,
    facts: Facts,
    size: &str,
    media_type: &str,
    more: &[(&str, &str)],
    config: &Config,
) -> Page {
    let mut fields = vec![("content-length", size), ("content-type", media_type), ("etag", "\"v1\"")];
    fields.extend_from_slice(more);
    facts.settle(fetch.expect, &Head { status: 200, headers: Headers::new(&fields) }, None, NOW, config)
}

pub(super) fn reply(page: Page) -> Reply {
    match page {
        Page::Reply(reply) => reply,
        other => panic!("{other:?}"),
    }
}

pub(super) fn text_preview(page: Page) -> TextPreview {
    match page {
        Page::Text(preview) => preview,
        other => panic!("{other:?}"),
    }
}

/// The page of a file by its claims, size and stored type.
pub(super) fn page_of(claims: Map<String, Value>, headers: &[(&str, &str)], size: u64, media_type: &str) -> Reply {
    let config = reporting();
    let (landing, _) = landing(claims, headers, &config);
    reply(settled(landing.fetch.unwrap(), landing.facts, &size.to_string(), media_type, &[], &config))
}

/// The page of a plain text that may be shown, `bytes` being what the origin sent for its beginning.
pub(super) fn text_page(size: usize, status: u16, more: &[(&str, &str)], bytes: &[u8]) -> Reply {
    let config = reporting();
    let (landing, _) = landing(file("/f/9Jq2/notes.txt", inline()), &[], &config);
    let size_text = size.to_string();
    let facts = landing.facts.clone();
    let page = settled(landing.fetch.unwrap(), landing.facts, &size_text, "text/plain", &[], &config);
    let preview = text_preview(page);
    let last = size.min(MAX_TEXT_BYTES) - 1;
    let (length, range) = ((last + 1).to_string(), format!("bytes 0-{last}/{size}"));
    let mut fields = vec![("etag", "\"v1\"")];
    if status == 206 {
        fields.extend([("content-length", length.as_str()), ("content-range", range.as_str())]);
    } else {
        fields.push(("content-length", size_text.as_str()));
    }
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    fields.extend_from_slice(more);
    let head = Head { status, headers: Headers::new(&fields) };
    facts.with_text(preview.fetch.expect, Some(&head), bytes, NOW, &config)
}

/// The page of the folder `/f/9Jq2/` for an answer of S3.
pub(super) fn folder_page(more: Value, headers: &[(&str, &str)], query: &str, xml: &str) -> Reply {
    let config = reporting();
    let place = Place::read("/f/9Jq2/", query, &config).unwrap();
    let inside = place.inside().replace('&', "&amp;").replace('<', "&lt;");
    let xml = xml.replace("files/9Jq2/", &format!("files/9Jq2/{inside}"));
    match decided(folder("/f/9Jq2/", more), headers, &format!("?{query}"), &config) {
        (Decision::Folder(folder), _) => folder.settle(200, xml.as_bytes(), &config).unwrap(),
        (other, _) => panic!("{other:?}"),
    }
}

/// What a browser is shown without a token that holds.
pub(super) fn refusal(language: &str) -> Reply {
    let fields = [("host", "files.example.net"), ("accept", "text/html,*/*;q=0.8"), ("accept-language", language)];
    let client = Client { address: None, place: None };
    let url = "https://files.example.net/s/nonsense";
    let request = Request { method: "GET", url, id: "<b>request</b>", headers: Headers::new(&fields), client };
    match decide(&request, NOW, &reporting()) {
        Decision::Reply(reply) => reply,
        other => panic!("{other:?}"),
    }
}

pub(super) fn empty() -> String {
    "<ListBucketResult><Prefix>files/9Jq2/</Prefix><IsTruncated>false</IsTruncated></ListBucketResult>".into()
}

pub(super) fn text(reply: &Reply) -> &str {
    match &reply.body {
        Body::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

pub(super) fn json_of(reply: &Reply) -> Value {
    assert_eq!(header(reply, "content-type"), "application/json");
    assert_eq!(header(reply, "vary"), "accept, accept-language");
    serde_json::from_str(text(reply)).unwrap()
}

pub(super) fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str()).unwrap()
}

/// A page with `TOKEN` in the place of tokens, all of which begin alike.
pub(super) fn without_tokens(html: &str) -> String {
    let mut parts = html.split("/2D3RhEOhAQWh");
    let mut out = parts.next().unwrap().to_string();
    for part in parts {
        let is_outside = |char: char| !(char.is_ascii_alphanumeric() || matches!(char, '-' | '_'));
        out.push_str("/TOKEN");
        out.push_str(&part[part.find(is_outside).unwrap()..]);
    }
    out
}

/// Holds a page against its golden file. The style stands in every page and is left out of the files.
pub(super) fn is_golden(name: &str, reply: &Reply) {
    let html = text(reply);
    let (before, rest) = html.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let page = without_tokens(&format!("{before}<style></style>{after}")).replace("><", ">\n<");
    let path = repository().join("tests/vectors/pages").join(name);
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == page, "{name} differs; {REWRITE}=1 writes it anew:\n{page}");
}
