//! Files, uploads with their quotas, and upload links, against a bucket that verifies every signature.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod common;

use clouddrop_signer::Signer;
use common::bucket::{ask, objects, with_bucket};
use common::{ADMIN, ALICE, BOB, Person, VERA, call_as, people, put, sends};
use serde_json::{Value, json};

const FILES: &str = "/api/v1/files";
const UPLOADS: &str = "/api/v1/uploads";
const LINKS: &str = "/api/v1/upload-links";
const TERMS: &str = "/api/v1/uploads/terms";
const MIB: usize = 1024 * 1024;

fn account(person: Person, signer: &Signer) -> Value {
    person.gets(signer, "/api/v1/account").1
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect()
}

#[test]
fn files_are_found_renamed_and_deleted_with_their_shares() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        for name in ["one.txt", "Zwei Ä.txt", "three.pdf"] {
            std::thread::sleep(std::time::Duration::from_millis(3));
            sends(ALICE, &signer, name, b"hello");
        }
        let (status, all) = VERA.gets(&signer, FILES);
        assert_eq!((status, names(&all)), (200, vec!["three.pdf", "Zwei Ä.txt", "one.txt"]));
        assert_eq!(names(&ALICE.gets(&signer, &format!("{FILES}?name=ZWEI%20%C3%A4")).1), ["Zwei Ä.txt"]);
        assert_eq!(names(&ALICE.gets(&signer, &format!("{FILES}?name=.txt&limit=1")).1), ["Zwei Ä.txt"]);
        let cursor =
            ALICE.gets(&signer, &format!("{FILES}?name=.txt&limit=1")).1["next_cursor"].as_str().unwrap().to_string();
        assert_eq!(names(&ALICE.gets(&signer, &format!("{FILES}?name=.txt&limit=1&cursor={cursor}")).1), ["one.txt"]);
        let file = all["items"][2].clone();
        let folder = file["key"].as_str().unwrap().split('/').nth(1).unwrap();
        assert_eq!(names(&ALICE.gets(&signer, &format!("{FILES}?prefix={folder}")).1), ["one.txt"]);
        assert_eq!(account(ALICE, &signer)["bytes"], 15);

        let path = format!("{FILES}/{}", file["id"].as_str().unwrap());
        assert_eq!(VERA.gets(&signer, &path), (200, file.clone()));
        assert_eq!(BOB.gets(&signer, &path).0, 404);
        assert_eq!(VERA.calls(&signer, "PATCH", &path, &json!({ "name": "x" })).0, 403);
        let (status, renamed) = ALICE.calls(&signer, "PATCH", &path, &json!({ "name": "uno.txt" }));
        assert_eq!((status, &renamed["name"], &renamed["key"]), (200, &json!("uno.txt"), &file["key"]));
        for bad in [json!({ "name": "" }), json!({ "name": "a\nb" }), json!({}), json!({ "name": "a", "size": 1 })] {
            assert_eq!(ALICE.calls(&signer, "PATCH", &path, &bad).0, 400, "{bad}");
        }

        let share = ALICE.posts(&signer, "/api/v1/shares", &json!({ "key": file["key"] })).1;
        assert_eq!(BOB.deletes(&signer, &path), 404);
        assert_eq!(ALICE.deletes(&signer, &path), 204);
        assert_eq!(ALICE.deletes(&signer, &path), 404);
        assert_eq!(ALICE.gets(&signer, &path).0, 404);
        assert!(objects(origin, &format!("files/{}", file["key"].as_str().unwrap())).is_none());
        let (_, share) = ALICE.gets(&signer, &format!("/api/v1/shares/{}", share["id"].as_str().unwrap()));
        assert_eq!(share["state"], "revoked");
        assert_eq!(account(ALICE, &signer)["bytes"], 10);
        assert_eq!(ADMIN.gets(&signer, "/api/v1/revocations").1["subjects"], 1, "every link to it has ended");
    });
}

#[test]
fn a_file_is_there_when_the_upload_is_complete_and_not_before() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let (_, granted) = ALICE.posts(&signer, UPLOADS, &json!({ "name": "a.txt", "size": 5 }));
        let done = json!({ "upload": granted["upload"] });
        let complete = || ALICE.posts(&signer, "/api/v1/uploads/complete", &done);
        assert_eq!(complete().0, 409, "nothing has arrived");
        assert_eq!(ALICE.gets(&signer, UPLOADS).1["items"][0]["name"], "a.txt");
        let usage = account(ALICE, &signer);
        assert_eq!(
            (&usage["pending_bytes"], &usage["open_uploads"], &usage["files"]),
            (&json!(5), &json!(1), &json!(0))
        );
        assert_eq!(BOB.posts(&signer, "/api/v1/uploads/complete", &done).0, 403, "another's token");
        assert_eq!(put(&granted["url"], &granted["headers"], b"hello"), 200);
        assert!(names(&ALICE.gets(&signer, FILES).1).is_empty());
        let (status, file) = complete();
        assert_eq!((status, &file["size"], &file["id"]), (200, &json!(5), &granted["file"]));
        assert_eq!(complete(), (200, file), "made again, it is the same");
        assert_eq!(names(&ALICE.gets(&signer, FILES).1), ["a.txt"]);
        let usage = account(ALICE, &signer);
        assert_eq!((&usage["bytes"], &usage["open_uploads"], &usage["files"]), (&json!(5), &json!(0), &json!(1)));
        assert_eq!(ALICE.posts(&signer, "/api/v1/uploads/abort", &done).0, 409);

        let (_, other) = ALICE.posts(&signer, UPLOADS, &json!({ "name": "b.txt", "size": 5 }));
        let done = json!({ "upload": other["upload"] });
        assert_eq!(put(&other["url"], &other["headers"], b"hello"), 200);
        for _ in 0..2 {
            assert_eq!(ALICE.posts(&signer, "/api/v1/uploads/abort", &done).0, 204);
        }
        assert_eq!(ALICE.posts(&signer, "/api/v1/uploads/complete", &done).0, 409);
        assert!(objects(origin, &format!("files/{}", other["key"].as_str().unwrap())).is_none());
        assert_eq!(account(ALICE, &signer)["open_uploads"], 0);
    });
}

#[test]
fn the_checksum_of_the_whole_decides_for_uploads_of_all_sizes() {
    with_bucket(|origin| {
        let signer = people(origin, &[("MULTIPART_THRESHOLD", "1048576")]);
        let content: Vec<u8> = (0..17 * MIB).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let crc = crc64(&content);
        let send = |crc: &str| {
            let asked = json!({ "name": "a", "size": content.len(), "crc64nvme": crc });
            let (status, granted) = ALICE.posts(&signer, UPLOADS, &asked);
            assert_eq!(status, 201, "{granted}");
            for (part, bytes) in granted["parts"].as_array().unwrap().iter().zip(content.chunks(16 * MIB)) {
                assert_eq!(put(&part["url"], &Value::Null, bytes), 200);
            }
            ALICE.posts(&signer, "/api/v1/uploads/complete", &json!({ "upload": granted["upload"] }))
        };
        let (status, file) = send(&crc);
        assert_eq!((status, &file["crc64nvme"]), (200, &json!(crc)), "{file}");
        assert_eq!(send("AAAAAAAAAAA=").0, 412, "another content");
        assert_eq!(names(&ALICE.gets(&signer, FILES).1).len(), 1);
        let small = |crc: &str| {
            let (status, granted) = ALICE.posts(&signer, UPLOADS, &json!({ "name": "s", "size": 5, "crc64nvme": crc }));
            assert_eq!(status, 201, "{granted}");
            put(&granted["url"], &granted["headers"], b"hello")
        };
        assert_eq!((small(&crc64(b"hello")), small("AAAAAAAAAAA=")), (200, 400));
        let big = json!({ "name": "a", "size": 2 * MIB, "sha256": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" });
        assert_eq!(ALICE.posts(&signer, UPLOADS, &big).0, 409);
    });
}

/// CRC-64/NVME in base64, bit by bit (the catalogue of parametrised CRC algorithms).
fn crc64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let mut crc = u64::MAX;
    for byte in bytes {
        crc ^= u64::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x9a6c_9329_ac4b_c9b5 } else { crc >> 1 };
        }
    }
    base64::engine::general_purpose::STANDARD.encode((!crc).to_be_bytes())
}

#[test]
fn quotas_count_what_is_pending() {
    with_bucket(|origin| {
        let signer = people(origin, &[("QUOTA_BYTES", "100"), ("QUOTA_FILES", "3"), ("MAX_OPEN_UPLOADS", "2")]);
        let grant = |size: usize| ALICE.posts(&signer, UPLOADS, &json!({ "name": "a", "size": size }));
        let (_, first) = grant(60);
        let (status, refused) = grant(41);
        assert_eq!((status, &refused["code"]), (403, &json!("quota_exceeded")), "{refused}");
        assert_eq!(grant(40).0, 201);
        assert_eq!(grant(0).0, 403, "two are open");
        assert_eq!(
            ALICE.gets(&signer, UPLOADS).1["items"].as_array().unwrap().len(),
            2,
            "what was refused is not there"
        );
        assert_eq!(BOB.posts(&signer, UPLOADS, &json!({ "name": "a", "size": 100 })).0, 201, "another's quota");
        assert_eq!(ALICE.posts(&signer, "/api/v1/uploads/abort", &json!({ "upload": first["upload"] })).0, 204);
        assert_eq!(grant(61).0, 403);
        assert_eq!(grant(60).0, 201);
        let usage = account(ALICE, &signer);
        assert_eq!(
            (&usage["pending_bytes"], &usage["max_bytes"], &usage["max_files"]),
            (&json!(100), &json!(100), &json!(3))
        );
    });
}

#[test]
fn a_folder_is_filled_file_by_file_and_shared_as_one() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let (_, first) = ALICE.posts(&signer, UPLOADS, &json!({ "name": "a.txt", "size": 5, "directory": "x" }));
        let second = json!({ "name": "b.txt", "size": 5, "folder": first["folder"], "directory": "x/y" });
        let (status, second) = ALICE.posts(&signer, UPLOADS, &second);
        assert_eq!(status, 201, "{second}");
        let folder = first["key"].as_str().unwrap().strip_suffix("/x/a.txt").unwrap();
        assert_eq!(second["key"], format!("{folder}/x/y/b.txt"));
        let same = json!({ "name": "b.txt", "size": 6, "folder": first["folder"], "directory": "x/y" });
        assert_eq!(ALICE.posts(&signer, UPLOADS, &same).0, 409, "it is on its way");
        assert_eq!(put(&second["url"], &second["headers"], b"hello"), 200);
        assert_eq!(ALICE.posts(&signer, "/api/v1/uploads/complete", &json!({ "upload": second["upload"] })).0, 200);
        assert_eq!(ALICE.posts(&signer, UPLOADS, &same).0, 409, "it is there");
        assert_eq!(ALICE.posts(&signer, "/api/v1/shares", &json!({ "folder": folder, "list": true })).0, 201);
        // A name of another's folder opens nothing there: the key begins with one's own.
        let theirs = json!({ "name": "c.txt", "size": 5, "folder": first["folder"] });
        let (_, bobs) = BOB.posts(&signer, UPLOADS, &theirs);
        assert_ne!(bobs["key"].as_str().unwrap().split('/').next(), folder.split('/').next());
    });
}

#[test]
fn stale_uploads_end_and_what_has_arrived_is_kept() {
    with_bucket(|origin| {
        let signer = people(origin, &[("MULTIPART_THRESHOLD", "10")]);
        let grant = |size: usize| ALICE.posts(&signer, UPLOADS, &json!({ "name": "a", "size": size })).1;
        let arrived = grant(5);
        assert_eq!(put(&arrived["url"], &arrived["headers"], b"hello"), 200);
        grant(7);
        grant(20);
        assert_eq!(
            ALICE.posts(&signer, "/api/v1/uploads/abort-stale", &json!({})).1,
            json!({ "aborted": 0, "completed": 0 })
        );
        std::thread::sleep(std::time::Duration::from_millis(2100));
        let ended = ALICE.posts(&signer, "/api/v1/uploads/abort-stale", &json!({ "older_than": 1 }));
        assert_eq!(ended, (200, json!({ "aborted": 2, "completed": 1 })));
        assert_eq!(names(&ALICE.gets(&signer, FILES).1), ["a"]);
        let (status, open) = ask(origin, "GET", "/bucket/?uploads=");
        assert!(status == 200 && !String::from_utf8_lossy(&open).contains("<UploadId>"), "no upload in parts is left");
        let usage = account(ALICE, &signer);
        assert_eq!((&usage["bytes"], &usage["open_uploads"]), (&json!(5), &json!(0)));
    });
}

#[test]
fn what_is_counted_as_open_and_is_no_more_is_counted_out() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let grant = |size: usize| ALICE.posts(&signer, UPLOADS, &json!({ "name": "a", "size": size })).1;
        // As if a call that was made again had been counted after its upload was complete.
        let ended = grant(7);
        let owner = ended["key"].as_str().unwrap().split('/').next().unwrap();
        let record = format!("/bucket/records/uploads/{owner}/{}", ended["file"].as_str().unwrap());
        assert_eq!(ask(origin, "DELETE", &record).0, 204);
        let open = grant(5);
        assert_eq!(account(ALICE, &signer)["pending_bytes"], 12);
        assert_eq!(ALICE.posts(&signer, "/api/v1/uploads/abort-stale", &json!({})).0, 200);
        let usage = account(ALICE, &signer);
        assert_eq!(
            (&usage["pending_bytes"], &usage["open_uploads"]),
            (&json!(5), &json!(1)),
            "what is open stays counted"
        );
        assert_eq!(put(&open["url"], &open["headers"], b"hello"), 200);
        assert_eq!(ALICE.posts(&signer, &format!("{UPLOADS}/complete"), &json!({ "upload": open["upload"] })).0, 200);
        let usage = account(ALICE, &signer);
        assert_eq!((&usage["bytes"], &usage["open_uploads"]), (&json!(5), &json!(0)));
    });
}

#[test]
fn guests_send_files_by_an_upload_link_within_its_caps() {
    with_bucket(|origin| {
        let signer = people(origin, &[]);
        let terms = json!({
            "note": "Your photos, please", "max_file_bytes": 10, "max_bytes": 15, "max_files": 3,
            "types": ["image/*"], "expires_in": "1d",
        });
        let (status, link) = ALICE.posts(&signer, LINKS, &terms);
        assert_eq!((status, &link["state"]), (201, &json!("open")), "{link}");
        assert!(link["link"].as_str().unwrap().starts_with("http://127.0.0.1:8787/u/"));
        let token = link["token"].as_str().unwrap();
        let guest = |method: &str, path: &str, body: &Value| call_as(&signer, token, method, path, body, &[]);
        let photo = |size: usize| json!({ "name": "p.png", "size": size, "type": "image/png", "sender": "Gus" });
        let told = json!({
            "note": "Your photos, please", "max_file_bytes": 10, "types": ["image/*"], "expires_at": link["expires_at"],
        });
        assert_eq!(guest("GET", TERMS, &Value::Null), (200, told));
        assert_eq!(ALICE.gets(&signer, TERMS).0, 404);
        let (status, granted) = guest("POST", UPLOADS, &photo(5));
        assert_eq!(status, 201, "{granted}");
        assert_eq!(put(&granted["url"], &granted["headers"], b"12345"), 200);
        let done = json!({ "upload": granted["upload"] });
        assert_eq!(guest("POST", "/api/v1/uploads/complete", &done).0, 200);
        assert_eq!(guest("POST", UPLOADS, &photo(11)).0, 413);
        assert_eq!(guest("POST", UPLOADS, &json!({ "name": "a", "size": 1, "type": "text/plain" })).0, 415);
        // Two guests may send the same name.
        assert_eq!(guest("POST", UPLOADS, &photo(10)).0, 201);
        assert_eq!(guest("POST", UPLOADS, &photo(1)).1["code"], "quota_exceeded");
        for (method, path) in
            [("GET", FILES), ("GET", UPLOADS), ("POST", "/api/v1/shares"), ("GET", LINKS), ("GET", "/api/v1/account")]
        {
            let body = if method == "POST" { json!({ "key": granted["key"] }) } else { Value::Null };
            assert_eq!(guest(method, path, &body).0, 403, "{method} {path}");
        }
        for more in [json!({ "owner": "bob" }), json!({ "folder": "0".repeat(44) })] {
            let mut asked = photo(1);
            asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert!(guest("POST", UPLOADS, &asked).0 >= 400, "{more}");
        }

        let (_, files) = ALICE.gets(&signer, &format!("{FILES}?prefix={}", link["folder"].as_str().unwrap()));
        let file = &files["items"][0];
        assert_eq!(
            (&file["name"], &file["link"], &file["created_by"]),
            (&json!("p.png"), &link["id"], &json!("guest"))
        );
        assert_eq!(file["sender"], json!({ "name": "Gus", "address": "203.0.113.9" }));
        let path = format!("{LINKS}/{}", link["id"].as_str().unwrap());
        let (_, shown) = VERA.gets(&signer, &path);
        assert_eq!((&shown["files"], &shown["bytes"], &shown["token"]), (&json!(1), &json!(5), &link["token"]));
        assert_eq!(BOB.gets(&signer, &path).0, 404);
        assert_eq!(account(ALICE, &signer)["bytes"], 5, "it counts for the owner");

        // Another link's guest has no part in it.
        let (_, other) = ALICE.posts(&signer, LINKS, &json!({}));
        let other = other["token"].as_str().unwrap();
        for path in ["list", "complete", "abort"] {
            let status = call_as(&signer, other, "POST", &format!("/api/v1/uploads/{path}"), &done, &[]).0;
            assert!([403, 409].contains(&status), "{path} {status}");
        }
        let (_, second) = guest("POST", "/api/v1/uploads/list", &done);
        assert_eq!(second["code"], "conflict");
        for _ in 0..2 {
            assert_eq!(ALICE.posts(&signer, &format!("{path}/close"), &json!({})).1["state"], "closed");
        }
        assert_eq!(guest("POST", UPLOADS, &photo(1)).0, 410);
        assert_eq!(guest("GET", TERMS, &Value::Null).0, 410);
        assert_eq!(ALICE.gets(&signer, &path).1["state"], "closed");
        assert_eq!(
            call_as(&signer, &format!("{}x", &token[..token.len() - 1]), "POST", UPLOADS, &photo(1), &[]).0,
            401
        );
    });
}

#[test]
fn an_upload_made_again_is_one_upload() {
    with_bucket(|origin| {
        let signer = people(origin, &[("MULTIPART_THRESHOLD", "10")]);
        for size in [5, 20] {
            let asked = json!({ "name": "a", "size": size });
            let again =
                || ALICE.calls_with(&signer, "POST", UPLOADS, &asked, &[("idempotency-key", &format!("u{size}"))]);
            let (first, second) = (again(), again());
            assert_eq!((first.0, &first.1["key"], &first.1["upload"]), (201, &second.1["key"], &second.1["upload"]));
            assert_eq!(first.1["upload_id"], second.1["upload_id"]);
        }
        let usage = account(ALICE, &signer);
        assert_eq!((&usage["open_uploads"], &usage["pending_bytes"]), (&json!(2), &json!(25)));
        let (_, open) = ask(origin, "GET", "/bucket/?uploads=");
        assert_eq!(String::from_utf8_lossy(&open).matches("<UploadId>").count(), 1);
    });
}
