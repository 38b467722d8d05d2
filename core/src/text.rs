//! Pieces of text that are written for every request: by hand, since the formatting machinery of the standard library
//! takes ten times the instructions, and room in the module.

use alloc::string::String;

/// Most digits of a number.
const MOST_DIGITS: usize = 20;

/// Appends `value` in decimal.
pub(crate) fn push_number(out: &mut String, mut value: u64) {
    let mut digits = [0; MOST_DIGITS];
    let mut at = MOST_DIGITS;
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    push_ascii(out, &digits[at..]);
}

/// Appends a JSON string with its quotes (RFC 8259 section 7).
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        // The byte is a character of its own, so both sides of it are text.
        let (plain, from) = rest.split_at(at);
        let (escaped, behind) = from.split_at(1);
        out.push_str(plain);
        match escaped.as_bytes() {
            b"\"" => out.push_str("\\\""),
            b"\\" => out.push_str("\\\\"),
            control => {
                out.push_str("\\u00");
                crate::hash::push_hex(out, control);
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out.push('"');
}

/// A JSON string with its quotes.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_json_string(&mut out, text);
    out
}

/// Where `part`, which is not empty, first stands in `text`. The standard library's way takes a page of the module for
/// texts of any length; these are short.
fn place_of(text: &str, part: &str) -> Option<usize> {
    text.as_bytes().windows(part.len()).position(|window| window == part.as_bytes())
}

/// As [`str::contains`].
pub(crate) fn holds(text: &str, part: &str) -> bool {
    part.is_empty() || place_of(text, part).is_some()
}

/// As [`str::split_once`], for a separator that is not empty.
pub(crate) fn cut<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let at = place_of(text, separator)?;
    // A match of UTF-8 in UTF-8 begins and ends where characters do.
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// Appends bytes that are all ASCII.
pub(crate) fn push_ascii(out: &mut String, bytes: &[u8]) {
    out.push_str(core::str::from_utf8(bytes).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn json_strings_read_back() {
        for text in ["", "plain", "a\"b\\c", "line\nend\u{1}\u{1f}", "é\u{1f600}\"", "\"\""] {
            assert_eq!(serde_json::from_str::<String>(&json_string(text)).unwrap(), text);
        }
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for value in [0, 9, 10, 99, 1_000_000, u64::MAX] {
            let mut out = String::from("x");
            push_number(&mut out, value);
            assert_eq!(out.strip_prefix('x'), Some(value.to_string().as_str()));
        }
    }

    #[test]
    fn searching_finds_what_the_standard_library_finds() {
        let texts = ["", "a", "://", "a://b://c", "é", "aéb", "aab", "a:é/", "::///", "aéé b"];
        let parts = ["a", "é", "://", ":", "aab", "ab", "é b", "zzzzzzzzzzzz"];
        for (text, part) in texts.iter().flat_map(|text| parts.map(|part| (*text, part))) {
            assert_eq!(super::holds(text, part), text.contains(part), "{text} {part}");
            assert_eq!(super::cut(text, part), text.split_once(part), "{text} {part}");
            assert!(super::holds(text, ""));
        }
    }
}
