//! What a fault of S3 in an upload means for the client.

use crate::refusal::Refusal;
use crate::s3_error;

/// The refusal for the status and the body of S3's answer to a call of the signer. No text of the body is
/// kept.
///
/// It differs from the edge's reading where the signer asks for other things: uploads that are gone, parts
/// that do not fit, objects that are there already. And a refused signer is a fault of ours, where a refused
/// edge may only mean that an object is missing.
pub fn refusal(status: u16, body: &str) -> Refusal {
    match s3_error::code(body) {
        Some("NoSuchUpload") => Refusal::NotFound,
        Some("PreconditionFailed" | "ConditionalRequestConflict") => Refusal::PreconditionFailed,
        Some("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" | "EntityTooLarge") => Refusal::PreconditionFailed,
        Some("AccessDenied") => Refusal::OriginError("AccessDenied: the signer's role lacks a permission"),
        Some("MethodNotAllowed") => Refusal::OriginError("MethodNotAllowed"),
        code => s3_error::refusal(status, code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_over_statuses() {
        for (status, code, ours) in [
            (404, "NoSuchUpload", 404),
            (412, "PreconditionFailed", 412),
            (409, "ConditionalRequestConflict", 412),
            (400, "InvalidPart", 412),
            (403, "AccessDenied", 502),
            (403, "SignatureDoesNotMatch", 502),
            (404, "NoSuchBucket", 502),
            (503, "SlowDown", 503),
            (200, "InternalError", 503),
            (200, "SomethingNew", 502),
        ] {
            let body = alloc::format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code></Error>");
            assert_eq!(refusal(status, &body).status(), ours, "{code}");
        }
        assert_eq!(refusal(404, "").status(), 502);
    }
}
