//! Keys that any careless layer between a link and the bucket would read as something else. Each is stored
//! past the edge and read through it, where the S3 server verifies the signature over what really arrived.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::percent;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::check::{assert_problem, assert_safe};
use clouddrop_tests::stack::http::{Ask, Reply};
use clouddrop_tests::stack::objects::file_target;
use std::sync::OnceLock;

/// Longest key of S3, in bytes; the shared prefix is part of it.
const LONGEST: usize = 1024;
/// The folder of all keys here: one token opens it.
const FOLDER: &str = "hard";

fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::start(&["--set", "CACHE_BYTES=0"]))
}

fn hard_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a b",
        " leading and trailing ",
        "two  spaces",
        "a+b",
        "a+b c%2Bd",
        "100%",
        "%",
        "%25",
        "%2525",
        "a%2Fb",
        "a%2fb",
        "a%5Cb",
        "%2e%2e/x",
        "%00",
        "%zz",
        "résumé",
        // The same letters, composed otherwise: another key.
        "re\u{301}sume\u{301}",
        "日本語/ファイル.txt",
        "עברית.txt",
        "😀",
        "👨‍👩‍👧.png",
        "\u{10ffff}",
        "~user/~",
        "it's",
        "(1)",
        "*",
        "!",
        "'()*!",
        "a&b=c",
        "a?b",
        "a#b",
        "?",
        "#",
        "a=b&c?d#e",
        "a;b,c",
        "a:b@c",
        "http:/evil",
        "$&+,/:;=?@",
        "[x]{y}|z^`",
        "<b>\"q\"</b>",
        "...",
        "..a/b..",
        ".hidden",
        "a/.../b",
        "-",
        "_",
        "a.tar.gz",
        "index.html",
        "CON",
        "x/y/z/w",
        "00",
        "X-Amz-Signature=abc&versionId=1",
        "uploads",
        "acl",
    ]
    .map(|name| format!("{FOLDER}/{name}"))
    .into();
    // The longest key that S3 takes, in one-byte and in four-byte characters.
    let room = LONGEST - stack().ready.object_prefix.len() - FOLDER.len() - 1;
    keys.push(format!("{FOLDER}/{}", "k".repeat(room)));
    keys.push(format!("{FOLDER}/{}{}", "😀".repeat(room / 4), "k".repeat(room % 4)));
    keys.push(format!("{FOLDER}/{}{}", "a/".repeat(room / 2 - 1), "k".repeat(2 + room % 2)));
    keys
}

#[test]
fn every_key_comes_back_with_its_own_bytes_by_every_route() {
    let stack = stack();
    let keys = hard_keys();
    // First all, then read: a key that hides another one would show.
    for key in &keys {
        stack.put(key, "text/plain", key.as_bytes());
    }
    let folder = stack.folder_token(FOLDER);
    let mut exact = 0;
    for key in &keys {
        let right = |reply: &Reply, route: &str| {
            assert_eq!(reply.status, 200, "{key:?} by {route}: {}\n{}", reply.text(), stack.last_words());
            assert_eq!(reply.text(), *key, "{key:?} by {route}");
            assert_safe(reply, key);
            assert_harmless(reply.one("content-disposition").unwrap(), key);
        };
        let canonical = file_target(key);
        right(&Ask::get(&canonical).bearer(&folder).send(stack.files()), "/f/");
        right(&Ask::get(&format!("{canonical}?CAT={folder}")).send(stack.files()), "/f/?CAT=");
        // As careless clients encode: every byte, or as little as a target can hold.
        right(&Ask::get(&every_byte_encoded(key)).bearer(&folder).send(stack.files()), "/f/ fully encoded");
        right(&Ask::get(&barely_encoded(key)).bearer(&folder).send(stack.files()), "/f/ barely encoded");
        let relative = &canonical["/f/hard/".len()..];
        right(&Ask::get(&format!("/d/{folder}/{relative}")).send(stack.files()), "/d/ of the folder");
        // A token holds less than the longest key.
        if key.len() < 300 {
            right(&Ask::get(&format!("/d/{}", stack.token(key))).send(stack.files()), "/d/");
            exact += 1;
        }
        let head = Ask::head(&canonical).bearer(&folder).send(stack.files());
        assert_eq!((head.status, head.one("content-length")), (200, Some(key.len().to_string().as_str())), "{key:?}");
    }
    assert_eq!(exact, keys.len() - 3);
    // None was asked for by another name first: the S3 server has seen no request here that it refused.
    let here = format!("/{}/{}{FOLDER}/", stack.ready.s3.bucket, stack.ready.object_prefix);
    let mut seen = stack.origin_requests();
    seen.retain(|line| line["path"].as_str().is_some_and(|path| path.starts_with(&here)));
    assert!(seen.len() >= 6 * keys.len(), "{} requests", seen.len());
    let bad: Vec<_> = seen.into_iter().filter(|line| line["status"] != 200).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn a_key_that_is_too_long_is_refused_and_never_a_fault_of_ours() {
    let stack = stack();
    let prefix = stack.ready.object_prefix.len();
    let folder = stack.folder_token("long");
    for length in [LONGEST - prefix + 1, LONGEST, LONGEST + 1, 3 * LONGEST + 1] {
        let key = format!("long/{}", "k".repeat(length - "long/".len()));
        let reply = Ask::get(&format!("/f/{key}")).bearer(&folder).send(stack.files());
        assert_safe(&reply, "too long");
        assert!(matches!(reply.status, 400 | 404), "{length} bytes: {} {}", reply.status, reply.text());
    }
}

#[test]
fn neighbours_of_a_key_are_not_it() {
    let stack = stack();
    stack.put("near/a+b", "text/plain", b"plus");
    let token = stack.folder_token("near");
    for (target, status) in [("a%2Bb", 200), ("a+b", 200), ("a%20b", 404), ("a%252Bb", 404), ("A%2Bb", 404)] {
        let reply = Ask::get(&format!("/f/near/{target}")).bearer(&token).send(stack.files());
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
    }
    let exact = stack.token("near/a+b");
    for (target, status, code) in [("a+b", 200, ""), ("a%20b", 403, "forbidden"), ("a%252Bb", 403, "forbidden")] {
        let reply = Ask::get(&format!("/f/near/{target}")).bearer(&exact).send(stack.files());
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{target}");
    }
}

#[test]
fn a_folder_ends_at_its_slash() {
    let stack = stack();
    stack.put("team/a", "text/plain", b"in");
    stack.put("teammate/a", "text/plain", b"out");
    let token = stack.folder_token("team");
    assert_eq!(Ask::get("/f/team/a").bearer(&token).send(stack.files()).text(), "in");
    let reply = Ask::get("/f/teammate/a").bearer(&token).send(stack.files());
    assert_problem(&reply, 403, "forbidden", "the neighbour");
    for target in ["/f/team/../teammate/a", "/f/team/%2e%2e/teammate/a", "/f/team/..%2Fteammate/a"] {
        let reply = Ask::get(target).bearer(&token).send(stack.files());
        assert_problem(&reply, 400, "bad_path", target);
    }
}

fn every_byte_encoded(key: &str) -> String {
    let encoded: String = key.bytes().map(|b| if b == b'/' { "/".into() } else { format!("%{b:02x}") }).collect();
    format!("/f/{encoded}")
}

fn barely_encoded(key: &str) -> String {
    let mut out = String::from("/f/");
    for char in key.chars() {
        if char.is_ascii_graphic() && !"%?#\"<>^`{|}\\".contains(char) {
            out.push(char);
        } else {
            percent::push_query(&mut out, &char.to_string());
        }
    }
    out
}

/// What Content-Disposition says must be one file's name: no path, no quote that ends early, nothing invisible.
fn assert_harmless(disposition: &str, key: &str) {
    let rest = disposition.strip_prefix("attachment; filename=\"").unwrap_or_else(|| panic!("{disposition}"));
    let (plain, rest) = rest.split_once('"').unwrap();
    assert!(plain.chars().all(|c| matches!(c, ' '..='~') && !"/\\:*?\"<>|%".contains(c)), "{key:?}: {disposition}");
    assert!(!plain.is_empty() && !plain.starts_with('.') && plain.trim() == plain, "{key:?}: {disposition}");
    if let Some(extended) = rest.strip_prefix("; filename*=UTF-8''") {
        assert!(extended.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)), "{disposition}");
        let name = percent::decode(extended).unwrap();
        assert!(!name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c)), "{key:?}: {name:?}");
        assert!(name.len() <= 255 && !name.starts_with('.'), "{key:?}: {name:?}");
    } else {
        assert_eq!(rest, "", "{key:?}: {disposition}");
    }
}
