//! The list as bytes, checked once and then searched where they lie.
//!
//! ```text
//! 0    8   magic "CDREVOK" and the version, 1
//! 8    8   when the list was made, in seconds since 1970
//! 16   16  how many entries there are of each kind: token, share, subject, key
//! 32   20  an entry: 16 bytes of mark, 4 bytes of when it may leave, in seconds since 1970
//! ```
//! Numbers are unsigned and big-endian. Entries stand by kind, those of a kind rise by their marks, none stands twice,
//! and nothing follows the last. So a list that is cut, padded or put together wrongly is none.

use super::mark::{Entry, Kind, MARK_BYTES, Mark};
use crate::time::UnixTime;
use alloc::vec::Vec;
use core::fmt;

/// The first bytes of a list of this version.
pub(super) const MAGIC: [u8; 8] = *b"CDREVOK\x01";
/// Bytes before the first entry.
pub(super) const HEAD_BYTES: usize = 32;
/// Bytes of an entry.
pub(super) const ENTRY_BYTES: usize = MARK_BYTES + 4;
/// Most entries of a list.
pub const MAX_ENTRIES: usize = 250_000;
/// Most bytes of a list: whoever reads one stops there.
pub const MAX_LIST_BYTES: usize = HEAD_BYTES + MAX_ENTRIES * ENTRY_BYTES;

/// An entry as it lies in the list.
pub(super) type Slot = [u8; ENTRY_BYTES];

/// Why bytes are no list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadList(pub &'static str);

/// A list that has been checked.
pub struct List {
    bytes: Vec<u8>,
    /// Where the entries of each kind end, counted in entries.
    ends: [usize; Kind::ALL.len()],
}

impl List {
    /// Checks all of `bytes`.
    ///
    /// # Errors
    /// [`BadList`] with the first thing that is wrong.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, BadList> {
        if bytes.len() > MAX_LIST_BYTES {
            return Err(BadList("too long"));
        }
        let (head, body) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(BadList("no whole head"))?;
        if head[..8] != MAGIC {
            return Err(BadList("not a list of this version"));
        }
        let mut ends = [0; Kind::ALL.len()];
        let mut end: usize = 0;
        for (count, place) in head[16..].as_chunks::<4>().0.iter().zip(&mut ends) {
            // Four numbers of 32 bits: where a usize has no more, their sum may not fit.
            end = usize::try_from(u32::from_be_bytes(*count)).ok().and_then(|n| end.checked_add(n)).ok_or(LENGTH)?;
            *place = end;
        }
        let (slots, rest) = body.as_chunks::<ENTRY_BYTES>();
        if slots.len() != end || !rest.is_empty() {
            return Err(LENGTH);
        }
        let list = Self { bytes, ends };
        for kind in Kind::ALL {
            if list.slots(kind).windows(2).any(|pair| mark_of(&pair[0]) >= mark_of(&pair[1])) {
                return Err(BadList("entries do not rise"));
            }
        }
        Ok(list)
    }

    /// Whether something is in the list. Nothing is copied.
    pub fn holds(&self, kind: Kind, mark: &Mark) -> bool {
        self.find(kind, mark).is_some()
    }

    /// When something that is in the list may leave it.
    pub fn until(&self, kind: Kind, mark: &Mark) -> Option<UnixTime> {
        self.find(kind, mark).map(|slot| UnixTime::from_secs(until_of(slot).into()))
    }

    fn find(&self, kind: Kind, mark: &Mark) -> Option<&Slot> {
        let slots = self.slots(kind);
        let place = slots.binary_search_by(|slot| mark_of(slot).cmp(&mark.0)).ok()?;
        slots.get(place)
    }

    /// How many entries there are of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.slots(kind).len()
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.ends[Kind::ALL.len() - 1]
    }

    /// Whether nothing is revoked.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When it was made.
    pub fn made_at(&self) -> UnixTime {
        let secs = self.bytes[8..].first_chunk().copied().map_or(0, u64::from_be_bytes); // the head is whole
        UnixTime::from_secs(secs)
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        Kind::ALL.into_iter().flat_map(|kind| {
            self.slots(kind).iter().map(move |slot| Entry {
                kind,
                mark: Mark(*mark_of(slot)),
                until: UnixTime::from_secs(until_of(slot).into()),
            })
        })
    }

    /// The bytes, as they are stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn slots(&self, kind: Kind) -> &[Slot] {
        let place = kind.place();
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[HEAD_BYTES..].as_chunks().0[start..self.ends[place]]
    }
}

const LENGTH: BadList = BadList("another length than the counts say");

pub(super) fn mark_of(slot: &Slot) -> &[u8; MARK_BYTES] {
    let Some(mark) = slot.first_chunk() else { unreachable!("a slot is longer than a mark") };
    mark
}

pub(super) fn until_of(slot: &Slot) -> u32 {
    let Some(until) = slot.last_chunk() else { unreachable!("a slot is longer than four bytes") };
    u32::from_be_bytes(*until)
}

/// A quarter of a million entries are nothing to print.
impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("entries", &self.len()).finish_non_exhaustive()
    }
}
