//! Plain uploads: nothing counts that is not whole.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{Call, Rig, noise, path_of};

/// The head of a request as bytes, with `length` for its Content-Length.
fn head(call: Call, extra: &str) -> Vec<u8> {
    let (method, target, headers, _) = call.build();
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(extra);
    text.push_str("\r\n");
    text.into_bytes()
}

async fn until_closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the reply is as good as a close.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn what_was_put_is_what_is_got() {
    let rig = Rig::start().await;
    for size in [0, 1, 511 << 10, 512 << 10, (512 << 10) + 1, 5_000_000] {
        let content = noise(size as u64, size);
        rig.put("k", content.clone()).await.ok();
        assert_eq!(rig.get("k").await.ok().body, content, "{size} bytes");
    }
    assert_eq!(rig.data_files().len(), 1, "replaced bytes stay on disk");
}

#[tokio::test]
async fn a_truncated_upload_is_not_stored() {
    let rig = Rig::start().await;
    rig.put("k", "before").await.ok();
    let call = rig.call("PUT", &path_of("k")).unsigned_payload();
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(&head(call, "content-length: 1000000\r\n")).await.unwrap();
    stream.write_all(&noise(1, 600_000)).await.unwrap();
    stream.shutdown().await.unwrap();
    // The server closes when it has dealt with the request.
    let reply = until_closed(&mut stream).await;
    assert!(!reply.contains("200 OK"), "{reply}");
    assert_eq!(rig.get("k").await.text(), "before");
    let line = &rig.log()[1];
    assert!(line["status"].as_u64().unwrap() >= 400 && !line["code"].is_null(), "{line}");
    assert_eq!(rig.restart().await.data_files().len(), 1);
}

#[tokio::test]
async fn a_length_is_required_and_limited() {
    let rig = Rig::start().await;
    let call = rig.call("PUT", &path_of("k")).unsigned_payload();
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let chunked = "transfer-encoding: chunked\r\nconnection: close\r\n";
    stream.write_all(&head(call, chunked)).await.unwrap();
    stream.write_all(b"1\r\nx\r\n0\r\n\r\n").await.unwrap();
    let reply = until_closed(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 411") && reply.contains("MissingContentLength"), "{reply}");

    let call = rig.call("PUT", &path_of("k")).unsigned_payload();
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    let huge = format!("content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n", (5_u64 << 30) + 1);
    stream.write_all(&head(call, &huge)).await.unwrap();
    let reply = until_closed(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 400") && reply.contains("EntityTooLarge"), "{reply}");
    assert!(rig.data_files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_a_client_that_sends_all_before_it_reads() {
    use std::io::{Read as _, Write as _};
    let rig = Rig::start().await;
    for _ in 0..20 {
        let head = head(rig.call("PUT", &path_of("k")).anonymous(), "content-length: 900000\r\nconnection: close\r\n");
        let address = rig.address;
        let reply = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address)?;
            stream.write_all(&head)?;
            for piece in noise(1, 900_000).chunks(5000) {
                stream.write_all(piece)?;
            }
            let mut reply = String::new();
            stream.read_to_string(&mut reply)?;
            std::io::Result::Ok(reply)
        });
        let reply = reply.await.unwrap().unwrap();
        assert!(reply.starts_with("HTTP/1.1 403") && reply.contains("AccessDenied"), "{reply}");
    }
}

#[tokio::test]
async fn headers_that_cannot_be_honoured_are_refused() {
    let rig = Rig::start().await;
    for (name, value, code) in [
        ("x-amz-tagging", "a=b", "NotImplemented"),
        ("x-amz-acl", "public-read", "AccessControlListNotSupported"),
        ("x-amz-server-side-encryption", "aws:kms", "NotImplemented"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256", "NotImplemented"),
        ("x-amz-storage-class", "GLACIER", "NotImplemented"),
        ("x-amz-object-lock-mode", "GOVERNANCE", "NotImplemented"),
    ] {
        let reply = rig.call("PUT", &path_of("k")).header(name, value).body("x").send().await;
        assert_eq!(reply.xml("Code"), code, "{name}");
    }
    let copy = rig.call("PUT", &path_of("k")).header("x-amz-copy-source", "/test-bucket/a").send().await;
    assert!(copy.status.as_u16() >= 400);
    let fat = rig.call("PUT", &path_of("k")).header("x-amz-meta-a", &"m".repeat(2100)).body("x").send().await;
    fat.refused(400, "MetadataTooLarge");
    let half = rig.call("PUT", &format!("{}?uploadId=1", path_of("k"))).body("x").send().await;
    half.refused(400, "InvalidArgument");
    assert!(rig.data_files().is_empty());
}

#[tokio::test]
async fn aws_chunked_bodies_are_unwrapped_and_their_trailer_is_checked() {
    let rig = Rig::start().await;
    // CRC-32 of "123456789", base64.
    for (sum, status) in [("y/Q5Jg==", 200), ("AAAAAA==", 400)] {
        let call = rig
            .call("PUT", &path_of("k"))
            .header("x-amz-decoded-content-length", "9")
            .header("x-amz-trailer", "x-amz-checksum-crc32")
            .header("content-encoding", "aws-chunked");
        let body = format!("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
        let reply = call.streaming_trailer().send_body(body).send().await;
        assert_eq!(reply.status, status, "{}", reply.text());
        let got = rig.get("k").await.ok();
        assert_eq!((got.text(), got.header("content-encoding")), ("123456789", ""));
    }
}

#[tokio::test]
async fn an_aws_chunked_body_of_another_length_is_not_stored() {
    let rig = Rig::start().await;
    for length in ["8", "10"] {
        let call = rig
            .call("PUT", &path_of("k"))
            .header("x-amz-decoded-content-length", length)
            .header("x-amz-trailer", "x-amz-checksum-crc32");
        let body = "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
        let reply = call.streaming_trailer().send_body(body).send().await;
        reply.refused(400, "IncompleteBody");
        rig.get("k").await.refused(404, "NoSuchKey");
    }
    assert!(rig.data_files().is_empty());
}
