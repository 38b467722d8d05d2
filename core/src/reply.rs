//! [`Reply`]: what the client gets, and the only table of the headers that every reply carries.

use crate::landing::style::STYLE_SHA256;
use crate::text::push_json_string;
use alloc::string::String;
use alloc::vec::Vec;

/// An answer, complete but for a body that streams.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Which fixed headers go with it.
    pub set: HeaderSet,
    /// The headers that are this reply's own, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// A line for the log, if this reply is worth one: the refusal with its reason.
    pub log: Option<LogLine>,
}

/// Where a reply's body comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// There is none; any body of the origin is to be cancelled.
    None,
    /// The origin's, handed through untouched.
    Origin,
    /// These bytes of the kept answer that was settled, `end` excluded.
    Kept {
        /// The first byte.
        first: u64,
        /// One behind the last.
        end: u64,
    },
    /// A file of the web page, by its name among those that were built. Where there is none, the reply is
    /// [`crate::Refusal::NotFound`].
    Asset(String),
    /// This text.
    Text(String),
}

/// What to log about a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// The stable code.
    pub code: &'static str,
    /// The refusal in words; holds no token, key or path.
    pub reason: String,
    /// Somebody on our side should look.
    pub alarm: bool,
}

impl LogLine {
    /// What goes into the request's log line, behind [`crate::trail::Trail::log_line`].
    pub fn push_fields(&self, out: &mut String) {
        for part in [",\"code\":\"", self.code, "\",\"reason\":"] {
            out.push_str(part);
        }
        push_json_string(out, &self.reason);
        out.push_str(if self.alarm { ",\"alarm\":true" } else { ",\"alarm\":false" });
    }
}

/// For replies to a token, and for everything else that may be another one the next time.
pub(crate) const NOT_STORED: &str = "private, no-store, no-transform";

/// The fixed headers by kind of content. An adapter may prepare each set once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderSet {
    /// Content of strangers.
    File,
    /// A page of ours for people.
    Page,
    /// A machine's answer: JSON, plain text, nothing.
    Data,
    /// A page of ours that shows a file of the same host as an image, as sound or as a film.
    Preview,
    /// The web page and its parts. What they may do depends on the configuration, and how long they are kept on their
    /// names: the reply brings its own Content-Security-Policy and Cache-Control.
    App,
}

impl HeaderSet {
    /// All sets, in the order of their [`HeaderSet::index`].
    pub const ALL: [Self; 5] = [Self::File, Self::Page, Self::Data, Self::Preview, Self::App];

    /// The set's place in [`HeaderSet::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The set's headers, names in lower case.
    ///
    /// Strict-Transport-Security (RFC 6797), Content-Security-Policy (CSP 3), Referrer-Policy,
    /// Cross-Origin-Resource-Policy, -Opener-Policy and, on pages, -Embedder-Policy (Fetch, HTML), and the caching that keeps replies to
    /// a token out of every shared store (RFC 9111 section 5.2.2).
    pub fn headers(self) -> Vec<(&'static str, String)> {
        let policy = match self {
            Self::File => "sandbox; default-src 'none'; frame-ancestors 'none'".into(),
            Self::Page => page_policy(""),
            Self::Preview => page_policy("img-src 'self'; media-src 'self'; "),
            Self::App => String::new(),
            Self::Data => "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'".into(),
        };
        let mut headers = Vec::from([
            ("strict-transport-security", "max-age=63072000; includeSubDomains; preload".into()),
            ("x-content-type-options", "nosniff".into()),
            ("referrer-policy", "no-referrer".into()),
            ("cross-origin-resource-policy", "same-origin".into()),
            ("cross-origin-opener-policy", "same-origin".into()),
            ("x-robots-tag", "noindex".into()),
        ]);
        if self != Self::App {
            headers.push(("content-security-policy", policy));
            headers.push(("cache-control", NOT_STORED.into()));
        }
        match self {
            Self::File => headers.push(("accept-ranges", "bytes".into())),
            // For browsers that do not know frame-ancestors; content in a sandbox has nothing to click.
            Self::Page | Self::Data | Self::Preview | Self::App => headers.push(("x-frame-options", "DENY".into())),
        }
        if matches!(self, Self::Page | Self::Preview | Self::App) {
            headers.push(("cross-origin-embedder-policy", "require-corp".into()));
        }
        headers
    }
}

/// The policy of a page of ours: its one style, forms to its own host, what `sources` adds, and nothing else.
fn page_policy(sources: &str) -> String {
    let mut policy = String::from("default-src 'none'; style-src 'sha256-");
    for part in [STYLE_SHA256, "'; ", sources, "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"] {
        policy.push_str(part);
    }
    policy
}

impl Reply {
    /// How many bytes of an object follow, as Content-Length says; `None` for a reply without an object's bytes.
    pub fn length(&self) -> Option<u64> {
        if !matches!(self.body, Body::Origin | Body::Kept { .. }) {
            return None;
        }
        let (_, length) = self.headers.iter().find(|(name, _)| *name == "content-length")?;
        crate::range::number(length)
    }

    /// A short text of ours.
    pub fn text(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self {
            status,
            set: HeaderSet::Data,
            headers: Vec::from([("content-type", content_type.into())]),
            body: Body::Text(body.into()),
            log: None,
        }
    }

    /// A page of ours.
    pub fn page(status: u16, html: String) -> Self {
        Self { set: HeaderSet::Page, ..Self::text(status, "text/html; charset=utf-8", html) }
    }

    /// The same reply to a HEAD request: the headers without the body (RFC 9110 section 9.3.2).
    pub fn without_body(mut self) -> Self {
        self.body = Body::None;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_carries_every_security_header() {
        for (place, set) in HeaderSet::ALL.into_iter().enumerate() {
            assert_eq!(set.index(), place);
            let headers = set.headers();
            let value = |name| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str()).unwrap();
            assert!(value("strict-transport-security").contains("max-age=63072000"));
            assert_eq!(value("x-content-type-options"), "nosniff");
            assert_eq!(value("referrer-policy"), "no-referrer");
            assert_eq!(value("cross-origin-resource-policy"), "same-origin");
            assert_eq!(value("cross-origin-opener-policy"), "same-origin");
            assert_eq!(value("x-robots-tag"), "noindex");
            let both = ["content-security-policy", "cache-control"].map(|name| headers.iter().any(|(n, _)| *n == name));
            assert_eq!(both, [set != HeaderSet::App; 2]);
            if set != HeaderSet::App {
                assert!(value("content-security-policy").contains("frame-ancestors 'none'"));
                assert_eq!(value("cache-control"), NOT_STORED);
            }
        }
        let file = HeaderSet::File.headers();
        assert!(file.iter().any(|(_, value)| value.starts_with("sandbox; default-src 'none'")));
    }
}
