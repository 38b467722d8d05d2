//! Proves in Chromium that the page of a link is one that people can use: on a phone, by keyboard, in the dark, with no
//! script; its preview is shown, its policy is not broken, and its button brings the file.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::base64url;
use clouddrop_core::token::{Disposition, Listing};
use clouddrop_tests::node;
use clouddrop_tests::stack::{Stack, new_folder};
use serde_json::{Value, json};
use std::fs;

/// A name that would be markup, and reads backwards.
const HOSTILE: &str = "landing/<img src=x onerror=alert(1)>\u{202e}fdp.txt";
/// One red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg";
const TEXT: &str = "<script>alert(1)</script>\nsecond line\n";

/// A second of silence: 8000 samples of 8 bits.
fn wav() -> Vec<u8> {
    let mut out = b"RIFF".to_vec();
    out.extend(8036_u32.to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16_u32.to_le_bytes());
    for number in [1_u16, 1] {
        out.extend(number.to_le_bytes());
    }
    for number in [8000_u32, 8000] {
        out.extend(number.to_le_bytes());
    }
    for number in [1_u16, 8] {
        out.extend(number.to_le_bytes());
    }
    out.extend(b"data");
    out.extend(8000_u32.to_le_bytes());
    out.extend([128; 8000]);
    out
}

#[test]
fn a_person_can_use_the_page_of_a_link() {
    if !node::has_chromium() {
        return;
    }
    let stack = Stack::start(&[]);
    let png = base64url::decode(&PNG.replace('+', "-").replace('/', "_")).unwrap();
    stack.put("landing/dot.png", "image/png", &png);
    stack.put("landing/second.wav", "audio/wav", &wav());
    stack.put("landing/read.txt", "text/plain; charset=utf-8", TEXT.as_bytes());
    stack.put("landing/data.bin", "application/octet-stream", &[0; 100]);
    stack.put(HOSTILE, "text/plain", b"x");
    let inline = |key: &str| stack.token_with(key, |token| token.disposition = Disposition::Inline);
    let page = |name: &str, token: String| json!({ "name": name, "path": format!("/s/{token}") });
    let counted = stack.token_with("landing/data.bin", |token| token.max_downloads = Some(2));
    let pages = json!([
        page("image", inline("landing/dot.png")),
        page("sound", inline("landing/second.wav")),
        page("text", inline("landing/read.txt")),
        page("file", stack.token("landing/data.bin")),
        page("counted", counted.clone()),
        page("counted again", counted.clone()),
        page("used up", counted),
        page("hostile", stack.token(HOSTILE)),
        page("folder", stack.folder_token_with("landing", |token| token.listing = Listing::Shown)),
        page("refused", "nonsense".into()),
    ]);
    let downloads = new_folder();
    fs::create_dir_all(&downloads).unwrap();
    let input = json!({ "files": stack.files(), "pages": pages, "downloads": downloads });
    let all = node::run("landing.mjs", &input).unwrap();
    fs::remove_dir_all(&downloads).unwrap();
    let seen = |name: &str| all.as_array().unwrap().iter().find(|page| page["name"] == name).unwrap();

    for page in all.as_array().unwrap() {
        let refused = page["name"] == "refused";
        assert_eq!(page["status"], if refused { 401 } else { 200 }, "{page:#}");
        // The browser tells of a refusal by itself.
        if !refused {
            assert_eq!(page["messages"], json!([]), "{page:#}");
        }
        assert_eq!(page["failed"], json!([]), "{page:#}");
        assert_eq!(page["overflow"], 0, "it is wider than a phone: {page:#}");
        assert_ne!(page["colours"][0], page["colours"][1], "{page:#}");
    }
    let download = |name: &str| (seen(name)["download"]["file"].clone(), seen(name)["download"]["bytes"].clone());
    assert_eq!(seen("image")["image"], 1, "{:#}", seen("image"));
    assert_eq!(download("image"), (json!("dot.png"), json!(png.len())));
    assert_eq!(seen("sound")["sound"], json!({ "seconds": 1, "error": null }), "{:#}", seen("sound"));
    assert_eq!(download("sound"), (json!("second.wav"), json!(8044)));
    assert_eq!(seen("text")["text"], TEXT);
    assert_eq!(download("text"), (json!("read.txt"), json!(TEXT.len())));
    assert_eq!(download("file"), (json!("data.bin"), json!(100)));
    // Two downloads there are, and no third.
    assert_eq!(download("counted"), (json!("data.bin"), json!(100)));
    assert_eq!(download("counted again"), (json!("data.bin"), json!(100)));
    assert_eq!(seen("used up")["download"], Value::Null);
    // A name of a stranger is made harmless: the page says what the file will be saved as.
    let heading = seen("hostile")["heading"].as_str().unwrap();
    assert!(heading.ends_with("fdp.txt") && !heading.contains(['<', '>', '\u{202e}']), "{heading}");
    assert_eq!(seen("hostile")["image"], Value::Null);
    assert_eq!(download("hostile"), (json!(heading), json!(1)));
    // The keyboard reaches the download first.
    for name in ["image", "file", "counted", "hostile"] {
        let first = seen(name)["focus"][0].as_str().unwrap_or_default();
        assert!(first.ends_with("Download"), "{name}: {:#}", seen(name)["focus"]);
    }
}
