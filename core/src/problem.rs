//! A refusal as the client sees it: problem details (RFC 9457), or a plain page for a browser. Both say
//! the same four things and nothing else.

use crate::landing::markup;
use crate::refusal::{ORIGIN_RETRY_AFTER_SECONDS, Refusal};
use crate::reply::{LogLine, Reply};
use crate::request::Request;
use alloc::format;
use alloc::string::{String, ToString};

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

impl Refusal {
    /// The reply to `request`: a page where it accepts HTML, problem details elsewhere, neither for HEAD.
    pub fn reply(&self, request: &Request<'_>) -> Reply {
        let wants_page = request.headers.one("accept").is_some_and(|accept| accept.contains("text/html"));
        let mut reply = if wants_page { self.page(request.id) } else { self.problem(request.id) };
        self.add_headers(&mut reply);
        reply.log = Some(LogLine { code: self.code(), reason: self.to_string(), alarm: self.is_our_fault() });
        if request.method == "HEAD" { reply.without_body() } else { reply }
    }

    fn problem(&self, request_id: &str) -> Reply {
        // Codes and sentences are ours; the id is the platform's and is quoted as any text is.
        let body = format!(
            "{{\"status\":{},\"title\":\"{}\",\"code\":\"{}\",\"request_id\":{}}}",
            self.status(),
            self.public(),
            self.code(),
            json_string(request_id)
        );
        Reply::text(self.status(), PROBLEM_JSON, body)
    }

    fn page(&self, request_id: &str) -> Reply {
        let html = markup::document(self.public(), |out| {
            out.raw("<main><h1>")
                .text(self.public())
                .raw("</h1><dl><dt>Status</dt><dd>")
                .text(&self.status().to_string());
            out.raw("</dd><dt>Code</dt><dd>").text(self.code()).raw("</dd><dt>Request</dt><dd>").text(request_id);
            out.raw("</dd></dl></main>");
        });
        Reply::page(self.status(), html)
    }

    fn add_headers(&self, reply: &mut Reply) {
        match self {
            Self::Unauthorized(_) => reply.headers.push(("www-authenticate", "Bearer".into())),
            Self::MethodNotAllowed(allow) => reply.headers.push(("allow", allow.as_str().into())),
            Self::RateLimited { retry_after } => reply.headers.push(("retry-after", retry_after.to_string())),
            Self::OriginUnavailable(_) => {
                reply.headers.push(("retry-after", ORIGIN_RETRY_AFTER_SECONDS.to_string()));
            }
            Self::RangeNotSatisfiable(Some(size)) => reply.headers.push(("content-range", format!("bytes */{size}"))),
            _ => {}
        }
    }
}

/// A whole HTML document of ours; `title` is text, `body` is markup.
pub(crate) fn document(title: &str, body: &'static str) -> String {
    markup::document(title, |out| {
        out.raw("<main>").raw(body).raw("</main>");
    })
}

/// A JSON string with its quotes (RFC 8259 section 7).
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    out
}

/// Appends a JSON string with its quotes.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{0}'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_read_back() {
        for text in ["", "plain", "a\"b\\c", "line\nend\u{1}", "é\u{1f600}"] {
            assert_eq!(serde_json::from_str::<String>(&json_string(text)).unwrap(), text);
        }
    }
}
