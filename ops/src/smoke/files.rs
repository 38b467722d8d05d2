//! A small file on its way in and out.

use super::scene::{NAME, Scene, ensure, expect, must, text};
use crate::checks::{Fault, Seen, not_checked};
use crate::http::Ask;
use crate::out::plain;
use crate::promises::{fault, file_fault, refusal_fault};
use serde_json::json;
use std::time::{Duration, Instant};

pub(super) fn account(scene: &mut Scene<'_>) -> Seen {
    let answer = scene.api.call("GET", "account", None)?;
    if answer.status == 401 {
        return Err("the API key is not taken".into());
    }
    expect(&answer, 200, "GET account")?;
    must(fault(&answer), "GET account")?;
    let account = answer.json().unwrap_or_default();
    let role = text(&account, "role")?;
    ensure(role != "viewer", || "it is a viewer's: the other checks need a member's".into())?;
    Ok(format!("{}, {role}", plain(text(&account, "name")?)))
}

pub(super) fn upload(scene: &mut Scene<'_>) -> Seen {
    let (name, content) = (scene.name.clone(), scene.content.clone());
    let file = scene.send_file(&name, "application/octet-stream", &content, None)?;
    scene.file = Some(file);
    Ok(format!("{} bytes as {name}", content.len()))
}

/// Where the first file went in parts already there is nothing more to see; else one as large as was asked for.
pub(super) fn upload_in_parts(scene: &mut Scene<'_>) -> Seen {
    if scene.in_parts {
        return Ok("the file went so".into());
    }
    let Some(size) = scene.large else {
        return not_checked("--large BYTES sends a file of more than MULTIPART_THRESHOLD");
    };
    ensure(size > 100, || "--large is more than 100".into())?;
    let content: Vec<u8> = scene.content.iter().copied().cycle().take(size).collect();
    let name = format!("{NAME}large.bin");
    let file = scene.send_file(&name, "application/octet-stream", &content, None)?;
    ensure(scene.in_parts, || format!("{size} bytes go in one PUT: the threshold is higher"))?;
    let link = scene.new_share(&json!({ "key": file["key"] }))?;
    let answer = scene.send(&Ask::get(text(&link, "download")?).header("range", &format!("bytes={}-", size - 100)))?;
    expect(&answer, 206, "its end")?;
    ensure(answer.body == content[size - 100..], || "its end is another".into())?;
    Ok(format!("{size} bytes"))
}

pub(super) fn share(scene: &mut Scene<'_>) -> Seen {
    let share = scene.new_share(&json!({}))?;
    let download = text(&share, "download")?;
    if let Some(files) = &scene.files_base {
        ensure(download.starts_with(&format!("{files}/")), || {
            format!("the link leads to {}, the settings name {files}", plain(crate::http::host_of(download)))
        })?;
    }
    scene.share = Some(share);
    Ok("made".into())
}

/// The whole file, to the byte, twice: the second may come from the edge's own cache.
pub(super) fn whole(scene: &mut Scene<'_>) -> Seen {
    let download = scene.download()?;
    for round in ["the first", "the second"] {
        let about = format!("{round} download");
        let answer = scene.send(&Ask::get(&download))?;
        expect(&answer, 200, &about)?;
        must(file_fault(&answer), &about)?;
        ensure(answer.body == scene.content, || {
            format!("{about}: {} bytes that are not the file's {}", answer.body.len(), scene.content.len())
        })?;
        let length = answer.one("content-length").unwrap_or("");
        ensure(length == scene.content.len().to_string(), || format!("{about}: content-length is {length:?}"))?;
        ensure(answer.one("accept-ranges") == Some("bytes"), || format!("{about}: no accept-ranges"))?;
        let saved = answer.one("content-disposition").unwrap_or("");
        ensure(saved.contains(&scene.name), || format!("{about}: it is saved as {:?}", plain(saved)))?;
    }
    Ok(format!("{} bytes, twice", scene.content.len()))
}

pub(super) fn ranges(scene: &mut Scene<'_>) -> Seen {
    let download = scene.download()?;
    let size = scene.content.len();
    let cases = [
        ("bytes=0-0".to_string(), 0, 1),
        (format!("bytes={}-{}", size / 3, size / 2), size / 3, size / 2 + 1),
        ("bytes=-100".into(), size - 100, size),
        (format!("bytes={}-", size - 7), size - 7, size),
    ];
    for (range, from, to) in cases {
        let answer = scene.send(&Ask::get(&download).header("range", &range))?;
        expect(&answer, 206, &range)?;
        must(file_fault(&answer), &range)?;
        let told = answer.one("content-range").unwrap_or("");
        ensure(told == format!("bytes {from}-{}/{size}", to - 1), || format!("{range}: content-range is {told:?}"))?;
        ensure(answer.body == scene.content[from..to], || format!("{range}: other bytes came"))?;
    }
    let beyond = scene.send(&Ask::get(&download).header("range", &format!("bytes={size}-")))?;
    must(refusal_fault(&beyond, 416, "range_not_satisfiable"), "a range beyond the end")?;
    Ok("four, and one beyond the end".into())
}

pub(super) fn head(scene: &mut Scene<'_>) -> Seen {
    let answer = scene.send(&Ask::new("HEAD", scene.download()?))?;
    expect(&answer, 200, "HEAD")?;
    must(file_fault(&answer), "HEAD")?;
    let length = answer.one("content-length").unwrap_or("");
    ensure(length == scene.content.len().to_string(), || format!("HEAD: content-length is {length:?}"))?;
    ensure(answer.body.is_empty(), || "HEAD has a body".into())?;
    Ok("as GET, without the content".into())
}

pub(super) fn conditional(scene: &mut Scene<'_>) -> Seen {
    let download = scene.download()?;
    let first = scene.send(&Ask::new("HEAD", &download))?;
    let Some(tag) = first.one("etag").map(String::from) else { return Err("there is no entity tag".into()) };
    let same = scene.send(&Ask::get(&download).header("if-none-match", &tag))?;
    expect(&same, 304, "If-None-Match with its entity tag")?;
    must(fault(&same), "304")?;
    let other = scene.send(&Ask::get(&download).header("if-none-match", "\"another\""))?;
    expect(&other, 200, "If-None-Match with another entity tag")?;
    let failed = scene.send(&Ask::get(&download).header("if-match", "\"another\""))?;
    must(refusal_fault(&failed, 412, "precondition_failed"), "If-Match with another entity tag")?;
    let resumed = Ask::get(&download).header("range", "bytes=0-9");
    let answer = scene.send(&resumed.clone().header("if-range", &tag))?;
    expect(&answer, 206, "If-Range with its entity tag")?;
    let answer = scene.send(&resumed.header("if-range", "\"another\""))?;
    expect(&answer, 200, "If-Range with another entity tag")?;
    ensure(answer.body == scene.content, || "If-Range with another entity tag: not the whole file".into())?;
    Ok("304, 412, 206 and 200".into())
}

/// The form for machines: the key in the path, the token in a header.
pub(super) fn by_header(scene: &mut Scene<'_>) -> Seen {
    let (Some(files), Some(share)) = (&scene.files_base, &scene.share) else {
        return not_checked("no share was made, or the files' host is not known");
    };
    // Keys that are made here need no escaping.
    let url = format!("{files}/f/{}", text(scene.file()?, "key")?);
    let answer = scene.send(&Ask::get(&url).bearer(text(share, "token")?))?;
    expect(&answer, 200, "GET /f/ with Authorization")?;
    must(file_fault(&answer), "GET /f/ with Authorization")?;
    ensure(answer.body == scene.content, || "GET /f/ with Authorization: other bytes came".into())?;
    let without = scene.send(&Ask::get(&url))?;
    must(refusal_fault(&without, 401, "unauthorized"), "the same without a token")?;
    Ok("Authorization opens it, nothing does not".into())
}

/// Deleting takes the bytes and the links.
pub(super) fn deleted(scene: &mut Scene<'_>) -> Seen {
    let id = text(scene.file()?, "id")?.to_string();
    let share = scene.new_share(&json!({}))?;
    let download = text(&share, "download")?.to_string();
    let before = scene.send(&Ask::get(&download))?;
    expect(&before, 200, "before")?;
    let answer = scene.api.call("DELETE", &format!("files/{id}"), None)?;
    ensure((200..300).contains(&answer.status), || format!("DELETE: {}", answer.words()))?;
    scene.forget_file(&id);
    let begun = Instant::now();
    loop {
        let answer = scene.send(&Ask::get(&download))?;
        if matches!(answer.status, 404 | 410) {
            must(fault(&answer), "its link")?;
            return Ok(format!("{} after {} ms", answer.status, begun.elapsed().as_millis()));
        }
        if begun.elapsed() > scene.revoked_within {
            return Err(Fault::Failed(format!(
                "still answered {} after {} s",
                answer.words(),
                scene.revoked_within.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}
