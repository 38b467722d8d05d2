//! Who may read files by script: the page, and no other origin (Fetch standard, "HTTP extensions").
//!
//! A browser keeps the replies of the files' host from every script of another origin. The page is such an
//! origin, and shows and saves files by script; so it is let in, by name. Tokens travel in the URL or in a header
//! that the script sets, never by themselves: credentials are not allowed.
//!
//! Every reply to the page needs the headers of [`allow`], refusals too: a script could not tell them apart
//! otherwise. `Cross-Origin-Resource-Policy: same-origin` stays as it is; it is about requests without CORS.

use crate::config::Config;
use crate::reply::{Body, HeaderSet, Reply};
use crate::request::{Request, Url, split_port};
use crate::text::cut;
use alloc::string::String;
use alloc::vec::Vec;

/// What a script may read of a reply beyond what all may (Fetch, "CORS-safelisted response-header name").
const EXPOSED: &str = "Accept-Ranges, Content-Disposition, Content-Range, ETag, Retry-After";

/// The request headers that a script may set beyond those that all may: carriers of a token, ranges, conditions, and
/// the name of a claim.
const REQUEST_HEADERS: [&str; 9] = [
    "authorization",
    "cta-common-access-token",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
];

/// How long a browser may remember the answer to a preflight, in seconds: what Chromium keeps at most.
const PREFLIGHT_SECONDS: &str = "7200";

/// The request's `Origin`, if it is the page's: same scheme as the request's own, host and port of `PAGE_HOST`.
/// Compared byte by byte, as browsers write it (RFC 6454 section 6.2); `null` and two of them are no origin.
pub fn page_origin<'a>(request: &Request<'a>, config: &Config) -> Option<&'a str> {
    let origin = request.headers.one("origin")?;
    let (scheme, authority) = cut(origin, "://")?;
    let (ours, _) = cut(request.url, "://")?;
    let (host, port) = split_port(&config.page_host);
    // An origin leaves its scheme's own port out; a configuration may name it.
    let own_port = port.filter(|port| !matches!((scheme, *port), ("https", "443") | ("http", "80")));
    let same_host = match own_port {
        Some(port) => authority.rsplit_once(':').is_some_and(|(name, number)| name == host && number == port),
        None => authority == host,
    };
    (scheme == ours && same_host).then_some(origin)
}

/// [`page_origin`] of a request to the files' host: who may read its reply by script.
pub fn reader<'a>(request: &Request<'a>, config: &Config) -> Option<&'a str> {
    // Most requests have no origin.
    let origin = page_origin(request, config)?;
    let url = Url::split(request.url).ok()?;
    url.authority.eq_ignore_ascii_case(&config.file_host).then_some(origin)
}

/// [`allow`] where there is a reader.
pub fn allow_if(reply: &mut Reply, reader: Option<&str>) {
    if let Some(origin) = reader {
        allow(reply, origin);
    }
}

/// Lets a script of `origin`, which is what [`page_origin`] found, read `reply`.
///
/// No other reply says `Vary: Origin`: none may be stored, so none can be found for another origin.
pub fn allow(reply: &mut Reply, origin: &str) {
    reply.headers.push(("access-control-allow-origin", origin.into()));
    reply.headers.push(("access-control-expose-headers", EXPOSED.into()));
    reply.headers.push(("vary", "Origin".into()));
}

/// The answer to a preflight of the page for a file: OPTIONS on `/f/` or `/d/` of the files' host that asks for a
/// method and headers that are taken there. `None` for any other request: what its route says is right.
///
/// It tells nothing about the file or the token, which are not looked at.
pub fn preflight(request: &Request<'_>, config: &Config) -> Option<Reply> {
    if request.method != "OPTIONS" {
        return None;
    }
    let origin = page_origin(request, config)?;
    let url = Url::split(request.url).ok()?;
    if !url.authority.eq_ignore_ascii_case(&config.file_host) {
        return None;
    }
    let methods = methods_of(url.path)?;
    let wanted = request.headers.one("access-control-request-method")?;
    if !methods.split(',').any(|method| method.trim() == wanted) {
        return None;
    }
    let mut headers = Vec::with_capacity(5);
    headers.push(("access-control-allow-origin", origin.into()));
    headers.push(("access-control-allow-methods", methods.into()));
    if request.headers.has("access-control-request-headers") {
        let names = request.headers.one("access-control-request-headers")?;
        headers.push(("access-control-allow-headers", allowed_headers(names)?));
    }
    headers.push(("access-control-max-age", PREFLIGHT_SECONDS.into()));
    headers.push(("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers".into()));
    Some(Reply { status: 204, set: HeaderSet::Data, headers, body: Body::None, log: None })
}

/// The methods of a route whose replies the page may read.
fn methods_of(path: &str) -> Option<&'static str> {
    if path.starts_with("/f/") {
        Some("GET, HEAD")
    } else if path.starts_with("/d/") {
        Some("GET, HEAD, POST")
    } else {
        None
    }
}

/// The names asked for, in our spelling, if all of them are known; a name that stands twice is none of a browser's.
fn allowed_headers(asked: &str) -> Option<String> {
    let mut out = String::new();
    let mut seen = [false; REQUEST_HEADERS.len()];
    for name in asked.split(',') {
        let place = REQUEST_HEADERS.iter().position(|known| known.eq_ignore_ascii_case(name.trim()))?;
        if core::mem::replace(&mut seen[place], true) {
            return None;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(REQUEST_HEADERS[place]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Raw;
    use crate::request::{Client, Headers};
    use alloc::format;

    const PAGE: (&str, &str) = ("origin", "https://share.example.com");

    fn config(page_host: &str) -> Config {
        let key = |kid, secret| format!(r#"{{\"issuer\":\"demo\",\"kid\":\"{kid}\",\"secret\":\"{secret}\"}}"#);
        let keys = [
            key("a", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"),
            key("b", "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA"),
        ]
        .join(",");
        let text = format!(
            r#"{{"FILE_HOST":"files.example.net","PAGE_HOST":"{page_host}","AUDIENCE":"demo",
            "ORIGIN":"https://bucket.s3.eu-central-1.amazonaws.com","REGION":"eu-central-1","OBJECT_PREFIX":"files/",
            "SIGNER_URL":"https://signer.example.com","AWS_ACCESS_KEY_ID":"AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY":"wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY","TOKEN_KEYS":"[{keys}]"}}"#
        );
        Config::try_from(Raw::from_json(&text).unwrap()).unwrap()
    }

    fn request<'a>(method: &'a str, url: &'a str, fields: &'a [(&'a str, &'a str)]) -> Request<'a> {
        let client = Client { address: None, place: None };
        Request { method, url, id: "1", headers: Headers::new(fields), client }
    }

    fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
        reply.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn only_the_page_itself_is_an_origin() {
        let file = "https://files.example.net/f/a";
        fn found(page_host: &str, url: &str, fields: &[(&str, &str)]) -> bool {
            page_origin(&request("GET", url, fields), &config(page_host)).is_some()
        }
        assert!(found("share.example.com", file, &[PAGE]));
        assert!(found("share.example.com:443", file, &[PAGE]));
        assert!(found("share.example.com:8443", file, &[("origin", "https://share.example.com:8443")]));
        assert!(found("127.0.0.1:8787", "http://127.0.0.1:8788/f/a", &[("Origin", "http://127.0.0.1:8787")]));
        for other in [
            "http://share.example.com",
            "https://share.example.com:443",
            "https://share.example.com:8443",
            "https://share.example.com/",
            "https://SHARE.example.com",
            "https://share.example.com.evil.example",
            "https://evil-share.example.com",
            "https://x@share.example.com",
            "https://files.example.net",
            "https://",
            "https:// share.example.com",
            "share.example.com",
            "null",
            "*",
            "",
        ] {
            assert!(!found("share.example.com", file, &[("origin", other)]), "{other:?}");
        }
        assert!(!found("share.example.com:8443", file, &[PAGE]));
        assert!(!found("share.example.com", file, &[]));
        assert!(!found("share.example.com", file, &[PAGE, PAGE]), "two of them");
    }

    #[test]
    fn a_reply_to_the_page_can_be_read_by_it() {
        let mut reply = Reply::text(404, "text/plain", "x");
        allow(&mut reply, PAGE.1);
        assert_eq!(header(&reply, "access-control-allow-origin"), Some("https://share.example.com"));
        assert_eq!(header(&reply, "vary"), Some("Origin"));
        let exposed = header(&reply, "access-control-expose-headers").unwrap();
        for name in ["ETag", "Content-Range", "Accept-Ranges", "Content-Disposition", "Retry-After"] {
            assert!(exposed.split(", ").any(|part| part == name), "{name}");
        }
        assert_eq!(header(&reply, "access-control-allow-credentials"), None);
    }

    #[test]
    fn the_page_may_ask_for_what_a_file_takes() {
        let config = config("share.example.com");
        let asked = "access-control-request-method";
        let names = "access-control-request-headers";
        let answer = |url, fields: &[(&str, &str)]| preflight(&request("OPTIONS", url, fields), &config);
        let (file, download) = ("https://files.example.net/f/a", "https://files.example.net/d/token");

        let reply = answer(file, &[PAGE, (asked, "GET"), (names, "authorization,range")]).unwrap();
        assert_eq!((reply.status, &reply.body), (204, &Body::None));
        assert_eq!(header(&reply, "access-control-allow-origin"), Some(PAGE.1));
        assert_eq!(header(&reply, "access-control-allow-methods"), Some("GET, HEAD"));
        assert_eq!(header(&reply, "access-control-allow-headers"), Some("authorization, range"));
        assert!(header(&reply, "vary").unwrap().starts_with("Origin, "));

        let claim = answer(download, &[PAGE, (asked, "POST"), (names, "Idempotency-Key")]).unwrap();
        assert_eq!(header(&claim, "access-control-allow-methods"), Some("GET, HEAD, POST"));
        assert_eq!(header(&claim, "access-control-allow-headers"), Some("idempotency-key"));
        let plain = answer(download, &[PAGE, (asked, "GET")]).unwrap();
        assert_eq!(header(&plain, "access-control-allow-headers"), None);

        for (about, url, fields) in [
            ("no origin", file, &[(asked, "GET")][..]),
            ("another origin", file, &[("origin", "https://evil.example"), (asked, "GET")]),
            ("no preflight", file, &[PAGE]),
            ("a method of no file", file, &[PAGE, (asked, "PUT")]),
            ("a claim where there is none", file, &[PAGE, (asked, "POST")]),
            ("a part of a method's name", file, &[PAGE, (asked, "GE")]),
            ("an unknown header", file, &[PAGE, (asked, "GET"), (names, "range,x-a")]),
            ("a header twice", file, &[PAGE, (asked, "GET"), (names, "range,range")]),
            ("an empty name", file, &[PAGE, (asked, "GET"), (names, "")]),
            ("two lists", file, &[PAGE, (asked, "GET"), (names, "range"), (names, "range")]),
            ("a landing page", "https://files.example.net/s/token", &[PAGE, (asked, "GET")]),
            ("the API", "https://share.example.com/f/a", &[PAGE, (asked, "GET")]),
        ] {
            assert_eq!(answer(url, fields), None, "{about}");
        }
        assert_eq!(preflight(&request("GET", file, &[PAGE, (asked, "GET")]), &config), None);
    }
}
