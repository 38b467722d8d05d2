//! What was sent and shared before: lists, links made anew, taken back, thrown away.

use crate::api::{Api, escaped, new_key, number, text};
use crate::args::{Abort, Events, Extend, Ids, List, Ls, Request, RequestAct, Share};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::get::link::Link;
use crate::out::{Out, plain, size, table};
use crate::put::state::forget_old;
use anyhow::Context as _;
use clouddrop_core::issue::Span;
use serde_json::{Value, json};

/// The most that a page of a list holds.
const PAGE: usize = 200;

/// Prints the items of a list.
fn print(out: &Out, items: &[Value], head: &[&str], row: impl Fn(&Value) -> Vec<String>) -> Result<()> {
    let mut rows = vec![head.iter().map(ToString::to_string).collect()];
    rows.extend(items.iter().map(row));
    let text = if items.is_empty() { String::new() } else { table(&rows) };
    if items.is_empty() {
        out.note("nothing there");
    }
    out.result(&json!({ "items": items }), &text).context("writing the list")?;
    Ok(())
}

/// The items of a list, page by page, as many as are wanted.
fn items(api: &Api, path: &str, query: &str, limit: usize) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let wanted = if limit == 0 { PAGE } else { PAGE.min(limit - found.len()) };
        let cursor_part = cursor.as_deref().map_or(String::new(), |cursor| format!("&cursor={}", escaped(cursor)));
        let page = api.get(&format!("{path}?limit={wanted}{query}{cursor_part}"))?;
        found.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["next_cursor"].as_str() {
            Some(next) if limit == 0 || found.len() < limit => cursor = Some(next.into()),
            _ => break,
        }
    }
    if limit > 0 {
        found.truncate(limit);
    }
    Ok(found)
}

fn show(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => plain(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(crate) fn files(api: &Api, out: &Out, ls: &Ls) -> Result<()> {
    let query = ls.name.as_deref().map_or(String::new(), |name| format!("&name={}", escaped(name)));
    let items = items(api, "files", &query, ls.list.limit)?;
    print(out, &items, &["ID", "SENT", "SIZE", "NAME"], |file| {
        vec![show(file, "id"), show(file, "created_at"), size(file["size"].as_u64().unwrap_or(0)), show(file, "name")]
    })
}

pub(crate) fn shares(api: &Api, out: &Out, list: &List) -> Result<()> {
    let items = items(api, "shares", "", list.limit)?;
    print(out, &items, &["ID", "STATE", "ENDS", "USES", "OPENS"], |share| {
        let uses = &share["uses"];
        let used = uses["downloads"].as_u64().unwrap_or(0).max(uses["claims"].as_u64().unwrap_or(0));
        let most = share["max_downloads"].as_u64().map_or(String::new(), |most| format!("/{most}"));
        let key = show(share, if share["key"].is_string() { "key" } else { "folder" });
        // The owner and the folder of a key say nothing to people.
        let below = key.splitn(3, '/').nth(2).map_or_else(|| "a folder".to_string(), String::from);
        let opens = share["file_name"].as_str().map_or(below, plain);
        vec![show(share, "id"), show(share, "state"), show(share, "expires_at"), format!("{used}{most}"), opens]
    })
}

/// Makes a link to a file.
pub(crate) fn share(api: &Api, out: &Out, share: &Share, password: Option<String>) -> Result<()> {
    let file = find(api, &share.file)?;
    let mut body = share.terms.to_json(password);
    body["key"] = json!(text(&file, "key")?);
    let made = api.repeat("shares", &body, Some(&new_key()?))?;
    out.result(&made, text(&made, "link")?).context("writing the link")?;
    Ok(())
}

/// A file by its id, or by its name.
fn find(api: &Api, named: &str) -> Result<Value> {
    let is_id = named.len() >= 32 && named.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if is_id {
        return api.get(&format!("files/{}", escaped(named)));
    }
    let found: Vec<Value> = items(api, "files", &format!("&name={}", escaped(named)), 0)?
        .into_iter()
        .filter(|file| file["name"].as_str() == Some(named))
        .collect();
    match found.as_slice() {
        [file] => Ok(file.clone()),
        [] => Err(Failure::new(Exit::NotFound, format!("no file is called {}: see clouddrop ls", plain(named)))),
        many => {
            let message =
                format!("{} files are called {}: name one by its id, see clouddrop ls", many.len(), plain(named));
            Err(Failure::new(Exit::Conflict, message))
        }
    }
}

/// The id of a share, by itself or by its link.
fn share_id(named: &str) -> Result<String> {
    if !named.contains("://") {
        return Ok(named.into());
    }
    let link = Link::parse(named)?;
    crate::token::share_of(&link.token)
        .ok_or_else(|| Failure::usage("the link's token names no share: use the id that clouddrop shares shows"))
}

/// Gives a link another end.
pub(crate) fn extend(api: &Api, out: &Out, extend: &Extend) -> Result<()> {
    let path = format!("shares/{}", escaped(&share_id(&extend.share)?));
    let changed = api.change("PATCH", &path, Some(&json!({ extend.expires.field(): extend.expires.to_json() })))?;
    out.result(&changed, text(&changed, "link")?).context("writing the link")?;
    Ok(())
}

/// Takes links back.
pub(crate) fn revoke(api: &Api, out: &Out, ids: &Ids) -> Result<()> {
    each(out, ids, "revoked", |id| api.repeat(&format!("shares/{}/revoke", escaped(&share_id(id)?)), &json!({}), None))
}

/// Deletes files.
pub(crate) fn remove(api: &Api, out: &Out, ids: &Ids) -> Result<()> {
    each(out, ids, "deleted", |id| {
        let file = find(api, id)?;
        api.change("DELETE", &format!("files/{}", escaped(text(&file, "id")?)), None)?;
        Ok(file)
    })
}

/// Does something to each; what failed is told, and the others are done all the same.
fn each(out: &Out, ids: &Ids, done: &str, act: impl Fn(&str) -> Result<Value>) -> Result<()> {
    let (mut lines, mut told, mut refused, mut failed) = (Vec::new(), Vec::new(), Vec::new(), None);
    for id in &ids.ids {
        match act(id).map_err(|failure| failure.about(&plain(id))) {
            Ok(value) => {
                lines.push(format!("{done} {}", show(&value, "id")));
                told.push(value);
            }
            Err(failure) => {
                refused.push(json!({ "id": id, "error": failure.message, "code": failure.code }));
                // The first one ends the run, and is told then; with --json, all of them are in the document.
                if failed.is_some() && !out.json {
                    crate::out::error(false, &failure);
                }
                failed.get_or_insert(failure);
            }
        }
    }
    out.result(&json!({ "items": told, "failed": refused }), &lines.join("\n")).context("writing the result")?;
    failed.map_or(Ok(()), Err)
}

/// Makes a link by which others send files in, or looks after such links.
pub(crate) fn request(api: &Api, out: &Out, request: &Request) -> Result<()> {
    match &request.act {
        None => {
            let mut body = json!({});
            if let Some(note) = &request.note {
                body["note"] = json!(note);
            }
            if let Some(expires) = &request.expires {
                body[expires.field()] = expires.to_json();
            }
            let numbers = [
                ("max_files", request.max_files),
                ("max_file_bytes", request.max_file_size.map(|size| size.0)),
                ("max_bytes", request.max_size.map(|size| size.0)),
            ];
            for (name, value) in numbers {
                if let Some(value) = value {
                    body[name] = json!(value);
                }
            }
            if !request.types.is_empty() {
                body["types"] = json!(request.types);
            }
            let made = api.repeat("upload-links", &body, Some(&new_key()?))?;
            let shown = made["link"].as_str().map_or_else(|| text(&made, "token"), Ok)?;
            out.result(&made, shown).context("writing the link")?;
            Ok(())
        }
        Some(RequestAct::Ls(list)) => {
            let items = items(api, "upload-links", "", list.limit)?;
            print(out, &items, &["ID", "STATE", "ENDS", "FILES", "NOTE"], |link| {
                let files = format!("{}/{}", show(link, "files"), show(link, "max_files"));
                vec![show(link, "id"), show(link, "state"), show(link, "expires_at"), files, show(link, "note")]
            })
        }
        Some(RequestAct::Close(ids)) => {
            each(out, ids, "closed", |id| api.repeat(&format!("upload-links/{}/close", escaped(id)), &json!({}), None))
        }
    }
}

/// What happened to a link.
pub(crate) fn events(api: &Api, out: &Out, events: &Events) -> Result<()> {
    let path = format!("shares/{}/events", escaped(&share_id(&events.share)?));
    let items = items(api, &path, "", events.list.limit)?;
    print(out, &items, &["WHEN", "WHAT", "BYTES", "COUNTRY", "NETWORK"], |event| {
        let at = event["at"]
            .as_i64()
            .map_or(String::new(), |millis| clouddrop_core::UnixTime::from_millis(millis).to_string());
        vec![at, show(event, "kind"), show(event, "bytes"), show(event, "country"), show(event, "network")]
    })
}

/// Throws away uploads that were left.
pub(crate) fn abort(api: &Api, out: &Out, abort: &Abort) -> Result<()> {
    let body = match &abort.older_than {
        None => json!({}),
        Some(text) if Span::parse(text).is_some() => json!({ "older_than": text }),
        Some(_) => return Err(Failure::usage("--older-than is a time: 1s, 30m, 12h, 1d")),
    };
    let done = api.repeat("uploads/abort-stale", &body, None)?;
    forget_old()?;
    let (aborted, completed) = (number(&done, "aborted")?, number(&done, "completed")?);
    out.result(&done, &format!("{aborted} aborted, {completed} completed")).context("writing the result")?;
    Ok(())
}
