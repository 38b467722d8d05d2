//! Names of records: the time first, and backwards, so that S3's lists, which are sorted by name, begin with the newest.

use crate::hash::{push_hex, sha256};
use crate::time::UnixTime;
use alloc::string::String;

/// Bytes of the time in a name.
const TIME_BYTES: usize = 6;
/// Bytes of a share's id, which is its first token's, too.
pub const SHARE_ID_BYTES: usize = 16;
/// Bytes of a folder's id: the time and 128 random bits.
pub const FOLDER_ID_BYTES: usize = TIME_BYTES + 16;
/// Digits of the part of a file's id that stands for its path in the folder.
const PATH_DIGITS: usize = 16;

/// Milliseconds until the year 10889, in hexadecimal: names of later moments sort before those of earlier ones.
pub fn backwards(now: UnixTime) -> [u8; TIME_BYTES] {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0).min(LAST);
    let [_, _, bytes @ ..] = (LAST - millis).to_be_bytes();
    bytes
}

const LAST: u64 = (1 << 48) - 1;

/// A share's id from 16 random bytes, of which it keeps ten.
pub fn share_id(now: UnixTime, entropy: &[u8; 16]) -> [u8; SHARE_ID_BYTES] {
    let mut id = [0; SHARE_ID_BYTES];
    id[..TIME_BYTES].copy_from_slice(&backwards(now));
    id[TIME_BYTES..].copy_from_slice(&entropy[..SHARE_ID_BYTES - TIME_BYTES]);
    id
}

/// A share's id, or that of any record of the same form, in hexadecimal.
pub fn record_id(now: UnixTime, entropy: &[u8; 16]) -> String {
    hex(&share_id(now, entropy))
}

/// The name of a new folder of uploads: 128 random bits, which nobody guesses.
pub fn folder_id(now: UnixTime, entropy: &[u8; 16]) -> String {
    let mut id = [0; FOLDER_ID_BYTES];
    id[..TIME_BYTES].copy_from_slice(&backwards(now));
    id[TIME_BYTES..].copy_from_slice(entropy);
    hex(&id)
}

/// The id of the file at `path` in the folder `folder`: the folder's, and a digest of the path.
pub fn file_id(folder: &str, path: &str) -> String {
    let mut id = String::with_capacity(folder.len() + 1 + PATH_DIGITS);
    id.push_str(folder);
    id.push('-');
    push_hex(&mut id, &sha256(path.as_bytes())[..PATH_DIGITS / 2]);
    id
}

/// The id of the file with this key, `<owner>/<folder>/<path>`, if it is one of an upload.
pub fn file_id_of_key(key: &str) -> Option<String> {
    let (_, rest) = key.split_once('/')?;
    let (folder, path) = rest.split_once('/')?;
    (is_folder_id(folder) && !path.is_empty()).then(|| file_id(folder, path))
}

/// Whether `text` is the id of a record.
pub fn is_record_id(text: &str) -> bool {
    is_hex(text, 2 * SHARE_ID_BYTES)
}

/// Whether `text` is a folder's id.
pub fn is_folder_id(text: &str) -> bool {
    is_hex(text, 2 * FOLDER_ID_BYTES)
}

/// Whether `text` is a file's id.
pub fn is_file_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(folder, path)| is_folder_id(folder) && is_hex(path, PATH_DIGITS))
}

/// Whether `text` is so many lower-case hexadecimal digits.
pub fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn newer_names_sort_first() {
        let at = |millis| record_id(UnixTime::from_millis(millis), &[0xff; 16]);
        assert!(at(1_800_000_000_001) < at(1_800_000_000_000));
        assert!(is_record_id(&at(0)) && is_record_id(&at(i64::MAX)));
        let folder = |millis| folder_id(UnixTime::from_millis(millis), &[0; 16]);
        assert!(folder(2) < folder(1) && is_folder_id(&folder(1)));
    }

    #[test]
    fn a_file_is_named_by_its_key() {
        let folder = folder_id(UnixTime::from_secs(1), &[7; 16]);
        let id = file_id(&folder, "a/b.txt");
        assert!(is_file_id(&id) && id.starts_with(&folder));
        assert_eq!(file_id_of_key(&format!("owner/{folder}/a/b.txt")), Some(id));
        assert_ne!(file_id(&folder, "a"), file_id(&folder, "b"));
        for other in ["a", "a/b", "a/b/c", &format!("o/{folder}"), &format!("o/{folder}/")] {
            assert_eq!(file_id_of_key(other), None, "{other}");
        }
        for bad in ["", "-", &folder, &format!("{folder}-"), &format!("{folder}-{}", "g".repeat(16))] {
            assert!(!is_file_id(bad), "{bad}");
        }
    }
}
