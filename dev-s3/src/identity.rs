//! Who may do what: the identities of the server, read from a file, with S3's own action names.

use std::collections::HashMap;
use std::path::Path;

use s3s::auth::SecretKey;
use serde::Deserialize;

/// A set of credentials and what they allow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// What the access log calls it.
    pub name: String,
    /// Sent with every request, not secret.
    pub access_key_id: String,
    /// Never leaves the server; prints as a placeholder.
    pub secret_access_key: SecretKey,
    /// If set, requests must carry it as `x-amz-security-token`, as temporary credentials do.
    #[serde(default)]
    pub session_token: Option<SecretKey>,
    /// The actions allowed; all others are refused.
    pub allow: Vec<Action>,
    /// Keys (and prefixes of lists) must start with one of these. `""` allows every key, an empty list none.
    pub prefixes: Vec<String>,
    /// Further statements: other actions below other prefixes.
    #[serde(default)]
    pub also: Vec<Statement>,
}

/// Actions and where they are allowed, as one statement of an IAM policy has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The actions allowed.
    pub allow: Vec<Action>,
    /// As in [`Identity::prefixes`].
    pub prefixes: Vec<String>,
}

/// The actions of S3's permission model that this server knows
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Action {
    /// GET and HEAD of an object.
    #[serde(rename = "s3:GetObject")]
    GetObject,
    /// PUT of an object; creating, feeding and completing a multipart upload.
    #[serde(rename = "s3:PutObject")]
    PutObject,
    /// DELETE of an object.
    #[serde(rename = "s3:DeleteObject")]
    DeleteObject,
    /// DELETE of a multipart upload.
    #[serde(rename = "s3:AbortMultipartUpload")]
    AbortMultipartUpload,
    /// The parts of one upload.
    #[serde(rename = "s3:ListMultipartUploadParts")]
    ListMultipartUploadParts,
    /// The keys of the bucket. Without it a missing key looks like a forbidden one.
    #[serde(rename = "s3:ListBucket")]
    ListBucket,
    /// The open uploads of the bucket.
    #[serde(rename = "s3:ListBucketMultipartUploads")]
    ListBucketMultipartUploads,
}

/// Why a set of identities is refused.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read.
    #[error("the identities in {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not the JSON expected.
    #[error("the identities in {path} are malformed: {source}")]
    Malformed {
        /// The file.
        path: String,
        /// Line, column and expectation.
        source: serde_json::Error,
    },
    /// Two identities share an access key id, or a field is empty.
    #[error("identity {name:?}: {reason}")]
    Invalid {
        /// The identity.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Reads a JSON array of identities.
///
/// # Errors
/// [`IdentityError::Unreadable`] and [`IdentityError::Malformed`], which quotes no value of the file.
pub fn read_identities(path: &Path) -> Result<Vec<Identity>, IdentityError> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| IdentityError::Unreadable { path: name(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| IdentityError::Malformed { path: name(), source })
}

impl Identity {
    /// Whether `action` on `key` (or on the list below the prefix `key`) is allowed.
    pub(crate) fn allows(&self, action: Action, key: &str) -> bool {
        let allows = |actions: &[Action], prefixes: &[String]| {
            actions.contains(&action) && prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
        };
        allows(&self.allow, &self.prefixes) || self.also.iter().any(|more| allows(&more.allow, &more.prefixes))
    }
}

/// Checked identities, by access key id.
#[derive(Debug)]
pub(crate) struct Identities(HashMap<String, Identity>);

impl Identities {
    /// # Errors
    /// [`IdentityError::Invalid`]
    pub(crate) fn new(list: Vec<Identity>) -> Result<Self, IdentityError> {
        let mut map = HashMap::new();
        for identity in list {
            let invalid = |reason| IdentityError::Invalid { name: identity.name.clone(), reason };
            if identity.name.is_empty() || identity.access_key_id.is_empty() {
                return Err(invalid("name and access_key_id must not be empty"));
            }
            // `/` separates the parts of a credential scope.
            if !identity.access_key_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(invalid("access_key_id must be letters and digits"));
            }
            if identity.secret_access_key.expose().is_empty() {
                return Err(invalid("secret_access_key must not be empty"));
            }
            if map.contains_key(&identity.access_key_id) {
                return Err(invalid("another identity has the same access_key_id"));
            }
            map.insert(identity.access_key_id.clone(), identity);
        }
        Ok(Self(map))
    }

    pub(crate) fn find(&self, access_key_id: &str) -> Option<&Identity> {
        self.0.get(access_key_id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

    use super::*;

    fn parse(json: &str) -> Result<Vec<Identity>, serde_json::Error> {
        serde_json::from_str(json)
    }

    const GOOD: &str = r#"[{"name":"edge","access_key_id":"AKIDEDGE","secret_access_key":"hush-hush",
        "session_token":"tok-tok","allow":["s3:GetObject"],"prefixes":["files/"]}]"#;

    #[test]
    fn an_identity_allows_its_actions_below_its_prefixes() {
        let edge = parse(GOOD).unwrap().remove(0);
        assert!(edge.allows(Action::GetObject, "files/a"));
        assert!(!edge.allows(Action::PutObject, "files/a"));
        assert!(!edge.allows(Action::GetObject, "file"));
        assert!(!edge.allows(Action::GetObject, "records/a"));
    }

    #[test]
    fn a_further_statement_adds_its_own_actions_below_its_own_prefixes() {
        let also =
            GOOD.replace("\"prefixes\"", r#""also":[{"allow":["s3:PutObject"],"prefixes":["records/"]}],"prefixes""#);
        let edge = parse(&also).unwrap().remove(0);
        assert!(edge.allows(Action::GetObject, "files/a") && edge.allows(Action::PutObject, "records/a"));
        assert!(!edge.allows(Action::GetObject, "records/a") && !edge.allows(Action::PutObject, "files/a"));
        assert!(parse(&also.replace("\"records/\"]}", "\"records/\"],\"x\":1}")).is_err());
    }

    #[test]
    fn unknown_fields_and_actions_are_refused() {
        assert!(parse(&GOOD.replace("\"name\"", "\"colour\":1,\"name\"")).is_err());
        assert!(parse(&GOOD.replace("s3:GetObject", "s3:*")).is_err());
    }

    #[test]
    fn no_secret_is_printed() {
        let text = format!("{:?}", Identities::new(parse(GOOD).unwrap()).unwrap());
        assert!(text.contains("AKIDEDGE"));
        assert!(!text.contains("hush-hush") && !text.contains("tok-tok"), "{text}");
    }

    #[test]
    fn one_access_key_id_is_one_identity() {
        let twice: Vec<_> = [parse(GOOD).unwrap(), parse(GOOD).unwrap()].concat();
        assert!(matches!(Identities::new(twice), Err(IdentityError::Invalid { .. })));
    }
}
