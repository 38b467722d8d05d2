//! Upload links: files of people without an account.

use super::scene::{NAME, Scene, ensure, expect, must, text};
use crate::checks::{Seen, not_checked};
use crate::http::Ask;
use crate::promises::{fault, refusal_fault};
use serde_json::{Value, json};

const CONTENT: &[u8] = b"clouddrop-smoke: a guest's file\n";

pub(super) fn terms(scene: &mut Scene<'_>) -> Seen {
    let link = scene.new_upload_link(&json!({
        "note": scene.name, "max_files": 2, "max_file_bytes": 1000, "types": ["text/plain"], "expires_in": "15m",
    }))?;
    let answer = scene.send(&as_guest(scene, &link, "GET", "uploads/terms")?)?;
    expect(&answer, 200, "GET uploads/terms")?;
    must(fault(&answer), "GET uploads/terms")?;
    let terms = answer.json().unwrap_or_default();
    let same =
        terms["note"] == *scene.name && terms["max_file_bytes"] == 1000 && terms["types"] == json!(["text/plain"]);
    ensure(same, || "the guest is told other terms".into())?;
    scene.upload_link = Some(link);
    Ok("as they were made".into())
}

pub(super) fn upload(scene: &mut Scene<'_>) -> Seen {
    let token = token(scene)?;
    let name = format!("{NAME}guest.txt");
    scene.send_file(&name, "text/plain", CONTENT, Some(&token))?;
    Ok(format!("{} bytes", CONTENT.len()))
}

pub(super) fn other_type(scene: &mut Scene<'_>) -> Seen {
    let link = link(scene)?;
    let wish = json!({ "name": format!("{NAME}guest.png"), "size": 10, "type": "image/png" });
    let answer = scene.send(&as_guest(scene, link, "POST", "uploads")?.json(&wish))?;
    ensure((400..500).contains(&answer.status), || format!("another type was answered {}", answer.words()))?;
    must(refusal_fault(&answer, answer.status, &answer.code()), "another type")?;
    let large = json!({ "name": format!("{NAME}guest.txt"), "size": 1001, "type": "text/plain" });
    let answer = scene.send(&as_guest(scene, link, "POST", "uploads")?.json(&large))?;
    ensure((400..500).contains(&answer.status), || format!("too large a file was answered {}", answer.words()))?;
    Ok("another type and too many bytes".into())
}

pub(super) fn closed(scene: &mut Scene<'_>) -> Seen {
    let link = link(scene)?.clone();
    scene.call(200, &format!("upload-links/{}/close", text(&link, "id")?), &json!({}))?;
    let wish = json!({ "name": format!("{NAME}guest.txt"), "size": 10, "type": "text/plain" });
    let answer = scene.send(&as_guest(scene, &link, "POST", "uploads")?.json(&wish))?;
    must(refusal_fault(&answer, 410, "gone"), "an upload afterwards")?;
    Ok("410".into())
}

fn link<'s>(scene: &'s Scene<'_>) -> Result<&'s Value, crate::checks::Fault> {
    scene.upload_link.as_ref().map_or_else(|| not_checked("no upload link was made"), Ok)
}

fn token(scene: &Scene<'_>) -> Result<String, crate::checks::Fault> {
    Ok(text(link(scene)?, "token")?.into())
}

fn as_guest(scene: &Scene<'_>, link: &Value, method: &'static str, path: &str) -> Result<Ask, crate::checks::Fault> {
    Ok(Ask::new(method, format!("{}/api/v1/{path}", scene.api.page())).bearer(text(link, "token")?))
}
