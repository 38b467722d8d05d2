//! Where objects and the signer live: a base URL, taken apart once.

use crate::percent;
use crate::request::Url;
use alloc::string::String;

/// What follows the alias in the host of a Multi-Region Access Point (S3 User Guide, "Multi-Region Access Point
/// hostnames").
const MULTI_REGION: &str = ".mrap.accesspoint.s3-global.amazonaws.com";

/// An http or https endpoint: requests go to `base` + path, and are signed for `host`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Scheme and authority, without a closing slash.
    origin: String,
    /// As the Host header has it: the port stands there unless it is the scheme's own.
    host: String,
    /// What stands before every path: empty, or `/bucket`.
    base_path: String,
}

impl Endpoint {
    /// Reads a URL without query, user or fragment; its path must be plain.
    pub fn parse(text: &str) -> Option<Self> {
        let with_slash = if text.ends_with('/') { text.into() } else { alloc::format!("{text}/") };
        let url = Url::split(&with_slash).ok()?;
        let base_path = url.path.strip_suffix('/')?;
        let host_fits = !url.authority.is_empty()
            && url
                .authority
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'[' | b']' | b':'));
        let path_fits = percent::is_plain_path(base_path)
            && base_path.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | ".."));
        if !host_fits || !path_fits || !url.query.is_empty() || text.contains('?') {
            return None;
        }
        let own_port = if url.scheme == "https" { ":443" } else { ":80" };
        let host = url.authority.strip_suffix(own_port).unwrap_or(url.authority);
        Some(Self { origin: alloc::format!("{}://{host}", url.scheme), host: host.into(), base_path: base_path.into() })
    }

    /// For the signature: the Host header.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme, host and port, as a browser writes an origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether this is a Multi-Region Access Point: an alias and nothing else below S3's own domain for them, by https.
    pub fn is_multi_region(&self) -> bool {
        let alias = self.host.strip_suffix(MULTI_REGION);
        let is_alias = |alias: &str| !alias.is_empty() && !alias.contains('.');
        alias.is_some_and(is_alias) && self.origin.starts_with("https:") && self.base_path.is_empty()
    }

    /// The path to sign and the URL to send, for an encoded path that begins with a slash.
    pub fn locate(&self, path: &str) -> (String, String) {
        let mut signed = String::with_capacity(self.base_path.len() + path.len());
        signed.push_str(&self.base_path);
        signed.push_str(path);
        let mut url = String::with_capacity(self.origin.len() + signed.len());
        url.push_str(&self.origin);
        url.push_str(&signed);
        (signed, url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_come_apart() {
        let bucket = Endpoint::parse("http://127.0.0.1:9000/clouddrop").unwrap();
        assert_eq!(bucket.host(), "127.0.0.1:9000");
        let located = bucket.locate("/files/a%20b");
        assert_eq!(located, ("/clouddrop/files/a%20b".into(), "http://127.0.0.1:9000/clouddrop/files/a%20b".into()));
        let bucket = Endpoint::parse("https://b.s3.eu-central-1.amazonaws.com:443/").unwrap();
        assert_eq!(bucket.host(), "b.s3.eu-central-1.amazonaws.com");
        assert_eq!(bucket.locate("/a").0, "/a");
    }

    #[test]
    fn a_multi_region_access_point_is_known_by_its_whole_url() {
        let is = |text: &str| Endpoint::parse(text).unwrap().is_multi_region();
        assert!(is("https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"));
        assert!(is("https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com:443/"));
        for other in [
            "http://a.mrap.accesspoint.s3-global.amazonaws.com",
            "https://a.mrap.accesspoint.s3-global.amazonaws.com/bucket",
            "https://a.mrap.accesspoint.s3-global.amazonaws.com:8443",
            "https://a.b.mrap.accesspoint.s3-global.amazonaws.com",
            "https://mrap.accesspoint.s3-global.amazonaws.com",
            "https://.mrap.accesspoint.s3-global.amazonaws.com",
            "https://a.mrap.accesspoint.s3-global.amazonaws.com.example.com",
            "https://bucket.s3.eu-central-1.amazonaws.com",
        ] {
            assert!(!is(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for bad in [
            "",
            "b.s3.amazonaws.com",
            "https://",
            "https://user@host",
            "https://Host",
            "https://h/?q",
            "https://h/a//b",
            "https://h/../b",
            "https://h/a%20b",
            "ftp://h",
        ] {
            assert_eq!(Endpoint::parse(bad), None, "{bad}");
        }
    }
}
