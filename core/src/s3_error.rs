//! S3's error codes (S3 API reference, "Error Responses"): what each means for the client. The text of an
//! error never leaves here: it names keys and canonical requests.

use crate::range::number;
use crate::refusal::Refusal;
use crate::text::cut;

/// The code in an error's body.
pub(crate) fn code(body: &str) -> Option<&str> {
    element(body, "<Code>", "</Code>").filter(|code| code.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The object's size, as an InvalidRange error tells it.
pub(crate) fn actual_size(body: &str) -> Option<u64> {
    element(body, "<ActualObjectSize>", "</ActualObjectSize>").and_then(number)
}

fn element<'a>(body: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = cut(body, open)?;
    cut(rest, close).map(|(content, _)| content)
}

/// The refusal for an error's status and code. What is not known is our fault until shown otherwise.
pub(crate) fn refusal(status: u16, code: Option<&str>) -> Refusal {
    match (code, status) {
        // Without s3:ListBucket, which the edge does not have, a missing key is AccessDenied.
        (Some("NoSuchKey" | "NoSuchVersion" | "AccessDenied" | "MethodNotAllowed"), _) => Refusal::NotFound,
        (Some("SlowDown" | "ServiceUnavailable" | "InternalError" | "OperationAborted" | "Busy"), _) => {
            Refusal::OriginUnavailable("S3 asks for patience")
        }
        (Some("RequestTimeout"), _) | (_, 504) => Refusal::OriginTimeout,
        (Some("SignatureDoesNotMatch"), _) => Refusal::OriginError("SignatureDoesNotMatch"),
        (Some("InvalidAccessKeyId"), _) => Refusal::OriginError("InvalidAccessKeyId"),
        (Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired"), _) => Refusal::OriginError("ExpiredToken"),
        (Some("RequestTimeTooSkewed"), _) => Refusal::OriginError("RequestTimeTooSkewed"),
        (Some("AuthorizationHeaderMalformed"), _) => Refusal::OriginError("AuthorizationHeaderMalformed"),
        (Some("NoSuchBucket"), _) => Refusal::OriginError("NoSuchBucket"),
        (Some("InvalidObjectState"), _) => Refusal::OriginError("the object is archived"),
        (Some("PermanentRedirect" | "TemporaryRedirect"), _) | (_, 300..=399) => {
            Refusal::OriginError("a redirect: the region or the endpoint is wrong")
        }
        (_, 500 | 502 | 503) => Refusal::OriginUnavailable("the origin failed"),
        (_, 429) => Refusal::OriginUnavailable("the origin asks for patience"),
        _ => Refusal::OriginError("an answer that is not S3's"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_over_statuses() {
        let body = |code: &str| {
            alloc::format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>x</Message></Error>")
        };
        for (status, s3_code, ours) in [
            (404, "NoSuchKey", "not_found"),
            (403, "AccessDenied", "not_found"),
            (403, "SignatureDoesNotMatch", "origin_error"),
            (403, "RequestTimeTooSkewed", "origin_error"),
            (400, "ExpiredToken", "origin_error"),
            (404, "NoSuchBucket", "origin_error"),
            (503, "SlowDown", "origin_unavailable"),
            (500, "InternalError", "origin_unavailable"),
            (400, "RequestTimeout", "origin_timeout"),
            (301, "PermanentRedirect", "origin_error"),
            (403, "SomethingNew", "origin_error"),
        ] {
            assert_eq!(refusal(status, code(&body(s3_code))).code(), ours, "{s3_code}");
        }
        assert_eq!(refusal(404, code("<html>not here</html>")).code(), "origin_error");
        assert_eq!(refusal(503, None).code(), "origin_unavailable");
        assert_eq!(code("<Code>a b</Code>"), None);
        assert_eq!(
            actual_size("<Error><Code>InvalidRange</Code><ActualObjectSize>10</ActualObjectSize></Error>"),
            Some(10)
        );
    }
}
