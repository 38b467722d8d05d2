//! Object paths: what is taken has one encoded form, goes round, and holds nothing that two readers read differently.

use crate::seeds;
use clouddrop_core::path::MAX_KEY_BYTES;
use clouddrop_core::{ObjectPath, percent};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(path) = ObjectPath::from_target(text) {
        assert_eq!(percent::decode(text).as_deref(), Some(path.key()), "decoded once");
        assert!(!text.to_ascii_lowercase().contains("%2f") && !text.to_ascii_lowercase().contains("%5c"));
        sound(&path);
    }
    if let Ok(path) = ObjectPath::from_key(text) {
        assert_eq!(path.key(), text);
        sound(&path);
    }
}

fn sound(path: &ObjectPath) {
    let (key, encoded) = (path.key(), path.encoded());
    assert_eq!(ObjectPath::from_target(encoded).as_ref(), Ok(path));
    assert_eq!(ObjectPath::from_key(key).as_ref(), Ok(path));
    assert!(key.len() <= MAX_KEY_BYTES && !key.chars().any(|char| char.is_control() || char == '\\'));
    assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte)), "{encoded}");
    // RFC 3986 section 5.2.4 takes nothing away.
    assert!(encoded.split('/').all(|segment| !matches!(segment, "" | "." | "..")), "{encoded}");
    assert_eq!(key.matches('/').count(), encoded.matches('/').count());
    assert_eq!(key.split('/').next_back(), Some(path.file_name()));
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let urls = seeds::cases().into_iter().map(|case| case.url);
    let paths = urls.map(|url| url.split_once("/f/").map_or(url.clone(), |(_, path)| path.into()));
    seeds::distinct(paths.map(String::into_bytes).collect())
}
