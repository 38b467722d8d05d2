//! GET and HEAD: ranges, conditions, headers, and readers of a replaced object.

use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::support::{Rig, noise, path_of};

#[tokio::test]
async fn stored_headers_come_back_as_they_were_sent() {
    let rig = Rig::start().await;
    let sent = [
        ("content-type", "Text/Plain; charset=UTF-8"),
        ("content-encoding", "gzip"),
        ("content-disposition", "attachment; filename=\"a b.txt\""),
        ("content-language", "sv"),
        ("cache-control", "private, max-age=5"),
        ("x-amz-meta-colour", "Blue Green"),
        ("x-amz-meta-encoded", "=?UTF-8?B?w6U=?="),
    ];
    let mut call = rig.call("PUT", &path_of("k")).body("x");
    for (name, value) in sent {
        call = call.header(name, value);
    }
    call.send().await.ok();
    let rig = rig.restart().await;
    for method in ["GET", "HEAD"] {
        let reply = rig.call(method, &path_of("k")).send().await.ok();
        for (name, value) in sent {
            assert_eq!(reply.header(name), value, "{method} {name}");
        }
        assert_eq!(reply.header("content-length"), "1", "{method}");
        assert_eq!(reply.header("accept-ranges"), "bytes", "{method}");
        assert!(reply.header("etag").starts_with('"') && !reply.header("last-modified").is_empty(), "{method}");
    }
    rig.put("plain", "x").await.ok();
    assert_eq!(rig.get("plain").await.ok().header("content-type"), "binary/octet-stream");
}

#[tokio::test]
async fn a_reader_may_override_reply_headers() {
    let rig = Rig::start().await;
    rig.put("k", "x").await.ok();
    let target = format!("{}?response-content-type=text%2Fcss&response-cache-control=no-store", path_of("k"));
    let reply = rig.call("GET", &target).presigned(60).send().await.ok();
    assert_eq!((reply.header("content-type"), reply.header("cache-control")), ("text/css", "no-store"));
    let split = format!("{}?response-content-type=a%0D%0Ab:c", path_of("k"));
    rig.call("GET", &split).send().await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn a_range_is_206_and_exact() {
    let rig = Rig::start().await;
    let content = noise(1, 700_000);
    rig.put("k", content.clone()).await.ok();
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199999", 100, 200_000),
        ("bytes=262143-262145", 262_143, 262_146),
        ("bytes=699999-", 699_999, 700_000),
        ("bytes=-3", 699_997, 700_000),
        ("bytes=-9999999", 0, 700_000),
        ("bytes=5-9999999", 5, 700_000),
    ] {
        let reply = rig.call("GET", &path_of("k")).header("range", range).send().await;
        assert_eq!(reply.status, 206, "{range}");
        assert_eq!(reply.body, content.slice(from..to), "{range}");
        assert_eq!(reply.header("content-range"), format!("bytes {from}-{}/700000", to - 1), "{range}");
        assert_eq!(reply.header("content-length"), (to - from).to_string(), "{range}");
        let head = rig.call("HEAD", &path_of("k")).header("range", range).send().await;
        assert_eq!(head.status, 206, "{range}");
        assert_eq!(head.header("content-length"), (to - from).to_string(), "{range}");
    }
}

#[tokio::test]
async fn a_range_past_the_end_is_416_and_one_not_understood_is_ignored() {
    let rig = Rig::start().await;
    rig.put("k", "0123456789").await.ok();
    rig.put("empty", "").await.ok();
    for (key, range) in [("k", "bytes=10-"), ("k", "bytes=-0"), ("empty", "bytes=0-"), ("empty", "bytes=-1")] {
        let reply = rig.call("GET", &path_of(key)).header("range", range).send().await;
        assert_eq!(reply.refused(416, "InvalidRange").xml("RangeRequested"), range);
    }
    for range in ["bytes=0-1,3-4", "bytes=4-2", "items=0-1", "bytes=x-"] {
        let reply = rig.call("GET", &path_of("k")).header("range", range).send().await;
        assert_eq!((reply.status.as_u16(), reply.text()), (200, "0123456789"), "{range}");
    }
}

#[tokio::test]
async fn conditions_decide_between_200_304_and_412() {
    let rig = Rig::start().await;
    let etag = rig.put("k", "x").await.ok().header("etag").to_owned();
    let modified = rig.get("k").await.ok().header("last-modified").to_owned();
    let (past, future) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 2100 23:59:59 GMT");
    let weak = format!("W/{etag}");
    let list = format!("\"other\", {etag}");
    let bare = etag.trim_matches('"').to_owned();
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("if-match", &etag)], 200),
        (&[("if-match", &bare)], 200),
        (&[("if-match", &list)], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", "\"other\"")], 412),
        (&[("if-match", &weak)], 412),
        (&[("if-none-match", &etag)], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", &list)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", "\"other\"")], 200),
        (&[("if-modified-since", &modified)], 304),
        (&[("if-modified-since", future)], 304),
        (&[("if-modified-since", past)], 200),
        (&[("if-unmodified-since", &modified)], 200),
        (&[("if-unmodified-since", past)], 412),
        (&[("if-match", &etag), ("if-unmodified-since", past)], 200),
        (&[("if-none-match", "\"other\""), ("if-modified-since", future)], 200),
        (&[("if-none-match", &etag), ("if-modified-since", past)], 304),
        (&[("if-modified-since", "yesterday")], 200),
        (&[("if-range", &etag), ("range", "bytes=0-0")], 206),
        (&[("if-range", "\"other\""), ("range", "bytes=0-0")], 200),
    ];
    for (headers, status) in cases {
        for method in ["GET", "HEAD"] {
            let mut call = rig.call(method, &path_of("k"));
            for (name, value) in *headers {
                call = call.header(name, value);
            }
            let reply = call.send().await;
            assert_eq!(reply.status, *status, "{method} {headers:?}");
            if *status == 304 {
                assert_eq!(reply.header("etag"), etag, "{method} {headers:?}");
                assert!(reply.body.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_missing_key_is_404_and_head_has_no_body() {
    let rig = Rig::start().await;
    rig.get("missing").await.refused(404, "NoSuchKey");
    let reply = rig.call("HEAD", &path_of("missing")).send().await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (404, 0));
    assert_eq!(rig.log().last().unwrap()["code"], "NoSuchKey");
}

#[tokio::test]
async fn what_is_not_implemented_is_refused_instead_of_ignored() {
    let rig = Rig::start().await;
    rig.put("k", "x").await.ok();
    for query in ["acl", "tagging", "attributes", "torrent", "retention", "legal-hold"] {
        let reply = rig.call("GET", &format!("{}?{query}", path_of("k"))).send().await;
        assert!(reply.status.as_u16() >= 400, "{query}: {}", reply.status);
    }
    rig.call("GET", &format!("{}?partNumber=1", path_of("k"))).send().await.refused(501, "NotImplemented");
    rig.call("GET", &format!("{}?versionId=abc", path_of("k"))).send().await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn a_reader_of_a_replaced_object_gets_the_old_bytes_to_the_end() {
    let rig = Rig::start().await;
    // Far more than sockets and the server can buffer.
    let old = noise(1, 64 << 20);
    rig.put("k", old.clone()).await.ok();

    let (method, target, headers, _) = rig.call("GET", &path_of("k")).build();
    let stream = TcpStream::connect(rig.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::builder().method(method.as_str()).uri(target);
    for (name, value) in &headers {
        request = request.header(name, value);
    }
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let mut reply = sender.send_request(request).await.unwrap();
    let first = reply.frame().await.unwrap().unwrap().into_data().unwrap();

    rig.put("k", "new").await.ok();
    assert_eq!(rig.get("k").await.text(), "new");
    let rest = reply.into_body().collect().await.unwrap().to_bytes();
    assert!(old == [first, rest].concat(), "the reader saw other bytes");
}
