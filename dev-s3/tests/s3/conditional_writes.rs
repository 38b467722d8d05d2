//! Conditional writes, one at a time and all at once.

use super::support::{Rig, path_of};

#[tokio::test]
async fn if_none_match_creates_and_never_replaces() {
    let rig = Rig::start().await;
    let create = |body: &'static str| rig.call("PUT", &path_of("k")).header("if-none-match", "*").body(body);
    create("first").send().await.ok();
    create("second").send().await.refused(412, "PreconditionFailed");
    assert_eq!(rig.get("k").await.text(), "first");
    assert_eq!(rig.data_files().len(), 1);
    let other = rig.call("PUT", &path_of("k")).header("if-none-match", "\"etag\"").body("x").send().await;
    other.refused(501, "NotImplemented");
}

#[tokio::test]
async fn if_match_replaces_exactly_that_version() {
    let rig = Rig::start().await;
    let replace = |etag: &str| rig.call("PUT", &path_of("k")).header("if-match", etag).body("second");
    replace("\"00000000000000000000000000000000\"").send().await.refused(404, "NoSuchKey");
    let etag = rig.put("k", "first").await.ok().header("etag").to_owned();
    replace("\"00000000000000000000000000000000\"").send().await.refused(412, "PreconditionFailed");
    replace(&etag).send().await.ok();
    replace(&etag).send().await.refused(412, "PreconditionFailed");
    assert_eq!(rig.get("k").await.text(), "second");
}

#[tokio::test]
async fn delete_is_conditional_and_idempotent() {
    let rig = Rig::start().await;
    let etag = rig.put("k", "x").await.ok().header("etag").to_owned();
    let delete = || rig.call("DELETE", &path_of("k"));
    delete().header("if-match", "\"other\"").send().await.refused(412, "PreconditionFailed");
    assert_eq!(delete().header("if-match", &etag).send().await.status, 204);
    rig.get("k").await.refused(404, "NoSuchKey");
    assert_eq!(delete().header("if-match", &etag).send().await.status, 204);
    assert_eq!(delete().send().await.status, 204);
    assert!(rig.data_files().is_empty());
    rig.restart().await.get("k").await.refused(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_creations_at_once_exactly_one_wins() {
    let rig = Rig::start().await;
    let calls: Vec<_> = (0..64)
        .map(|n| {
            let call = rig.call("PUT", &path_of("k")).header("if-none-match", "*").body(format!("writer {n}"));
            tokio::spawn(async move { (n, call.send().await) })
        })
        .collect();
    let mut winners = Vec::new();
    for call in calls {
        let (n, reply) = call.await.unwrap();
        if reply.status == 200 {
            winners.push(n);
        } else {
            reply.refused(412, "PreconditionFailed");
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(rig.get("k").await.text(), format!("writer {}", winners[0]));
    assert_eq!(rig.data_files().len(), 1, "a loser left its bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_replacements_of_one_version_exactly_one_wins() {
    let rig = Rig::start().await;
    let etag = rig.put("k", "start").await.ok().header("etag").to_owned();
    let calls: Vec<_> = (0..64)
        .map(|n| {
            let call = rig.call("PUT", &path_of("k")).header("if-match", &etag).body(format!("writer {n}"));
            tokio::spawn(call.send())
        })
        .collect();
    let mut won = 0;
    for call in calls {
        won += usize::from(call.await.unwrap().status == 200);
    }
    assert_eq!(won, 1);
}
