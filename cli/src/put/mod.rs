//! `clouddrop put`: files go straight to the bucket, several parts at once; then there is a link.

mod parts;
pub(crate) mod state;

use crate::api::{Api, number, text};
use crate::args::{Put, Terms};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::hash::crc64nvme;
use crate::out::Out;
use anyhow::Context as _;
use clouddrop_core::disposition::harmless;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use state::{Job, Unfinished};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How long a grant is asked for: the longest that there is.
const GRANT: &str = "1d";

/// Sends the files and makes a link to them.
pub(crate) fn run(api: &Api, out: &Out, put: &Put, password: Option<String>) -> Result<()> {
    let jobs = jobs(put)?;
    let mut sent = Vec::new();
    // Files that are sent together lie in one folder, so that one link opens them all.
    let mut folder: Option<String> = None;
    for job in jobs.iter().cloned() {
        let (file, unfinished) = send(api, out, &Job { folder: folder.clone(), ..job })?;
        if folder.is_none() {
            folder = text(&file, "key")?.split('/').nth(1).map(String::from);
        }
        sent.push((file, unfinished));
    }
    let files: Vec<Value> = sent.iter().map(|(file, _)| file.clone()).collect();
    let share = if put.no_share {
        Value::Null
    } else {
        let Some((first, unfinished)) = sent.first() else { return Err(Failure::usage("no file is named")) };
        let mut body = put.terms.to_json(password);
        if let [file] = files.as_slice() {
            body["key"] = json!(text(file, "key")?);
        } else {
            let key = text(first, "key")?;
            body["folder"] = json!(key.split('/').take(2).collect::<Vec<_>>().join("/"));
            body["list"] = json!(true);
        }
        api.repeat("shares", &body, Some(&unfinished.share_key(&body)))?
    };
    let link = share["link"].as_str().map_or_else(
        || files.iter().filter_map(|file| file["id"].as_str()).collect::<Vec<_>>().join("\n"),
        String::from,
    );
    let told = json!({ "files": files, "share": share });
    out.result(&told, &link).context("writing the result")?;
    // Only now is nothing left to be done again.
    for (_, unfinished) in &sent {
        unfinished.forget();
    }
    Ok(())
}

/// What is to be sent: files, and the files below folders.
fn jobs(put: &Put) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for path in &put.files {
        let looking = || format!("{}", path.display());
        let path = fs::canonicalize(path).with_context(looking)?;
        if path.is_dir() {
            let above = path.parent().map_or(0, |parent| parent.components().count());
            below(&path, above, &mut jobs)?;
        } else {
            jobs.push(Job { name: name_of(&path)?, path, folder: None, directory: None });
        }
    }
    apart(&mut jobs);
    match (&put.name, jobs.as_mut_slice()) {
        (Some(name), [job]) => job.name.clone_from(name),
        (Some(_), _) => return Err(Failure::usage("--name is for one file")),
        (None, []) => return Err(Failure::usage("there is no file in what is named")),
        (None, _) => {}
    }
    Ok(jobs)
}

/// Gives files of one name in one place names of their own: `a.txt`, `a (2).txt`. In the bucket names are harmless ones, and
/// two that differ here may be one there.
fn apart(jobs: &mut [Job]) {
    let mut taken = BTreeSet::new();
    for job in jobs {
        let (stem, end) = match job.name.rfind('.').filter(|dot| *dot > 0) {
            Some(dot) => (job.name[..dot].to_string(), job.name[dot..].to_string()),
            None => (job.name.clone(), String::new()),
        };
        let mut number = 1;
        while !taken.insert((job.directory.clone(), harmless(&job.name))) {
            number += 1;
            job.name = format!("{stem} ({number}){end}");
        }
    }
}

fn below(folder: &Path, above: usize, jobs: &mut Vec<Job>) -> Result<()> {
    let reading = || format!("reading {}", folder.display());
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(reading)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .with_context(reading)?;
    entries.sort();
    for path in entries {
        // Links could lead anywhere, and round in circles.
        let kind = fs::symlink_metadata(&path).with_context(|| format!("{}", path.display()))?;
        if kind.is_dir() {
            below(&path, above, jobs)?;
        } else if kind.is_file() {
            let directory: PathBuf = folder.components().skip(above).collect();
            let directory = directory.to_str().context("a folder whose name is not UTF-8")?;
            jobs.push(Job { name: name_of(&path)?, path, folder: None, directory: Some(directory.into()) });
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(String::from)
        .ok_or_else(|| Failure::usage(format!("{} has a name that is not UTF-8: use --name", path.display())))
}

/// Sends one file, or what is left of it. Gives back what the service says of it, and what is to be forgotten once
/// all is told.
fn send(api: &Api, out: &Out, job: &Job) -> Result<(Value, Unfinished)> {
    let shown = job.path.display().to_string();
    let facts = fs::metadata(&job.path).with_context(|| shown.clone())?;
    if !facts.is_file() {
        return Err(Failure::usage(format!("{shown} is not a file")));
    }
    let bar = out.bar(&job.name, facts.len());
    let mut unfinished = match Unfinished::find(api.url(), job, &facts)? {
        Some(unfinished) => {
            out.note(&format!("{shown}: goes on"));
            unfinished
        }
        None => begin(api, job, &facts, &bar)?,
    };
    let grant = match api.repeat("uploads", &unfinished.request, Some(&unfinished.key)) {
        Err(failure) if matches!(failure.exit, Exit::Conflict | Exit::NotFound) && unfinished.is_old => {
            // It is complete, and the run that did so was not told.
            if let Some(upload) = &unfinished.upload
                && let Ok(file) = api.repeat("uploads/complete", &json!({ "upload": upload }), None)
            {
                bar.finish_and_clear();
                return Ok((file, unfinished));
            }
            // The key is too old, or its upload was thrown away: from the beginning, then.
            unfinished.forget();
            unfinished = begin(api, job, &facts, &bar)?;
            api.repeat("uploads", &unfinished.request, Some(&unfinished.key))
        }
        result => result,
    };
    let grant = grant.map_err(|failure| failure.about(&shown))?;
    bar.set_position(0);
    unfinished.granted(text(&grant, "upload")?)?;
    let upload = json!({ "upload": text(&grant, "upload")? });
    let sent = if grant["upload_id"].is_string() {
        parts::send(api, &job.path, &grant, &bar)
    } else {
        whole(api, &job.path, &unfinished, &grant, &bar)
    };
    let file = sent.and_then(|()| api.repeat("uploads/complete", &upload, None)).map_err(|failure| {
        if !matches!(failure.exit, Exit::Conflict | Exit::Damaged) {
            return failure.about(&shown);
        }
        // What has arrived is not what was read before: there is nothing to go on with.
        unfinished.forget();
        let message = format!("{shown}: the file changed while it was sent, or was damaged on its way: send it again");
        Failure { exit: Exit::Damaged, message, ..failure }
    })?;
    bar.finish_and_clear();
    Ok((file, unfinished))
}

fn begin(api: &Api, job: &Job, facts: &fs::Metadata, bar: &ProgressBar) -> Result<Unfinished> {
    let (sum, size) = crc64nvme(&job.path, bar)?;
    let mut request = json!({
        "name": job.name,
        "size": size,
        "type": mime_guess::from_path(&job.path).first_or_octet_stream().essence_str(),
        "crc64nvme": sum,
        "expires_in": GRANT,
    });
    for (name, value) in [("folder", &job.folder), ("directory", &job.directory)] {
        if let Some(value) = value {
            request[name] = json!(value);
        }
    }
    Unfinished::begin(api.url(), job, facts, request)
}

/// One PUT of the whole file.
fn whole(api: &Api, path: &Path, unfinished: &Unfinished, grant: &Value, bar: &ProgressBar) -> Result<()> {
    let size = number(&unfinished.request, "size")?;
    let headers: Vec<(String, String)> = grant["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string())))
        .collect();
    let url = text(grant, "url")?.to_string();
    crate::transfer::work_off(&[()], 1, |(), attempt| {
        let url = if attempt == 0 {
            url.clone()
        } else {
            // The old one may have ended.
            text(&api.repeat("uploads", &unfinished.request, Some(&unfinished.key))?, "url")?.to_string()
        };
        let piece = parts::Piece { first: 0, size, headers: &headers, attempt };
        match parts::put(api, path, &url, &piece, bar) {
            // It is there already: an earlier run sent it and did not hear so.
            Err(failure) if failure.is("PreconditionFailed") => Ok(()),
            result => result,
        }
    })
}

impl Terms {
    /// As the API takes them.
    pub(crate) fn to_json(&self, password: Option<String>) -> Value {
        let mut body = json!({});
        if let Some(expires) = &self.expires {
            body[expires.field()] = expires.to_json();
        }
        if let Some(most) = self.downloads {
            body["max_downloads"] = json!(most);
        }
        if let Some(note) = &self.note {
            body["note"] = json!(note);
        }
        for (name, list) in [("networks", &self.networks), ("countries", &self.countries)] {
            if !list.is_empty() {
                body[name] = json!(list);
            }
        }
        if self.inline {
            body["inline"] = json!(true);
        }
        if let Some(password) = password {
            body["password"] = json!(password);
        }
        body
    }
}
