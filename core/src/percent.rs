//! Percent-encoding as SigV4 and S3 define it ("UriEncode" in the S3 API reference), and its strict
//! inverse. One encoder for matching, signing and sending.

use alloc::string::String;
use alloc::vec::Vec;

/// Whether a byte stands for itself: RFC 3986's unreserved characters.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Appends `text` encoded as a path: all but unreserved characters and `/` become `%XX` in upper case.
pub fn push_path(out: &mut String, text: &str) {
    push(out, text.as_bytes(), true);
}

/// Appends `text` encoded as one query name or value: `/` is encoded too.
pub fn push_query(out: &mut String, text: &str) {
    push(out, text.as_bytes(), false);
}

fn push(out: &mut String, bytes: &[u8], keep_slash: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if is_unreserved(byte) || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

/// Whether [`push_path`] would leave `text` as it is.
pub fn is_plain_path(text: &str) -> bool {
    text.bytes().all(|b| is_unreserved(b) || b == b'/')
}

/// The text that `encoded` stands for, decoded once. `+` is a plus sign.
///
/// `None` for an escape that is not two hexadecimal digits, and for bytes that are not UTF-8.
pub fn decode(encoded: &str) -> Option<String> {
    decode_with(encoded, b'+')
}

/// As [`decode`], of a form's name or value, where a plus sign is a space (URL standard,
/// "application/x-www-form-urlencoded parsing").
pub fn decode_form(encoded: &str) -> Option<String> {
    decode_with(encoded, b' ')
}

fn decode_with(encoded: &str, plus: u8) -> Option<String> {
    let bytes = encoded.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let high = hex_digit(*bytes.get(at + 1)?)?;
            let low = hex_digit(*bytes.get(at + 2)?)?;
            out.push(high << 4 | low);
            at += 3;
        } else {
            out.push(if bytes[at] == b'+' { plus } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

/// The value of one hexadecimal digit in either case.
const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_s3_does() {
        let mut out = String::new();
        push_path(&mut out, "a b+c%20/~é\u{1F600}'()*");
        assert_eq!(out, "a%20b%2Bc%2520/~%C3%A9%F0%9F%98%80%27%28%29%2A");
        out.clear();
        push_query(&mut out, "a/b=c");
        assert_eq!(out, "a%2Fb%3Dc");
    }

    #[test]
    fn decodes_once_and_strictly() {
        assert_eq!(decode("a%2520+b").as_deref(), Some("a%20+b"));
        assert_eq!(decode_form("a%2520+b%2B").as_deref(), Some("a%20 b+"));
        for bad in ["%", "%2", "%g0", "%C3", "%ff", "%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
