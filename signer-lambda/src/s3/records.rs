//! The revocation list in the bucket: read with its version, written on condition.

use super::S3;
use super::store::{Stored, Written};
use crate::failure::Failure;
use clouddrop_core::revocation::{LIST_NAME, List};
use clouddrop_core::{Refusal, UnixTime};

/// The list and its version.
#[derive(Debug)]
pub(crate) struct StoredList {
    pub(crate) list: List,
    stored: Stored,
}

impl S3 {
    /// The list as it is now; `None` if there is none, or it may not be read: S3 may not tell which.
    pub(crate) async fn read_list(&self, now: UnixTime) -> Result<Option<StoredList>, Failure> {
        let Some(mut stored) = self.get(LIST_NAME, now).await? else { return Ok(None) };
        let list = List::parse(std::mem::take(&mut stored.bytes))
            .map_err(|bad| Failure::because(Refusal::OriginError("the revocation list is damaged"), bad.0))?;
        Ok(Some(StoredList { list, stored }))
    }

    /// Stores a list in the place of the one that it was made from, or, if it was made from none, where there is none.
    pub(crate) async fn write_list(
        &self,
        list: &List,
        made_from: Option<&StoredList>,
        now: UnixTime,
    ) -> Result<Written, Failure> {
        self.put(LIST_NAME, list.as_bytes().to_vec(), made_from.map(|list| &list.stored), now).await
    }
}
