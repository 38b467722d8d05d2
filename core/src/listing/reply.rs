//! From S3's answer to what a page shows. One thing that is not understood refuses the whole: half a list would look
//! like all there is.

use super::place::{Place, is_mark};
use super::question::PAGE_KEYS;
use super::xml::{BadXml, Reader};
use crate::config::Config;
use crate::range::number;
use crate::refusal::Refusal;
use crate::s3_error;
use crate::time::UnixTime;
use crate::time::days_since_epoch;
use alloc::string::String;
use alloc::vec::Vec;

/// Longest answer that is read, in bytes: a page of the longest names there are, every byte of them escaped, is
/// shorter.
pub const MAX_REPLY_BYTES: usize = 1024 * 1024;

/// One page of a folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listing {
    /// The folders, then the files, each in the order of their names' bytes.
    pub entries: Vec<Entry>,
    /// How many more there are whose names no link can carry.
    pub hidden: usize,
    /// The mark of the next page, where there is one.
    pub next: Option<String>,
}

/// Something in a folder. Its name is relative to that folder and holds no slash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A folder.
    Folder {
        /// Without the closing slash.
        name: String,
    },
    /// A file.
    File {
        /// Its name.
        name: String,
        /// Bytes.
        size: u64,
        /// When it was stored.
        modified: UnixTime,
    },
}

const NOT_UNDERSTOOD: Refusal = Refusal::OriginError("a listing that is not understood");
const OUTSIDE: Refusal = Refusal::OriginError("a listing of another folder");

impl From<BadXml> for Refusal {
    fn from(_: BadXml) -> Self {
        NOT_UNDERSTOOD
    }
}

/// Reads the answer to the question for `place`: its status and all of its body, of which no more than one byte over
/// [`MAX_REPLY_BYTES`] need be given.
///
/// # Errors
/// [`Refusal::OriginError`] for an answer that is no listing of that folder, and where the edge's identity may not
/// list; for S3's other errors as for a read.
pub fn settle(place: &Place, status: u16, body: &[u8], config: &Config) -> Result<Listing, Refusal> {
    if body.len() > MAX_REPLY_BYTES {
        return Err(Refusal::OriginError("a listing that is too long"));
    }
    let text = core::str::from_utf8(body).unwrap_or("");
    if status != 200 {
        return Err(match s3_error::code(text) {
            // Unlike a read's, this refusal does not mean that nothing is there.
            Some("AccessDenied") => Refusal::OriginError("AccessDenied: the edge may not list the bucket"),
            Some("InvalidArgument") if place.is_later_page() => Refusal::BadRequest("no mark of a page"),
            code => s3_error::refusal(status, code),
        });
    }
    read(text, place, &place.prefix(config))
}

fn read(text: &str, place: &Place, prefix: &str) -> Result<Listing, Refusal> {
    let mut reader = Reader::new(text, "ListBucketResult")?;
    let (mut of, mut is_truncated, mut next) = (None, None, None);
    let mut page = Rows { place, prefix, folders: Vec::new(), files: Vec::new(), hidden: 0, seen: 0 };
    while let Some(name) = reader.child()? {
        match name {
            "Prefix" => once(&mut of, reader.content()?)?,
            "IsTruncated" => once(&mut is_truncated, reader.content()?)?,
            "NextContinuationToken" => once(&mut next, reader.content()?)?,
            "Contents" => page.add_file(&mut reader)?,
            "CommonPrefixes" => page.add_folder(&mut reader)?,
            _ => reader.skip()?,
        }
    }
    reader.end()?;
    if of.as_deref() != Some(prefix) {
        return Err(OUTSIDE);
    }
    let next = match (is_truncated.as_deref(), next) {
        (Some("false"), None) => None,
        (Some("true"), Some(mark)) if is_mark(&mark) => Some(mark),
        _ => return Err(NOT_UNDERSTOOD),
    };
    let mut entries = page.folders;
    entries.append(&mut page.files);
    Ok(Listing { entries, hidden: page.hidden, next })
}

/// What has been read so far.
struct Rows<'a> {
    place: &'a Place,
    prefix: &'a str,
    folders: Vec<Entry>,
    files: Vec<Entry>,
    hidden: usize,
    seen: usize,
}

impl Rows<'_> {
    fn add_file(&mut self, reader: &mut Reader<'_>) -> Result<(), Refusal> {
        let (mut key, mut size, mut modified) = (None, None, None);
        while let Some(name) = reader.child()? {
            match name {
                "Key" => once(&mut key, reader.content()?)?,
                "Size" => once(&mut size, reader.content()?)?,
                "LastModified" => once(&mut modified, reader.content()?)?,
                _ => reader.skip()?,
            }
        }
        let size = size.as_deref().and_then(number).ok_or(NOT_UNDERSTOOD)?;
        let modified = modified.as_deref().and_then(time).ok_or(NOT_UNDERSTOOD)?;
        let key = key.ok_or(NOT_UNDERSTOOD)?;
        // The folder itself, as some tools store it.
        if key == self.prefix {
            return self.count();
        }
        if let Some(name) = self.name(&key)? {
            self.files.push(Entry::File { name: name.into(), size, modified });
        }
        Ok(())
    }

    fn add_folder(&mut self, reader: &mut Reader<'_>) -> Result<(), Refusal> {
        let mut prefix = None;
        while let Some(name) = reader.child()? {
            match name {
                "Prefix" => once(&mut prefix, reader.content()?)?,
                _ => reader.skip()?,
            }
        }
        let prefix = prefix.ok_or(NOT_UNDERSTOOD)?;
        let key = prefix.strip_suffix('/').ok_or(NOT_UNDERSTOOD)?;
        if let Some(name) = self.name(key)? {
            self.folders.push(Entry::Folder { name: name.into() });
        }
        Ok(())
    }

    /// The name of what has this key; `None`, and counted, if no link can carry it.
    fn name<'k>(&mut self, key: &'k str) -> Result<Option<&'k str>, Refusal> {
        self.count()?;
        let name = key.strip_prefix(self.prefix).ok_or(OUTSIDE)?;
        if name.contains('/') {
            return Err(OUTSIDE);
        }
        let can_name = self.place.can_name(name);
        self.hidden += usize::from(!can_name);
        Ok(can_name.then_some(name))
    }

    /// One more. More than were asked for are no answer to the question.
    fn count(&mut self) -> Result<(), Refusal> {
        self.seen += 1;
        if self.seen > PAGE_KEYS { Err(NOT_UNDERSTOOD) } else { Ok(()) }
    }
}

/// Keeps the text of an element that may stand there once.
fn once(place: &mut Option<String>, text: String) -> Result<(), Refusal> {
    if place.replace(text).is_some() { Err(NOT_UNDERSTOOD) } else { Ok(()) }
}

/// `2026-11-25T21:05:51.000Z` (RFC 3339, in UTC); fractions of a second are cut off.
fn time(text: &str) -> Option<UnixTime> {
    let (moment, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
    let is_fraction = fraction.is_empty() || fraction.strip_prefix('.').and_then(number).is_some();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let fits = separators.iter().all(|(at, separator)| moment.as_bytes()[*at] == *separator);
    if !is_fraction || !fits {
        return None;
    }
    let digits = |from: usize, to: usize| moment.get(from..to).and_then(number).and_then(|n| i64::try_from(n).ok());
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    if year < 1970 || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_since_epoch(year, month, day)?;
    Some(UnixTime::from_millis((days * 86_400 + hour * 3600 + minute * 60 + second) * 1000))
}
