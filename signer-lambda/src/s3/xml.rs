//! The documents of S3 that are read and written here (S3 API reference). What is not of the expected form is `None`.

use quick_xml::de::from_str;
use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Most parts of one page, which is what is asked for.
const MAX_PAGE: usize = 1000;

/// A part that has arrived.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "PascalCase"))]
pub(crate) struct Part {
    #[serde(rename(deserialize = "PartNumber"))]
    pub(crate) number: u32,
    pub(crate) size: u64,
    /// With its quotes.
    #[serde(rename(deserialize = "ETag"))]
    pub(crate) etag: String,
}

/// A page of ListParts.
#[derive(PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PartPage {
    pub(super) is_truncated: bool,
    #[serde(rename = "Part", default)]
    pub(super) parts: Vec<Part>,
}

/// An object in a list.
#[derive(PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) size: u64,
    /// With its quotes.
    #[serde(rename = "ETag")]
    pub(super) etag: String,
}

/// A page of ListObjectsV2.
#[derive(PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyPage {
    pub(super) is_truncated: bool,
    #[serde(rename = "Contents", default)]
    pub(super) keys: Vec<Found>,
}

/// A ListBucketResult.
pub(super) fn key_page(body: &str) -> Option<KeyPage> {
    body.contains("<ListBucketResult")
        .then(|| from_str(body).ok())?
        .filter(|page: &KeyPage| page.keys.len() <= MAX_PAGE)
}

/// An upload in parts that is open.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OpenUpload {
    pub(super) key: String,
    #[serde(rename = "UploadId")]
    pub(super) upload_id: String,
    /// When it was begun (RFC 3339).
    pub(super) initiated: String,
}

/// A page of ListMultipartUploads.
#[derive(PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UploadPage {
    pub(super) is_truncated: bool,
    pub(super) next_key_marker: Option<String>,
    #[serde(rename = "NextUploadIdMarker")]
    pub(super) next_upload_id_marker: Option<String>,
    #[serde(rename = "Upload", default)]
    pub(super) uploads: Vec<OpenUpload>,
}

/// A ListMultipartUploadsResult.
pub(super) fn upload_page(body: &str) -> Option<UploadPage> {
    let is_page = body.contains("<ListMultipartUploadsResult");
    is_page.then(|| from_str(body).ok())?.filter(|page: &UploadPage| page.uploads.len() <= MAX_PAGE)
}

/// The id in an InitiateMultipartUploadResult.
pub(super) fn upload_id(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Begun {
        #[serde(rename = "UploadId")]
        upload_id: String,
    }
    from_str::<Begun>(body).ok().map(|begun| begun.upload_id).filter(|id| !id.is_empty())
}

/// A ListPartsResult.
pub(super) fn part_page(body: &str) -> Option<PartPage> {
    from_str::<PartPage>(body).ok().filter(|page| page.parts.len() <= MAX_PAGE)
}

/// The entity tag in a CompleteMultipartUploadResult; `None` for an Error, which S3 may send with a 200.
pub(super) fn completed(body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Completed {
        #[serde(rename = "ETag")]
        etag: String,
    }
    let is_result = body.contains("<CompleteMultipartUploadResult") && !body.contains("<Error>");
    is_result.then(|| from_str::<Completed>(body).ok())?.map(|completed| completed.etag)
}

/// A CompleteMultipartUpload of all `parts`.
pub(super) fn complete_request(parts: &[Part]) -> String {
    let mut out = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for part in parts {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>",
            part.number,
            escape(part.etag.as_str())
        );
    }
    out.push_str("</CompleteMultipartUpload>");
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
mod tests {
    use super::*;

    const PAGE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket><Key>k</Key>\
        <UploadId>u</UploadId><Owner><ID>o</ID></Owner><PartNumberMarker>0</PartNumberMarker>\
        <NextPartNumberMarker>2</NextPartNumberMarker><MaxParts>2</MaxParts><IsTruncated>true</IsTruncated>\
        <Part><PartNumber>1</PartNumber><LastModified>2026-11-24T00:00:00Z</LastModified><ETag>&quot;a&quot;</ETag>\
        <Size>16777216</Size></Part><Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag><Size>5</Size></Part>\
        </ListPartsResult>";

    #[test]
    fn pages_are_read() {
        let page = part_page(PAGE).unwrap();
        assert!(page.is_truncated);
        let part = |number, size, etag: &str| Part { number, size, etag: etag.into() };
        assert_eq!(page.parts, [part(1, 16_777_216, "\"a\""), part(2, 5, "\"b\"")]);
        let empty = "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>";
        assert_eq!(part_page(empty), Some(PartPage { is_truncated: false, parts: Vec::new() }));
    }

    #[test]
    fn what_is_no_answer_of_s3_is_none() {
        for bad in [
            "",
            "nonsense",
            "<html></html>",
            "<ListPartsResult></ListPartsResult>",
            &PAGE[..PAGE.len() - 20],
            &PAGE.replace("16777216", "-1"),
            &PAGE.replace("<Size>5</Size>", ""),
        ] {
            assert_eq!(part_page(bad), None, "{bad}");
        }
        assert_eq!(upload_id("<Error><Code>X</Code></Error>"), None);
        assert_eq!(upload_id("<R><UploadId>a.b_c</UploadId></R>").as_deref(), Some("a.b_c"));
    }

    #[test]
    fn an_error_in_a_success_is_no_success() {
        let done = "<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>";
        assert_eq!(completed(done).as_deref(), Some("\"x-2\""));
        assert_eq!(completed("\n\n<Error><Code>InternalError</Code><ETag>\"x\"</ETag></Error>"), None);
        assert_eq!(completed(""), None);
    }

    #[test]
    fn entity_tags_are_escaped() {
        let parts = [Part { number: 1, size: 1, etag: "\"a<b\"".into() }];
        assert!(complete_request(&parts).contains("<PartNumber>1</PartNumber><ETag>&quot;a&lt;b&quot;</ETag>"));
    }
}
