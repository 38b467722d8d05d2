//! A list being changed: what the signer adds to, prunes and stores again.

use super::list::{ENTRY_BYTES, HEAD_BYTES, List, MAGIC, MAX_ENTRIES, Slot, mark_of, until_of};
use super::mark::{Entry, FOR_EVER, Kind, MARK_BYTES, Mark};
use crate::time::UnixTime;
use alloc::vec::Vec;

/// There is no room for another entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// The entries of each kind, sorted as they are stored.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    kinds: [Vec<Slot>; Kind::ALL.len()],
    /// Of the list that it was made from.
    made_at: u64,
}

impl From<&List> for Draft {
    fn from(list: &List) -> Self {
        Self { kinds: Kind::ALL.map(|kind| list.slots(kind).to_vec()), made_at: list.made_at().as_secs() }
    }
}

impl Draft {
    /// Adds an entry; one that is there stays for the longer of both times. Says whether anything is different now.
    ///
    /// # Errors
    /// [`Full`] if the list holds as many entries as it may.
    pub fn add(&mut self, entry: &Entry) -> Result<bool, Full> {
        let is_full = self.len() >= MAX_ENTRIES;
        let slots = &mut self.kinds[entry.kind.place()];
        let new = slot_of(&entry.mark, entry.until);
        match slots.binary_search_by(|slot| mark_of(slot).cmp(&entry.mark.0)) {
            Ok(place) if until_of(&slots[place]) >= until_of(&new) => return Ok(false),
            Ok(place) => slots[place] = new,
            Err(_) if is_full => return Err(Full),
            Err(place) => slots.insert(place, new),
        }
        Ok(true)
    }

    /// Drops the entries whose time has come, and says how many there were.
    pub fn prune(&mut self, now: UnixTime) -> usize {
        let before = self.len();
        let stays = |slot: &Slot| {
            let until = UnixTime::from_secs(until_of(slot).into());
            until >= FOR_EVER || now < until
        };
        for slots in &mut self.kinds {
            slots.retain(stays);
        }
        before - self.len()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.kinds.iter().map(Vec::len).sum()
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there are of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.kinds[kind.place()].len()
    }

    /// When a list made at `now` says that it was made: never before the one that it was made from, however the
    /// clocks of two signers differ.
    pub fn made_at(&self, now: UnixTime) -> UnixTime {
        UnixTime::from_secs(self.made_at.max(now.as_secs()))
    }

    /// The list as it is stored.
    pub fn encode(&self, now: UnixTime) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.len() * ENTRY_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.made_at(now).as_secs().to_be_bytes());
        for slots in &self.kinds {
            // At most MAX_ENTRIES.
            bytes.extend_from_slice(&u32::try_from(slots.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        for slots in &self.kinds {
            bytes.extend_from_slice(slots.as_flattened());
        }
        bytes
    }
}

/// The entry as it lies in the list: a time with a fraction is rounded up, one beyond the last is the last.
fn slot_of(mark: &Mark, until: UnixTime) -> Slot {
    let mut secs = until.as_secs();
    if until.as_millis() > UnixTime::from_secs(secs).as_millis() {
        secs += 1;
    }
    let mut slot = [0; ENTRY_BYTES];
    slot[..MARK_BYTES].copy_from_slice(&mark.0);
    slot[MARK_BYTES..].copy_from_slice(&u32::try_from(secs).unwrap_or(u32::MAX).to_be_bytes());
    slot
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn entry(kind: Kind, first: u8, secs: u64) -> Entry {
        Entry { kind, mark: Mark([first; 16]), until: UnixTime::from_secs(secs) }
    }

    #[test]
    fn what_is_encoded_is_read_again() {
        let mut draft = Draft::default();
        assert_eq!(draft.encode(NOW).len(), HEAD_BYTES);
        let entries =
            [(Kind::Token, 1), (Kind::Token, 9), (Kind::Share, 5), (Kind::Key, 0)].map(|(k, n)| entry(k, n, 7));
        for entry in entries.iter().rev() {
            assert_eq!(draft.add(entry), Ok(true));
        }
        let list = List::parse(draft.encode(NOW)).unwrap();
        assert_eq!(list.entries().collect::<Vec<_>>(), entries);
        assert_eq!(Kind::ALL.map(|kind| list.count(kind)), [2, 1, 0, 1]);
        assert_eq!((list.len(), list.made_at()), (4, NOW));
        assert!(list.holds(Kind::Token, &Mark([9; 16])) && !list.holds(Kind::Share, &Mark([9; 16])));
        assert_eq!(Draft::from(&list).encode(NOW), list.as_bytes());
        // A signer whose clock is behind.
        assert_eq!(Draft::from(&list).made_at(UnixTime::from_secs(1)), NOW);
    }

    #[test]
    fn an_entry_stands_once_until_the_later_time() {
        let mut draft = Draft::default();
        let until = |draft: &Draft| List::parse(draft.encode(NOW)).unwrap().entries().next().unwrap().until;
        assert_eq!(draft.add(&entry(Kind::Token, 1, 100)), Ok(true));
        assert_eq!(draft.add(&entry(Kind::Token, 1, 100)), Ok(false));
        assert_eq!(draft.add(&entry(Kind::Token, 1, 99)), Ok(false));
        assert_eq!(until(&draft), UnixTime::from_secs(100));
        assert_eq!(draft.add(&entry(Kind::Token, 1, 101)), Ok(true));
        assert_eq!((draft.len(), until(&draft)), (1, UnixTime::from_secs(101)));
        let fraction = Entry { until: UnixTime::from_millis(101_001), ..entry(Kind::Token, 1, 0) };
        assert_eq!(draft.add(&fraction), Ok(true));
        assert_eq!(until(&draft), UnixTime::from_secs(102));
    }

    #[test]
    fn entries_leave_at_their_time_and_the_last_time_never_comes() {
        let mut draft = Draft::default();
        for (first, secs) in [(1, 99), (2, 100), (3, 101), (4, u64::from(u32::MAX)), (5, u64::MAX)] {
            draft.add(&entry(Kind::Subject, first, secs)).unwrap();
        }
        assert_eq!(draft.prune(UnixTime::from_secs(98)), 0);
        assert_eq!(draft.prune(UnixTime::from_secs(100)), 2);
        assert_eq!(draft.prune(UnixTime::from_secs(u64::MAX)), 1);
        assert_eq!((draft.len(), draft.count(Kind::Subject), draft.is_empty()), (2, 2, false));
    }

    #[test]
    fn a_full_list_takes_no_more() {
        let mut draft = Draft::default();
        let mut mark = [0; 16];
        for number in 0..u32::try_from(MAX_ENTRIES).unwrap() {
            mark[..4].copy_from_slice(&number.to_be_bytes());
            draft.add(&Entry { mark: Mark(mark), ..entry(Kind::Share, 0, 7) }).unwrap();
        }
        assert_eq!(draft.add(&entry(Kind::Share, 255, 7)), Err(Full));
        assert_eq!(draft.add(&entry(Kind::Key, 0, 7)), Err(Full));
        assert_eq!(draft.add(&Entry { mark: Mark(mark), ..entry(Kind::Share, 0, 8) }), Ok(true), "it is there");
        let bytes = draft.encode(NOW);
        assert_eq!(bytes.len(), super::super::MAX_LIST_BYTES);
        assert!(List::parse(bytes).is_ok());
    }
}
