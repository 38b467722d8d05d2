//! Records by name and type: read, made, changed, listed. Every change is a conditional write of what was read, and is
//! tried again where somebody else was first; so a change must come out the same when it is made twice.

use crate::failure::Failure;
use crate::pause::pause;
use crate::s3::{Stored, Written};
use crate::service::Signer;
use clouddrop_core::records::check_version;
use clouddrop_core::{Refusal, UnixTime};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a change is tried.
const MAX_ATTEMPTS: u32 = 24;
/// How many records are read at once.
const AT_ONCE: usize = 16;

/// Whether a change has changed anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// The record is to be written.
    Made,
    /// It is as it should be.
    None,
}

impl From<bool> for Change {
    fn from(made: bool) -> Self {
        if made { Self::Made } else { Self::None }
    }
}

impl Signer {
    /// The record called `name`; `None` if there is none.
    pub(crate) async fn read<T: DeserializeOwned>(&self, name: &str, now: UnixTime) -> Result<Option<T>, Failure> {
        match self.s3.get(name, now).await? {
            Some(stored) => parse(&stored).map(Some),
            None => Ok(None),
        }
    }

    /// Makes a record where there is none.
    pub(crate) async fn create<T: Serialize>(&self, name: &str, record: &T, now: UnixTime) -> Result<Written, Failure> {
        let bytes = encode(record)?;
        match self.s3.put(name, bytes.clone(), None, now).await? {
            Written::Ours => Ok(Written::Ours),
            // A write whose answer was lost is found here when it is made again.
            Written::LostRace => match self.s3.get(name, now).await? {
                Some(stored) if stored.bytes == bytes => Ok(Written::Ours),
                _ => Ok(Written::LostRace),
            },
        }
    }

    /// Changes a record, or what `fresh` gives where there is none: the record as it then is, or `None` if there is
    /// none and none to begin with.
    pub(crate) async fn change<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        fresh: impl Fn() -> Option<T>,
        mut change: impl FnMut(&mut T) -> Result<Change, Refusal>,
        now: UnixTime,
    ) -> Result<Option<T>, Failure> {
        // Within one process changes of one record queue up: they would only meet at S3.
        let _turn = self.turns.of(name).lock().await;
        for attempt in 1..=MAX_ATTEMPTS {
            let stored = self.s3.get(name, now).await?;
            let record = match &stored {
                Some(stored) => Some(parse::<T>(stored)?),
                None => fresh(),
            };
            let Some(mut record) = record else { return Ok(None) };
            if change(&mut record)? == Change::None {
                return Ok(Some(record));
            }
            if self.s3.put(name, encode(&record)?, stored.as_ref(), now).await? == Written::Ours {
                return Ok(Some(record));
            }
            pause(attempt).await?;
        }
        Err(Refusal::OriginUnavailable("too many change the same record at once").into())
    }

    /// Reads the records called `prefix` and each of `names`, several at once and in order; those that are gone
    /// meanwhile are left out.
    pub(crate) async fn read_all<T: DeserializeOwned>(
        &self,
        prefix: &str,
        names: &[String],
        now: UnixTime,
    ) -> Result<Vec<(String, T)>, Failure> {
        let one = |name: String| async move {
            let record = self.read::<T>(&format!("{prefix}{name}"), now).await?;
            Ok::<_, Failure>(record.map(|record| (name, record)))
        };
        let found: Vec<Option<(String, T)>> =
            stream::iter(names.to_vec()).map(one).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(record).map_err(|_| Refusal::Internal("a record cannot be written").into())
}

fn parse<T: DeserializeOwned>(stored: &Stored) -> Result<T, Failure> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let damaged = |error: serde_json::Error| {
        let place = format!("{:?} at line {}, column {}", error.classify(), error.line(), error.column());
        Failure::because(Refusal::OriginError("a record is damaged"), place)
    };
    let version: Version = serde_json::from_slice(&stored.bytes).map_err(damaged)?;
    check_version(version.v)?;
    serde_json::from_slice(&stored.bytes).map_err(damaged)
}

/// Locks for changes, a few for all records: two that share one wait a little.
#[derive(Debug)]
pub(crate) struct Turns([tokio::sync::Mutex<()>; 64]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| tokio::sync::Mutex::new(())))
    }
}

impl Turns {
    pub(crate) fn of(&self, name: &str) -> &tokio::sync::Mutex<()> {
        let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        &self.0[sum % self.0.len()]
    }
}
