//! Multipart uploads from beginning to every end.

use bytes::Bytes;

use super::support::{BUCKET, Reply, Rig, noise, path_of};

const PART: usize = 5 << 20;

async fn create(rig: &Rig, key: &str) -> String {
    let reply = rig.call("POST", &format!("{}?uploads", path_of(key))).send().await.ok();
    reply.xml("UploadId").to_owned()
}

async fn part(rig: &Rig, key: &str, id: &str, number: u32, body: impl Into<Bytes>) -> Reply {
    let target = format!("{}?partNumber={number}&uploadId={id}", path_of(key));
    rig.call("PUT", &target).body(body).send().await
}

fn list_of(parts: &[(u32, &str)]) -> String {
    let parts: String = parts
        .iter()
        .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
        .collect();
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
}

async fn complete(rig: &Rig, key: &str, id: &str, parts: &[(u32, &str)]) -> Reply {
    let target = format!("{}?uploadId={id}", path_of(key));
    rig.call("POST", &target).body(list_of(parts)).send().await
}

#[tokio::test]
async fn parts_in_any_order_make_the_object_in_theirs() {
    let rig = Rig::start().await;
    let created = rig
        .call("POST", &format!("{}?uploads", path_of("k")))
        .header("content-type", "video/mp4")
        .header("x-amz-meta-a", "b")
        .send()
        .await
        .ok();
    let id = created.xml("UploadId").to_owned();
    let (first, second, last) = (noise(1, PART), noise(2, PART + 1), noise(3, 10));
    let mut etags = vec![String::new(); 3];
    for (slot, number, body) in [(2, 9, &last), (0, 1, &first), (1, 4, &second)] {
        etags[slot] = part(&rig, "k", &id, number, body.clone()).await.ok().header("etag").to_owned();
    }
    // Acknowledged parts outlive the server.
    let rig = rig.restart().await;
    let done = complete(&rig, "k", &id, &[(1, &etags[0]), (4, &etags[1]), (9, &etags[2])]).await.ok();
    assert!(done.xml("ETag").ends_with("-3&quot;") || done.xml("ETag").ends_with("-3\""), "{}", done.text());

    let whole = Bytes::from([first, second, last].concat());
    let rig = rig.restart().await;
    let got = rig.get("k").await.ok();
    assert!(got.body == whole);
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-a")), ("video/mp4", "b"));
    assert!(got.header("etag").ends_with("-3\""));
    // A range across the seam of two parts.
    let range = format!("bytes={}-{}", PART - 3, PART + 2);
    let got = rig.call("GET", &path_of("k")).header("range", &range).send().await;
    assert_eq!(got.body, whole.slice(PART - 3..PART + 3));
    // The checksum of the whole, put together from those of the parts, is that of a plain upload.
    let plain = rig.put("plain", whole).await.ok().header("x-amz-checksum-crc64nvme").to_owned();
    let got = rig.call("HEAD", &path_of("k")).header("x-amz-checksum-mode", "ENABLED").send().await;
    assert_eq!(got.header("x-amz-checksum-crc64nvme"), plain);
    complete(&rig, "k", &id, &[(1, &etags[0])]).await.refused(404, "NoSuchUpload");
}

#[tokio::test]
async fn a_completion_cut_off_before_its_clean_up_is_a_completion() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    let etag = part(&rig, "k", &id, 1, "content").await.ok().header("etag").to_owned();
    let uploads = rig.folder.path().join("data").join(BUCKET).join("uploads");
    let records: Vec<_> = std::fs::read_dir(uploads.join(&id))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (std::fs::read(&path).unwrap(), path))
        .collect();
    complete(&rig, "k", &id, &[(1, &etag)]).await.ok();
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0, "the upload's folder stays");

    // As if the process had ended just after the object became visible.
    std::fs::create_dir(uploads.join(&id)).unwrap();
    for (bytes, path) in records {
        std::fs::write(path, bytes).unwrap();
    }
    let rig = rig.restart().await;
    // An upload still open here would take the object's bytes with it.
    let abort = rig.call("DELETE", &format!("{}?uploadId={id}", path_of("k"))).send().await;
    abort.refused(404, "NoSuchUpload");
    let rig = rig.restart().await;
    assert_eq!(rig.get("k").await.text(), "content");
}

#[tokio::test]
async fn the_etag_is_the_md5_of_md5s() {
    use md5::{Digest as _, Md5};
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    let etag = part(&rig, "k", &id, 1, "hello").await.ok().header("etag").to_owned();
    assert_eq!(etag, "\"5d41402abc4b2a76b9719d911017c592\"");
    complete(&rig, "k", &id, &[(1, &etag)]).await.ok();
    let expected: String = Md5::digest(Md5::digest("hello")).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(rig.get("k").await.header("etag"), format!("\"{expected}-1\""));
}

#[tokio::test]
async fn a_wrong_list_of_parts_leaves_the_upload_open() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    let small = part(&rig, "k", &id, 1, "small").await.ok().header("etag").to_owned();
    let last = part(&rig, "k", &id, 2, "last").await.ok().header("etag").to_owned();
    complete(&rig, "k", &id, &[]).await.refused(400, "MalformedXML");
    complete(&rig, "k", &id, &[(2, &last), (1, &small)]).await.refused(400, "InvalidPartOrder");
    complete(&rig, "k", &id, &[(1, &small), (1, &small)]).await.refused(400, "InvalidPartOrder");
    complete(&rig, "k", &id, &[(1, &last)]).await.refused(400, "InvalidPart");
    complete(&rig, "k", &id, &[(3, &last)]).await.refused(400, "InvalidPart");
    complete(&rig, "k", &id, &[(70_000, &last)]).await.refused(400, "InvalidPart");
    complete(&rig, "k", &id, &[(1, &small), (2, &last)]).await.refused(400, "EntityTooSmall");
    complete(&rig, "other", &id, &[(1, &small)]).await.refused(404, "NoSuchUpload");
    complete(&rig, "k", "0123456789abcdef0123456789abcdef", &[(1, &small)]).await.refused(404, "NoSuchUpload");
    let forged = rig.call("POST", &format!("{}?uploadId={id}", path_of("k")));
    let forged = forged.body(list_of(&[(1, &small)])).send_body(list_of(&[(2, &last)])).send().await;
    forged.refused(400, "XAmzContentSHA256Mismatch");
    rig.get("k").await.refused(404, "NoSuchKey");
    complete(&rig, "k", &id, &[(2, &last)]).await.ok();
    assert_eq!(rig.get("k").await.text(), "last");
    assert_eq!(rig.data_files().len(), 1, "the part left out stays on disk");
}

#[tokio::test]
async fn promises_about_the_whole_are_checked() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    let etag = part(&rig, "k", &id, 1, "12345").await.ok().header("etag").to_owned();
    let finish = |name: &str, value: &str| {
        let call = rig.call("POST", &format!("{}?uploadId={id}", path_of("k")));
        call.header(name, value).body(list_of(&[(1, &etag)]))
    };
    finish("x-amz-mp-object-size", "6").send().await.refused(400, "InvalidRequest");
    finish("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=").send().await.refused(400, "BadDigest");
    rig.get("k").await.refused(404, "NoSuchKey");
    finish("x-amz-mp-object-size", "5").send().await.ok();
}

#[tokio::test]
async fn completing_is_conditional() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    let etag = part(&rig, "k", &id, 1, "multipart").await.ok().header("etag").to_owned();
    rig.put("k", "plain").await.ok();
    let call = rig.call("POST", &format!("{}?uploadId={id}", path_of("k")));
    let reply = call.header("if-none-match", "*").body(list_of(&[(1, &etag)])).send().await;
    reply.refused(412, "PreconditionFailed");
    assert_eq!(rig.get("k").await.text(), "plain");
    complete(&rig, "k", &id, &[(1, &etag)]).await.ok();
    assert_eq!(rig.get("k").await.text(), "multipart");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_completions_at_once_exactly_one_wins() {
    let rig = Rig::start().await;
    let mut calls = Vec::new();
    for n in 0..16 {
        let id = create(&rig, "k").await;
        let etag = part(&rig, "k", &id, 1, format!("upload {n}")).await.ok().header("etag").to_owned();
        for _ in 0..2 {
            let call = rig.call("POST", &format!("{}?uploadId={id}", path_of("k")));
            calls.push(call.header("if-none-match", "*").body(list_of(&[(1, &etag)])));
        }
    }
    let running: Vec<_> = calls.into_iter().map(|call| tokio::spawn(call.send())).collect();
    let mut won = 0;
    for reply in running {
        won += usize::from(reply.await.unwrap().status == 200);
    }
    assert_eq!(won, 1);
    assert!(rig.get("k").await.ok().text().starts_with("upload "));
}

#[tokio::test]
async fn a_part_sent_again_replaces_the_first() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    let old = part(&rig, "k", &id, 1, "old").await.ok().header("etag").to_owned();
    let new = part(&rig, "k", &id, 1, "new").await.ok().header("etag").to_owned();
    assert_eq!(rig.data_files().len(), 1);
    complete(&rig, "k", &id, &[(1, &old)]).await.refused(400, "InvalidPart");
    complete(&rig, "k", &id, &[(1, &new)]).await.ok();
    assert_eq!(rig.get("k").await.text(), "new");
}

#[tokio::test]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    let etag = part(&rig, "k", &id, 1, "x").await.ok().header("etag").to_owned();
    let abort = || rig.call("DELETE", &format!("{}?uploadId={id}", path_of("k")));
    assert_eq!(abort().send().await.status, 204);
    abort().send().await.refused(404, "NoSuchUpload");
    part(&rig, "k", &id, 1, "x").await.refused(404, "NoSuchUpload");
    complete(&rig, "k", &id, &[(1, &etag)]).await.refused(404, "NoSuchUpload");
    assert!(rig.data_files().is_empty());
    let rig = rig.restart().await;
    part(&rig, "k", &id, 1, "x").await.refused(404, "NoSuchUpload");
}

#[tokio::test]
async fn a_part_is_checked_like_an_object() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    for number in [0, 10_001] {
        part(&rig, "k", &id, number, "x").await.refused(400, "InvalidArgument");
    }
    let target = format!("{}?partNumber=1&uploadId={id}", path_of("k"));
    let wrong = rig.call("PUT", &target).header("x-amz-checksum-crc32", "AAAAAA==").body("123456789").send().await;
    wrong.refused(400, "BadDigest");
    let forged = rig.call("PUT", &target).body("signed").send_body("forged").send().await;
    forged.refused(400, "XAmzContentSHA256Mismatch");
    assert!(rig.data_files().is_empty());
    let right = rig.call("PUT", &target).presigned(60).header("x-amz-checksum-crc32", "y/Q5Jg==");
    assert_eq!(right.body("123456789").send().await.ok().header("x-amz-checksum-crc32"), "y/Q5Jg==");
}

#[tokio::test]
async fn parts_are_listed_in_pages() {
    let rig = Rig::start().await;
    let id = create(&rig, "k").await;
    for number in [7, 1, 3, 10_000] {
        part(&rig, "k", &id, number, format!("part {number}")).await.ok();
    }
    let mut seen = Vec::new();
    let mut marker = String::from("0");
    loop {
        let target = format!("{}?uploadId={id}&max-parts=3&part-number-marker={marker}", path_of("k"));
        let page = rig.call("GET", &target).send().await.ok();
        assert_eq!(page.xml_all("ETag").len(), page.xml_all("Size").len());
        seen.extend(page.xml_all("PartNumber").iter().map(|number| number.parse::<u32>().unwrap()));
        if page.xml("IsTruncated") != "true" {
            break;
        }
        marker = page.xml("NextPartNumberMarker").to_owned();
    }
    assert_eq!(seen, [1, 3, 7, 10_000]);
    let target = format!("{}?uploadId={id}&max-parts=-1", path_of("k"));
    rig.call("GET", &target).send().await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn open_uploads_are_listed_in_pages() {
    let rig = Rig::start().await;
    let mut expected = Vec::new();
    for key in ["b", "a", "a", "files/x"] {
        expected.push((key.to_owned(), create(&rig, key).await));
    }
    expected.sort();
    let mut seen = Vec::new();
    let mut query = String::new();
    loop {
        let page = rig.call("GET", &format!("/{BUCKET}?uploads&max-uploads=1{query}")).send().await.ok();
        let keys = page.xml_all("Key");
        seen.extend(keys.iter().zip(page.xml_all("UploadId")).map(|(key, id)| (String::from(*key), id.to_owned())));
        if page.xml("IsTruncated") != "true" {
            break;
        }
        let key = page.xml("NextKeyMarker").replace('/', "%2F");
        query = format!("&key-marker={key}&upload-id-marker={}", page.xml("NextUploadIdMarker"));
    }
    assert_eq!(seen, expected);
    let page = rig.call("GET", &format!("/{BUCKET}?uploads&prefix=files%2F")).send().await.ok();
    assert_eq!(page.xml_all("UploadId").len(), 1);
}
