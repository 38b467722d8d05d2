//! Lists of keys: prefixes, delimiters, pages.

use super::support::{BUCKET, Reply, Rig};

const KEYS: [&str; 9] = ["a", "a/", "a/1", "a/2/x", "a/2/y", "a0", "b/1", "b/2", "c"];

async fn filled() -> Rig {
    let rig = Rig::start().await;
    for key in KEYS {
        rig.put(key, key).await.ok();
    }
    rig
}

async fn list(rig: &Rig, query: &str) -> Reply {
    rig.call("GET", &format!("/{BUCKET}?list-type=2{query}")).send().await
}

/// Keys and common prefixes of a page, in that order.
fn entries(page: &Reply) -> (Vec<String>, Vec<String>) {
    let keys = page.xml_all("Key").into_iter().map(str::to_owned).collect();
    let prefixes = page.xml_all("CommonPrefixes").into_iter();
    let prefixes = prefixes.map(|inner| inner.replace("<Prefix>", "").replace("</Prefix>", "")).collect();
    (keys, prefixes)
}

#[tokio::test]
async fn prefix_delimiter_and_start_choose() {
    let rig = filled().await;
    for (query, keys, prefixes) in [
        ("", &KEYS[..], &[][..]),
        ("&prefix=a%2F", &["a/", "a/1", "a/2/x", "a/2/y"], &[]),
        ("&delimiter=%2F", &["a", "a0", "c"], &["a/", "b/"]),
        ("&prefix=a%2F&delimiter=%2F", &["a/", "a/1"], &["a/2/"]),
        ("&start-after=a0", &["b/1", "b/2", "c"], &[]),
        ("&prefix=b&start-after=a", &["b/1", "b/2"], &[]),
        ("&start-after=zzz", &[], &[]),
        ("&prefix=nothing", &[], &[]),
        ("&max-keys=0", &[], &[]),
    ] {
        let page = list(&rig, query).await.ok();
        let (found_keys, found_prefixes) = entries(&page);
        assert_eq!(found_keys, keys, "{query}");
        assert_eq!(found_prefixes, prefixes, "{query}");
        assert_eq!(page.xml("KeyCount"), (keys.len() + prefixes.len()).to_string(), "{query}");
        assert_eq!(page.xml("IsTruncated"), "false", "{query}");
    }
}

#[tokio::test]
async fn pages_of_any_size_add_up_to_the_whole() {
    let rig = filled().await;
    for filter in ["", "&delimiter=%2F", "&prefix=a%2F&delimiter=%2F", "&start-after=a%2F1"] {
        let whole = entries(&list(&rig, filter).await.ok());
        for size in 1..=4 {
            let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
            let mut token = String::new();
            loop {
                let page = list(&rig, &format!("{filter}&max-keys={size}{token}")).await.ok();
                let (more_keys, more_prefixes) = entries(&page);
                assert!(more_keys.len() + more_prefixes.len() <= size);
                keys.extend(more_keys);
                prefixes.extend(more_prefixes);
                if page.xml("IsTruncated") != "true" {
                    break;
                }
                token = format!("&continuation-token={}", page.xml("NextContinuationToken"));
            }
            assert_eq!((keys, prefixes), whole, "{filter} by {size}");
        }
    }
}

#[tokio::test]
async fn more_keys_than_one_look_at_the_index() {
    let rig = Rig::start().await;
    for n in 0..1030 {
        rig.put(&format!("many/{n:05}"), "").await.ok();
    }
    rig.put("next", "").await.ok();
    let page = list(&rig, "&delimiter=%2F").await.ok();
    assert_eq!(entries(&page), (vec!["next".to_owned()], vec!["many/".to_owned()]));
    let first = list(&rig, "&max-keys=5000").await.ok();
    assert_eq!((first.xml_all("Key").len(), first.xml("IsTruncated")), (1000, "true"));
    let rest = list(&rig, &format!("&continuation-token={}", first.xml("NextContinuationToken"))).await.ok();
    assert_eq!((rest.xml_all("Key").len(), rest.xml("IsTruncated")), (31, "false"));
}

#[tokio::test]
async fn wrong_arguments_are_refused() {
    let rig = filled().await;
    for query in ["&max-keys=-1", "&continuation-token=%21", "&continuation-token=enp6", "&encoding-type=hex"] {
        list(&rig, query).await.refused(400, "InvalidArgument");
    }
    let long = format!("&continuation-token={}", "a".repeat(3000));
    list(&rig, &long).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn the_bucket_answers_for_itself() {
    let rig = Rig::start().await;
    let reply = rig.call("HEAD", &format!("/{BUCKET}")).send().await;
    assert_eq!((reply.status.as_u16(), reply.header("x-amz-bucket-region")), (200, "eu-north-1"));
    assert_eq!(rig.call("HEAD", "/another-bucket").send().await.status, 404);
    for target in [format!("/{BUCKET}"), "/".to_owned()] {
        let reply = rig.call("PUT", &target).send().await;
        assert!(reply.status.as_u16() >= 400, "{target}: {}", reply.status);
    }
}
