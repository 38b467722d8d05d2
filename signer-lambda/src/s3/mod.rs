//! S3 as the signer needs it: presigned URLs, the five calls of an upload in parts, and the revocation list. Each
//! call is one signed request; no text of S3's leaves here.

mod client;
mod records;
mod sign;
mod xml;

pub(crate) use records::{StoredList, Written};
pub(crate) use xml::Part;

use crate::config::Config;
use crate::failure::Failure;
use client::{Answer, Client};
use clouddrop_core::config::Records;
use clouddrop_core::issue::{fault, presign_until};
use clouddrop_core::origin::Endpoint;
use clouddrop_core::{ObjectPath, Refusal, Seconds, UnixTime, percent, sigv4};
use sign::Identity;

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

    /// CreateMultipartUpload: the upload's id.
    pub(crate) async fn create_upload(
        &self,
        path: &ObjectPath,
        content_type: &str,
        now: UnixTime,
    ) -> Result<String, Failure> {
        let headers = [("content-type", content_type)];
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
        now: UnixTime,
    ) -> Result<String, Failure> {
        let headers = [("content-type", "application/xml"), ("if-none-match", "*")];
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
        self.client.send(request).await
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
