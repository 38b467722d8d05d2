//! [`ObjectPath`]: the one reading of an object's path. Constructed once, then matched against the token,
//! signed and sent; it is refused, never repaired, when two readers could disagree on it.

use crate::percent;
use alloc::string::String;

/// Longest object key that S3 takes, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// A key below the shared prefix, canonical in both of its forms: decoded text and percent-encoded.
///
/// No segment is empty, `.` or `..`; there is no backslash and no control character; it is at most
/// [`MAX_KEY_BYTES`] long. So every URL parser leaves the encoded form as it is, and the key names one
/// object only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectPath {
    key: String,
    encoded: String,
}

/// Why a path was refused. For logs: the client is told `bad_path` only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathFault {
    /// Nothing there at all.
    Empty,
    /// Over [`MAX_KEY_BYTES`] bytes.
    TooLong,
    /// `%` not followed by two hexadecimal digits, or bytes that are not UTF-8.
    BadEscape,
    /// An encoded `/` or `\`, which some readers would take for a separator.
    EncodedSeparator,
    /// A backslash, which browsers read as `/`.
    Backslash,
    /// A control character (C0, DEL or C1).
    Control,
    /// An empty segment: `//`, or a slash at the start or the end.
    EmptySegment,
    /// A segment `.` or `..`, however it was spelled.
    DotSegment,
    /// A character that cannot stand in a request target: raw space, quote, `<`, `>`, `^`, `` ` ``, `{`, `|`, `}`,
    /// `?`, `#`, or a byte outside ASCII that was not escaped.
    NotInTarget,
}

impl ObjectPath {
    /// Reads the part of a raw request target after the route's prefix, decoding it exactly once.
    ///
    /// # Errors
    /// The first [`PathFault`] found.
    pub fn from_target(raw: &str) -> Result<Self, PathFault> {
        if raw.len() > 3 * MAX_KEY_BYTES {
            return Err(PathFault::TooLong);
        }
        for (at, byte) in raw.bytes().enumerate() {
            match byte {
                b'\\' => return Err(PathFault::Backslash),
                0..=0x1f | 0x7f => return Err(PathFault::Control),
                b' ' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | b'?' | b'#' | 0x80.. => {
                    return Err(PathFault::NotInTarget);
                }
                b'%' => {
                    if let Some([b'2', b'f' | b'F'] | [b'5', b'c' | b'C']) = raw.as_bytes().get(at + 1..at + 3) {
                        return Err(PathFault::EncodedSeparator);
                    }
                }
                _ => {}
            }
        }
        if percent::is_plain_path(raw) {
            check_key(raw)?;
            return Ok(Self { key: raw.into(), encoded: raw.into() });
        }
        Self::from_key_owned(percent::decode(raw).ok_or(PathFault::BadEscape)?)
    }

    /// Takes a key as plain text, as an API call or a listing gives it.
    ///
    /// # Errors
    /// The first [`PathFault`] found.
    pub fn from_key(key: &str) -> Result<Self, PathFault> {
        if key.len() > MAX_KEY_BYTES {
            return Err(PathFault::TooLong);
        }
        Self::from_key_owned(key.into())
    }

    fn from_key_owned(key: String) -> Result<Self, PathFault> {
        check_key(&key)?;
        let mut encoded = String::with_capacity(key.len() + 16);
        percent::push_path(&mut encoded, &key);
        Ok(Self { key, encoded })
    }

    /// The key as text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key percent-encoded: what is matched, signed and sent.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// The last segment of the key, as text.
    pub fn file_name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or(&self.key)
    }
}

fn check_key(key: &str) -> Result<(), PathFault> {
    if key.is_empty() {
        return Err(PathFault::Empty);
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(PathFault::TooLong);
    }
    if key.contains('\\') {
        return Err(PathFault::Backslash);
    }
    if key.chars().any(char::is_control) {
        return Err(PathFault::Control);
    }
    for segment in key.split('/') {
        match segment {
            "" => return Err(PathFault::EmptySegment),
            "." | ".." => return Err(PathFault::DotSegment),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_has_one_encoded_form_whatever_was_sent() {
        for (raw, key, encoded) in [
            ("report.pdf", "report.pdf", "report.pdf"),
            ("a%20b", "a b", "a%20b"),
            ("a+b", "a+b", "a%2Bb"),
            ("a%2Bb", "a+b", "a%2Bb"),
            ("100%25", "100%", "100%25"),
            ("%41%7e(1)", "A~(1)", "A~%281%29"),
            ("r%c3%a9sum%C3%A9", "résumé", "r%C3%A9sum%C3%A9"),
            ("a/.../b..c/.d", "a/.../b..c/.d", "a/.../b..c/.d"),
            ("%252e%252e/x", "%2e%2e/x", "%252e%252e/x"),
        ] {
            let path = ObjectPath::from_target(raw).unwrap();
            assert_eq!((path.key(), path.encoded()), (key, encoded));
            assert_eq!(ObjectPath::from_key(key).unwrap(), path);
            assert_eq!(ObjectPath::from_target(encoded).unwrap(), path);
        }
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for (raw, fault) in [
            ("", PathFault::Empty),
            ("/a", PathFault::EmptySegment),
            ("a//b", PathFault::EmptySegment),
            ("a/", PathFault::EmptySegment),
            (".", PathFault::DotSegment),
            ("a/../b", PathFault::DotSegment),
            ("a/%2e%2E/b", PathFault::DotSegment),
            ("a/%2e", PathFault::DotSegment),
            ("a\\b", PathFault::Backslash),
            ("a%5cb", PathFault::EncodedSeparator),
            ("a%2Fb", PathFault::EncodedSeparator),
            ("a%00", PathFault::Control),
            ("a%7F", PathFault::Control),
            ("a%C2%80", PathFault::Control),
            ("a\n", PathFault::Control),
            ("a%", PathFault::BadEscape),
            ("a%zz", PathFault::BadEscape),
            ("a%C3", PathFault::BadEscape),
            ("a%c0%af", PathFault::BadEscape),
            ("a b", PathFault::NotInTarget),
            ("é", PathFault::NotInTarget),
            ("a#b", PathFault::NotInTarget),
        ] {
            assert_eq!(ObjectPath::from_target(raw), Err(fault), "{raw:?}");
        }
    }

    #[test]
    fn the_longest_key_is_1024_bytes_of_text_however_encoded() {
        let longest = "k".repeat(MAX_KEY_BYTES);
        assert!(ObjectPath::from_target(&longest).is_ok());
        assert!(ObjectPath::from_target(&"%6b".repeat(MAX_KEY_BYTES)).is_ok());
        assert_eq!(ObjectPath::from_target(&"k".repeat(MAX_KEY_BYTES + 1)), Err(PathFault::TooLong));
        assert_eq!(ObjectPath::from_target(&"%6b".repeat(MAX_KEY_BYTES + 1)), Err(PathFault::TooLong));
        assert_eq!(ObjectPath::from_key(&"k".repeat(MAX_KEY_BYTES + 1)), Err(PathFault::TooLong));
    }
}
