//! What people do with it, from the first command that is printed to a restart: nothing acknowledged is lost,
//! nothing refused is stored.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::check::assert_safe;
use clouddrop_tests::stack::content::{Hash, bytes};
use clouddrop_tests::stack::http::{Ask, Reply};
use clouddrop_tests::stack::objects::file_target;
use clouddrop_tests::stack::{AtEnd, Stack, new_folder};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::OnceLock;

/// What the big file has: over the size of one PUT, and no whole number of parts.
const BIG: u64 = 200_000_000;
/// How much more memory than before the edge may hold while it streams.
const MOST_GROWTH: u64 = 16 * 1024 * 1024;

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::start(&[]))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// `http://host:port/target` apart.
fn apart(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split_at(rest.find('/').unwrap())
}

/// A PUT to a presigned URL.
fn put(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let (host, target) = apart(url);
    let ask = Ask::new("PUT", target).body(body);
    headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send(host)
}

/// The headers of a grant for one PUT; the client counts its body by itself.
fn granted_headers(grant: &Value) -> Vec<(&str, &str)> {
    let headers = grant["headers"].as_object().unwrap().iter();
    headers
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .filter(|(n, _)| *n != "content-length")
        .collect()
}

/// What the edge answers to somebody who has a share of `key`.
fn read(stack: &Stack, key: &str) -> Reply {
    let share = stack.must(201, "shares", &json!({ "key": key }));
    let (host, target) = apart(text(&share, "download"));
    let reply = Ask::get(target).send(host);
    assert_safe(&reply, key);
    reply
}

#[test]
fn the_printed_commands_work_as_printed_and_everything_outlives_a_restart() {
    let folder = new_folder();
    let first = Stack::start_in(&folder, &[], AtEnd::Keep);
    let shell = |line: &str| Command::new("sh").args(["-c", line]).output().unwrap();
    let [upload, share, download] = &first.ready.curl;
    let said = |line: &str| {
        let output = shell(line);
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(said(upload), "");
    let shared: Value = serde_json::from_str(&said(share)).unwrap();
    assert_eq!(said(download), "Hello from CloudDrop");
    // A second upload to the same place is refused, and changes nothing.
    assert_eq!(shell(&upload.replace("Hello from", "HELLO from")).status.code(), Some(22));
    assert_eq!(said(download), "Hello from CloudDrop");

    let api_key = first.ready.api_key.clone();
    drop(first);
    let again = Stack::start_in(&folder, &[], AtEnd::Remove);
    assert_eq!(again.ready.api_key, api_key);
    // The link's token is good wherever the files are served now.
    let (_, target) = apart(text(&shared, "download"));
    let reply = Ask::get(target).send(again.files());
    assert_eq!((reply.status, reply.text().as_str()), (200, "Hello from CloudDrop"), "{}", again.last_words());
    assert_eq!(read(&again, text(&shared, "key")).text(), "Hello from CloudDrop");
}

#[test]
fn two_hundred_megabytes_go_up_in_parts_and_come_down_unchanged_through_a_flat_edge() {
    let stack = stack();
    let grant = stack.must(201, "uploads", &json!({ "name": "big file.bin", "size": BIG, "type": "video/mp4" }));
    assert_eq!(text(&grant, "kind"), "multipart");
    let key = text(&grant, "key");
    let call = json!({ "upload": grant["upload"], "upload_id": grant["upload_id"] });
    let parts = grant["parts"].as_array().unwrap();
    assert_eq!(parts.len() as u64, grant["part_count"].as_u64().unwrap());
    assert_eq!(parts.iter().map(|part| part["size"].as_u64().unwrap()).sum::<u64>(), BIG);

    // Every third part by a fresh URL; the last is left out at first.
    let mut sent = Hash::default();
    let mut first = 0;
    let mut last_part = None;
    for part in parts {
        let (number, size) = (part["number"].as_u64().unwrap(), part["size"].as_u64().unwrap());
        let body = bytes(1, first, usize::try_from(size).unwrap());
        sent.add(&body);
        first += size;
        if number == parts.len() as u64 {
            last_part = Some((text(part, "url"), body));
            break;
        }
        let fresh = (number % 3 == 0).then(|| {
            let mut call = call.clone();
            call["numbers"] = json!([number]);
            stack.must(200, "uploads/parts", &call)
        });
        let url = fresh.as_ref().map_or(text(part, "url"), |fresh| text(&fresh["parts"][0], "url"));
        let reply = put(url, &[], &body);
        assert_eq!(reply.status, 200, "part {number}: {}", reply.text());
    }
    let (last_url, last_body) = last_part.unwrap();
    // A part that is shorter than granted is not taken.
    assert_eq!(put(last_url, &[], &last_body[1..]).status, 403);
    let list = stack.must(200, "uploads/list", &call);
    assert_eq!(list["received"], BIG - last_body.len() as u64);
    assert_eq!(list["size"], BIG);
    assert_eq!(stack.call("uploads/complete", &call).code(), "precondition_failed");
    assert_eq!(read(stack, key).status, 404);
    assert_eq!(put(last_url, &[], &last_body).status, 200);
    drop(last_body);
    assert_eq!(stack.must(200, "uploads/list", &call)["received"], BIG);
    let complete = stack.must(200, "uploads/complete", &call);
    assert_eq!((text(&complete, "key"), complete["size"].as_u64()), (key, Some(BIG)));

    let share = stack.must(201, "shares", &json!({ "key": key, "expires_in": "1h" }));
    let (host, target) = apart(text(&share, "download"));
    let mut received = Hash::default();
    let mut head = None;
    // The first one through warms it up: what is measured is the streaming.
    assert_eq!(Ask::get(target).header("range", "bytes=0-99999").send(host).status, 206);
    let growth = stack.edge_growth(|| {
        head = Some(Ask::get(target).stream(host, |bytes| received.add(bytes)).unwrap());
    });
    let head = head.unwrap();
    assert_eq!(head.status, 200);
    assert_safe(&head, "download");
    assert_eq!(head.one("content-length"), Some(BIG.to_string().as_str()));
    assert_eq!(head.one("content-type"), Some("video/mp4"));
    assert_eq!(head.one("content-disposition"), Some("attachment; filename=\"big file.bin\""));
    assert_eq!(head.one("etag"), complete["etag"].as_str());
    assert!(received.end() == sent.end(), "the download is not what was uploaded");
    assert!(growth <= MOST_GROWTH, "workerd grew by {growth} bytes");

    for first in [0, 16_777_215, 99_999_999, BIG - 1000] {
        let reply = Ask::get(target).header("range", &format!("bytes={first}-{}", first + 999)).send(host);
        assert_eq!(reply.status, 206);
        assert_eq!(reply.one("content-range"), Some(format!("bytes {first}-{}/{BIG}", first + 999).as_str()));
        assert!(reply.body == bytes(1, first, 1000), "other bytes from {first} on");
    }

    let (host, target) = apart(text(&share, "link"));
    let page = Ask::get(target).send(host);
    assert_safe(&page, "landing page");
    assert_eq!(page.one("content-type"), Some("text/html; charset=utf-8"));
    for fact in ["big file.bin", "200 MB", "video/mp4", text(&share, "expires_at")] {
        assert!(page.text().contains(fact), "{fact} in {}", page.text());
    }
    assert!(page.text().contains(apart(text(&share, "download")).1), "{}", page.text());
    assert_eq!(text(&share, "link").len(), text(&share, "download").len());
}

#[test]
fn a_single_upload_is_stored_once_and_only_as_granted() {
    let stack = stack();
    let content = b"the right bytes";
    // SHA-256 of the content, in base64.
    let sha256 = "o1gEJc33UJfOIwCXGc38USK7EIvhHB7uiuyn3IoCcgQ=";
    let grant = stack.must(
        201,
        "uploads",
        &json!({ "name": "a.txt", "size": content.len(), "type": "text/plain", "sha256": sha256 }),
    );
    let (key, url, headers) = (text(&grant, "key"), text(&grant, "url"), granted_headers(&grant));
    let refused = |headers: &[(&str, &str)], body: &[u8], status: u16, about: &str| {
        let reply = put(url, headers, body);
        assert_eq!(reply.status, status, "{about}: {}", reply.text());
        assert_eq!(read(stack, key).status, 404, "{about} was stored");
    };
    refused(&headers, b"the right byte", 403, "a byte less");
    refused(&headers, b"the right bytes!", 403, "a byte more");
    refused(&headers, b"the wrong bytes", 400, "another content");
    let without = |name: &str| headers.iter().copied().filter(|(n, _)| *n != name).collect::<Vec<_>>();
    for name in ["content-type", "if-none-match", "x-amz-checksum-sha256"] {
        refused(&without(name), content, 403, &format!("without {name}"));
    }
    let other_type: Vec<(&str, &str)> =
        without("content-type").into_iter().chain([("content-type", "text/html")]).collect();
    refused(&other_type, content, 403, "another type");
    let (host, target) = apart(url);
    let elsewhere = target.replace("a.txt", "b.txt");
    assert_eq!(
        headers.iter().fold(Ask::new("PUT", &elsewhere).body(content), |a, (n, v)| a.header(n, v)).send(host).status,
        403
    );

    let stored = put(url, &headers, content);
    assert_eq!(stored.status, 200, "{}", stored.text());
    let reply = read(stack, key);
    assert_eq!((reply.status, &*reply.body), (200, &content[..]));
    assert_eq!(reply.one("content-type"), Some("text/plain; charset=utf-8"));
    // The second time, even with the same bytes, is a conflict; what is there stays.
    assert_eq!(put(url, &headers, content).status, 412);
    let again = read(stack, key);
    assert_eq!(
        (&again.body, again.one("etag"), again.one("last-modified")),
        (&reply.body, reply.one("etag"), reply.one("last-modified"))
    );
}

#[test]
fn an_aborted_upload_leaves_nothing() {
    let stack = stack();
    let size = 65 * 1024 * 1024;
    let grant = stack.must(201, "uploads", &json!({ "name": "gone.bin", "size": size }));
    let call = json!({ "upload": grant["upload"], "upload_id": grant["upload_id"] });
    let part = &grant["parts"][0];
    let body = bytes(2, 0, usize::try_from(part["size"].as_u64().unwrap()).unwrap());
    assert_eq!(put(text(part, "url"), &[], &body).status, 200);
    let aborted = stack.call("uploads/abort", &call);
    assert_eq!((aborted.status, aborted.body.len()), (204, 0));
    assert_safe(&aborted, "abort");
    assert_eq!(put(text(part, "url"), &[], &body).status, 404);
    for name in ["uploads/list", "uploads/complete"] {
        let reply = stack.call(name, &call);
        assert_eq!((reply.status, reply.code().as_str()), (409, "conflict"), "{name}: {}", reply.text());
    }
    assert_eq!(stack.call("shares", &json!({ "key": grant["key"] })).status, 404);
    // The token of one upload says nothing about another.
    let other = stack.must(201, "uploads", &json!({ "name": "other.bin", "size": size }));
    let mixed = json!({ "upload": grant["upload"], "upload_id": other["upload_id"] });
    assert_eq!(stack.call("uploads/list", &mixed).status, 409);
    assert_eq!(Ask::get(&file_target(text(&grant, "key"))).send(stack.files()).status, 401);
}
