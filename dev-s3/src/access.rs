//! Who is asking, and whether they may: s3s calls this with a verified signature, before any input is read.

use std::sync::{Arc, OnceLock};

use http::{Extensions, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{Credentials, S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::admission::unknown_access_key;
use crate::identity::{Action, Identities, Identity};

/// What is learnt about a request on its way, for the access log.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The name of the identity whose signature was verified.
    pub(crate) identity: OnceLock<String>,
}

/// The identities and the one bucket they act on.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) identities: Arc<Identities>,
    pub(crate) bucket: String,
}

impl Gate {
    /// The identity behind verified `credentials`, noted for the access log.
    ///
    /// # Errors
    /// `AccessDenied` for an anonymous request.
    pub(crate) fn identify(&self, credentials: Option<&Credentials>, extensions: &Extensions) -> S3Result<&Identity> {
        let credentials = credentials.ok_or_else(denied)?;
        let identity = self.identities.find(&credentials.access_key).ok_or_else(unknown_access_key)?;
        if let Some(facts) = extensions.get::<Arc<Facts>>() {
            facts.identity.get_or_init(|| identity.name.clone());
        }
        Ok(identity)
    }

    /// # Errors
    /// `NoSuchBucket` for any bucket but ours.
    pub(crate) fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.bucket {
            return Ok(());
        }
        Err(S3Error::with_message(S3ErrorCode::NoSuchBucket, "The specified bucket does not exist"))
    }
}

/// The reply to everything an identity may not do.
pub(crate) fn denied() -> S3Error {
    S3Error::with_message(S3ErrorCode::AccessDenied, "Access Denied")
}

/// s3s's hooks; a wrapper, because one gate serves three of them.
#[derive(Clone, Debug)]
pub(crate) struct SharedGate(pub(crate) Arc<Gate>);

#[async_trait::async_trait]
impl S3Auth for SharedGate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.0
            .identities
            .find(access_key)
            .map(|identity| identity.secret_access_key.clone())
            .ok_or_else(unknown_access_key)
    }
}

#[async_trait::async_trait]
impl S3Access for SharedGate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let credentials = cx.credentials().cloned();
        let identity = self.0.identify(credentials.as_ref(), cx.extensions_mut())?;
        let action = action_of(cx.s3_op().name()).ok_or_else(denied)?;
        refuse_half_a_part(cx)?;
        let (bucket, key) = match cx.s3_path() {
            S3Path::Root => return Err(denied()),
            // Of a list, the keys asked for are those below its prefix.
            S3Path::Bucket { bucket } => (bucket, listed_prefix(cx.uri())),
            S3Path::Object { bucket, key } => (bucket, key.to_string()),
        };
        self.0.check_bucket(bucket)?;
        if identity.allows(action, &key) { Ok(()) } else { Err(denied()) }
    }
}

/// The permission an operation needs; `None` for operations this server has not.
fn action_of(operation: &str) -> Option<Action> {
    match operation {
        "GetObject" | "HeadObject" => Some(Action::GetObject),
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => Some(Action::PutObject),
        "DeleteObject" => Some(Action::DeleteObject),
        "AbortMultipartUpload" => Some(Action::AbortMultipartUpload),
        "ListParts" => Some(Action::ListMultipartUploadParts),
        "ListObjectsV2" | "HeadBucket" => Some(Action::ListBucket),
        "ListMultipartUploads" => Some(Action::ListBucketMultipartUploads),
        _ => None,
    }
}

/// `PUT /key?uploadId=` without a part number would be taken for a plain PUT, and so would overwrite the object.
fn refuse_half_a_part(cx: &S3AccessContext<'_>) -> S3Result<()> {
    let query = cx.uri().query().unwrap_or("");
    let of_upload =
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "uploadId" || name == "partNumber");
    if of_upload && cx.s3_op().name() == "PutObject" {
        return Err(S3Error::with_message(
            S3ErrorCode::InvalidArgument,
            "uploadId and partNumber must be given together",
        ));
    }
    Ok(())
}

fn listed_prefix(uri: &Uri) -> String {
    // A second `prefix` is refused when the input is read; until then the shorter reading must not widen anything.
    let mut prefixes = form_urlencoded::parse(uri.query().unwrap_or("").as_bytes())
        .filter(|(name, _)| name == "prefix")
        .map(|(_, value)| value.into_owned());
    match (prefixes.next(), prefixes.next()) {
        (Some(prefix), None) => prefix,
        _ => String::new(),
    }
}
