//! Which host was meant, and which route on it.

use crate::config::Config;
use crate::page;
use crate::refusal::Refusal;
use crate::request::{Request, Url};

/// The two hosts: content of strangers never shares an origin with the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Site {
    /// Files and the pages about them.
    Files,
    /// The page and the API.
    Page,
}

impl Site {
    /// The site of a request. URL and Host header must name the same one of our hosts: a Host that holds
    /// more than a host would otherwise become part of the path.
    pub(super) fn of(url: &Url<'_>, request: &Request<'_>, config: &Config) -> Result<Self, Refusal> {
        let host = url.authority;
        let same = match request.headers.one("host") {
            Some(header) => header.eq_ignore_ascii_case(host),
            None => !request.headers.has("host"),
        };
        if !same {
            return Err(Refusal::Misdirected);
        }
        if host.eq_ignore_ascii_case(&config.file_host) {
            Ok(Self::Files)
        } else if host.eq_ignore_ascii_case(&config.page_host) {
            Ok(Self::Page)
        } else {
            Err(Refusal::Misdirected)
        }
    }
}

/// A route with its raw arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route<'a> {
    /// `/f/<key>`.
    File(&'a str),
    /// `/d/<token>` or `/d/<token>/<relative>`.
    Download { token: &'a str, relative: Option<&'a str> },
    /// `/s/<token>`.
    Share(&'a str),
    /// `/api/v1/...`: the whole path.
    Api(&'a str),
    /// A file of the web page, by its name among those that were built.
    Asset(&'a str),
    /// An answer that depends on nothing.
    Fixed(Fixed),
}

/// Routes whose answer is fixed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fixed {
    /// `/healthz`.
    Health,
    /// `/robots.txt` (RFC 9309).
    Robots,
    /// `/favicon.ico`: browsers ask for it by themselves, and would tell of a 404.
    Icon,
    /// `/.well-known/security.txt` (RFC 9116).
    SecurityTxt,
    /// `/settings.json` of the page.
    Settings,
}

impl<'a> Route<'a> {
    /// The route's name in logs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Download { .. } => "download",
            Self::Share(_) => "share",
            Self::Api(_) => "api",
            Self::Asset(_) => "page",
            Self::Fixed(_) => "fixed",
        }
    }

    pub(super) fn of(site: Site, path: &'a str) -> Result<Self, Refusal> {
        match path {
            "/healthz" => return Ok(Self::Fixed(Fixed::Health)),
            "/robots.txt" => return Ok(Self::Fixed(Fixed::Robots)),
            "/favicon.ico" => return Ok(Self::Fixed(Fixed::Icon)),
            "/.well-known/security.txt" => return Ok(Self::Fixed(Fixed::SecurityTxt)),
            _ => {}
        }
        let found = match site {
            Site::Files => Self::of_files(path),
            Site::Page if path.starts_with("/api/v1/") => Some(Self::Api(path)),
            Site::Page if path == "/settings.json" => Some(Self::Fixed(Fixed::Settings)),
            Site::Page => page::asset(path).map(Self::Asset),
        };
        found.ok_or(Refusal::NotFound)
    }

    fn of_files(path: &'a str) -> Option<Self> {
        if let Some(key) = path.strip_prefix("/f/") {
            return Some(Self::File(key));
        }
        if let Some(rest) = path.strip_prefix("/d/") {
            return Some(match rest.split_once('/') {
                Some((token, relative)) => Self::Download { token, relative: Some(relative) },
                None => Self::Download { token: rest, relative: None },
            });
        }
        path.strip_prefix("/s/").map(Self::Share)
    }
}
