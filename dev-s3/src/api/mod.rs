//! The S3 operations, from s3s's typed inputs to the store and back.
//!
//! GET and HEAD of objects do not pass here but through [`read::ReadRoute`]: they need the headers as sent.

pub(crate) mod errors;
mod headers;
mod list;
mod multipart;
mod put;
mod range;
pub(crate) mod read;
mod upload_body;

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, ETagCondition,
    HeadBucketInput, HeadBucketOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};
use time::OffsetDateTime;

use crate::store::{Precondition, Store, StoreError};

/// The bucket as s3s sees it.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) store: Arc<Store>,
    pub(crate) region: Arc<str>,
}

#[async_trait::async_trait]
impl S3 for Api {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        put::put_object(self, request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        put::delete_object(self, request.input).await
    }

    async fn head_bucket(&self, _request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        Ok(S3Response::new(HeadBucketOutput {
            bucket_region: Some(self.region.to_string()),
            ..HeadBucketOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        list::list_objects(self, request.input).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        multipart::create(self, request).await
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        multipart::upload_part(self, request).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        multipart::complete(self, request).await
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        multipart::abort(self, request.input).await
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        list::list_parts(self, request.input).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        list::list_uploads(self, request.input).await
    }
}

impl Api {
    /// Runs blocking `work` on the store off the async threads.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> S3Result<T> {
        let store = Arc::clone(&self.store);
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.map_err(errors::internal)?.map_err(errors::from_store)
    }
}

/// Unix time in seconds.
fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// The condition of a write. S3 knows `If-None-Match: *` and `If-Match: "<etag>"` there.
///
/// # Errors
/// `NotImplemented` for `If-None-Match` with an ETag, as S3 says; `InvalidRequest` for both at once.
fn precondition(if_match: Option<ETagCondition>, if_none_match: Option<ETagCondition>) -> S3Result<Precondition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Precondition::Any),
        (None, Some(ETagCondition::Any)) => Ok(Precondition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Precondition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Precondition::Is(etag.value().to_owned())),
        (None, Some(ETagCondition::ETag(_))) => Err(errors::not_implemented(
            "A header you provided implies functionality that is not implemented: If-None-Match with an ETag",
        )),
        (Some(_), Some(_)) => Err(errors::invalid_request("If-Match and If-None-Match exclude each other")),
    }
}
