//! What can be revoked, and the sixteen bytes by which it stands in the list.

use crate::secret::KeyId;
use crate::time::UnixTime;
use alloc::vec::Vec;

/// Length of a mark: a token id is that long, and a digest cut to it cannot be met by trying.
pub const MARK_BYTES: usize = 16;

/// What is revoked at once, in the order of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// One token by its id, and whatever was made from it.
    Token,
    /// All tokens of a share.
    Share,
    /// All tokens about somebody (`sub`), and all that open an object: see [`Mark::of_object`].
    Subject,
    /// All tokens made with a key, and all of an issuer: see [`Mark::of_issuer`].
    Key,
}

impl Kind {
    /// Every kind in the order of the list.
    pub const ALL: [Self; 4] = [Self::Token, Self::Share, Self::Subject, Self::Key];

    /// Its place in [`Kind::ALL`].
    pub(super) const fn place(self) -> usize {
        self as usize
    }
}

/// What stands in the list for an id, a name or a key. Marks of different kinds are never compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Mark(pub(super) [u8; MARK_BYTES]);

impl Mark {
    /// Of a token's id or a share's: the id itself if it is as long as ours are, a digest of any other.
    pub fn of_id(id: &[u8]) -> Self {
        id.try_into().map_or_else(|_| Self::digest(b"id", &[id]), Self)
    }

    /// Of somebody's name.
    pub fn of_subject(subject: &str) -> Self {
        Self::digest(b"sub", &[subject.as_bytes()])
    }

    /// Of a key: names of keys are unique within an issuer only.
    pub fn of_key(issuer: &str, id: &KeyId) -> Self {
        // A key's name holds no zero byte, so no two pairs are one text.
        Self::digest(b"key", &[id.as_str().as_bytes(), b"\0", issuer.as_bytes()])
    }

    /// Of an object, by its key below the shared prefix. It stands among the subjects: the list has four kinds in its
    /// format, and digests of different names never meet.
    pub fn of_object(key: &str) -> Self {
        Self::digest(b"object", &[key.as_bytes()])
    }

    /// Of all that an issuer has made, with whatever key. It stands among the keys.
    pub fn of_issuer(issuer: &str) -> Self {
        Self::digest(b"iss", &[issuer.as_bytes()])
    }

    /// The first bytes of SHA-256 over the kind's name, a zero byte and the parts.
    fn digest(kind: &[u8], parts: &[&[u8]]) -> Self {
        let mut input = Vec::with_capacity(64);
        input.extend_from_slice(kind);
        input.push(0);
        for part in parts {
            input.extend_from_slice(part);
        }
        let digest = crate::hash::sha256(&input);
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(&digest[..MARK_BYTES]);
        Self(mark)
    }
}

/// One thing that is revoked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub mark: Mark,
    /// From when on it may leave the list, in whole seconds up to [`FOR_EVER`]: when the last token that it means
    /// has ended. Whatever stands in the list is revoked, also after that.
    pub until: UnixTime,
}

/// The last moment that the list can write, in 2106. An entry until then, or longer, never leaves the list.
pub const FOR_EVER: UnixTime = UnixTime::from_secs(u32::MAX as u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_our_length_is_its_own_mark_and_any_other_is_hashed() {
        assert_eq!(Mark::of_id(&[7; 16]), Mark([7; 16]));
        let mut marks: Vec<Mark> = [&b""[..], b"a", &[7; 15], &[7; 17], &[0; 16]].map(Mark::of_id).into();
        marks.extend([Mark::of_subject("a"), Mark::of_subject(""), Mark::of_subject("id\0a")]);
        for (place, mark) in marks.iter().enumerate() {
            assert!(!marks[..place].contains(mark), "{place}");
        }
    }

    #[test]
    fn a_key_is_named_by_its_issuer_and_its_id_apart() {
        let key = |issuer: &str, id: &str| Mark::of_key(issuer, &KeyId::new(id).unwrap());
        assert_eq!(key("demo", "a"), key("demo", "a"));
        assert_ne!(key("demo", "a"), key("demo", "b"));
        assert_ne!(key("demo", "a"), key("guest", "a"));
        assert_ne!(key("ab", "c"), key("b", "ca"));
        assert_ne!(key("a\0b", "c"), key("b", "c"));
    }
}
