//! What the signer makes of an S3 that fails: a clear problem, and nothing of S3's own text.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_core::UnixTime;
use clouddrop_core::revocation::{Draft, Entry, Kind, Mark};
use clouddrop_signer::Signer;
use common::bucket::{ask, shared};
use common::{answer, get, now, post, put, refused, request, signer_with};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const MIB: u64 = 1024 * 1024;
/// Port 9 of loopback: nobody.
const NOBODY: &str = "http://127.0.0.1:9/bucket";

/// In front of the real bucket: what begins with `of` gets the next of these answers, and none once they are used up;
/// all else is the bucket's. It remembers what it has answered.
struct FakeS3 {
    origin: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Requests about files.
const FILES: &str = "/bucket/files/";
/// Requests about the revocation list.
const LIST: &str = "/bucket/records/revoked";

impl FakeS3 {
    fn new(of: impl Into<String>, answers: Vec<String>) -> Self {
        let of = of.into();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}/bucket", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            let mut answers = answers.into_iter();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                let text = String::from_utf8_lossy(&request).into_owned();
                if text.split(' ').nth(1).is_some_and(|target| target.starts_with(&of)) || text.is_empty() {
                    seen.lock().unwrap().push(text);
                    let _ = stream.write_all(answers.next().unwrap_or_default().as_bytes());
                } else {
                    let _ = stream.write_all(&ask_the_bucket(&request));
                }
            }
        });
        Self { origin, requests }
    }

    fn signer(&self) -> Signer {
        signer_with(&[("ORIGIN", &self.origin), ("MULTIPART_THRESHOLD", "10")])
    }
}

/// The whole answer of the real bucket.
fn ask_the_bucket(request: &[u8]) -> Vec<u8> {
    let authority = shared().strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut bucket = TcpStream::connect(authority).unwrap();
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    bucket.write_all(&request[..end]).unwrap();
    bucket.write_all(b"\r\nConnection: close").unwrap();
    bucket.write_all(&request[end..]).unwrap();
    let mut answer = Vec::new();
    bucket.read_to_end(&mut answer).unwrap();
    answer
}

fn read(stream: &TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let mut text = String::new();
    let mut length = 0;
    while !text.ends_with("\r\n\r\n") {
        let from = text.len();
        // The end, or a TLS handshake, which is no text.
        if !reader.read_line(&mut text).is_ok_and(|read| read > 0) {
            return Vec::new();
        }
        if let Some(value) = text[from..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut whole = text.into_bytes();
    let head = whole.len();
    whole.resize(head + length, 0);
    reader.read_exact(&mut whole[head..]).unwrap();
    whole
}

fn http(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn error(status: u16, code: &str) -> String {
    http(status, &format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>names a key</Message></Error>"))
}

fn page(parts: &[(u32, u64)], is_truncated: bool) -> String {
    let parts: String = parts
        .iter()
        .map(|(number, size)| {
            format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>&quot;e{number}&quot;</ETag><Size>{size}</Size></Part>"
            )
        })
        .collect();
    http(200, &format!("<ListPartsResult><IsTruncated>{is_truncated}</IsTruncated>{parts}</ListPartsResult>"))
}

/// What S3 says when an upload in parts is begun.
fn begun() -> String {
    http(200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
}

/// What a call of the upload makes of `answers`: the reply's status and its body, which names nothing of S3's, and the
/// requests of the call.
fn call(path: &str, size: u64, answers: Vec<String>) -> (u16, String, Vec<String>) {
    let s3 = FakeS3::new(FILES, [vec![begun()], answers].concat());
    let signer = s3.signer();
    let (status, granted) = post(&signer, "/api/v1/uploads", json!({ "name": "a", "size": size }).to_string());
    assert_eq!(status, 201, "{granted}");
    let body = json!({ "upload": granted["upload"], "upload_id": "u" }).to_string();
    let reply = answer(&signer, request(&format!("/api/v1/uploads/{path}"), body));
    assert!(!reply.body().contains("names a key"), "{}", reply.body());
    let requests = s3.requests.lock().unwrap()[1..].to_vec();
    (reply.status().as_u16(), reply.into_body(), requests)
}

#[test]
fn errors_of_s3_become_ours() {
    for (answer, status) in [
        (error(404, "NoSuchUpload"), 404),
        (error(403, "AccessDenied"), 502),
        (error(403, "SignatureDoesNotMatch"), 502),
        (error(404, "NoSuchBucket"), 502),
        (error(503, "SlowDown"), 503),
        (error(500, "InternalError"), 503),
        (error(400, "RequestTimeout"), 504),
        (error(301, "PermanentRedirect"), 502),
        ("HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n".into(), 502),
        (http(200, "nonsense"), 502),
        (http(200, ""), 502),
        (http(200, "<Error><Code>X</Code></Error>"), 502),
        ("not HTTP at all\r\n\r\n".into(), 502),
        // Ends in the middle.
        ("HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\n<ListPartsResult>".into(), 503),
        // Accepted and closed.
        (String::new(), 503),
    ] {
        assert_eq!(call("list", 100, vec![answer.clone()]).0, status, "{answer}");
    }
}

/// The list as S3 sends it: empty, made at the epoch, so that its bytes are text.
fn list(etag: &str) -> String {
    let bytes = String::from_utf8(Draft::default().encode(UnixTime::from_secs(0))).unwrap();
    let answer = http(200, &bytes);
    if etag.is_empty() { answer } else { answer.replacen("\r\n", &format!("\r\nETag: {etag}\r\n"), 1) }
}

/// What a call to revoke makes of `answers`: the status, and the conditions of the writes that were tried.
fn revoke(answers: Vec<String>) -> (u16, Vec<String>) {
    let s3 = FakeS3::new(LIST, answers);
    let reply = answer(&s3.signer(), request("/api/v1/revocations", r#"{"token_id":"61"}"#));
    assert!(!reply.body().contains("names a key"), "{}", reply.body());
    let requests = s3.requests.lock().unwrap();
    let conditions = requests.iter().filter(|request| request.starts_with("PUT /bucket/records/revoked ")).map(|put| {
        assert!(put.contains("if-match;") || put.contains("if-none-match;"), "it is signed: {put}");
        let mut lines = put.lines();
        lines.find(|line| line.starts_with("if-")).unwrap().to_string()
    });
    (reply.status().as_u16(), conditions.collect())
}

#[test]
fn who_comes_second_reads_again() {
    let (first, second) = (|| list("\"v1\""), || list("\"v2\""));
    for lost in [error(412, "PreconditionFailed"), error(409, "ConditionalRequestConflict"), error(404, "NoSuchKey")] {
        let (status, writes) = revoke(vec![first(), lost.clone(), second(), http(200, "")]);
        assert_eq!((status, writes), (200, vec!["if-match: \"v1\"".into(), "if-match: \"v2\"".into()]), "{lost}");
    }
    // No list: it is made, or somebody else has made it, and then it is changed like any other.
    for made in [http(200, ""), error(412, "PreconditionFailed")] {
        for missing in [error(403, "AccessDenied"), error(404, "NoSuchKey")] {
            let (status, writes) = revoke(vec![missing, made.clone(), first(), http(200, "")]);
            assert_eq!((status, writes), (200, vec!["if-none-match: *".into(), "if-match: \"v1\"".into()]));
        }
    }
}

#[test]
fn what_is_revoked_already_is_not_written_again() {
    let mut draft = Draft::default();
    // Bytes that are text, and a time in 2037: later than any that the call asks for.
    let until = UnixTime::from_secs(0x7f7f_7f7f);
    draft.add(&Entry { kind: Kind::Token, mark: Mark::of_id(&[b'a'; 16]), until }).unwrap();
    let bytes = String::from_utf8(draft.encode(UnixTime::from_secs(0))).unwrap();
    let s3 = FakeS3::new(LIST, vec![http(200, &bytes).replacen("\r\n", "\r\nETag: \"v1\"\r\n", 1)]);
    let body = json!({ "token_id": "61".repeat(16) }).to_string();
    let reply = answer(&s3.signer(), request("/api/v1/revocations", body));
    let revoked: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
    assert_eq!((reply.status().as_u16(), &revoked["until"]), (200, &json!(until.to_string())), "{revoked}");
    // There is one answer only: a write would find nobody.
    assert_eq!(s3.requests.lock().unwrap().len(), 1);
}

#[test]
fn a_change_that_always_comes_second_is_given_up() {
    let lost = || [list("\"v1\""), error(412, "PreconditionFailed")];
    let (status, writes) = revoke((0..25).flat_map(|_| lost()).collect());
    assert_eq!((status, writes.len()), (503, 24));
}

#[test]
fn a_list_that_cannot_be_trusted_is_never_written_over() {
    let denied = || error(403, "AccessDenied");
    for (what, answers, status, writes) in [
        ("damaged", vec![list("\"v1\"").replace("CDREVOK", "CDREVOC")], 502, 0),
        ("empty", vec![http(200, "").replacen("\r\n", "\r\nETag: \"v1\"\r\n", 1)], 502, 0),
        ("without a version", vec![list("")], 502, 0),
        ("cannot be asked for", vec![error(503, "SlowDown")], 503, 0),
        ("is refused", vec![error(403, "SignatureDoesNotMatch")], 502, 0),
        ("is there and may not be read", vec![denied(), error(412, "PreconditionFailed"), denied()], 502, 1),
        ("may not be written", vec![list("\"v1\""), denied()], 502, 1),
        ("cannot be written now", vec![list("\"v1\""), error(500, "InternalError")], 503, 3),
    ] {
        let (found, tried) = revoke(answers);
        assert_eq!((found, tried.len()), (status, writes), "{what}");
    }
}

#[test]
fn a_signer_starts_without_its_list_and_makes_it_when_it_is_asked() {
    let (signer, lines) = common::signer_with_log_and(&[("ORIGIN", NOBODY)]);
    common::wait(signer.ensure_list(now()));
    let said = lines.lock().unwrap().clone();
    assert!(said.contains("the revocation list") && said.contains(r#""alarm":true"#), "{said}");
    for (made, says_so) in [(http(200, ""), true), (error(412, "PreconditionFailed"), false)] {
        let s3 = FakeS3::new(LIST, vec![error(403, "AccessDenied"), made, list("\"v1\"")]);
        let (signer, lines) = common::signer_with_log_and(&[("ORIGIN", &s3.origin)]);
        let reply = answer(&signer, get("/api/v1/revocations"));
        assert_eq!(reply.status(), 200, "{}", reply.body());
        assert!(s3.requests.lock().unwrap()[1].contains("if-none-match: *"));
        // A list that is missing later on has been removed: that must be seen.
        assert_eq!(lines.lock().unwrap().contains("an empty one was made"), says_so);
    }
}

#[test]
fn an_answer_over_the_limit_is_not_read() {
    // It would be a list, if it were read.
    let padding = " ".repeat(8 * 1024 * 1024);
    let long = http(200, &format!("<ListPartsResult>{padding}<IsTruncated>false</IsTruncated></ListPartsResult>"));
    assert_eq!(call("list", 100, vec![long]).0, 502);
}

#[test]
fn an_upload_that_becomes_a_file_while_it_is_made_again_is_counted_once() {
    let asked = || {
        let mut call = request("/api/v1/uploads", r#"{"name":"a","size":5,"owner":"again"}"#);
        call.headers_mut().insert("idempotency-key", "again-1".parse().unwrap());
        call
    };
    let bucket = signer_with(&[("ORIGIN", shared())]);
    let granted: serde_json::Value = serde_json::from_str(answer(&bucket, asked()).body()).unwrap();
    assert_eq!(put(&granted["url"], &granted["headers"], b"hello"), 200, "{granted}");
    let done = json!({ "upload": granted["upload"] }).to_string();
    assert_eq!(post(&bucket, "/api/v1/uploads/complete", done).0, 200);
    // As if the call had looked for the file just before that.
    let (owner, _) = granted["key"].as_str().unwrap().split_once('/').unwrap();
    let name = format!("/bucket/records/files/{owner}/{}", granted["file"].as_str().unwrap());
    let (status, file) = ask(shared(), "GET", &name);
    assert_eq!(status, 200);
    let found = http(200, std::str::from_utf8(&file).unwrap()).replacen("\r\n", "\r\nETag: \"v1\"\r\n", 1);
    let s3 = FakeS3::new(name, vec![error(404, "NoSuchKey"), found]);
    assert_eq!(refused(&answer(&s3.signer(), asked())), (409, "conflict".into()));
    assert_eq!(s3.requests.lock().unwrap().len(), 2);
    let usage = answer(&bucket, get("/api/v1/account?owner=again"));
    let usage: serde_json::Value = serde_json::from_str(usage.body()).unwrap();
    let counted = ["files", "bytes", "open_uploads", "pending_bytes"].map(|name| usage[name].as_u64());
    assert_eq!(counted, [Some(1), Some(5), Some(0), Some(0)], "{usage}");
    let open = answer(&bucket, get("/api/v1/uploads?owner=again"));
    assert!(open.body().contains(r#""items":[]"#), "{}", open.body());
}

#[test]
fn nobody_there_is_said_so() {
    let signer = signer_with(&[("ORIGIN", NOBODY), ("MULTIPART_THRESHOLD", "10")]);
    let reply = answer(&signer, request("/api/v1/uploads", r#"{"name":"a","size":11}"#));
    assert_eq!(refused(&reply), (503, "origin_unavailable".into()));
    // Somebody there who speaks no TLS.
    let s3 = FakeS3::new(FILES, vec![http(200, "")]);
    let origin = s3.origin.replace("http:", "https:");
    let signer = signer_with(&[("ORIGIN", &origin), ("MULTIPART_THRESHOLD", "10")]);
    assert_eq!(answer(&signer, request("/api/v1/uploads", r#"{"name":"a","size":11}"#)).status(), 503);
}

#[test]
fn ended_credentials_ask_nobody() {
    let s3 = FakeS3::new("/bucket/", vec![]);
    let end = now().as_secs().to_string();
    let signer = signer_with(&[("ORIGIN", &s3.origin), ("AWS_CREDENTIALS_EXPIRE", &end)]);
    for (path, body) in [("uploads", r#"{"name":"a","size":1}"#), ("shares", r#"{"key":"a"}"#)] {
        let reply = answer(&signer, request(&format!("/api/v1/{path}"), body));
        assert_eq!(refused(&reply), (503, "origin_unavailable".into()));
        assert!(reply.headers().contains_key("retry-after"));
    }
    assert!(s3.requests.lock().unwrap().is_empty());
}

#[test]
fn a_clock_that_is_far_from_s3s_refuses() {
    let dated = |offset: i64| {
        let at = UnixTime::from_millis(now().as_millis() + offset * 1000);
        list("\"v1\"").replacen("\r\n", &format!("\r\nDate: {}\r\n", http_date(at)), 1)
    };
    for (offset, status) in [(299, 200), (-299, 200), (301, 503), (-301, 503), (86_400, 503)] {
        let s3 = FakeS3::new(LIST, vec![dated(offset)]);
        let reply = answer(&s3.signer(), get("/api/v1/revocations"));
        assert_eq!(reply.status(), status, "{offset}: {}", reply.body());
        assert_eq!(reply.headers().contains_key("retry-after"), status == 503);
    }
}

/// The preferred form of RFC 9110 section 5.6.7.
fn http_date(at: UnixTime) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(at.as_secs());
    httpdate::fmt_http_date(time)
}

#[test]
fn all_pages_of_a_list_are_read_and_no_more() {
    let first: Vec<(u32, u64)> = (1..=1000).map(|number| (number, 16 * MIB)).collect();
    let answers = vec![page(&first, true), page(&[(1001, 16 * MIB), (1002, 5)], false)];
    let (status, body, requests) = call("list", 1001 * 16 * MIB + 5, answers);
    assert_eq!(status, 200);
    let listed: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&listed["received"], &listed["size"]), (&json!(1001 * 16 * MIB + 5), &json!(1001 * 16 * MIB + 5)));
    assert!(requests[0].starts_with("GET /bucket/files/") && requests[0].contains("part-number-marker=0&uploadId=u "));
    assert!(requests[1].contains("part-number-marker=1000&"));

    let too_many: Vec<(u32, u64)> = (1..=1001).map(|number| (number, 5)).collect();
    assert_eq!(call("list", 100, vec![page(&too_many, false)]).0, 502);
    // A list that goes in circles, and one without an end.
    assert_eq!(call("list", 100, vec![page(&[(1, 5)], true), page(&[(1, 5)], true)]).0, 502);
    assert_eq!(call("list", 100, vec![page(&[], true)]).0, 502);
    let (status, _, requests) = call("list", 100, (1..=11).map(|number| page(&[(number, 5)], true)).collect());
    assert_eq!((status, requests.len()), (502, 10));
}

#[test]
fn only_the_granted_parts_are_put_together() {
    let size = 16 * MIB + 5;
    let done = http(200, "<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>");
    let good = page(&[(1, 16 * MIB), (2, 5)], false);
    let (status, body, requests) = call("complete", size, vec![good.clone(), done]);
    assert_eq!(status, 200, "{body}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["etag"], "\"x-2\"");
    let complete = &requests[1];
    assert!(complete.starts_with("POST /bucket/files/") && complete.contains("?uploadId=u "), "{complete}");
    assert!(
        complete.contains("if-none-match: *\r\n")
            && complete.contains("SignedHeaders=content-type;host;if-none-match;"),
        "{complete}"
    );
    assert!(complete.contains("<Part><PartNumber>2</PartNumber><ETag>&quot;e2&quot;</ETag></Part>"), "{complete}");

    for wrong in [
        page(&[], false),
        page(&[(1, 16 * MIB)], false),
        page(&[(2, 5)], false),
        page(&[(1, 16 * MIB), (2, 6)], false),
        page(&[(1, 16 * MIB), (2, 5), (3, 1)], false),
        page(&[(1, 16 * MIB - 1), (2, 6)], false),
    ] {
        // There is one answer only: a second request would find nobody and be a 503.
        assert_eq!(call("complete", size, vec![wrong.clone()]).0, 412, "{wrong}");
    }
    for (answer, status) in [
        (error(412, "PreconditionFailed"), 412),
        (error(409, "ConditionalRequestConflict"), 412),
        (error(404, "NoSuchUpload"), 404),
        // S3's way to fail after the headers are gone.
        (error(200, "InternalError"), 503),
        (error(200, "PreconditionFailed"), 412),
        (error(200, "SomethingNew"), 502),
        (http(200, "   "), 502),
    ] {
        assert_eq!(call("complete", size, vec![good.clone(), answer.clone()]).0, status, "{answer}");
    }
}
