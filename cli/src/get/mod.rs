//! `clouddrop get`: what a link opens, a file or a folder, as it is at the other end or not at all.

mod file;
pub(crate) mod link;
mod state;
mod stream;

use crate::args::Get;
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::out::{Out, size};
use crate::{api, secrets};
use anyhow::Context as _;
use clouddrop_core::UnixTime;
use clouddrop_core::disposition::harmless;
use file::{Counted, Fetched, Source};
use link::Link;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Most pages of a folder that are read: 10,000 names a page.
const MAX_PAGES: usize = 10_000;
/// Most folders within each other.
const MAX_DEPTH: usize = 64;

/// Fetches what the link opens.
pub(crate) fn run(out: &Out, get: &Get) -> Result<()> {
    let agent = api::agent();
    let given = Link::parse(&get.link)?;
    let (link, facts) = match link::facts(&agent, &given, "") {
        Err(failure) if link::needs_password(&failure) => {
            let password = secrets::password(get.password_stdin)?.ok_or_else(|| {
                Failure::new(
                    Exit::Refused,
                    "this link needs its password: give it by --password-stdin or CLOUDDROP_PASSWORD",
                )
            })?;
            let opened = link::open(&agent, &given, &password)?;
            let facts = link::facts(&agent, &opened, "")?;
            (opened, facts)
        }
        result => (given.clone(), result.map_err(dead_link)?),
    };
    let fetching = Fetching {
        agent: &agent,
        out,
        get,
        given: &given,
        link: &link,
        counted: (facts["counted"] == true).then(|| facts["size"].as_u64().unwrap_or(0)),
    };
    if facts["folder"] == true && link.below.is_empty() {
        return fetching.folder(&facts);
    }
    let name = if link.below.is_empty() { facts["name"].as_str().unwrap_or("") } else { last_of(&link.below) };
    let decoded = if link.below.is_empty() { None } else { clouddrop_core::percent::decode(name) };
    let name = harmless(decoded.as_deref().unwrap_or(name));
    let source = Source { url: link.download(), identity: format!("{}{}", given.token, given.below), modified: None };
    if get.output.as_deref() == Some(Path::new("-")) {
        return fetching.to_stdout(&source);
    }
    let path = match &get.output {
        None => PathBuf::from(name),
        Some(folder) if folder.is_dir() || folder.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            folder.join(name)
        }
        Some(path) => path.clone(),
    };
    let fetched = fetching.file(&source, &path)?;
    let told = json!({ "path": path, "size": fetched.size, "etag": fetched.etag, "sha256": fetched.sha256 });
    out.result(&told, &path.display().to_string()).context("writing the result")?;
    Ok(())
}

/// A token that is not taken is a link that is cut off or misspelled: no key of ours would help.
fn dead_link(failure: Failure) -> Failure {
    if failure.exit == Exit::SignIn {
        return Failure::new(Exit::Refused, "this link is not whole, or not of this service: copy it again");
    }
    failure
}

/// A file of a folder, and where it goes.
struct Entry {
    download: String,
    path: PathBuf,
    size: Option<u64>,
    modified: Option<UnixTime>,
}

/// What every file of a run has in common.
struct Fetching<'a> {
    agent: &'a ureq::Agent,
    out: &'a Out,
    get: &'a Get,
    /// As it was given, and as it was opened with its password.
    given: &'a Link,
    link: &'a Link,
    /// Bytes, if uses of the link are counted.
    counted: Option<u64>,
}

impl Fetching<'_> {
    fn file(&self, source: &Source, path: &Path) -> Result<Fetched> {
        file::fetch(
            self.agent,
            self.out,
            source,
            self.counted.map(|size| Counted { link: self.link, size }),
            path,
            self.get,
        )
    }

    fn to_stdout(&self, source: &Source) -> Result<()> {
        let url = if self.counted.is_some() {
            format!("{}{}", self.link.origin, link::claim(self.agent, self.link, &api::new_key()?)?)
        } else {
            source.url.clone()
        };
        stream::stream(self.agent, self.out, &url, self.get.sha256.as_deref())
    }

    /// All files of a folder, below a folder of its name.
    fn folder(&self, facts: &Value) -> Result<()> {
        let name = harmless(facts["name"].as_str().unwrap_or(""));
        let root = self.get.output.clone().unwrap_or_else(|| PathBuf::from(name));
        if root == Path::new("-") || self.get.sha256.is_some() {
            return Err(Failure::usage("the link opens a folder: --sha256 and `-o -` are for one file"));
        }
        if facts["entries"].is_null() {
            let message = "the files of this folder are not listed: ask for their names, and get <link>/<name>";
            return Err(Failure::new(Exit::Refused, message));
        }
        let mut files = Vec::new();
        self.walk(facts.clone(), &root, 0, &mut files)?;
        let mut told = Vec::new();
        let mut lines = Vec::new();
        let mut in_the_way = Vec::new();
        let mut taken = BTreeSet::new();
        for Entry { download, path, size: bytes, modified } in files {
            let folder = path.parent().unwrap_or(&root);
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
            let below = download.split('/').skip(3).collect::<Vec<_>>().join("/");
            let link = Link { below: format!("/{below}"), ..self.link.clone() };
            let source = Source { url: link.download(), identity: format!("{}/{below}", self.given.token), modified };
            let one = Fetching { link: &link, ..*self };
            // Two names of strangers can become one when they are made harmless.
            if !taken.insert(path.clone()) {
                in_the_way.push(path);
                continue;
            }
            match one.file(&source, &path) {
                Ok(fetched) => {
                    lines.push(format!("{}  {}", path.display(), size(fetched.size)));
                    told.push(json!({ "path": path, "size": fetched.size, "etag": fetched.etag }));
                }
                Err(failure) if failure.exit == Exit::Conflict && source.is_at(&path, bytes) && !self.get.force => {
                    self.out.note(&format!("{}: is there already", path.display()));
                }
                Err(failure) if failure.exit == Exit::Conflict => in_the_way.push(path),
                Err(failure) => return Err(failure),
            }
        }
        self.out.result(&json!({ "files": told }), &lines.join("\n")).context("writing the result")?;
        let Some(first) = in_the_way.first() else { return Ok(()) };
        let more = if in_the_way.len() > 1 { format!(" and {} more", in_the_way.len() - 1) } else { String::new() };
        let message = format!(
            "{}{more}: another file is in the way, everything else was fetched: name another folder by -o, or use --force",
            first.display()
        );
        Err(Failure::new(Exit::Conflict, message))
    }

    /// The downloads below a page of the folder, and where each goes.
    fn walk(&self, mut page: Value, into: &Path, depth: usize, files: &mut Vec<Entry>) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(Failure::failed("folders within folders without end"));
        }
        for _ in 0..MAX_PAGES {
            for entry in page["entries"].as_array().into_iter().flatten() {
                let path = into.join(harmless(entry["name"].as_str().unwrap_or("")));
                if let Some(download) = entry["download"].as_str() {
                    let modified = entry["modified_at"].as_str().and_then(UnixTime::from_rfc3339);
                    files.push(Entry { download: download.into(), path, size: entry["size"].as_u64(), modified });
                } else if let Some(inner) = entry["page"].as_str() {
                    let inner = link::facts(self.agent, self.link, query_of(inner))?;
                    self.walk(inner, &path, depth + 1, files)?;
                }
            }
            let Some(next) = page["next"].as_str() else { return Ok(()) };
            page = link::facts(self.agent, self.link, query_of(next))?;
        }
        Err(Failure::failed("a folder without end"))
    }
}

fn query_of(address: &str) -> &str {
    address.find('?').map_or("", |at| &address[at..])
}

fn last_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
