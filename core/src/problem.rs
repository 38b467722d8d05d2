//! A refusal as the client sees it: problem details (RFC 9457), or a plain page for a browser. Both say
//! the same four things and nothing else.

use crate::landing::words::Words;
use crate::landing::{markup, password_form};
use crate::refusal::{ORIGIN_RETRY_AFTER_SECONDS, Refusal};
use crate::reply::{LogLine, Reply};
use crate::request::Request;
use crate::text::{holds, push_json_string, push_number};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

impl Refusal {
    /// The reply to `request`: a page where it accepts HTML, problem details elsewhere, neither for HEAD.
    pub fn reply(&self, request: &Request<'_>) -> Reply {
        let wants_page = request.headers.one("accept").is_some_and(|accept| holds(accept, "text/html"));
        let mut reply = if wants_page { self.page(request) } else { self.problem(request.id) };
        self.add_headers(&mut reply);
        reply.log = Some(LogLine { code: self.code(), reason: self.reason(), alarm: self.is_our_fault() });
        if request.method == "HEAD" { reply.without_body() } else { reply }
    }

    /// The refusal in words, for the log.
    fn reason(&self) -> String {
        let mut reason = String::with_capacity(80);
        // Writing to a String cannot fail.
        let _ = write!(reason, "{self}");
        reason
    }

    fn problem(&self, request_id: &str) -> Reply {
        // Codes and sentences are ours; the id is the platform's and is quoted as any text is.
        let mut body = String::with_capacity(160);
        body.push_str("{\"status\":");
        push_number(&mut body, self.status().into());
        for part in [",\"title\":\"", self.public(), "\",\"code\":\"", self.code(), "\",\"request_id\":"] {
            body.push_str(part);
        }
        push_json_string(&mut body, request_id);
        body.push('}');
        Reply::text(self.status(), PROBLEM_JSON, body)
    }

    fn page(&self, request: &Request<'_>) -> Reply {
        let words = Words::of(&request.headers);
        let sentence = words.refusal(self);
        let html = markup::document(sentence, words, |out| {
            out.raw("<main><h1>").text(sentence).raw("</h1><dl><dt>Status</dt><dd>").text(&self.status().to_string());
            out.raw("</dd><dt>Code</dt><dd>").text(self.code()).raw("</dd><dt>Request</dt><dd>").text(request.id);
            out.raw("</dd></dl>");
            if matches!(self, Self::PasswordRequired | Self::WrongPassword) {
                password_form(out, words);
            }
            out.raw("</main>");
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
