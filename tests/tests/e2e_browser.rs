//! Proves in Chromium that an interrupted download is resumed, byte for byte, by the headers that replies to a token
//! have: what a browser needs for it is the entity tag, and `no-store` does not stand in its way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::node;
use clouddrop_tests::stack::content::bytes;
use clouddrop_tests::stack::{Stack, new_folder};
use serde_json::json;
use std::fs;

const SIZE: usize = 5_000_000;
const CUT_AFTER: usize = 2_000_000;

#[test]
fn a_download_that_is_cut_off_is_resumed_where_it_stopped() {
    if !node::has_chromium() {
        return;
    }
    let stack = Stack::start(&[]);
    stack.put("browser/film.mp4", "video/mp4", &bytes(17, 0, SIZE));
    let path = format!("/d/{}", stack.token("browser/film.mp4"));
    let folder = new_folder();
    fs::create_dir_all(&folder).unwrap();
    let input = json!({ "files": stack.files(), "path": path, "cutAfter": CUT_AFTER, "folder": folder });
    let seen = node::run("resume.mjs", &input).unwrap();
    assert_eq!(seen["state"], "completed", "{seen}");
    let [first, second] = &seen["requests"].as_array().unwrap()[..] else { panic!("{seen}") };
    assert_eq!((&first["status"], &first["range"]), (&json!(200), &json!(null)), "{seen}");
    // The rest, on condition that it is still the same version.
    assert_eq!(second["status"], 206, "{seen}");
    assert_eq!(second["range"], format!("bytes={CUT_AFTER}-"), "{seen}");
    assert!(second["ifRange"].as_str().is_some_and(|tag| tag.starts_with('"')), "{seen}");
    let saved = fs::read(folder.join(seen["file"].as_str().unwrap())).unwrap();
    assert!(saved == bytes(17, 0, SIZE), "{} bytes, and not those of the file", saved.len());
    fs::remove_dir_all(&folder).unwrap();
}
