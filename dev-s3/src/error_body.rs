//! The XML of an S3 error (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).

/// An error as S3 tells it. Like S3's it names resources and access key ids: a proxy must not pass it on.
#[derive(Debug)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    /// The path as sent.
    pub(crate) resource: &'a str,
    /// As claimed by the request, verified or not.
    pub(crate) access_key_id: Option<&'a str>,
    /// The `Range` as sent.
    pub(crate) range: Option<&'a str>,
    /// Of the object that has no such range, in bytes.
    pub(crate) actual_object_size: Option<&'a str>,
    pub(crate) request_id: &'a str,
}

impl ErrorBody<'_> {
    pub(crate) fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
        element(&mut xml, "Code", self.code);
        element(&mut xml, "Message", self.message);
        match self.code {
            "SignatureDoesNotMatch" | "InvalidAccessKeyId" => {
                element(&mut xml, "AWSAccessKeyId", self.access_key_id.unwrap_or(""));
            }
            "InvalidRange" => {
                element(&mut xml, "RangeRequested", self.range.unwrap_or(""));
                element(&mut xml, "ActualObjectSize", self.actual_object_size.unwrap_or(""));
            }
            _ => {}
        }
        element(&mut xml, "Resource", self.resource);
        element(&mut xml, "RequestId", self.request_id);
        element(&mut xml, "HostId", "dev");
        xml.push_str("</Error>");
        xml
    }
}

/// Reads the code and the message back from the XML that s3s writes.
pub(crate) fn code_and_message(xml: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(xml);
    let inside = |open: &str, close: &str| {
        let start = text.find(open)? + open.len();
        let length = text[start..].find(close)?;
        Some(unescape(&text[start..start + length]))
    };
    let code = inside("<Code>", "</Code>").unwrap_or_else(|| "InternalError".to_owned());
    let message = inside("<Message>", "</Message>").unwrap_or_else(|| default_message(&code).to_owned());
    (code, message)
}

fn default_message(code: &str) -> &'static str {
    match code {
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing method."
        }
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        _ => "",
    }
}

fn element(xml: &mut String, name: &str, text: &str) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            // XML 1.0 has no other control characters, not even escaped.
            character if character.is_control() && !matches!(character, '\t' | '\n' | '\r') => xml.push('\u{fffd}'),
            character => xml.push(character),
        }
    }
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

fn unescape(text: &str) -> String {
    // `&amp;` last, so that `&amp;lt;` gives `&lt;`.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
