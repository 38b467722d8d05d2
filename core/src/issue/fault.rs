//! What a fault of S3 in an upload, or in a record, means for the client.

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
        // What has arrived is not what the promised checksum is of: the client's to send again, no fault of S3.
        Some("BadDigest") => Refusal::PreconditionFailed,
        Some("AccessDenied") => Refusal::OriginError("AccessDenied: the signer's role lacks a permission"),
        Some("MethodNotAllowed") => Refusal::OriginError("MethodNotAllowed"),
        code => s3_error::refusal(status, code),
    }
}

/// Whether an answer to a read of a record says that there is none. Without s3:ListBucket, which the signer does not
/// have, that looks like a record that may not be read.
pub fn is_missing(body: &str) -> bool {
    matches!(s3_error::code(body), Some("NoSuchKey" | "AccessDenied"))
}

/// Whether an answer to a conditional write says that somebody else wrote first (S3 user guide, "Conditional
/// writes"): the record is there, is another one, is being written, or has gone.
pub fn is_lost_race(body: &str) -> bool {
    matches!(s3_error::code(body), Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey"))
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
            (400, "BadDigest", 412),
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

    #[test]
    fn a_record_can_be_missing_and_a_write_can_come_second() {
        let body = |code: &str| alloc::format!("<Error><Code>{code}</Code></Error>");
        for (code, missing, lost) in [
            ("NoSuchKey", true, true),
            ("AccessDenied", true, false),
            ("PreconditionFailed", false, true),
            ("ConditionalRequestConflict", false, true),
            ("NoSuchBucket", false, false),
            ("SlowDown", false, false),
        ] {
            assert_eq!((is_missing(&body(code)), is_lost_race(&body(code))), (missing, lost), "{code}");
        }
        assert!(!is_missing("") && !is_lost_race(""));
    }
}
