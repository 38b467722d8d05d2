//! Webhooks, reports and the audit: what is told to whom, in what form, and how often.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clouddrop_core::hash::MacKey;
use clouddrop_core::{Seconds, UnixTime};
use clouddrop_signer::Signer;
use common::bucket::{ask, objects, with_bucket};
use common::{ADMIN, ALICE, BOB, VERA, people, sends};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const HOOKS: &str = "/api/v1/webhooks";

/// Headers and body.
type Message = (BTreeMap<String, String>, String);

/// A receiver that answers with these statuses, one to each message, and then with 204.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    fn new(statuses: Vec<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            let mut statuses = statuses.into_iter();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(&stream);
                let mut headers = BTreeMap::new();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let Some((name, value)) = line.split_once(": ") else {
                        if line.len() <= 2 {
                            break;
                        }
                        continue;
                    };
                    headers.insert(name.to_ascii_lowercase(), value.trim().to_string());
                }
                let mut body = vec![0; headers["content-length"].parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                kept.lock().unwrap().push((headers, String::from_utf8(body).unwrap()));
                let status = statuses.next().unwrap_or(204);
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
                );
            }
        });
        Self { url, got }
    }

    fn got(&self) -> Vec<Message> {
        self.got.lock().unwrap().clone()
    }
}

/// The scheduler's call, so many seconds from now.
fn tick(signer: &Signer, later: u64) -> Value {
    let call = http::Request::post("/edge/v1/tick").header("content-type", "application/json");
    // S3 and the signer look at their clocks: only what is due is told of a later time.
    let now = clouddrop_signer::now().after(Seconds(later));
    let reply = common::wait(signer.answer(call.body(b"{}".to_vec()).unwrap(), "p", now));
    assert_eq!(reply.status(), 200, "{}", reply.body());
    serde_json::from_str(reply.body()).unwrap()
}

#[test]
fn a_message_is_signed_and_told_until_it_is_taken() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let receiver = Receiver::new(vec![500, 302]);
        let (status, hook) = ALICE.posts(&signer, HOOKS, &json!({ "url": receiver.url, "topics": ["file.created"] }));
        assert_eq!(status, 201, "{hook}");
        let file = sends(ALICE, &signer, "a.txt", b"hello");
        sends(BOB, &signer, "b.txt", b"hello");
        assert_eq!(tick(&signer, 0)["delivered"], 1);
        assert_eq!(tick(&signer, 0)["delivered"], 0, "not before its time");
        assert_eq!(tick(&signer, 10)["delivered"], 1);
        assert_eq!(tick(&signer, 60)["delivered"], 1);
        assert_eq!(tick(&signer, 200)["delivered"], 0, "it was taken");
        let got = receiver.got();
        assert_eq!(got.len(), 3);
        let secret = hook["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
        let key = MacKey::new(&STANDARD.decode(secret).unwrap());
        for (headers, body) in &got {
            assert_eq!(headers["webhook-id"], got[0].0["webhook-id"], "the same message");
            let (id, at) = (&headers["webhook-id"], &headers["webhook-timestamp"]);
            let tag = key.tag(&[format!("{id}.{at}.{body}").as_bytes()]);
            assert_eq!(headers["webhook-signature"], format!("v1,{}", STANDARD.encode(tag)));
            let told: Value = serde_json::from_str(body).unwrap();
            assert_eq!((&told["type"], &told["data"]["file"]), (&json!("file.created"), &file["id"]));
            assert!(UnixTime::from_rfc3339(told["timestamp"].as_str().unwrap()).is_some());
        }
    });
}

#[test]
fn uses_are_told_and_who_wants_no_more_is_told_no_more() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let receiver = Receiver::new(vec![204, 410]);
        let (_, hook) = ALICE.posts(&signer, HOOKS, &json!({ "url": receiver.url }));
        let file = sends(ALICE, &signer, "a.txt", b"hello");
        let (_, share) = ALICE.posts(&signer, "/api/v1/shares", &json!({ "key": file["key"] }));
        let owner = file["key"].as_str().unwrap().split('/').next().unwrap();
        let batch = json!({ "batch": "0".repeat(32), "events": [{
            "at": 1_800_000_000_000_u64, "kind": "download", "share": share["id"], "owner": owner, "path": "a", "bytes": 5,
        }]});
        let call = http::Request::post("/edge/v1/events").header("content-type", "application/json");
        let call = call.body(batch.to_string().into_bytes()).unwrap();
        assert_eq!(common::wait(signer.answer(call, "p", clouddrop_signer::now())).status(), 204);
        assert_eq!(tick(&signer, 0)["delivered"], 2);
        let mut types: Vec<String> = receiver
            .got()
            .iter()
            .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_string())
            .collect();
        types.sort();
        assert_eq!(types, ["file.created", "share.used"]);
        assert_eq!(ALICE.gets(&signer, HOOKS).1["items"], json!([]), "the second was answered with 410");
        assert_eq!(ALICE.deletes(&signer, &format!("{HOOKS}/{}", hook["id"].as_str().unwrap())), 404);
    });
}

#[test]
fn webhooks_are_made_listed_and_removed() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        for bad in ["http://example.com/", "https://localhost/", "https://10.0.0.1/", "https://u:p@example.com/", "x"] {
            assert_eq!(ALICE.posts(&signer, HOOKS, &json!({ "url": bad })).0, 400, "{bad}");
        }
        assert_eq!(VERA.posts(&signer, HOOKS, &json!({ "url": "https://example.com/" })).0, 403);
        let made = ALICE.posts(&signer, HOOKS, &json!({ "url": "https://example.com/" })).1;
        let (_, listed) = VERA.gets(&signer, HOOKS);
        assert_eq!(listed["items"][0].get("secret"), None, "it is shown once");
        for _ in 0..9 {
            assert_eq!(ALICE.posts(&signer, HOOKS, &json!({ "url": "https://example.com/" })).0, 201);
        }
        assert_eq!(ALICE.posts(&signer, HOOKS, &json!({ "url": "https://example.com/" })).0, 403, "ten are enough");
        let path = format!("{HOOKS}/{}", made["id"].as_str().unwrap());
        assert_eq!(BOB.deletes(&signer, &path), 404);
        assert_eq!((ALICE.deletes(&signer, &path), ALICE.deletes(&signer, &path)), (204, 404));
        let without = people(origin, &[("WEBHOOK_SECRET", "")]);
        assert_eq!(ALICE.posts(&without, HOOKS, &json!({ "url": "https://example.com/" })).0, 409);
    });
}

#[test]
fn reports_are_kept_for_admins() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let report = |share: &str, form: &str| {
            let call = http::Request::post("/edge/v1/reports")
                .header("content-type", "application/x-www-form-urlencoded")
                .header("x-clouddrop-share", share)
                .header("x-clouddrop-path", "0123456789abcdef01234567/a%20b");
            let call = call.body(form.as_bytes().to_vec()).unwrap();
            common::wait(signer.answer(call, "p", clouddrop_signer::now())).status().as_u16()
        };
        let share = "0".repeat(32);
        assert_eq!(report(&share, "reason=It+is+mine.&contact=me%40example.org"), 200);
        let long = format!("reason={}", "x".repeat(2001));
        for bad in ["", "reason=", "reason=a&reason=b", "reason=a&more=b", "reason", "reason=%ff", &long] {
            assert_eq!(report(&share, bad), 400, "{bad:.40}");
        }
        assert_eq!(report("x", "reason=a"), 400);
        let (status, listed) = ADMIN.gets(&signer, "/api/v1/reports");
        let kept = &listed["items"][0];
        assert_eq!((status, &kept["reason"], &kept["contact"]), (200, &json!("It is mine."), &json!("me@example.org")));
        assert_eq!(kept["owner"], "0123456789abcdef01234567");
        assert_eq!(ALICE.gets(&signer, "/api/v1/reports").0, 403);
    });
}

#[test]
fn every_change_is_written_down_and_no_secret_is() {
    with_bucket(|origin| {
        let (signer, lines) = common::people_with_log(origin);
        let file = sends(ALICE, &signer, "marker-name.txt", b"marker-content");
        let terms = json!({ "key": file["key"], "note": "marker-note" });
        let (_, share) = ALICE.posts(&signer, "/api/v1/shares", &terms);
        let path = format!("/api/v1/shares/{}", share["id"].as_str().unwrap());
        let (_, longer) = ALICE.calls(&signer, "PATCH", &path, &json!({ "expires_in": "30d" }));
        let (_, hook) = ALICE.posts(&signer, HOOKS, &json!({ "url": "https://example.com/marker-url" }));
        let (_, link) = ALICE.posts(&signer, "/api/v1/upload-links", &json!({ "note": "marker-note" }));
        let (_, key) = ADMIN.posts(&signer, "/api/v1/api-keys", &json!({ "name": "ci" }));
        assert_eq!(ALICE.posts(&signer, &format!("{path}/revoke"), &json!({})).0, 200);
        assert_eq!(VERA.posts(&signer, "/api/v1/shares", &terms).0, 403);

        let (_, list) = ask(origin, "GET", "/bucket/?list-type=2&prefix=records%2F");
        let list = String::from_utf8(list).unwrap();
        let names: Vec<&str> = list.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
        let audits: Vec<Value> = names
            .iter()
            .filter(|name| name.starts_with("records/audit/"))
            .map(|name| serde_json::from_slice(&objects(origin, name).unwrap()).unwrap())
            .collect();
        let mut changes: Vec<String> = audits
            .iter()
            .map(|audit| format!("{} {}", audit["who"].as_str().unwrap(), audit["what"].as_str().unwrap()))
            .collect();
        changes.sort();
        let expected = [
            "alice-member changeShare",
            "alice-member completeUpload",
            "alice-member createShare",
            "alice-member createUpload",
            "alice-member createUploadLink",
            "alice-member createWebhook",
            "alice-member revokeShare",
            "root-admin createApiKey",
        ];
        assert_eq!(changes, expected, "changes, and not what was refused");
        for audit in &audits {
            assert_eq!((&audit["from"], &audit["request_id"]), (&json!("203.0.113.9"), &json!("test-1")));
            assert!(audit["target"].as_str().is_some_and(|target| !target.is_empty()) && audit["at"].is_string());
        }

        let everything: Vec<String> =
            names.iter().map(|name| String::from_utf8_lossy(&objects(origin, name).unwrap()).into_owned()).collect();
        let lines = lines.lock().unwrap();
        let logged = lines.as_str();
        for secret in [&share["token"], &longer["token"], &hook["secret"], &link["token"], &key["key"]] {
            let secret = secret.as_str().unwrap();
            assert!(!logged.contains(secret), "in the log: {secret}");
            assert!(!everything.iter().any(|record| record.contains(secret)), "in a record: {secret}");
        }
        for marker in ["marker-name", "marker-note", "marker-url", "key-of-", "secret-0123456789"] {
            assert!(!logged.contains(marker), "in the log: {marker}");
        }
        // Each line is a document, and tells of metrics as CloudWatch reads them.
        let calls: Vec<Value> = logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let measured: Vec<&Value> = calls.iter().filter(|line| line.get("operation").is_some()).collect();
        for line in &measured {
            let metrics = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(metrics["Namespace"], "CloudDrop/Signer");
            for metric in metrics["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{line}");
            }
            for dimension in metrics["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
                assert!(line[dimension.as_str().unwrap()].is_string(), "{line}");
            }
        }
        assert!(measured.iter().any(|line| line["code"] == "forbidden" && line["Refused"] == 1));
        let issued = calls.iter().filter(|line| line["SharesIssued"] == 1).count();
        let bytes: u64 = calls.iter().filter_map(|line| line["UploadedBytes"].as_u64()).sum();
        assert_eq!((issued, bytes), (1, 14));
    });
}
