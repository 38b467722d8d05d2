//! Proves what is kept of small objects: a second reader costs the bucket nothing, whoever it is and however it asks; no
//! one gets by it what the token does not allow; and no reply is of two versions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_problem, assert_safe};
use clouddrop_tests::stack::content::bytes;
use clouddrop_tests::stack::http::Ask;
use std::thread::sleep;
use std::time::Duration;

const SIZE: usize = 1_000_000;

/// How often the bucket was asked for an object.
fn asked(stack: &Stack) -> usize {
    stack.origin_requests().iter().filter(|line| line["method"] == "GET" || line["method"] == "HEAD").count()
}

#[test]
fn a_second_reader_costs_the_bucket_nothing() {
    let stack = Stack::start(&[]);
    let content = bytes(5, 0, SIZE);
    stack.put("kept/a.bin", "application/octet-stream", &content);
    let (one, other) = (stack.token("kept/a.bin"), stack.folder_token("kept"));
    let first = Ask::get(&format!("/d/{one}")).send(stack.files());
    assert!(first.status == 200 && first.body == content);
    let tag = first.one("etag").unwrap().to_string();
    let before = asked(&stack);

    for ask in [
        Ask::get(&format!("/d/{one}")),
        Ask::get("/f/kept/a.bin").bearer(&other),
        Ask::get(&format!("/d/{other}/a.bin")),
    ] {
        let reply = ask.send(stack.files());
        assert_safe(&reply, "a kept object");
        assert!(reply.status == 200 && reply.body == content);
        assert_eq!((reply.one("etag"), reply.one("content-length")), (Some(tag.as_str()), Some("1000000")));
    }
    let ask = || Ask::get("/f/kept/a.bin").bearer(&other);
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=10-99", 10, 99),
        ("bytes=-5", SIZE - 5, SIZE - 1),
        ("bytes=999999-2000000", SIZE - 1, SIZE - 1),
    ] {
        for if_range in [None, Some(&tag)] {
            let ask = if_range.into_iter().fold(ask().header("range", range), |ask, tag| ask.header("if-range", tag));
            let reply = ask.send(stack.files());
            assert_eq!(reply.status, 206, "{range}");
            assert_eq!(reply.one("content-range"), Some(format!("bytes {first}-{last}/{SIZE}").as_str()));
            assert!(reply.body == content[first..=last], "{range}");
        }
    }
    let head = Ask::head("/f/kept/a.bin").bearer(&other).send(stack.files());
    assert_eq!((head.status, head.one("content-length")), (200, Some("1000000")));
    assert_eq!(ask().header("if-none-match", &tag).send(stack.files()).status, 304);
    assert_eq!(asked(&stack), before, "the bucket was asked again");

    // What the kept version does not settle, the bucket does.
    assert_eq!(ask().header("if-match", "\"other\"").send(stack.files()).status, 412);
    assert_eq!(ask().header("range", "bytes=1000000-").send(stack.files()).status, 416);
    assert_eq!(asked(&stack), before + 2);
    let log = stack.edge_log();
    assert!(log.contains("\"cache\":\"hit\"") && log.contains("\"cache\":\"miss\""), "{}", stack.last_words());
}

#[test]
fn the_token_decides_before_the_shelf() {
    let stack = Stack::start(&[]);
    stack.put("kept/a.txt", "text/plain", b"kept");
    let good = stack.token_with("kept/a.txt", |token| token.id = [0x77; 16]);
    assert_eq!(Ask::get(&format!("/d/{good}")).send(stack.files()).text(), "kept");
    assert_problem(&Ask::get("/f/kept/a.txt").send(stack.files()), 401, "unauthorized", "no token");
    let other = stack.token("kept/b.txt");
    assert_problem(&Ask::get("/f/kept/a.txt").bearer(&other).send(stack.files()), 403, "forbidden", "another's");
    let counted = stack.token_with("kept/a.txt", |token| token.max_downloads = Some(1));
    assert_problem(&Ask::get(&format!("/d/{counted}")).send(stack.files()), 403, "claim_required", "a counted link");
    stack.must(200, "revocations", &serde_json::json!({ "token_id": "77".repeat(16) }));
    assert_problem(&Ask::get(&format!("/d/{good}")).send(stack.files()), 410, "gone", "taken back");
}

#[test]
fn a_replaced_object_is_one_version_or_the_other_and_soon_the_new_one() {
    let stack = Stack::start(&["--set", "CACHE_SECONDS=2"]);
    let versions = [bytes(1, 0, 5000), bytes(2, 0, 5000)];
    let tags = versions.each_ref().map(|version| {
        stack.put("kept/a.bin", "application/octet-stream", version);
        let token = stack.folder_token("kept");
        let head = Ask::head("/f/kept/a.bin").bearer(&token).header("if-match", "*").send(stack.files());
        head.one("etag").unwrap().to_string()
    });
    stack.put("kept/a.bin", "application/octet-stream", &versions[0]);
    sleep(Duration::from_millis(2100));
    let token = stack.folder_token("kept");
    let read = |range: &str| {
        let reply = Ask::get("/f/kept/a.bin").bearer(&token).header("range", range).send(stack.files());
        assert_eq!(reply.status, 206);
        let version = tags.iter().position(|tag| reply.one("etag") == Some(tag)).unwrap();
        let (first, last) = range["bytes=".len()..].split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        assert!(reply.body == versions[version][first..=last], "bytes of another version than the tag");
        version
    };
    assert_eq!(Ask::get("/f/kept/a.bin").bearer(&token).send(stack.files()).one("etag"), Some(tags[0].as_str()));
    stack.put("kept/a.bin", "application/octet-stream", &versions[1]);
    for place in 0..40 {
        read(&format!("bytes={}-{}", place * 100, place * 100 + 99));
    }
    sleep(Duration::from_millis(2100));
    assert_eq!(read("bytes=0-4999"), 1, "the old version after its time");
}

#[test]
fn the_shelf_is_bounded_and_can_be_taken_away() {
    let stack = Stack::start(&["--set", "CACHE_BYTES=4000000"]);
    let token = stack.folder_token("many");
    let read = |name: &str, size: usize| {
        let reply = Ask::get(&format!("/f/many/{name}")).bearer(&token).send(stack.files());
        assert_eq!((reply.status, reply.body.len()), (200, size), "{name}");
    };
    for number in 0..100 {
        stack.put(&format!("many/{number}"), "application/octet-stream", &bytes(number, 0, 400_000));
    }
    let all = || (0..100).for_each(|number| read(&number.to_string(), 400_000));
    // What V8 has not collected yet counts, too: after the first round there is nothing more of it.
    all();
    let grown = stack.edge_growth(|| (0..4).for_each(|_| all()));
    assert!(grown < 80 << 20, "{grown} bytes while 160 MB went over a shelf of 4 MB");
    let before = asked(&stack);
    read("99", 400_000);
    assert_eq!(asked(&stack), before, "the last one is kept");
    read("0", 400_000);
    assert_eq!(asked(&stack), before + 1, "the first one has left");
    // Over an eighth of the shelf: handed through.
    stack.put("many/large", "application/octet-stream", &bytes(1, 0, 500_001));
    (0..2).for_each(|_| read("large", 500_001));
    assert_eq!(asked(&stack), before + 3);
    let stack = Stack::start(&["--set", "CACHE_BYTES=0"]);
    stack.put("many/a", "text/plain", b"a");
    let token = stack.token("many/a");
    (0..3).for_each(|_| assert_eq!(Ask::get(&format!("/d/{token}")).send(stack.files()).status, 200));
    assert_eq!(asked(&stack), 3);
}
