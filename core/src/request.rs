//! [`Request`]: all that a rule may look at.

use crate::refusal::Refusal;
use alloc::borrow::Cow;
use core::fmt;
use core::net::IpAddr;

/// Longest request target that is read, in bytes.
pub const MAX_URL_BYTES: usize = 8192;

/// A request as the platform received it, nothing in it decoded or repaired. Its URL and its headers carry tokens:
/// `Debug` shows neither.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, case-sensitive (RFC 9110 section 9.1).
    pub method: &'a str,
    /// The absolute URL with the raw request target in it: `https://host/path?query`.
    pub url: &'a str,
    /// What this request is called in logs and problem reports.
    pub id: &'a str,
    /// The header fields.
    pub headers: Headers<'a>,
    /// Who asks.
    pub client: Client<'a>,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Request");
        out.field("method", &self.method).field("id", &self.id).field("headers", &self.headers);
        out.field("client", &self.client).finish_non_exhaustive()
    }
}

/// What the platform vouches for about the client; never anything that the client says itself.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The address of the connection's other end.
    pub address: Option<IpAddr>,
    /// Where the platform takes it to be. `None`: not looked up yet, since most tokens do not ask.
    pub place: Option<Place<'a>>,
}

/// Geography and network of a client, each part where the platform has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place<'a> {
    /// ISO 3166-1 alpha-2, upper case: `SE`.
    pub country: Option<&'a str>,
    /// The part after the hyphen of ISO 3166-2: `CA` of `US-CA`.
    pub subdivision: Option<&'a str>,
    /// The number of the autonomous system.
    pub asn: Option<u32>,
}

/// Header fields in the order received; names compare without case (RFC 9110 section 5.1).
#[derive(Clone, Copy)]
pub struct Headers<'a>(&'a [(&'a str, &'a str)]);

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Names(self.0).fmt(f)
    }
}

/// Shows of header fields their names alone: values carry tokens, keys and signatures.
pub(crate) struct Names<'a, V>(pub(crate) &'a [(&'a str, V)]);

impl<V> fmt::Debug for Names<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl<'a> Headers<'a> {
    /// A view of names and values.
    pub const fn new(fields: &'a [(&'a str, &'a str)]) -> Self {
        Self(fields)
    }

    /// The only value of a field; a field that stands twice counts as `None` here if `name` is one that
    /// must not be repeated, which is true of all that are looked up by this.
    pub fn one(&self, name: &str) -> Option<&'a str> {
        let mut values = self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let value = values.next()?;
        if values.next().is_some() { None } else { Some(value) }
    }

    /// The value of a field that is a list: all of its lines, joined by commas (RFC 9110 section 5.2).
    pub fn combined(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut out: Option<Cow<'a, str>> = None;
        for (_, value) in self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)) {
            match &mut out {
                Some(all) => {
                    let all = all.to_mut();
                    all.push_str(", ");
                    all.push_str(value);
                }
                None => out = Some(Cow::Borrowed(value)),
            }
        }
        out
    }

    /// Whether the field stands there at all.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0.iter().copied()
    }
}

/// The raw parts of an absolute http or https URL (RFC 3986 section 3), split and not decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Url<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host and, where there is one, `:port`.
    pub authority: &'a str,
    /// From the first slash on.
    pub path: &'a str,
    /// Behind the question mark; empty if there is none.
    pub query: &'a str,
}

impl<'a> Url<'a> {
    /// Splits `url`.
    ///
    /// # Errors
    /// [`Refusal::UriTooLong`] over [`MAX_URL_BYTES`]; [`Refusal::BadRequest`] if it is no such URL.
    pub fn split(url: &'a str) -> Result<Self, Refusal> {
        const NOT_A_URL: Refusal = Refusal::BadRequest("the target is no absolute URL");
        if url.len() > MAX_URL_BYTES {
            return Err(Refusal::UriTooLong);
        }
        let (scheme, rest) = ["https", "http"]
            .into_iter()
            .find_map(|scheme| Some((scheme, url.strip_prefix(scheme)?.strip_prefix("://")?)))
            .ok_or(NOT_A_URL)?;
        // All of them are ASCII, so bytes do.
        let slash = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')).ok_or(NOT_A_URL)?;
        let (authority, target) = rest.split_at(slash);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if !path.starts_with('/') {
            return Err(NOT_A_URL);
        }
        Ok(Self { scheme, authority, path, query })
    }

    /// The authority without its port.
    pub fn host(&self) -> &'a str {
        split_port(self.authority).0
    }

    /// The port, explicit or the scheme's own.
    pub fn port(&self) -> &'a str {
        split_port(self.authority).1.unwrap_or(if self.scheme == "https" { "443" } else { "80" })
    }
}

/// `host[:port]` apart; an IPv6 literal keeps its brackets.
pub(crate) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_raw() {
        let url = Url::split("http://127.0.0.1:8788/f/a/../b%2e?x=/?y").unwrap();
        assert_eq!(url, Url { scheme: "http", authority: "127.0.0.1:8788", path: "/f/a/../b%2e", query: "x=/?y" });
        assert_eq!((url.host(), url.port()), ("127.0.0.1", "8788"));
        let url = Url::split("https://[::1]/").unwrap();
        assert_eq!((url.host(), url.port()), ("[::1]", "443"));
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for bad in ["", "/f/a", "ftp://a/b", "http://a", "http://a?b", "http://a\\b/c", "http:/a/b", "http://a#/b"] {
            assert_eq!(Url::split(bad).unwrap_err().code(), "bad_request", "{bad:?}");
        }
        assert_eq!(Url::split(&alloc::format!("http://a/{}", "a".repeat(MAX_URL_BYTES))), Err(Refusal::UriTooLong));
    }

    #[test]
    fn a_repeated_field_is_no_single_value() {
        let headers = Headers::new(&[("Range", "bytes=0-1"), ("range", "bytes=2-3"), ("ETag", "x")]);
        assert_eq!(headers.one("range"), None);
        assert_eq!(headers.combined("range").as_deref(), Some("bytes=0-1, bytes=2-3"));
        assert_eq!(headers.combined("etag").as_deref(), Some("x"));
        assert_eq!(headers.combined("host"), None);
        assert_eq!(headers.one("etag"), Some("x"));
        assert!(headers.has("RANGE"));
    }
}
