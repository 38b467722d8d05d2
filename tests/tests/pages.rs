//! Proves what recipients see: whole pages against golden files, names of strangers as text only, previews only where
//! the token and the counting allow them, and the same facts as JSON.
//!
//! `CLOUDDROP_REWRITE=1 cargo test -p clouddrop-tests --test pages` writes the golden files anew: read what changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

#[path = "pages/made.rs"]
mod made;

use clouddrop_core::landing::{MAX_IMAGE_BYTES, MAX_TEXT_BYTES, Page};
use clouddrop_core::listing::Place;
use clouddrop_core::reply::HeaderSet;
use clouddrop_core::{Client, Decision, Headers, Reply, Request, UnixTime, decide};
use clouddrop_tests::files::repository;
use made::{
    config_with, decided, empty, file, folder, folder_page, inline, is_golden, json_of, landing, page_of, refusal,
    reply, reporting, settled, text, text_page, text_preview,
};
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
/// Set to write the golden files in the place of reading them.
const REWRITE: &str = "CLOUDDROP_REWRITE";
const JSON: &[(&str, &str)] = &[("accept", "application/json")];
const AMAZON: &str = include_str!("../vectors/listing/amazon.xml");

#[test]
fn pages_are_as_they_were() {
    let report = || file("/f/9Jq2/report.pdf", json!({}));
    is_golden("file.html", &page_of(report(), &[], 1_234_567, "application/pdf"));
    let image = file("/f/9Jq2/a%20%22quoted%22%20name.png", inline());
    is_golden("image.html", &page_of(image, &[], 84_000, "image/png"));
    is_golden("audio.html", &page_of(file("/f/9Jq2/song.ogg", inline()), &[], 5_000_000, "audio/ogg"));
    is_golden("video.html", &page_of(file("/f/9Jq2/film.mp4", inline()), &[], 5_000_000_000, "video/mp4"));
    let beginning = "<script>alert(1)</script>\n\tif a < b && c > \"d\" {}\n".repeat(3);
    is_golden("text.html", &text_page(20_000, 206, &[], beginning.as_bytes()));
    let config = reporting();
    let counted = || {
        let (landing, _) = landing(file("/f/9Jq2/report.pdf", json!({"-65537": 3})), &[], &config);
        (landing.fetch.unwrap(), landing.facts)
    };
    let (fetch, facts) = counted();
    is_golden("counted.html", &reply(settled(fetch, facts, "1", "application/pdf", &[], &config)));
    let (fetch, facts) = counted();
    is_golden("used_up.html", &reply(settled(fetch, facts.with_left(0), "1", "application/pdf", &[], &config)));
    let (landing, _) = landing(folder("/f/9Jq2/", json!({"-65544": 0})), &[], &config);
    is_golden("folder_unlisted.html", &landing.facts.folder());
    is_golden("folder.html", &folder_page(json!({}), &[], "", AMAZON));
    is_golden("folder_below.html", &folder_page(json!({"-65537": 3}), &[], "in=a%20b/c%26d/&after=x%2By", AMAZON));
    is_golden("refusal.html", &refusal(""));
    is_golden("refusal_de.html", &refusal("de"));
    let german = page_of(report(), &[("accept-language", "de-AT,de;q=0.9")], 1_234_567, "application/pdf");
    is_golden("file_de.html", &german);
    is_golden("folder_empty.html", &folder_page(json!({}), &[], "", &empty()));
}

#[test]
fn no_golden_file_is_forgotten() {
    let source = std::fs::read_to_string(repository().join("tests/tests/pages.rs")).unwrap();
    for entry in std::fs::read_dir(repository().join("tests/vectors/pages")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&format!("is_golden(\"{name}\"")), "{name} belongs to no test");
    }
}

#[test]
fn names_of_strangers_are_only_text() {
    let hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u{202e}gpj.exe";
    for more in
        [json!({"-65538": hostile}), json!({"-65538": hostile, "-65539": 1}), json!({"-65538": hostile, "-65537": 2})]
    {
        for media_type in ["image/png", "video/mp4", "audio/mp4", "\"><script>/x"] {
            let html = page_of(file("/f/a", more.clone()), &[], 5, media_type);
            is_inert(text(&html), 1);
        }
    }
    let escaped = "&quot;&apos;&gt;&lt;script&gt;alert(1)&lt;img src=x onerror=alert(1)&gt;&amp;amp;&#x202e;gpj.exe";
    let xml = empty().replace(
        "</ListBucketResult>",
        &format!(
            "<Contents><Key>files/9Jq2/{escaped}</Key><LastModified>2026-11-24T02:20:55Z</LastModified><Size>1</Size></Contents>\
             <CommonPrefixes><Prefix>files/9Jq2/{escaped}/</Prefix></CommonPrefixes></ListBucketResult>"
        ),
    );
    for more in [json!({"-65538": hostile}), json!({"-65538": hostile, "-65537": 2})] {
        let inside = "in=%22%3E%3Cscript%3E/";
        for query in ["", inside] {
            is_inert(text(&folder_page(more.clone(), &[], query, &xml)), 0);
        }
    }
}

/// Nothing of a page but its own words is markup: no script, no handler, no address but its own host's and the contact,
/// at most so many images.
fn is_inert(html: &str, images: usize) {
    let lower = html.to_lowercase();
    for tag in
        ["<script", "<iframe", "<object", "<embed", "<link", "<base", "javascript:", "http:", "https:", "\u{202e}"]
    {
        assert!(!lower.contains(tag), "{tag} in {html}");
    }
    assert!(lower.matches("<img").count() <= images);
    let mut rest = html;
    // Quotes of attributes are this program's; within them and outside of tags none stands unescaped.
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains(['"', '\'']) || before.contains("{"), "{before}");
        let (tag, after) = after.split_once('>').unwrap();
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.split('"').step_by(2).any(|outside| outside.contains(" on")), "{tag}");
        for value in tag.split('"').skip(1).step_by(2) {
            let is_target = value.starts_with("/d/") || value.starts_with("/s/") || value.starts_with("mailto:");
            let takes_target = tag.contains("href=") || tag.contains("src=") || tag.contains("action=");
            assert!(!takes_target || is_target || !value.contains(':'), "{value}");
        }
        rest = after;
    }
}

#[test]
fn a_preview_is_shown_only_where_the_token_the_type_and_the_counting_allow_it() {
    let tag = |more: Value, size: u64, media_type: &str| {
        let page = page_of(file("/f/a", more), &[], size, media_type);
        let found: Vec<&str> =
            ["<img", "<audio", "<video", "<pre"].into_iter().filter(|tag| text(&page).contains(tag)).collect();
        assert_eq!(page.set, if found.is_empty() { HeaderSet::Page } else { HeaderSet::Preview }, "{media_type}");
        found.concat()
    };
    for (media_type, shown) in [
        ("image/png", "<img"),
        ("IMAGE/JPEG", "<img"),
        ("image/svg+xml", ""),
        ("image/tiff", ""),
        ("audio/ogg", "<audio"),
        ("audio/x-mpegurl", ""),
        ("video/mp4", "<video"),
        ("application/pdf", ""),
        ("text/html", ""),
    ] {
        assert_eq!(tag(inline(), 5, media_type), shown, "{media_type}");
        assert_eq!(tag(json!({}), 5, media_type), "", "{media_type} that is only to be saved");
        assert_eq!(tag(json!({"-65539": 1, "-65537": 9}), 5, media_type), "", "{media_type} that is counted");
        assert_eq!(tag(json!({"-65539": 1, "308": 1}), 5, media_type), "", "{media_type} for one use");
        assert_eq!(tag(inline(), 0, media_type), "", "{media_type} of no bytes");
    }
    assert_eq!(tag(inline(), MAX_IMAGE_BYTES, "image/png"), "<img");
    assert_eq!(tag(inline(), MAX_IMAGE_BYTES + 1, "image/png"), "");
    // A text that is only to be saved, or is counted, is not even asked for.
    assert_eq!(tag(json!({}), 5, "text/plain"), "");
    assert_eq!(tag(json!({"-65539": 1, "-65537": 9}), 5, "text/plain"), "");
    assert_eq!(tag(inline(), 0, "text/plain"), "");
}

#[test]
fn what_may_be_opened_in_the_browser_is_said_by_token_and_type_together() {
    for (more, media_type, may) in [
        (inline(), "image/png", true),
        (inline(), "text/plain", true),
        (inline(), "application/pdf", false),
        (inline(), "image/svg+xml", false),
        (inline(), "text/html", false),
        (json!({}), "image/png", false),
    ] {
        let facts = json_of(&page_of(file("/f/a", more.clone()), JSON, 0, media_type));
        assert_eq!(facts["inline"], may, "{media_type}");
        let html = page_of(file("/f/a", more), &[], 0, media_type);
        assert_eq!(text(&html).contains("Open in the browser"), may, "{media_type}");
    }
}

#[test]
fn previews_may_load_from_their_own_host_and_nothing_else_may() {
    let policy = |set: HeaderSet| {
        set.headers().into_iter().find(|(name, _)| *name == "content-security-policy").map(|(_, value)| value).unwrap()
    };
    let (page, preview) = (policy(HeaderSet::Page), policy(HeaderSet::Preview));
    assert_eq!(preview.replace("img-src 'self'; media-src 'self'; ", ""), page);
    assert!(preview != page && page.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(!preview.contains("unsafe") && !preview.contains("script"));
}

#[test]
fn the_beginning_of_a_text_is_asked_for_in_the_version_of_the_page() {
    let config = reporting();
    let ask = |more: &[(&str, &str)], headers: &[(&str, &str)]| {
        let (landing, token) = landing(file("/f/9Jq2/notes.txt", inline()), headers, &config);
        (settled(landing.fetch.unwrap(), landing.facts, "20000", "text/plain", more, &config), token)
    };
    let (page, token) = ask(&[], &[]);
    let preview = text_preview(page);
    let sent = |name: &str| preview.fetch.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
    assert_eq!((preview.fetch.method.as_str(), sent("range")), ("GET", Some("bytes=0-16383")));
    assert_eq!(preview.fetch.url, "https://bucket.s3.eu-central-1.amazonaws.com/files/9Jq2/notes.txt");
    assert_eq!(sent("if-match"), Some("\"v1\""));
    assert!(!format!("{preview:?}").contains(&token), "a token is shown");
    // As JSON there is none, and a stored encoding cannot be undone from a part of it.
    assert!(matches!(ask(&[], JSON).0, Page::Reply(_)));
    assert!(matches!(ask(&[("content-encoding", "gzip")], &[]).0, Page::Reply(_)));
    let (landing, _) = landing(file("/f/9Jq2/notes.txt", inline()), &[], &config);
    let page = landing.facts.with_text(preview.fetch.expect, None, b"hello", NOW, &config);
    assert!(!text(&page).contains("<pre") && text(&page).contains("20.0 kB"), "the page is good without it");
}

#[test]
fn a_text_is_shown_if_it_is_that_version_and_a_text() {
    let shown = |page: &Reply| text(page).contains("<pre");
    assert!(shown(&text_page(5, 206, &[], b"hello")));
    assert!(shown(&text_page(5, 200, &[], b"hello")));
    assert!(!text(&text_page(5, 206, &[], b"hello")).contains("beginning"));
    let long = vec![b'x'; MAX_TEXT_BYTES + 10];
    let page = text_page(long.len(), 206, &[], &long);
    assert!(text(&page).contains("beginning"));
    assert_eq!(text(&page).matches("xxxxxxxx").count(), MAX_TEXT_BYTES / 8, "no more than the beginning");
    for (status, more, bytes) in [
        (200, &[("etag", "\"v2\"")][..], &b"hello"[..]),
        (206, &[("content-range", "bytes 0-4/6")], b"hello"),
        (206, &[("content-range", "bytes 1-5/6")], b"hello"),
        (412, &[], b"hello"),
        (403, &[], b"<Error><Code>AccessDenied</Code></Error>"),
        (503, &[], b"<Error><Code>SlowDown</Code></Error>"),
        (206, &[("content-encoding", "gzip")], b"hello"),
        (206, &[], b"hell\xff"),
        (206, &[], b""),
    ] {
        let page = text_page(5, status, more, bytes);
        // The page itself is good.
        assert_eq!((page.status, shown(&page)), (200, false), "{status} {more:?}");
        assert!(text(&page).contains("Download"));
    }
}

#[test]
fn downloads_that_are_left_are_told() {
    let config = reporting();
    let page = |left: Option<u64>, headers: &[(&str, &str)]| {
        let (landing, _) = landing(file("/f/a", json!({"-65537": 3})), headers, &config);
        let facts = left.map_or(landing.facts.clone(), |left| landing.facts.with_left(left));
        reply(settled(landing.fetch.unwrap(), facts, "1", "text/plain", &[], &config))
    };
    for (left, told, json) in [
        (None, "<dd>3 at most; how many are left is not known</dd>", json!({"limit": 3, "left": null})),
        (Some(2), "<dd>2 of 3 left</dd>", json!({"limit": 3, "left": 2})),
        (Some(0), "<dd>0 of 3 left</dd>", json!({"limit": 3, "left": 0})),
        (Some(9), "<dd>3 of 3 left</dd>", json!({"limit": 3, "left": 3})),
    ] {
        let html = page(left, &[]);
        assert!(text(&html).contains(told), "{left:?}");
        assert_eq!(text(&html).contains("<form"), left != Some(0));
        assert!(!text(&html).contains("<a class=\"button\""), "a counted file is never a link");
        assert_eq!(json_of(&page(left, JSON))["downloads"], json);
    }
    // A grant is a download that was counted, and a link without a limit has none to count.
    let (grant, _) = landing(file("/f/a", json!({"-65540": 2, "-65537": 3})), &[], &config);
    assert_eq!(grant.facts.downloads(), None);
    let (free, _) = landing(file("/f/a", json!({})), &[], &config);
    assert_eq!(free.facts.with_left(2).downloads(), None);
}

#[test]
fn the_facts_of_a_file_as_json() {
    let config = reporting();
    let (landing, token) = landing(file("/f/9Jq2/r%C3%A9sum%C3%A9.txt", inline()), JSON, &config);
    let reply = reply(settled(landing.fetch.unwrap(), landing.facts, "1234", "text/plain", &[], &config));
    let facts = json!({
        "name": "résumé.txt", "size": 1234, "type": "text/plain; charset=utf-8", "expires_at": "2030-03-17T17:46:40Z",
        "downloads": null, "counted": false, "inline": true, "download": format!("/d/{token}"), "folder": false,
    });
    assert_eq!(json_of(&reply), facts);
    assert_eq!(reply.set, HeaderSet::Data);
}

#[test]
fn the_facts_of_a_folder_as_json() {
    let config = reporting();
    let (Decision::Folder(listed), token) = decided(folder("/f/9Jq2/", json!({})), JSON, "", &config) else {
        panic!("no folder")
    };
    let at = |name: &str| format!("/d/{token}/{name}");
    let mut facts = json!({
        "name": "9Jq2", "size": null, "type": null, "expires_at": "2030-03-17T17:46:40Z", "downloads": null,
        "counted": false, "inline": false, "download": at(""), "folder": true, "in": "", "hidden": 3,
        "next": format!("/s/{token}?after=1ueGcxLPRx1Tr%2FXYExHnhbYLgveDs2J%2Fwm36Hy4vbOwM%3D"),
        "entries": [
            {"name": "a b+c", "folder": true, "page": format!("/s/{token}?in=a%20b%2Bc/")},
            {"name": "<b>Q&A 'draft'.txt", "folder": false, "size": 434_234, "modified_at": "2026-11-24T02:20:55Z",
             "download": at("%3Cb%3EQ%26A%20%27draft%27.txt")},
            {"name": "résumé 100%.pdf", "folder": false, "size": 5_368_709_120_u64, "modified_at": "1970-01-01T00:00:00Z",
             "download": at("r%C3%A9sum%C3%A9%20100%25.pdf")},
            {"name": "report.pdf", "folder": false, "size": 1_234_567, "modified_at": "2028-02-29T23:59:59Z",
             "download": at("report.pdf")},
        ],
    });
    assert_eq!(json_of(&listed.settle(200, AMAZON.as_bytes(), &config).unwrap()), facts);
    let (landing, token) = landing(folder("/f/9Jq2/", json!({"-65544": 0})), JSON, &config);
    let unlisted = facts.as_object_mut().unwrap();
    for name in ["in", "hidden", "next"] {
        unlisted.remove(name);
    }
    unlisted["entries"] = Value::Null;
    unlisted["download"] = format!("/d/{token}/").into();
    assert_eq!(json_of(&landing.facts.folder()), facts);
}

#[test]
fn every_link_of_a_folder_opens_what_it_names() {
    let config = reporting();
    let facts = json_of(&folder_page(json!({}), JSON, "in=a%20b/", AMAZON));
    for entry in facts["entries"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        if let Some(query) = entry["page"].as_str().and_then(|page| page.split_once('?')) {
            let below = Place::read("/f/9Jq2/", query.1, &config).unwrap();
            assert_eq!(below.inside(), format!("a b/{name}/"));
            continue;
        }
        let url = format!("https://files.example.net{}", entry["download"].as_str().unwrap());
        let fields = [("host", "files.example.net")];
        let client = Client { address: None, place: None };
        let request = Request { method: "GET", url: &url, id: "", headers: Headers::new(&fields), client };
        let Decision::Fetch(fetch) = decide(&request, NOW, &config) else { panic!("{name} is refused") };
        let key = clouddrop_core::ObjectPath::from_key(&format!("files/9Jq2/a b/{name}")).unwrap();
        assert!(fetch.url.ends_with(&format!(".com/{}", key.encoded())), "{}", fetch.url);
    }
}

#[test]
fn reports_go_where_the_operator_said() {
    let link = |changes: &Value| {
        let config = config_with(changes);
        let (landing, _) = landing(file("/f/a", json!({})), &[], &config);
        let page = reply(settled(landing.fetch.unwrap(), landing.facts, "1", "image/png", &[], &config));
        let footer = text(&page).split_once("<footer>").unwrap().1.to_string();
        footer.split_once("href=\"").map(|(_, rest)| rest.split('"').next().unwrap().to_string())
    };
    let subject = "?subject=Report%20of%20the%20shared%20link%20000102030405060708090a0b0c0d0e0f";
    assert_eq!(link(&json!({})), None);
    assert_eq!(
        link(&json!({"SECURITY_CONTACT": "mailto:s@example.com"})),
        Some(format!("mailto:s@example.com{subject}"))
    );
    assert_eq!(
        link(
            &json!({"SECURITY_CONTACT": "mailto:s@example.com", "REPORT_CONTACT": "https://example.com/report?a=1&b=2"})
        ),
        Some("https://example.com/report?a=1&amp;b=2".into())
    );
    assert_eq!(
        link(&json!({"REPORT_CONTACT": "mailto:a@example.com"})),
        Some(format!("mailto:a@example.com{subject}"))
    );
    assert_eq!(link(&json!({"REPORT_CONTACT": "mailto:a@b?cc=c"})), Some("mailto:a@b?cc=c".into()));
}
