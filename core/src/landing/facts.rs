//! What is known of a share before and after the origin was asked, and which reply follows.

use super::accept::{Form, Wanted};
use super::preview::{Preview, TextPreview};
use super::words::Words;
use super::{file_page, folder_page, json};
use crate::config::Config;
use crate::decision::{Fetch, Head};
use crate::disposition::harmless;
use crate::expect::Expect;
use crate::listing::{Listing, Place};
use crate::media_type::MediaType;
use crate::origin_reply::Next;
use crate::range::number;
use crate::refusal::Refusal;
use crate::reply::{HeaderSet, Reply};
use crate::request::Request;
use crate::time::UnixTime;
use crate::token::{Claims, Disposition, Purpose};
use alloc::string::String;
use core::fmt;

/// What the token and the request tell.
#[derive(Clone)]
pub struct Facts {
    /// Harmless: see [`harmless`].
    pub(super) name: String,
    pub(super) expires: UnixTime,
    pub(super) downloads: Option<Downloads>,
    pub(super) disposition: Disposition,
    /// The token's text: it stands in the page's links.
    token: String,
    /// Where to report the file: a URL.
    pub(super) report: Option<String>,
    wanted: Wanted,
    /// In the reader's language.
    pub(super) words: &'static Words,
}

/// The downloads of a counted link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Downloads {
    /// How many there are in all.
    pub limit: u64,
    /// How many are left; `None` if the counter was not asked or did not answer.
    pub left: Option<u64>,
}

/// What the origin tells of one file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Bytes.
    pub size: u64,
    /// The type that is sent, which is not always the one that is stored.
    pub media_type: MediaType,
}

/// What follows from the origin's answer to a landing page's question.
#[derive(Debug)]
pub enum Page {
    /// Answer with this.
    Reply(Reply),
    /// The file is a text that may be shown: ask for its beginning, and settle that.
    Text(TextPreview),
    /// Ask this and come back with the answer.
    Again(Fetch, Facts),
    /// Read the error's body and come back with it.
    ReadError(Expect, Facts),
    /// Refuse.
    Refuse(Refusal),
}

/// The token is a secret of whoever has the link, so nothing of it is shown.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts(..)")
    }
}

impl Facts {
    /// What `claims` tell, `token` being their text. `called` is the target's own name, for a token that gives none.
    pub(crate) fn new(claims: &Claims<'_>, token: &str, called: &str, request: &Request<'_>, config: &Config) -> Self {
        let words = Words::of(&request.headers);
        // A grant is a use that was claimed: what it opens is not counted again.
        let limit = claims.download_limit().filter(|_| claims.purpose() != Purpose::Grant);
        Self {
            name: harmless(claims.file_name().unwrap_or(called)),
            expires: claims.expires().unwrap_or(UnixTime::from_secs(0)), // policy has refused a token without an end
            downloads: limit.map(|limit| Downloads { limit, left: None }),
            disposition: claims.disposition(),
            token: token.into(),
            report: config.report_contact.as_deref().map(|contact| report_url(contact, claims.link_id(), words)),
            wanted: Wanted::by(request),
            words,
        }
    }

    /// The downloads of a counted link; `None` if there may be any number.
    pub const fn downloads(&self) -> Option<Downloads> {
        self.downloads
    }

    /// The same facts, once a counter has told how many downloads are left. Of a link that is not counted they stay
    /// as they are.
    #[must_use]
    pub fn with_left(mut self, left: u64) -> Self {
        if let Some(downloads) = &mut self.downloads {
            downloads.left = Some(left.min(downloads.limit));
        }
        self
    }

    /// As [`Self::with_left`], where the counter was asked and has answered.
    #[must_use]
    pub fn with_left_if(self, left: Option<u64>) -> Self {
        match left {
            Some(left) => self.with_left(left),
            None => self,
        }
    }

    /// The page, or what is still missing for it.
    pub fn settle(
        self,
        expect: Expect,
        head: &Head<'_>,
        error_body: Option<&str>,
        now: UnixTime,
        config: &Config,
    ) -> Page {
        let path = expect.path.clone();
        match expect.settle(head, error_body, now, config) {
            Next::Reply(_) => {
                let Some(size) = head.headers.one("content-length").and_then(number) else {
                    return Page::Refuse(Refusal::OriginError("no valid Content-Length"));
                };
                let found = Found { size, media_type: MediaType::of(head.headers.one("content-type")) };
                match TextPreview::of(self, &found, path, head, now, config) {
                    Ok(preview) => Page::Text(preview),
                    Err(facts) => Page::Reply(facts.file(&found, None)),
                }
            }
            Next::Again(fetch) => Page::Again(fetch, self),
            Next::ReadError(expect) => Page::ReadError(expect, self),
            Next::Refuse(refusal) => Page::Refuse(refusal),
        }
    }

    /// The page of one file. `text` is the beginning of a plain text, shown where a preview is allowed.
    pub fn file(&self, found: &Found, text: Option<&str>) -> Reply {
        let preview = Preview::of(self, found, text);
        let set = if preview.is_of_file() { HeaderSet::Preview } else { HeaderSet::Page };
        self.reply(set, || file_page::html(self, found, &preview), || json::file(self, found))
    }

    /// The page of a folder whose files are not told.
    pub fn folder(&self) -> Reply {
        self.reply(HeaderSet::Page, || folder_page::unlisted(self), || json::folder(self, None))
    }

    /// The page of a folder with what is in it. Whether the token may list is the caller's question to its claims.
    pub fn listed(&self, place: &Place, listing: &Listing) -> Reply {
        self.reply(
            HeaderSet::Page,
            || folder_page::listed(self, place, listing),
            || json::folder(self, Some((place, listing))),
        )
    }

    fn reply(&self, set: HeaderSet, html: impl FnOnce() -> String, json: impl FnOnce() -> String) -> Reply {
        self.wanted.finish(match self.wanted.form {
            Form::Html => Reply { set, ..Reply::page(200, html()) },
            Form::Json => Reply::text(200, "application/json", json()),
        })
    }

    /// Whether it is HTML, with its body, that is wanted.
    pub(super) fn is_seen(&self) -> bool {
        self.wanted.form == Form::Html && self.wanted.method == crate::grant::Method::Get
    }

    /// Whether what is opened may be shown in the browser, by its type and by the token.
    pub(super) fn may_show(&self, media_type: &MediaType) -> bool {
        self.disposition == Disposition::Inline && media_type.may_be_inline
    }

    /// The path of the download; of a folder, what the encoded path of a file below it is put behind.
    pub(super) fn download_path(&self, below: Option<&str>) -> String {
        let mut out = String::with_capacity(self.token.len() + 64);
        out.push_str("/d/");
        out.push_str(&self.token);
        if let Some(below) = below {
            out.push('/');
            out.push_str(below);
        }
        out
    }

    /// The path of the page, with a query that begins with its question mark, or none.
    pub(super) fn page_path(&self, query: &str) -> String {
        let mut out = String::with_capacity(self.token.len() + query.len() + 8);
        for part in ["/s/", &self.token, query] {
            out.push_str(part);
        }
        out
    }
}

/// Where a report goes. A mail's subject names the link by its id, which opens nothing; a page that was configured is
/// left as it is.
fn report_url(contact: &str, id: Option<&[u8]>, w: &Words) -> String {
    let mut out = String::from(contact);
    if let Some(id) = id.filter(|_| contact.starts_with("mailto:") && !contact.contains('?')) {
        out.push_str("?subject=");
        out.push_str(w.report_subject);
        crate::hash::push_hex(&mut out, id);
    }
    out
}
