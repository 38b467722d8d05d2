//! Checks that make nothing and need no key.

use super::scene::{Scene, ensure, expect, must};
use crate::checks::{Seen, not_checked};
use crate::http::{Ask, host_of};
use crate::out::plain;
use crate::promises::{fault, leak, refusal_fault};

/// Both hosts live, as far as both are known.
pub(super) fn health(scene: &mut Scene<'_>) -> Seen {
    let answer = scene.send(&Ask::get(format!("{}/healthz", scene.api.page())))?;
    let is_ours = answer.status == 200 && answer.body == b"ok\n";
    ensure(is_ours, || format!("{} answers {}: it is no CloudDrop", host_of(scene.api.page()), answer.words()))?;
    must(fault(&answer), "/healthz")?;
    Ok("ok".into())
}

pub(super) fn page(scene: &mut Scene<'_>) -> Seen {
    let answer = scene.send(&Ask::get(format!("{}/", scene.api.page())))?;
    expect(&answer, 200, "GET /")?;
    let kind = answer.one("content-type").unwrap_or("");
    ensure(kind.starts_with("text/html"), || format!("GET / is {:?}, not text/html", plain(kind)))?;
    must(fault(&answer), "GET /")?;
    let policy = answer.all("content-security-policy").join(" ");
    for part in ["default-src 'none'", "script-src 'self'"] {
        ensure(policy.contains(part), || format!("the page's content-security-policy lacks {part:?}"))?;
    }
    // Its script is there, and is what the page says: a browser would not run another.
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let Some(script) = text.split("src=\"/").nth(1).and_then(|rest| rest.split('"').next()) else {
        return Err("the page names no script".into());
    };
    let asset = scene.send(&Ask::get(format!("{}/{script}", scene.api.page())))?;
    expect(&asset, 200, "the page's script")?;
    must(leak(&asset), "the page's script")?;
    Ok(format!("{} bytes and its script", answer.body.len()))
}

/// The page tells its own scripts where files are served; so it tells us.
pub(super) fn settings(scene: &mut Scene<'_>) -> Seen {
    let answer = scene.send(&Ask::get(format!("{}/settings.json", scene.api.page())))?;
    expect(&answer, 200, "GET /settings.json")?;
    must(fault(&answer), "/settings.json")?;
    let settings = answer.json().unwrap_or_default();
    let Some(files) = settings["files"].as_str() else { return Err("/settings.json names no files' host".into()) };
    ensure(host_of(files) != host_of(scene.api.page()), || {
        format!("files are served from the page's own host, {}: content of strangers shares its origin", host_of(files))
    })?;
    let health = scene.send(&Ask::get(format!("{files}/healthz")))?;
    ensure(health.status == 200 && health.body == b"ok\n", || {
        format!("the files' host {} answers {}", host_of(files), health.words())
    })?;
    scene.files_base = Some(files.trim_end_matches('/').into());
    Ok(host_of(files).into())
}

pub(super) fn robots(scene: &mut Scene<'_>) -> Seen {
    for base in hosts(scene) {
        let answer = scene.send(&Ask::get(format!("{base}/robots.txt")))?;
        expect(&answer, 200, "GET /robots.txt")?;
        must(fault(&answer), "/robots.txt")?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure(text == "User-agent: *\nDisallow: /\n", || {
            format!("/robots.txt of {} says {:?}", host_of(&base), plain(&text))
        })?;
    }
    Ok("disallowed".into())
}

pub(super) fn security_txt(scene: &mut Scene<'_>) -> Seen {
    let answer = scene.send(&Ask::get(format!("{}/.well-known/security.txt", scene.api.page())))?;
    if answer.status == 404 {
        must(refusal_fault(&answer, 404, "not_found"), "security.txt")?;
        return not_checked("there is none: set SECURITY_CONTACT");
    }
    expect(&answer, 200, "security.txt")?;
    must(fault(&answer), "security.txt")?;
    let text = String::from_utf8_lossy(&answer.body);
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let contact = field("Contact:").ok_or("security.txt has no Contact (RFC 9116 section 2.5.3)")?;
    ensure(field("Expires:").is_some(), || "security.txt has no Expires (RFC 9116 section 2.5.5)".into())?;
    Ok(plain(contact))
}

pub(super) fn page_refusals(scene: &mut Scene<'_>) -> Seen {
    let page = scene.api.page();
    let cases = [
        ("GET", "/clouddrop-smoke-nothing", 404, "not_found"),
        ("GET", "/api/v1/account", 401, "unauthorized"),
        ("PUT", "/healthz", 405, "method_not_allowed"),
        ("GET", "/f/clouddrop-smoke", 404, "not_found"),
    ];
    refusals(scene, page, &cases)
}

pub(super) fn file_refusals(scene: &mut Scene<'_>) -> Seen {
    let Some(files) = scene.files_base.clone() else { return not_checked("the files' host is not known") };
    let cases = [
        ("GET", "/", 404, "not_found"),
        ("GET", "/f/clouddrop-smoke", 401, "unauthorized"),
        ("GET", "/d/clouddrop-smoke", 401, "unauthorized"),
        ("GET", "/s/clouddrop-smoke", 401, "unauthorized"),
        ("GET", "/f/a%2fb", 400, "bad_path"),
        ("DELETE", "/f/clouddrop-smoke", 405, "method_not_allowed"),
        ("GET", "/api/v1/account", 404, "not_found"),
    ];
    refusals(scene, &files, &cases)
}

fn refusals(scene: &Scene<'_>, base: &str, cases: &[(&'static str, &str, u16, &str)]) -> Seen {
    for (method, path, status, code) in cases {
        let answer = scene.send(&Ask::new(method, format!("{base}{path}")))?;
        must(refusal_fault(&answer, *status, code), &format!("{method} {path}"))?;
    }
    // A browser gets a page that says the same.
    let page = scene.send(&Ask::get(format!("{base}/clouddrop-smoke-nothing")).header("accept", "text/html"))?;
    expect(&page, 404, "a browser's GET of nothing")?;
    must(fault(&page), "a browser's GET of nothing")?;
    let kind = page.one("content-type").unwrap_or("");
    ensure(kind.starts_with("text/html"), || format!("a browser is answered with {:?}", plain(kind)))?;
    Ok(format!("{} as they should be", cases.len() + 1))
}

pub(super) fn openapi(scene: &mut Scene<'_>) -> Seen {
    let answer = scene.send(&Ask::get(format!("{}/api/v1/openapi.json", scene.api.page())))?;
    expect(&answer, 200, "GET /api/v1/openapi.json")?;
    must(fault(&answer), "/api/v1/openapi.json")?;
    let document = answer.json().ok_or("/api/v1/openapi.json is not JSON")?;
    let paths = document["paths"].as_object().map_or(0, serde_json::Map::len);
    ensure(paths > 0, || "/api/v1/openapi.json has no paths".into())?;
    Ok(format!("{paths} paths"))
}

fn hosts(scene: &Scene<'_>) -> Vec<String> {
    let page = scene.api.page().to_string();
    scene.files_base.iter().cloned().chain([page]).collect()
}
