//! Records in the bucket: small objects that are read with their version and written on condition, and lists of their
//! names. Who writes says what it has seen; so nothing is lost, however many write at once.

use super::{S3, refused, unreadable, xml};
use crate::failure::Failure;
use clouddrop_core::issue::fault;
use clouddrop_core::{Refusal, UnixTime};

/// An object and its version.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) bytes: Vec<u8>,
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

/// A page of names, sorted.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Without the folder of the records and the prefix that was asked for.
    pub(crate) names: Vec<String>,
    /// Whether there are more behind the last.
    pub(crate) more: bool,
}

impl S3 {
    /// The object called `name`; `None` if there is none.
    pub(crate) async fn get(&self, name: &str, now: UnixTime) -> Result<Option<Stored>, Failure> {
        let (_, url) = self.records.locate(name);
        let answer = self.ask_patiently("GET", &url, &[], Vec::new(), now).await?;
        if !answer.is_success() {
            return if fault::is_missing(answer.text()) { Ok(None) } else { Err(refused("GET of a record", &answer)) };
        }
        let etag = answer.etag.ok_or(Refusal::OriginError("a record without a version"))?;
        Ok(Some(Stored { bytes: answer.body, etag }))
    }

    /// Stores an object in the place of the one that it was made from, or, if it was made from none, where there is
    /// none.
    pub(crate) async fn put(
        &self,
        name: &str,
        bytes: Vec<u8>,
        made_from: Option<&Stored>,
        now: UnixTime,
    ) -> Result<Written, Failure> {
        let condition = match made_from {
            Some(stored) => ("if-match", stored.etag.as_str()),
            None => ("if-none-match", "*"),
        };
        let headers = [("content-type", "application/octet-stream"), condition];
        let (_, url) = self.records.locate(name);
        let answer = self.ask_patiently("PUT", &url, &headers, bytes, now).await?;
        if answer.is_success() {
            Ok(Written::Ours)
        } else if fault::is_lost_race(answer.text()) {
            Ok(Written::LostRace)
        } else {
            Err(refused("PUT of a record", &answer))
        }
    }

    /// Removes an object, if it is there.
    pub(crate) async fn delete(&self, name: &str, now: UnixTime) -> Result<(), Failure> {
        let (_, url) = self.records.locate(name);
        let answer = self.ask_patiently("DELETE", &url, &[], Vec::new(), now).await?;
        if answer.is_success() || fault::is_missing(answer.text()) {
            Ok(())
        } else {
            Err(refused("DELETE of a record", &answer))
        }
    }

    /// Up to `limit` names that begin with `prefix`, behind `after`.
    pub(crate) async fn names(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        now: UnixTime,
    ) -> Result<Names, Failure> {
        let whole = format!("{}{prefix}", self.records.prefix());
        let after = after.map(|after| format!("{whole}{after}"));
        let (_, url) = self.records.bucket();
        let answer = self.list_objects(&url, &whole, after.as_deref(), limit, now).await?;
        let names = answer.keys.iter().map(|found| found.key.strip_prefix(&whole).map(String::from));
        let names = names.collect::<Option<Vec<_>>>().ok_or_else(|| unreadable("ListObjectsV2"))?;
        Ok(Names { names, more: answer.is_truncated })
    }

    /// Size and entity tag of the object with this key below the shared prefix; `None` if there is none. A list tells
    /// without the right to read the object.
    pub(crate) async fn find_object(&self, key: &str, now: UnixTime) -> Result<Option<(u64, String)>, Failure> {
        let whole = format!("{}{key}", self.prefix);
        let (_, url) = self.bucket.locate("/");
        let page = self.list_objects(&url, &whole, None, 1, now).await?;
        Ok(page.keys.into_iter().find(|found| found.key == whole).map(|found| (found.size, found.etag)))
    }

    async fn list_objects(
        &self,
        url: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        now: UnixTime,
    ) -> Result<xml::KeyPage, Failure> {
        let limit = limit.to_string();
        let mut query = vec![("list-type", "2"), ("max-keys", &limit), ("prefix", prefix)];
        query.extend(after.map(|after| ("start-after", after)));
        let url = format!("{url}?{}", clouddrop_core::sigv4::canonical_query(&query));
        let answer = self.ask_patiently("GET", &url, &[], Vec::new(), now).await?;
        if !answer.is_success() {
            return Err(refused("ListObjectsV2", &answer));
        }
        xml::key_page(answer.text()).ok_or_else(|| unreadable("ListObjectsV2"))
    }
}
