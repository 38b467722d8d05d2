//! Keys are bytes, not paths.

use super::support::{BUCKET, Rig, path_of};

/// Keys that a server made of folders confuses, loses, or lets out.
fn hard_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a",
        "a/b",
        "a/",
        "a//b",
        "a/./b",
        "a/../b",
        "/",
        "/a",
        "//",
        ".",
        "..",
        "../x",
        "../../etc/passwd",
        "a+b",
        "a b",
        "a%20b",
        "%",
        "%2F",
        "~",
        "*",
        "'quoted'",
        "\"double\"",
        "a?b#c",
        "a&b=c;d",
        "a:b@c",
        "a\\b",
        "å",
        "a\u{30a}",
        "日本語/ファイル",
        "😀",
        "\u{1}",
        "\u{7f}",
        "CON",
        "upload.json",
        "A",
    ]
    .map(str::to_owned)
    .into();
    keys.push("k".repeat(1024));
    keys.push("日".repeat(341));
    keys
}

#[tokio::test]
async fn every_key_is_itself_and_no_other_also_after_a_restart() {
    let mut rig = Rig::start().await;
    for key in hard_keys() {
        rig.put(&key, format!("content of {key}")).await.ok();
    }
    for round in ["before", "after"] {
        for key in hard_keys() {
            let reply = rig.get(&key).await.ok();
            assert_eq!(reply.text(), format!("content of {key}"), "{round} the restart");
        }
        rig = rig.restart().await;
    }
}

#[tokio::test]
async fn keys_are_presigned_and_listed_as_they_are() {
    let rig = Rig::start().await;
    for key in hard_keys() {
        rig.call("PUT", &path_of(&key)).presigned(60).body(key.clone()).send().await.ok();
    }
    let list = rig.call("GET", &format!("/{BUCKET}?list-type=2&encoding-type=url")).send().await.ok();
    let mut expected = hard_keys();
    expected.sort();
    let listed: Vec<String> =
        list.xml_all("Key").iter().map(|key| urlencoding::decode(key).unwrap().into_owned()).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn nothing_is_written_outside_the_data_folder() {
    let rig = Rig::start().await;
    for key in hard_keys() {
        rig.put(&key, "x").await.ok();
    }
    let mut outside: Vec<_> =
        std::fs::read_dir(rig.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    outside.sort();
    assert_eq!(outside, ["access.jsonl", "data"]);
}

#[tokio::test]
async fn a_key_over_1024_bytes_is_refused() {
    let rig = Rig::start().await;
    rig.put(&"k".repeat(1025), "x").await.refused(400, "KeyTooLongError");
    rig.put(&"日".repeat(342), "x").await.refused(400, "KeyTooLongError");
}

#[tokio::test]
async fn a_key_that_is_not_utf8_is_refused() {
    let rig = Rig::start().await;
    let reply = rig.call("PUT", &format!("/{BUCKET}/%FF%FE")).body("x").send().await;
    assert_eq!(reply.status, 400, "{}", reply.text());
}

#[tokio::test]
async fn another_bucket_is_not_there_however_it_is_spelt() {
    let rig = Rig::start().await;
    rig.put("k", "x").await.ok();
    rig.call("GET", "/other-bucket/k").send().await.refused(404, "NoSuchBucket");
    // The key here is `../test-bucket/k`.
    rig.call("GET", "/other-bucket/../test-bucket/k").send().await.refused(404, "NoSuchBucket");
}
