//! Answers that say something else than the S3 server did: one header more, less or other, or another status.

use super::answer::{Answer, Request};
use super::kind::{Fault, Kind, Phase};

/// The target that redirects point at. Nobody may ask for it.
pub const ELSEWHERE: &str = "/elsewhere";
/// Bytes of a header that is too long.
const HUGE: usize = 256 * 1024;
/// Headers of a head with too many.
const MANY: usize = 2000;

/// Changes one thing of an answer.
pub(super) fn alter(fault: &Fault, request: &Request, answer: &mut Answer) {
    let length: u64 = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
    let range = answer.header("content-range").unwrap_or_default();
    let tag = answer.header("etag").unwrap_or_default();
    match fault.kind {
        Kind::LengthTooLong => answer.set("content-length", &(length + 1 + fault.place % 1000).to_string()),
        Kind::LengthTooShort => answer.set("content-length", &(fault.place % length.max(1)).to_string()),
        Kind::ExtraBytes => answer.body.extend_from_slice(b"and more"),
        Kind::LengthMissing => answer.remove("content-length"),
        Kind::LengthMalformed => answer.set("content-length", &format!("{length}x")),
        Kind::LengthSigned => answer.set("content-length", &format!("+{length}")),
        Kind::LengthOverflow => answer.set("content-length", &format!("1844674407370955161{}", 6 + fault.place % 4)),
        Kind::LengthTwice => answer.add("content-length", &(length + 1).to_string()),
        Kind::LengthTwiceAlike => answer.add("content-length", &length.to_string()),
        Kind::CodingUnknown => answer.add("transfer-encoding", "rot13"),
        Kind::EtagMissing => answer.remove("etag"),
        Kind::EtagOther | Kind::EtagSwapped | Kind::EtagOfAnotherVersion => {
            answer.set("etag", &format!("\"{:032x}\"", fault.place));
        }
        Kind::EtagTwice => answer.add("etag", &format!("\"{:032x}\"", fault.place)),
        Kind::EtagMalformed => answer.set("etag", tag.trim_matches('"')),
        Kind::ModifiedMalformed => answer.set("last-modified", "the day before"),
        Kind::RangeMissing => answer.remove("content-range"),
        Kind::RangeShifted => answer.set("content-range", &moved(&range, 1, 1)),
        Kind::RangeOfOtherSize => answer.set("content-range", &moved(&range, 0, 1)),
        Kind::RangeMalformed => answer.set("content-range", &range.replace('-', "..")),
        Kind::RangeTwice => answer.add("content-range", &moved(&range, 1, 1)),
        Kind::RangeInParts => {
            answer.remove("content-range");
            answer.set("content-type", "multipart/byteranges; boundary=B");
            let part = format!("--B\r\ncontent-range: {range}\r\n\r\n");
            answer.body = [part.as_bytes(), &answer.body, b"\r\n--B--\r\n"].concat();
            answer.set("content-length", &answer.body.len().to_string());
        }
        // The proxy has asked for the whole object.
        Kind::RangeIgnored => {}
        Kind::PartUnasked => {
            answer.status_line = "HTTP/1.1 206 Partial Content".into();
            answer.add("content-range", &format!("bytes 0-{}/{length}", length.saturating_sub(1)));
        }
        Kind::BitFlip => flip(fault, &mut answer.body),
        Kind::HeadersPlanted => {
            for (name, value) in PLANTED {
                answer.add(name, value);
            }
        }
        Kind::EncodingPlanted => answer.add("content-encoding", "gzip"),
        Kind::EncodingLong => answer.add("content-encoding", &"gzip, ".repeat(100)),
        Kind::TypePlanted => answer.set("content-type", "text/html; charset=utf-8"),
        Kind::TypeTwice => answer.add("content-type", "text/html"),
        Kind::HeadersHuge => answer.add("x-huge", &"x".repeat(HUGE)),
        Kind::HeadersMany => {
            for number in 0..MANY {
                answer.add(&format!("x-many-{number}"), "x");
            }
        }
        Kind::HeaderControl => answer.add_bytes("x-control", b"a\x01b"),
        Kind::HeaderNul => answer.add_bytes("x-nul", b"a\0b"),
        Kind::HeaderFolded => answer.add_bytes("x-folded", b"a\r\n b"),
        Kind::HeaderBare => answer.add_bytes("x-before", b"a\r\nno colon here"),
        Kind::HeaderNotText => answer.add_bytes("x-not-text", b"a\xff\xfeb"),
        Kind::OldVersion => answer.status_line = answer.status_line.replacen("HTTP/1.1", "HTTP/1.0", 1),
        Kind::NewVersion => answer.status_line = answer.status_line.replacen("HTTP/1.1", "HTTP/2", 1),
        Kind::StatusMissing => answer.status_line = "HTTP/1.1 OK".into(),
        Kind::StatusLong => answer.status_line = "HTTP/1.1 2000 OK".into(),
        other => unreachable!("{other:?} changes no answer to {}", request.method),
    }
}

/// Headers that no client of the edge may get.
pub const PLANTED: [(&str, &str); 14] = [
    ("set-cookie", "session=planted; Path=/"),
    ("server", "planted"),
    ("x-powered-by", "planted"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("content-disposition", "inline; filename=\"planted.html\""),
    ("refresh", "0; url=/elsewhere"),
    ("link", "</elsewhere>; rel=preload"),
    ("location", ELSEWHERE),
    ("clear-site-data", "\"*\""),
    ("alt-svc", "h3=\":443\""),
    ("strict-transport-security", "max-age=0"),
    ("cache-control", "public, max-age=31536000"),
    ("content-security-policy", "default-src *"),
];

/// Turns one bit of the body: in its first byte, or in a later one.
fn flip(fault: &Fault, body: &mut [u8]) {
    let at = match fault.phase {
        Phase::BodyMiddle => 1 + usize::try_from(fault.place).unwrap_or_default() % body.len().saturating_sub(1).max(1),
        _ => 0,
    };
    if let Some(byte) = body.get_mut(at) {
        *byte ^= 1 << (fault.place % 8);
    }
}

/// A Content-Range whose range and size are further on.
fn moved(range: &str, by: u64, size_by: u64) -> String {
    let numbers: Vec<u64> = range.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse().ok()).collect();
    match numbers[..] {
        [first, last, size] => format!("bytes {}-{}/{}", first + by, last + by, size + size_by),
        _ => "bytes 1-1/9".into(),
    }
}

/// An answer of another status.
pub(super) fn status(kind: Kind, request: &Request, answer: &Answer) -> Option<Answer> {
    let s3 = |status: &str, code: &str| {
        Some(Answer::new(&format!("HTTP/1.1 {status}"), "application/xml", xml(code, request).as_bytes()))
    };
    let redirect = |status: &str, code: &str| {
        let mut answer = s3(status, code)?;
        answer.add("location", ELSEWHERE);
        answer.add("x-amz-bucket-region", "eu-north-1");
        Some(answer)
    };
    let empty = |status: &str| {
        let mut answer = Answer::new(&format!("HTTP/1.1 {status}"), "text/plain", b"");
        answer.remove("content-type");
        Some(answer)
    };
    let page = |status: &str| {
        let body = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        Some(Answer::new(&format!("HTTP/1.1 {status}"), "text/html", body.as_bytes()))
    };
    match kind {
        Kind::Unsatisfiable => {
            let mut other = s3("416 Requested Range Not Satisfiable", "InvalidRange")?;
            let size = answer.header("content-range").and_then(|range| Some(range.rsplit_once('/')?.1.to_owned()));
            other.add("content-range", &format!("bytes */{}", size.unwrap_or_else(|| answer.body.len().to_string())));
            Some(other)
        }
        Kind::Switching => {
            let mut other = empty("101 Switching Protocols")?;
            other.remove("content-length");
            other.add("upgrade", "websocket");
            other.set("connection", "upgrade");
            Some(other)
        }
        Kind::Moved => redirect("301 Moved Permanently", "PermanentRedirect"),
        Kind::Found => redirect("302 Found", "Found"),
        Kind::SeeOther => redirect("303 See Other", "SeeOther"),
        Kind::TemporaryRedirect => redirect("307 Temporary Redirect", "TemporaryRedirect"),
        Kind::PermanentRedirect => redirect("308 Permanent Redirect", "PermanentRedirect"),
        Kind::NotModifiedUnasked => {
            let mut other = empty("304 Not Modified")?;
            other.remove("content-length");
            other.add("etag", &answer.header("etag").unwrap_or_default());
            Some(other)
        }
        Kind::PreconditionUnasked => s3("412 Precondition Failed", "PreconditionFailed"),
        Kind::NoContent => {
            let mut other = empty("204 No Content")?;
            other.remove("content-length");
            Some(other)
        }
        Kind::InternalError => s3("500 Internal Server Error", "InternalError"),
        Kind::SlowDown => s3("503 Slow Down", "SlowDown"),
        Kind::ServiceUnavailable => s3("503 Service Unavailable", "ServiceUnavailable"),
        Kind::RequestTimeout => s3("400 Bad Request", "RequestTimeout"),
        Kind::SignatureDoesNotMatch => s3("403 Forbidden", "SignatureDoesNotMatch"),
        Kind::InvalidAccessKeyId => s3("403 Forbidden", "InvalidAccessKeyId"),
        Kind::ExpiredToken => s3("400 Bad Request", "ExpiredToken"),
        Kind::RequestTimeTooSkewed => s3("403 Forbidden", "RequestTimeTooSkewed"),
        Kind::AccessDenied => s3("403 Forbidden", "AccessDenied"),
        Kind::NoSuchKey => s3("404 Not Found", "NoSuchKey"),
        Kind::NoSuchBucket => s3("404 Not Found", "NoSuchBucket"),
        Kind::UnknownCode => s3("403 Forbidden", "SomethingNew"),
        Kind::TooManyRequests => page("429 Too Many Requests"),
        Kind::BadGatewayPage => page("502 Bad Gateway"),
        Kind::GatewayTimeoutPage => page("504 Gateway Time-out"),
        Kind::ErrorWithoutBody => empty("503 Service Unavailable"),
        Kind::ErrorIn200 => s3("200 OK", "InternalError"),
        Kind::ErrorHuge => {
            let body = format!("{}{}", " ".repeat(1 << 20), xml("NoSuchKey", request));
            Some(Answer::new("HTTP/1.1 500 Internal Server Error", "application/xml", body.as_bytes()))
        }
        _ => None,
    }
}

/// An error of S3, with the words in it that must not get out.
pub(super) fn xml(code: &str, request: &Request) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>planted</Message>\
         <AWSAccessKeyId>AKIAPLANTED</AWSAccessKeyId><CanonicalRequest>{} {}</CanonicalRequest>\
         <RequestId>planted</RequestId><HostId>planted</HostId></Error>",
        request.method, request.target
    )
}
