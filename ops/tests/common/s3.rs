//! A stand-in for S3's settings of a bucket: it answers what it is told to, by the setting's name, to whoever has signed. It is
//! no model of S3; the answers are those of its API reference.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

/// Status and body for each setting; `object` is for objects, and an empty name for a request without a signature.
pub(crate) type Answers = BTreeMap<&'static str, (u16, &'static str)>;

/// Its URL; it serves until the process ends.
pub(crate) fn start(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = Arc::new(answers);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut first, mut signed) = (String::new(), false);
            reader.read_line(&mut first).unwrap();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                signed |= line.to_ascii_lowercase().starts_with("authorization: aws4-hmac-sha256 credential=akid");
                if line.trim().is_empty() {
                    break;
                }
            }
            let target = first.split(' ').nth(1).unwrap_or("");
            let setting = match target.split_once('?') {
                _ if !signed => "",
                Some((_, query)) => query.trim_end_matches('='),
                None => "object",
            };
            let (status, body) = answers.get(setting).copied().unwrap_or((404, "<Error><Code>NoSuch</Code></Error>"));
            let length = body.len();
            let _ =
                write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        }
    });
    url
}

/// A bucket as the templates make it, for the page at `PAGE`.
pub(crate) fn sound() -> Answers {
    [
        ("", (403, "<Error><Code>AccessDenied</Code></Error>")),
        ("object", (200, "CDREVOK\u{1}")),
        (
            "publicAccessBlock",
            (
                200,
                "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
                 <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
                 <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
            ),
        ),
        ("policyStatus", (200, "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>")),
        ("policy", (200, POLICY)),
        ("ownershipControls", (200, "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>")),
        ("encryption", (200, "<Rule><SSEAlgorithm>AES256</SSEAlgorithm></Rule>")),
        ("versioning", (200, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")),
        (
            "lifecycle",
            (
                200,
                "<Rule><ID>a</ID><Filter></Filter><Status>Enabled</Status><AbortIncompleteMultipartUpload>\
                 <DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>\
                 <Rule><ID>b</ID><Filter><And><Prefix>files/</Prefix><Tag><Key>expires-after</Key><Value>7d</Value></Tag></And>\
                 </Filter><Status>Enabled</Status><Expiration><Days>7</Days></Expiration></Rule>",
            ),
        ),
        (
            "cors",
            (
                200,
                "<CORSRule><AllowedOrigin>http://127.0.0.1:9</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
                 <ExposeHeader>ETag</ExposeHeader></CORSRule>",
            ),
        ),
    ]
    .into()
}

pub(crate) const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"r","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
  {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"r","Condition":{"NumericGreaterThan":{"s3:signatureAge":"86460000"}}},
  {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"r","Condition":{"Null":{"s3:if-none-match":"true"}}}]}"#;
