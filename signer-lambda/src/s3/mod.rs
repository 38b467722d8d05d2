//! S3 as the signer needs it: presigned URLs, the calls of an upload in parts, and the records. Each call is one signed
//! request; no text of S3's leaves here.

mod client;
mod records;
mod sign;
mod store;
mod xml;

pub(crate) use records::StoredList;
pub(crate) use store::{Stored, Written};
pub(crate) use xml::Part;

use crate::config::Config;
use crate::failure::Failure;
use client::{Answer, Client};
use clouddrop_core::config::Records;
use clouddrop_core::issue::duration::moment;
use clouddrop_core::issue::{fault, presign_until};
use clouddrop_core::origin::Endpoint;
use clouddrop_core::{ObjectPath, Refusal, Seconds, UnixTime, percent, sigv4};
use sign::Identity;

/// How often a call that may be repeated is made.
const MAX_TRIES: u32 = 3;
/// How far our clock may be from S3's: S3 itself refuses signatures that are a quarter of an hour off, and whoever
/// opens links by a wrong time opens what has ended.
const MAX_SKEW_MILLIS: u64 = 5 * 60 * 1000;
/// Most pages of a part list: 10,000 parts, 1000 a page.
const MAX_PAGES: usize = 10;

/// The bucket, and who we are there.
#[derive(Debug)]
pub(crate) struct S3 {
    bucket: Endpoint,
    prefix: String,
    records: Records,
    identity: Identity,
    credentials_end: Option<UnixTime>,
    client: Client,
}

/// How long presigned URLs made now live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    now: UnixTime,
    span: Seconds,
}

impl Lease {
    /// When the URLs end.
    pub(crate) const fn end(&self) -> UnixTime {
        UnixTime::from_secs(self.now.as_secs()).after(self.span)
    }
}

impl S3 {
    /// The bucket of `config`; nothing is connected.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            bucket: config.bucket.clone(),
            prefix: config.object_prefix.clone(),
            records: config.records.clone(),
            identity: Identity::new(&config.credentials, &config.region),
            credentials_end: config.credentials.expires,
            client: Client::new(),
        }
    }

    /// A lease until `end`, or until the credentials end.
    pub(crate) fn lease(&self, end: UnixTime, now: UnixTime) -> Result<Lease, Refusal> {
        Ok(Lease { now, span: presign_until(end, self.credentials_end, now)? })
    }

    /// A URL with its signature in the query, over host, `headers`, path and `query`.
    pub(crate) fn presign(
        &self,
        method: &str,
        path: &ObjectPath,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        lease: &Lease,
    ) -> Result<String, Failure> {
        self.identity.presign(method, &self.url(path, query), headers, lease.span, lease.now)
    }

    /// CreateMultipartUpload: the upload's id. With `crc64nvme` the whole is to be checked when it is put together.
    pub(crate) async fn create_upload(
        &self,
        path: &ObjectPath,
        content_type: &str,
        crc64nvme: Option<&str>,
        now: UnixTime,
    ) -> Result<String, Failure> {
        let mut headers = vec![("content-type", content_type)];
        if crc64nvme.is_some() {
            headers.push(("x-amz-checksum-algorithm", "CRC64NVME"));
            headers.push(("x-amz-checksum-type", "FULL_OBJECT"));
        }
        let answer = self.call("POST", path, &[("uploads", "")], &headers, Vec::new(), now).await?;
        xml::upload_id(answer.text()).ok_or_else(|| unreadable("CreateMultipartUpload"))
    }

    /// ListParts, all pages: the parts in the order of their numbers.
    pub(crate) async fn list_parts(
        &self,
        path: &ObjectPath,
        upload_id: &str,
        now: UnixTime,
    ) -> Result<Vec<Part>, Failure> {
        let mut parts: Vec<Part> = Vec::new();
        for _ in 0..MAX_PAGES {
            let after = parts.last().map_or(0, |part| part.number);
            let marker = after.to_string();
            let query = [("max-parts", "1000"), ("part-number-marker", &marker), ("uploadId", upload_id)];
            let answer = self.call("GET", path, &query, &[], Vec::new(), now).await?;
            let page = xml::part_page(answer.text()).ok_or_else(|| unreadable("ListParts"))?;
            // Numbers that do not rise would make the next page the same as this one.
            let mut last = after;
            for part in &page.parts {
                if part.number <= last {
                    return Err(unreadable("ListParts"));
                }
                last = part.number;
            }
            let is_stuck = page.parts.is_empty();
            parts.extend(page.parts);
            if !page.is_truncated {
                return Ok(parts);
            }
            if is_stuck {
                break;
            }
        }
        Err(unreadable("ListParts"))
    }

    /// CompleteMultipartUpload, never over an object that is there: the entity tag.
    pub(crate) async fn complete_upload(
        &self,
        path: &ObjectPath,
        upload_id: &str,
        parts: &[Part],
        crc64nvme: Option<&str>,
        now: UnixTime,
    ) -> Result<String, Failure> {
        let mut headers = vec![("content-type", "application/xml"), ("if-none-match", "*")];
        if let Some(sum) = crc64nvme {
            headers.push(("x-amz-checksum-crc64nvme", sum));
            headers.push(("x-amz-checksum-type", "FULL_OBJECT"));
        }
        let body = xml::complete_request(parts);
        let answer = self.call("POST", path, &[("uploadId", upload_id)], &headers, body.into_bytes(), now).await?;
        // S3 sends the 200 before it has put the parts together, and may then say in the body that it failed.
        match xml::completed(answer.text()) {
            Some(etag) => Ok(etag),
            None => {
                Err(Failure::because(fault::refusal(answer.status, answer.text()), "CompleteMultipartUpload in a 200"))
            }
        }
    }

    /// AbortMultipartUpload.
    pub(crate) async fn abort_upload(&self, path: &ObjectPath, upload_id: &str, now: UnixTime) -> Result<(), Failure> {
        self.call("DELETE", path, &[("uploadId", upload_id)], &[], Vec::new(), now).await.map(|_| ())
    }

    /// DeleteObject: a file that is gone for good.
    pub(crate) async fn delete_object(&self, path: &ObjectPath, now: UnixTime) -> Result<(), Failure> {
        let answer = self.ask_patiently("DELETE", &self.url(path, &[]), &[], Vec::new(), now).await?;
        if answer.is_success() { Ok(()) } else { Err(refused("DELETE", &answer)) }
    }

    /// ListMultipartUploads: the keys, below the shared prefix, and ids of uploads in parts below `prefix` that were
    /// begun before `before`.
    pub(crate) async fn open_uploads(
        &self,
        prefix: &str,
        before: UnixTime,
        now: UnixTime,
    ) -> Result<Vec<(String, String)>, Failure> {
        let whole = format!("{}{prefix}", self.prefix);
        let (_, bucket) = self.bucket.locate("/");
        let mut found = Vec::new();
        let mut after: Option<(String, String)> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("uploads", ""), ("max-uploads", "1000"), ("prefix", &whole)];
            if let Some((key, id)) = &after {
                query.extend([("key-marker", key.as_str()), ("upload-id-marker", id.as_str())]);
            }
            let url = format!("{bucket}?{}", sigv4::canonical_query(&query));
            let answer = self.ask_patiently("GET", &url, &[], Vec::new(), now).await?;
            if !answer.is_success() {
                return Err(refused("ListMultipartUploads", &answer));
            }
            let page = xml::upload_page(answer.text()).ok_or_else(|| unreadable("ListMultipartUploads"))?;
            for upload in page.uploads {
                let begun = moment(&upload.initiated);
                let key = upload.key.strip_prefix(&self.prefix).map(String::from);
                if let (Some(key), true) = (key, begun.is_some_and(|begun| begun < before)) {
                    found.push((key, upload.upload_id));
                }
            }
            after = match (page.is_truncated, page.next_key_marker, page.next_upload_id_marker) {
                (true, Some(key), Some(id)) => Some((key, id)),
                _ => break,
            };
        }
        Ok(found)
    }

    /// One signed request that may be made twice, whatever the answer: where S3 is busy or out of reach for a moment,
    /// it is.
    async fn ask_patiently(
        &self,
        method: &'static str,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        now: UnixTime,
    ) -> Result<Answer, Failure> {
        let mut tries = 1;
        loop {
            let answer = self.ask(method, url, headers, body.clone(), now).await;
            let again = match &answer {
                Ok(answer) => matches!(answer.status, 500 | 502 | 503 | 504),
                Err(failure) => matches!(failure.refusal, Refusal::OriginUnavailable("S3 cannot be reached")),
            };
            if !again || tries == MAX_TRIES {
                return answer;
            }
            crate::pause::pause(tries).await?;
            tries += 1;
        }
    }

    /// One signed request; an answer that is no success becomes a refusal.
    async fn call(
        &self,
        method: &'static str,
        path: &ObjectPath,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: Vec<u8>,
        now: UnixTime,
    ) -> Result<Answer, Failure> {
        let answer = self.ask(method, &self.url(path, query), headers, body, now).await?;
        if answer.is_success() { Ok(answer) } else { Err(refused(method, &answer)) }
    }

    /// One signed request, whatever the answer.
    async fn ask(
        &self,
        method: &'static str,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        now: UnixTime,
    ) -> Result<Answer, Failure> {
        if self.credentials_end.is_some_and(|end| now >= end) {
            return Err(Refusal::OriginUnavailable("our AWS credentials have ended").into());
        }
        let request = self.identity.sign(method, url, headers, body, now)?;
        let answer = self.client.send(request).await?;
        // By the time that the answer was made, ours had gone on; the clock of the call is the one in question.
        let told = answer.date.as_deref().and_then(clouddrop_core::time::from_http_date);
        if let Some(told) = told
            && told.as_millis().abs_diff(now.as_millis()) > MAX_SKEW_MILLIS
        {
            return Err(Refusal::OriginUnavailable("our clock is more than five minutes from S3's").into());
        }
        Ok(answer)
    }

    fn url(&self, path: &ObjectPath, query: &[(&str, &str)]) -> String {
        let mut below_bucket = String::from("/");
        percent::push_path(&mut below_bucket, &self.prefix);
        below_bucket.push_str(path.encoded());
        let (_, mut url) = self.bucket.locate(&below_bucket);
        if !query.is_empty() {
            url.push('?');
            url.push_str(&sigv4::canonical_query(query));
        }
        url
    }
}

fn refused(method: &str, answer: &Answer) -> Failure {
    let refusal = fault::refusal(answer.status, answer.text());
    Failure::because(refusal, format!("{method}: S3 answered {}", answer.status))
}

fn unreadable(call: &str) -> Failure {
    Failure::because(Refusal::OriginError("an answer that is not S3's"), call)
}
