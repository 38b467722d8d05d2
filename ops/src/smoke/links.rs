//! What links allow and refuse.

use super::scene::{Scene, ensure, expect, must, text};
use crate::checks::{Fault, Seen, not_checked};
use crate::http::{Answer, Ask};
use crate::out::plain;
use crate::promises::{fault, file_fault, refusal_fault};
use serde_json::json;
use std::time::{Duration, Instant};

const FORM: &str = "application/x-www-form-urlencoded";
/// How often a link is looked at that is to end.
const GLANCE: Duration = Duration::from_millis(300);

pub(super) fn landing(scene: &mut Scene<'_>) -> Seen {
    let Some(share) = &scene.share else { return not_checked("no share was made") };
    let link = text(share, "link")?;
    let page = scene.send(&Ask::get(link).header("accept", "text/html"))?;
    expect(&page, 200, "the page of a link")?;
    must(fault(&page), "the page of a link")?;
    let kind = page.one("content-type").unwrap_or("");
    ensure(kind.starts_with("text/html"), || format!("the page of a link is {:?}", plain(kind)))?;
    ensure(String::from_utf8_lossy(&page.body).contains(&scene.name), || {
        "the page of a link does not name the file".into()
    })?;
    let facts = scene.send(&Ask::get(link).header("accept", "application/json"))?;
    expect(&facts, 200, "the same as JSON")?;
    must(fault(&facts), "the same as JSON")?;
    let facts = facts.json().unwrap_or_default();
    let same = facts["name"] == *scene.name && facts["size"] == scene.content.len() && facts["folder"] == false;
    ensure(same, || "the facts as JSON are not the file's".into())?;
    Ok("a page and its facts".into())
}

/// One character of the signature is another.
pub(super) fn wrong_token(scene: &mut Scene<'_>) -> Seen {
    let mut download = scene.download()?;
    let place = download.len() - 10;
    let other = if download.as_bytes()[place] == b'A' { "B" } else { "A" };
    download.replace_range(place..=place, other);
    let answer = scene.send(&Ask::get(&download))?;
    must(refusal_fault(&answer, 401, "unauthorized"), "GET")?;
    Ok("401".into())
}

/// A link for two seconds.
pub(super) fn expired(scene: &mut Scene<'_>) -> Seen {
    let share = scene.new_share(&json!({ "expires_in": 2 }))?;
    let download = text(&share, "download")?;
    let answer = poll(scene, &Ask::get(download), Duration::from_secs(8), |answer| answer.status != 200)?;
    must(refusal_fault(&answer, 403, "expired"), "after its end")?;
    Ok("403 expired".into())
}

pub(super) fn counted_look(scene: &mut Scene<'_>) -> Seen {
    let share = scene.new_share(&json!({ "max_downloads": 1 }))?;
    let download = text(&share, "download")?.to_string();
    for method in ["GET", "HEAD"] {
        let answer = scene.send(&Ask::new(method, &download))?;
        expect(&answer, 403, &format!("{method} of a counted link"))?;
        if method == "GET" {
            must(refusal_fault(&answer, 403, "claim_required"), "GET of a counted link")?;
        }
    }
    let facts = scene.send(&Ask::get(text(&share, "link")?).header("accept", "application/json"))?;
    expect(&facts, 200, "its page")?;
    let facts = facts.json().unwrap_or_default();
    ensure(facts["downloads"] == json!({ "limit": 1, "left": 1 }), || {
        format!("its page tells downloads as {}", facts["downloads"])
    })?;
    scene.counted = Some(share);
    Ok("403 claim_required, one left".into())
}

pub(super) fn counted_claim(scene: &mut Scene<'_>) -> Seen {
    let Some(share) = &scene.counted else { return not_checked("no counted link was made") };
    let download = text(share, "download")?;
    let claim = scene.send(&Ask::new("POST", download))?;
    expect(&claim, 303, "the claim")?;
    must(fault(&claim), "the claim")?;
    let grant = absolute(download, claim.one("location").ok_or("the claim leads nowhere")?);
    let file = scene.send(&Ask::get(&grant))?;
    expect(&file, 200, "the claimed download")?;
    must(file_fault(&file), "the claimed download")?;
    ensure(file.body == scene.content, || "the claimed download is another content".into())?;
    let again = scene.send(&Ask::new("POST", download))?;
    must(refusal_fault(&again, 410, "gone"), "a second claim of one download")?;
    Ok("303, the file, then 410".into())
}

pub(super) fn password(scene: &mut Scene<'_>) -> Seen {
    let mut word = [0; 12];
    getrandom::fill(&mut word).map_err(|_| Fault::Failed("the system gives no random bytes".into()))?;
    let word: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
    let share = scene.new_share(&json!({ "password": word }))?;
    let download = text(&share, "download")?;
    let closed = scene.send(&Ask::get(download))?;
    must(refusal_fault(&closed, 403, "password_required"), "without a password")?;
    let wrong = scene.send(&Ask::new("POST", download).body(FORM, b"password=not-the-password"))?;
    must(refusal_fault(&wrong, 403, "wrong_password"), "with a wrong password")?;
    let right = scene.send(&Ask::new("POST", download).body(FORM, format!("password={word}").as_bytes()))?;
    expect(&right, 303, "with the password")?;
    must(fault(&right), "with the password")?;
    let opened = absolute(download, right.one("location").ok_or("the password leads nowhere")?);
    let file = scene.send(&Ask::get(&opened))?;
    expect(&file, 200, "the opened link")?;
    must(file_fault(&file), "the opened link")?;
    ensure(file.body == scene.content, || "the opened link leads to another content".into())?;
    Ok("403, 403, 303, the file".into())
}

pub(super) fn folder(scene: &mut Scene<'_>) -> Seen {
    let key = text(scene.file()?, "key")?.to_string();
    let Some((folder, name)) = key.rsplit_once('/') else { return Err("the file's key names no folder".into()) };
    let share = scene.new_share(&json!({ "folder": folder, "list": true }))?;
    let page = scene.send(&Ask::get(text(&share, "link")?).header("accept", "application/json"))?;
    expect(&page, 200, "a folder's page")?;
    must(fault(&page), "a folder's page")?;
    let facts = page.json().unwrap_or_default();
    let entries = facts["entries"].as_array().cloned().unwrap_or_default();
    let found = entries.iter().find(|entry| entry["name"] == name && entry["size"] == scene.content.len());
    let Some(entry) = found else {
        return Err(Fault::Failed(format!("{} entries, and the file is not among them", entries.len())));
    };
    let file = scene.send(&Ask::get(absolute(text(&share, "link")?, text(entry, "download")?)))?;
    expect(&file, 200, "a file of the folder")?;
    must(file_fault(&file), "a file of the folder")?;
    ensure(file.body == scene.content, || "a file of the folder is another content".into())?;
    Ok(format!("{} entry, which opens", entries.len()))
}

/// Taken back, and refused everywhere that is asked, also where the content was just cached.
pub(super) fn revoked(scene: &mut Scene<'_>) -> Seen {
    let share = scene.new_share(&json!({}))?;
    let download = text(&share, "download")?.to_string();
    let before = scene.send(&Ask::get(&download))?;
    expect(&before, 200, "before")?;
    let begun = Instant::now();
    scene.call(200, &format!("shares/{}/revoke", text(&share, "id")?), &json!({}))?;
    let answer = poll(scene, &Ask::get(&download), scene.revoked_within, |answer| answer.status != 200)?;
    let took = begun.elapsed();
    must(refusal_fault(&answer, 410, "gone"), "afterwards")?;
    let page = scene.send(&Ask::get(text(&share, "link")?))?;
    must(refusal_fault(&page, 410, "gone"), "its page afterwards")?;
    Ok(format!("410 after {} ms", took.as_millis()))
}

pub(super) fn bad_call(scene: &mut Scene<'_>) -> Seen {
    let unknown = scene.api.call("POST", "shares", Some(&json!({ "key": "a", "clouddrop_smoke": 1 })))?;
    must(refusal_fault(&unknown, 400, "bad_request"), "a field that is not known")?;
    let nobody =
        Ask::new("POST", format!("{}/api/v1/shares", scene.api.page())).bearer("cd_not-a-key").json(&json!({}));
    let answer = scene.send(&nobody)?;
    must(refusal_fault(&answer, 401, "unauthorized"), "a key that is none")?;
    Ok("400 and 401".into())
}

/// Asks until the answer is one that is waited for; the last answer.
fn poll(scene: &Scene<'_>, ask: &Ask, most: Duration, is_it: impl Fn(&Answer) -> bool) -> Result<Answer, Fault> {
    let begun = Instant::now();
    loop {
        let answer = scene.send(ask)?;
        if is_it(&answer) {
            return Ok(answer);
        }
        if begun.elapsed() > most {
            return Err(Fault::Failed(format!("still answered {} after {} s", answer.words(), most.as_secs())));
        }
        std::thread::sleep(GLANCE);
    }
}

/// The address that `location` names, seen from `from`.
fn absolute(from: &str, location: &str) -> String {
    if location.starts_with('/') {
        let base: Vec<&str> = from.split('/').take(3).collect();
        return format!("{}{location}", base.join("/"));
    }
    location.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_seen_from_where_they_came() {
        assert_eq!(absolute("https://a:1/d/x", "/d/y"), "https://a:1/d/y");
        assert_eq!(absolute("https://a/d/x", "https://b/d/y"), "https://b/d/y");
    }
}
