//! Where the service keeps its own small objects: a folder of the bucket that no link can reach.

use super::checked::{Faults, object_prefix};
use crate::origin::Endpoint;
use crate::percent;
use crate::time::Seconds;
use alloc::string::String;

/// The folder of records where the operator names none.
pub const DEFAULT_RECORDS_PREFIX: &str = "records/";
/// Seconds between two questions for the newest revocation list where the operator sets none: a link that is taken
/// back is then refused within five.
pub const DEFAULT_REVOCATION_POLL: Seconds = Seconds(4);
/// The most that may be set: half of what the oldest list that is believed may have, so that one failed question is
/// no outage.
const MAX_REVOCATION_POLL: Seconds = Seconds(30);

/// The bucket of the records, and their folder in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Records {
    bucket: Endpoint,
    prefix: String,
}

impl Records {
    /// RECORDS_PREFIX and RECORDS_ORIGIN, as written, beside the folder and the bucket of the files. `None` with a
    /// fault in `faults`.
    pub fn check(
        prefix: Option<String>,
        origin: Option<String>,
        files: (Option<&Endpoint>, Option<&str>),
        faults: &mut Faults,
    ) -> Option<Self> {
        const PREFIX: &str = "must be a folder's name with its closing slash, like records/";
        const URL: &str = "must be an http or https URL without query, like ORIGIN, or not set";
        let (file_bucket, file_prefix) = files;
        let prefix = set(prefix).unwrap_or_else(|| DEFAULT_RECORDS_PREFIX.into());
        let prefix = faults.checked("RECORDS_PREFIX", Some(prefix), PREFIX, object_prefix);
        if let (Some(records), Some(files)) = (&prefix, file_prefix)
            && (records.starts_with(files) || files.starts_with(records.as_str()))
        {
            faults.add("RECORDS_PREFIX", "overlaps OBJECT_PREFIX: a link could reach the records".into());
        }
        let bucket = match set(origin) {
            Some(text) => faults.checked("RECORDS_ORIGIN", Some(text), URL, Endpoint::parse),
            None => file_bucket.cloned(), // that it is missing has been said
        };
        Some(Self { bucket: bucket?, prefix: prefix? })
    }

    /// For the signature: the Host header.
    pub fn host(&self) -> &str {
        self.bucket.host()
    }

    /// Scheme, host and port of the bucket, as a browser writes an origin.
    pub fn origin(&self) -> &str {
        self.bucket.origin()
    }

    /// The folder, with its closing slash.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The path to sign and the URL to send for the bucket itself, to list what is in it.
    pub fn bucket(&self) -> (String, String) {
        self.bucket.locate("/")
    }

    /// The path to sign and the URL to send for the record called `name`.
    pub fn locate(&self, name: &str) -> (String, String) {
        let mut path = String::with_capacity(1 + self.prefix.len() + name.len());
        path.push('/');
        percent::push_path(&mut path, &self.prefix);
        percent::push_path(&mut path, name);
        self.bucket.locate(&path)
    }
}

/// REVOCATION_POLL_SECONDS, as written.
pub(super) fn revocation_poll(text: Option<String>, faults: &mut Faults) -> Option<Seconds> {
    const SECONDS: &str = "must be a number of seconds from 1 to 30, or not set";
    let Some(text) = set(text) else { return Some(DEFAULT_REVOCATION_POLL) };
    faults.checked("REVOCATION_POLL_SECONDS", Some(text), SECONDS, |text| {
        let poll = crate::range::number(text).map(Seconds);
        poll.filter(|poll| (Seconds(1)..=MAX_REVOCATION_POLL).contains(poll))
    })
}

/// What is empty is not set.
fn set(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
