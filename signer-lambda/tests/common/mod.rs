//! What the tests share: an environment, a signer in process, calls as the edge makes them.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub(crate) mod bucket;
pub(crate) mod lambda;

use clouddrop_core::hash::{push_hex, sha256};
use clouddrop_core::{Client, Decision, Headers, UnixTime};
use clouddrop_signer::log::Log;
use clouddrop_signer::{Config, Raw, Signer};
use http::{Request, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

pub(crate) const API_KEY: &str = "test-key-of-a-test-client-0123456789";
pub(crate) const TOKEN_KEYS: &str = r#"[{"issuer":"clouddrop","kid":"b","secret":"ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA"},{"issuer":"clouddrop","kid":"a","secret":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]"#;
pub(crate) const EDGE_ID: &str = "AKIDEDGE";
pub(crate) const EDGE_SECRET: &str = "edge-secret-0123456789";

pub(crate) type Environment = BTreeMap<&'static str, String>;

/// A complete environment.
pub(crate) fn environment() -> Environment {
    let mut digest = String::new();
    push_hex(&mut digest, &sha256(API_KEY.as_bytes()));
    [
        ("FILE_HOST", "127.0.0.1:8788".to_string()),
        ("AUDIENCE", "dev".into()),
        ("ISSUER", "clouddrop".into()),
        ("ORIGIN", bucket::shared().into()),
        ("REGION", "us-east-1".into()),
        ("OBJECT_PREFIX", "files/".into()),
        ("TOKEN_KEYS", TOKEN_KEYS.into()),
        ("API_KEYS", format!(r#"[{{"name":"test","sha256":"{digest}"}}]"#)),
        ("AWS_ACCESS_KEY_ID", "AKIDSIGNER".into()),
        ("AWS_SECRET_ACCESS_KEY", "signer-secret-0123456789".into()),
    ]
    .into()
}

pub(crate) fn config(environment: &Environment) -> Result<Config, clouddrop_core::config::Faults> {
    Config::try_from(Raw::read(|name| environment.get(name).cloned()))
}

pub(crate) fn signer_with(changes: &[(&'static str, &str)]) -> Signer {
    let mut environment = environment();
    environment.extend(changes.iter().map(|(name, value)| (*name, value.to_string())));
    Signer::new(config(&environment).unwrap(), Log::to(|_| {}))
}

/// A signer whose log can be read.
pub(crate) fn signer_with_log() -> (Signer, Arc<Mutex<String>>) {
    signer_with_log_and(&[])
}

/// The same with variables changed.
pub(crate) fn signer_with_log_and(changes: &[(&'static str, &str)]) -> (Signer, Arc<Mutex<String>>) {
    let lines = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&lines);
    let log = Log::to(move |line| {
        let mut lines = sink.lock().unwrap();
        *lines += line;
        *lines += "\n";
    });
    let mut environment = environment();
    environment.extend(changes.iter().map(|(name, value)| (*name, value.to_string())));
    (Signer::new(config(&environment).unwrap(), log), lines)
}

pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A call as a client of the edge makes it.
pub(crate) fn request(path: &str, body: impl Into<Vec<u8>>) -> Request<Vec<u8>> {
    Request::builder()
        .method("POST")
        .uri(path)
        .header("content-type", "application/json")
        .header("x-clouddrop-authorization", format!("Bearer {API_KEY}"))
        .header("x-clouddrop-request-id", "test-1")
        .body(body.into())
        .unwrap()
}

/// The time of this process's first call, the same for all: S3 checks that it is now.
pub(crate) fn now() -> UnixTime {
    static NOW: std::sync::OnceLock<UnixTime> = std::sync::OnceLock::new();
    *NOW.get_or_init(|| UnixTime::from_secs(clouddrop_signer::now().as_secs()))
}

pub(crate) fn answer(signer: &Signer, request: Request<Vec<u8>>) -> Response<String> {
    wait(signer.answer(request, "platform-1", now()))
}

/// Status and body of a call.
pub(crate) fn post(signer: &Signer, path: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
    let reply = answer(signer, request(path, body));
    let body = serde_json::from_str(reply.body()).unwrap_or(Value::Null);
    (reply.status().as_u16(), body)
}

/// A question as a client of the edge asks it.
pub(crate) fn get(path: &str) -> Request<Vec<u8>> {
    let mut call = request(path, Vec::new());
    *call.method_mut() = http::Method::GET;
    call.headers_mut().remove("content-type");
    call
}

/// The code of a refused call; the body is exactly a problem.
pub(crate) fn refused(reply: &Response<String>) -> (u16, String) {
    let mut problem: BTreeMap<String, Value> = serde_json::from_str(reply.body()).unwrap();
    if let Some(detail) = problem.remove("detail") {
        assert!(detail.as_str().is_some_and(|text| !text.is_empty()), "{detail}");
        assert_ne!(reply.status(), 401, "who has not shown who it is is told no more");
    }
    assert_eq!(problem.keys().collect::<Vec<_>>(), ["code", "request_id", "status", "title"], "{}", reply.body());
    assert_eq!(problem["status"], reply.status().as_u16());
    assert_eq!(reply.headers()["content-type"], "application/problem+json");
    (reply.status().as_u16(), problem["code"].as_str().unwrap().into())
}

/// An edge in front of a signer at `signer_url`, and of a bucket that nobody serves.
pub(crate) fn edge(signer_url: &str) -> clouddrop_core::Config {
    edge_of("http://127.0.0.1:9/bucket", signer_url)
}

/// An edge in front of a bucket and a signer.
pub(crate) fn edge_of(origin: &str, signer_url: &str) -> clouddrop_core::Config {
    let raw = serde_json::json!({
        "FILE_HOST": "127.0.0.1:8788", "PAGE_HOST": "127.0.0.1:8787", "AUDIENCE": "dev",
        "ORIGIN": origin, "REGION": "us-east-1", "OBJECT_PREFIX": "files/",
        "SIGNER_URL": signer_url, "TOKEN_KEYS": TOKEN_KEYS,
        "AWS_ACCESS_KEY_ID": EDGE_ID, "AWS_SECRET_ACCESS_KEY": EDGE_SECRET,
    });
    clouddrop_core::Config::try_from(clouddrop_core::Raw::from_json(&raw.to_string()).unwrap()).unwrap()
}

/// A client's call as the edge signs it and sends it on: its URL and headers.
pub(crate) fn through_edge(
    edge: &clouddrop_core::Config,
    path: &str,
    body: &str,
    at: UnixTime,
) -> clouddrop_core::Fetch {
    let authorization = format!("Bearer {API_KEY}");
    let headers =
        [("host", "127.0.0.1:8787"), ("content-type", "application/json"), ("authorization", authorization.as_str())];
    let request = clouddrop_core::Request {
        method: "POST",
        url: &format!("http://127.0.0.1:8787{path}"),
        id: "edge-1",
        headers: Headers::new(&headers),
        client: Client { address: Some("192.0.2.7".parse().unwrap()), place: None },
    };
    let Decision::Forward(forward) = clouddrop_core::decide(&request, at, edge) else { panic!("not forwarded") };
    forward.sign(body.as_bytes(), at, edge).unwrap()
}

/// A key of a test, with whom it stands for; a signer of [`people`] knows them all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Person {
    pub(crate) owner: &'static str,
    pub(crate) role: &'static str,
}

pub(crate) const ALICE: Person = Person { owner: "alice", role: "member" };
pub(crate) const BOB: Person = Person { owner: "bob", role: "member" };
pub(crate) const VERA: Person = Person { owner: "alice", role: "viewer" };
pub(crate) const ADMIN: Person = Person { owner: "root", role: "admin" };

impl Person {
    fn key(self) -> String {
        format!("key-of-{}-{}-0123456789abcdef", self.owner, self.role)
    }

    /// A call of this person's: status and body.
    pub(crate) fn calls(self, signer: &Signer, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.calls_with(signer, method, path, body, &[])
    }

    pub(crate) fn calls_with(
        self,
        signer: &Signer,
        method: &str,
        path: &str,
        body: &Value,
        headers: &[(&'static str, &str)],
    ) -> (u16, Value) {
        call_as(signer, &self.key(), method, path, body, headers)
    }

    pub(crate) fn posts(self, signer: &Signer, path: &str, body: &Value) -> (u16, Value) {
        self.calls(signer, "POST", path, body)
    }

    pub(crate) fn gets(self, signer: &Signer, path: &str) -> (u16, Value) {
        self.calls(signer, "GET", path, &Value::Null)
    }

    pub(crate) fn deletes(self, signer: &Signer, path: &str) -> u16 {
        self.calls(signer, "DELETE", path, &Value::Null).0
    }
}

/// A call with a bearer token, at the time that it is.
pub(crate) fn call_as(
    signer: &Signer,
    bearer: &str,
    method: &str,
    path: &str,
    body: &Value,
    headers: &[(&'static str, &str)],
) -> (u16, Value) {
    let mut call = Request::builder()
        .method(method)
        .uri(path)
        .header("x-clouddrop-authorization", format!("Bearer {bearer}"))
        .header("x-clouddrop-request-id", "test-1")
        .header("x-clouddrop-client-address", "203.0.113.9");
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    let call = if body.is_null() {
        call.body(Vec::new())
    } else {
        call.header("content-type", "application/json").body(body.to_string().into_bytes())
    };
    let reply = wait(signer.answer(call.unwrap(), "platform-1", clouddrop_signer::now()));
    if reply.status().as_u16() >= 400 {
        refused(&reply);
    }
    (reply.status().as_u16(), serde_json::from_str(reply.body()).unwrap_or(Value::Null))
}

/// A signer that knows [`ALICE`], [`BOB`], [`VERA`] and [`ADMIN`], with a bucket of its own.
pub(crate) fn people(origin: &str, changes: &[(&'static str, &str)]) -> Signer {
    let keys = keys_of_people();
    signer_with(&variables_of_people(origin, &keys, changes))
}

/// The same, and its log, a line for each entry.
pub(crate) fn people_with_log(origin: &str) -> (Signer, Arc<Mutex<String>>) {
    let keys = keys_of_people();
    signer_with_log_and(&variables_of_people(origin, &keys, &[]))
}

fn variables_of_people<'a>(
    origin: &'a str,
    keys: &'a str,
    changes: &[(&'static str, &'a str)],
) -> Vec<(&'static str, &'a str)> {
    let mut all = vec![("ORIGIN", origin), ("API_KEYS", keys), ("PAGE_HOST", "127.0.0.1:8787")];
    all.push(("WEBHOOK_SECRET", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"));
    all.extend(changes);
    all
}

fn keys_of_people() -> String {
    let keys: Vec<Value> = [ALICE, BOB, VERA, ADMIN]
        .iter()
        .map(|person| {
            let mut digest = String::new();
            push_hex(&mut digest, &sha256(person.key().as_bytes()));
            let name = format!("{}-{}", person.owner, person.role);
            serde_json::json!({ "name": name, "sha256": digest, "owner": person.owner, "role": person.role })
        })
        .collect();
    Value::from(keys).to_string()
}

/// Sends bytes as a client does: the status, or 0 where the server refused before it had read them all.
pub(crate) fn put(url: &Value, headers: &Value, body: &[u8]) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let mut call = agent.put(url.as_str().unwrap());
    for (name, value) in headers.as_object().into_iter().flatten().filter(|(name, _)| *name != "content-length") {
        call = call.header(name, value.as_str().unwrap());
    }
    match call.send(body) {
        Ok(reply) => reply.status().as_u16(),
        Err(ureq::Error::Io(_)) => 0,
        Err(error) => panic!("{error}"),
    }
}

/// A file of this person's that has been sent in: its view.
pub(crate) fn sends(person: Person, signer: &Signer, name: &str, content: &[u8]) -> Value {
    let asked = serde_json::json!({ "name": name, "size": content.len(), "type": "text/plain" });
    let (status, granted) = person.posts(signer, "/api/v1/uploads", &asked);
    assert_eq!(status, 201, "{granted}");
    assert_eq!(put(&granted["url"], &granted["headers"], content), 200);
    let done = serde_json::json!({ "upload": granted["upload"] });
    let (status, file) = person.posts(signer, "/api/v1/uploads/complete", &done);
    assert_eq!(status, 200, "{file}");
    file
}
