//! A refusal on its way to the client, with what the log says beside it.

use clouddrop_core::Refusal;

/// Why a call is not answered as it wished.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the client sees.
    pub(crate) refusal: Refusal,
    /// For the log only: a place in the JSON, an error code of S3. No value of the client's, no secret.
    pub(crate) detail: Option<String>,
    /// For the client only, who has shown who it is: what in its own call is wrong, which may quote it.
    pub(crate) told: Option<String>,
}

impl Failure {
    /// `refusal` with a detail.
    pub(crate) fn because(refusal: Refusal, detail: impl Into<String>) -> Self {
        Self { refusal, detail: Some(detail.into()), told: None }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, detail: None, told: None }
    }
}
