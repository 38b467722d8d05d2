//! The landing page of a share: the facts about the file, for people. It reads by HEAD and spends nothing.

use crate::config::Config;
use crate::decision::{Fetch, Head};
use crate::disposition::harmless;
use crate::media_type::MediaType;
use crate::origin_reply::Next;
use crate::problem::{document, escape};
use crate::range::number;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::time::UnixTime;
use alloc::format;
use alloc::string::String;

/// A page about to be made: its question to the origin, where the link is for one object.
#[derive(Debug)]
pub struct Landing {
    /// The question; `None` for a link to a folder, about which there is nothing to ask.
    pub fetch: Option<Fetch>,
    /// What the token tells; settles the answer.
    pub facts: Facts,
}

/// What the token itself tells.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(crate) name: String,
    pub(crate) expires: UnixTime,
    pub(crate) downloads: Option<u64>,
    /// The path of the download, with the token in it.
    pub(crate) download: String,
}

/// What follows from the origin's answer to a landing page's question.
#[derive(Debug)]
pub enum Page {
    /// Answer with this.
    Reply(Reply),
    /// Ask this and come back with the answer.
    Again(Fetch, Facts),
    /// Read the error's body and come back with it.
    ReadError(crate::expect::Expect, Facts),
    /// Refuse.
    Refuse(Refusal),
}

impl Facts {
    /// The page, or what is still missing for it.
    pub fn settle(
        self,
        expect: crate::expect::Expect,
        head: &Head<'_>,
        error_body: Option<&str>,
        now: UnixTime,
        config: &Config,
    ) -> Page {
        match expect.settle(head, error_body, now, config) {
            Next::Reply(_) => {
                let size = head.headers.one("content-length").and_then(number);
                let media_type = MediaType::of(head.headers.one("content-type")).sent;
                Page::Reply(self.page(size, Some(media_type)))
            }
            Next::Again(fetch) => Page::Again(fetch, self),
            Next::ReadError(expect) => Page::ReadError(expect, self),
            Next::Refuse(refusal) => Page::Refuse(refusal),
        }
    }

    /// The page itself. Names are text: nothing in them is markup.
    pub fn page(&self, size: Option<u64>, media_type: Option<&str>) -> Reply {
        let name = harmless(&self.name);
        let mut facts = String::new();
        let mut add = |term: &str, fact: &str| {
            facts.push_str(&format!("<dt>{term}</dt><dd>{}</dd>", escape(fact)));
        };
        if let Some(size) = size {
            add("Size", &human_size(size));
        }
        if let Some(media_type) = media_type {
            add("Type", media_type.split(';').next().unwrap_or(media_type));
        }
        add("Available until", &format!("{}", self.expires));
        if let Some(limit) = self.downloads {
            add("Downloads allowed", &format!("{limit}"));
        }
        let action = match (size, self.downloads) {
            (Some(_), None) => format!("<p><a class=\"button\" href=\"{}\">Download</a></p>", escape(&self.download)),
            (Some(_), Some(_)) => format!(
                "<form method=\"post\" action=\"{}\"><p><button>Download</button></p></form>",
                escape(&self.download)
            ),
            (None, _) => "<p>This link opens a folder. Ask its sender for the names of the files in it.</p>".into(),
        };
        let body = format!(
            "<h1>{}</h1><dl>{facts}</dl>{action}<p><small>Files are not scanned. Open only what you expected.</small></p>",
            escape(&name)
        );
        Reply::page(200, document(&name, &body))
    }
}

/// Bytes for people: three digits and a decimal unit.
fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let (mut whole, mut tenths, mut unit) = (bytes / 1000, bytes % 1000 / 100, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenths = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    format!("{whole}.{tenths} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Body;

    #[test]
    fn names_of_strangers_are_only_text() {
        let facts = Facts {
            name: "<script>alert(1)</script>&.html".into(),
            expires: UnixTime::from_secs(1_900_000_000),
            downloads: None,
            download: "/d/abc".into(),
        };
        let Body::Text(html) = facts.page(Some(1_234_567), Some("image/png")).body else { unreachable!() };
        assert!(!html.contains("<script"));
        assert!(html.contains("1.2 MB"), "{html}");
        assert!(html.contains("href=\"/d/abc\""));
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in
            [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5_368_709_120, "5.3 GB"), (u64::MAX, "18.4 EB")]
        {
            assert_eq!(human_size(bytes), text);
        }
    }
}
