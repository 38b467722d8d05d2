//! The server on loopback, as a process: it lets the edge's calls in as a Function URL does, and no other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::hash::{push_hex, sha256};
use clouddrop_core::sigv4::{CanonicalRequest, EMPTY_PAYLOAD, SigningKey, string_to_sign};
use clouddrop_core::{Secret, UnixTime};
use clouddrop_signer::iam::Gate;
use common::{EDGE_ID, EDGE_SECRET, Environment, edge, environment, through_edge};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

const BODY: &str = r#"{"key":"a b"}"#;
const PATH: &str = "/api/v1/shares";

struct Serve {
    process: Child,
    address: String,
}

fn command(environment: &Environment) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clouddrop-signer-serve"));
    command.env_clear().envs(environment).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Serve {
    fn start() -> Self {
        let mut environment = environment();
        environment
            .extend([("EDGE_ACCESS_KEY_ID", EDGE_ID.to_string()), ("EDGE_SECRET_ACCESS_KEY", EDGE_SECRET.into())]);
        let mut process = command(&environment).args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { address: ready["listen"].as_str().unwrap().into(), process }
    }

    /// Closes its standard input and waits for it to end.
    fn end(mut self) -> (bool, String) {
        drop(self.process.stdin.take());
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.process.wait().unwrap().success(), log)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A call as the edge signs it now.
fn signed(address: &str, at: UnixTime) -> http::Request<Vec<u8>> {
    let fetch = through_edge(&edge(&format!("http://{address}")), PATH, BODY, at);
    let mut request = http::Request::builder().method("POST").uri(fetch.url).header("host", address);
    for (name, value) in fetch.headers {
        request = request.header(name, value);
    }
    request.body(BODY.into()).unwrap()
}

fn send(request: http::Request<Vec<u8>>) -> (u16, http::HeaderMap, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let mut reply = agent.run(request).unwrap();
    let text = reply.body_mut().read_to_string().unwrap();
    (reply.status().as_u16(), reply.headers().clone(), serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[test]
fn only_calls_that_the_edge_signed_come_in() {
    let serve = Serve::start();
    let now = clouddrop_signer::now();
    let good = || signed(&serve.address, now);
    let (status, _, share) = send(good());
    assert_eq!((status, &share["key"]), (201, &Value::from("a b")));

    type Change = fn(&mut http::Request<Vec<u8>>);
    let changes: [(&str, Change); 17] = [
        ("no signature", |call| drop(call.headers_mut().remove("authorization"))),
        ("a bearer key only", |call| set(call, "authorization", &format!("Bearer {}", common::API_KEY))),
        ("another signature", |call| {
            let value = call.headers()["authorization"].to_str().unwrap();
            let last = if value.ends_with('0') { '1' } else { '0' };
            let value = format!("{}{last}", &value[..value.len() - 1]);
            set(call, "authorization", &value);
        }),
        ("another identity", |call| replace(call, EDGE_ID, "AKIDOTHER")),
        ("another service", |call| replace(call, "/lambda/", "/s3/")),
        ("another region", |call| replace(call, "us-east-1", "eu-north-1")),
        ("another path", |call| *call.uri_mut() = path(call, "/api/v1/uploads")),
        ("another spelling of the path", |call| *call.uri_mut() = path(call, "/api/v1/share%73")),
        ("a query", |call| *call.uri_mut() = path(call, "/api/v1/shares?a=b")),
        ("another body", |call| *call.body_mut() = br#"{"key":"b b"}"#.to_vec()),
        ("another body and hash", |call| {
            *call.body_mut() = Vec::new();
            set(call, "x-amz-content-sha256", EMPTY_PAYLOAD);
        }),
        ("an unsigned payload", |call| set(call, "x-amz-content-sha256", "UNSIGNED-PAYLOAD")),
        ("another client's key", |call| set(call, "x-clouddrop-authorization", "Bearer other")),
        ("another client's address", |call| set(call, "x-clouddrop-client-address", "192.0.2.8")),
        ("no client's address", |call| drop(call.headers_mut().remove("x-clouddrop-client-address"))),
        ("an unsigned header that is believed", |call| set(call, "x-clouddrop-extra", "1")),
        ("a header of AWS that is not signed", |call| set(call, "x-amz-security-token", "t")),
    ];
    for (what, change) in changes {
        let mut call = good();
        change(&mut call);
        let (status, headers, body) = send(call);
        assert_eq!((status, body), (403, serde_json::json!({ "Message": "Forbidden" })), "{what}");
        assert_eq!(headers["x-amzn-errortype"], "AccessDeniedException", "{what}");
    }
    let (ended_well, log) = serve.end();
    assert!(ended_well);
    for secret in [common::API_KEY, EDGE_SECRET, share["token"].as_str().unwrap()] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn signatures_are_good_for_five_minutes_either_way() {
    let gate = Gate::new(Some(EDGE_ID.into()), Some(EDGE_SECRET.into()), "us-east-1").unwrap();
    // The first second of a day: the key of the day of the signature counts, not that of its arrival.
    let signed_at = UnixTime::from_secs(1_800_057_600);
    let call = signed("127.0.0.1:1", signed_at);
    let check = |millis: i64| gate.check(&call, UnixTime::from_millis(signed_at.as_millis() + millis)).is_ok();
    assert!(check(0) && check(-300_000) && check(300_000));
    assert!(!check(-300_001) && !check(300_001));
}

#[test]
fn a_genuine_signature_covers_the_host_and_names_its_headers_in_order() {
    let gate = Gate::new(Some(EDGE_ID.into()), Some(EDGE_SECRET.into()), "us-east-1").unwrap();
    let now = UnixTime::from_secs(1_800_000_000);
    let date = "20270115T080000Z";
    let all = [("host", "h"), ("x-amz-content-sha256", EMPTY_PAYLOAD), ("x-amz-date", date)];
    let check = |signed: &[(&str, &str)]| {
        let canonical =
            CanonicalRequest { method: "POST", path: PATH, query: "", headers: signed, payload: EMPTY_PAYLOAD };
        let (mut text, mut names) = (String::new(), String::new());
        canonical.write(&mut text);
        canonical.write_signed_headers(&mut names);
        let key = SigningKey::derive(&Secret::from(EDGE_SECRET.to_string()), now, "us-east-1", "lambda");
        let digest = sha256(text.as_bytes());
        text.clear();
        string_to_sign(&mut text, date, key.scope(), &digest);
        let mut signature = String::new();
        push_hex(&mut signature, &key.signature(&text));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={EDGE_ID}/{}, SignedHeaders={names}, Signature={signature}",
            key.scope()
        );
        let mut call = http::Request::builder().method("POST").uri(PATH).header("authorization", authorization);
        for (name, value) in all {
            call = call.header(name, value);
        }
        gate.check(&call.body(Vec::new()).unwrap(), now).is_ok()
    };
    assert!(check(&all));
    assert!(!check(&all[1..]), "without host");
    assert!(!check(&[all[0], all[2], all[1]]), "out of order");
    assert!(!check(&[all[0], all[0], all[1], all[2]]), "one twice");
}

#[test]
fn a_long_body_is_not_read() {
    let serve = Serve::start();
    let mut call = signed(&serve.address, clouddrop_signer::now());
    *call.body_mut() = vec![b' '; 64 * 1024 + 1];
    let (status, _, problem) = send(call);
    assert_eq!((status, &problem["code"]), (413, &Value::from("too_large")));
}

#[test]
fn it_does_not_start_on_less_than_everything() {
    let fails = |environment: &Environment, arguments: &[&str]| {
        let output = command(environment).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = fails(&environment(), &[]);
    assert!(
        said.contains("EDGE_ACCESS_KEY_ID is not set") && said.contains("EDGE_SECRET_ACCESS_KEY is not set"),
        "{said}"
    );
    let said = fails(&Environment::new(), &[]);
    assert!(environment().keys().all(|name| said.contains(&format!("{name} is not set"))), "{said}");

    let mut complete = environment();
    complete.extend([("EDGE_ACCESS_KEY_ID", EDGE_ID.to_string()), ("EDGE_SECRET_ACCESS_KEY", EDGE_SECRET.into())]);
    assert!(fails(&complete, &["--listen", "0.0.0.0:0"]).contains("loopback"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = fails(&complete, &["--listen", &address]);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

fn set(call: &mut http::Request<Vec<u8>>, name: &'static str, value: &str) {
    call.headers_mut().insert(name, value.parse().unwrap());
}

/// Changes a part of the Authorization header.
fn replace(call: &mut http::Request<Vec<u8>>, from: &str, to: &str) {
    let value = call.headers()["authorization"].to_str().unwrap().replace(from, to);
    set(call, "authorization", &value);
}

fn path(call: &http::Request<Vec<u8>>, path: &str) -> http::Uri {
    format!("http://{}{path}", call.uri().authority().unwrap()).parse().unwrap()
}
