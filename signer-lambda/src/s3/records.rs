//! The revocation list in the bucket: read with its version, written on condition.

use super::{S3, refused};
use crate::failure::Failure;
use clouddrop_core::issue::fault;
use clouddrop_core::revocation::{LIST_NAME, List};
use clouddrop_core::{Refusal, UnixTime};

/// The list and its version.
#[derive(Debug)]
pub(crate) struct StoredList {
    pub(crate) list: List,
    etag: String,
}

/// Who wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// We did.
    Ours,
    /// Somebody else was first: read again.
    LostRace,
}

impl S3 {
    /// The list as it is now; `None` if there is none, or it may not be read: S3 does not tell which.
    pub(crate) async fn read_list(&self, now: UnixTime) -> Result<Option<StoredList>, Failure> {
        let (_, url) = self.records.locate(LIST_NAME);
        let answer = self.ask("GET", &url, &[], Vec::new(), now).await?;
        if !answer.is_success() {
            return if fault::is_missing(answer.text()) { Ok(None) } else { Err(refused("GET of the list", &answer)) };
        }
        let etag = answer.etag.ok_or(Refusal::OriginError("a revocation list without a version"))?;
        let list = List::parse(answer.body)
            .map_err(|bad| Failure::because(Refusal::OriginError("the revocation list is damaged"), bad.0))?;
        Ok(Some(StoredList { list, etag }))
    }

    /// Stores a list in the place of the one that it was made from, or, if it was made from none, where there is none.
    pub(crate) async fn write_list(
        &self,
        list: &List,
        made_from: Option<&StoredList>,
        now: UnixTime,
    ) -> Result<Written, Failure> {
        let condition = match made_from {
            Some(stored) => ("if-match", stored.etag.as_str()),
            None => ("if-none-match", "*"),
        };
        let headers = [("content-type", "application/octet-stream"), condition];
        let (_, url) = self.records.locate(LIST_NAME);
        let answer = self.ask("PUT", &url, &headers, list.as_bytes().to_vec(), now).await?;
        if answer.is_success() {
            return Ok(Written::Ours);
        }
        if fault::is_lost_race(answer.text()) {
            Ok(Written::LostRace)
        } else {
            Err(refused("PUT of the list", &answer))
        }
    }
}
