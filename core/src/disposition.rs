//! Content-Disposition (RFC 6266) with a name that is harmless wherever it is saved.

use crate::percent;
use crate::token::Disposition;
use alloc::string::String;

/// Longest file name that is sent, in bytes of UTF-8: what common file systems take.
const MAX_NAME_BYTES: usize = 255;
/// The name of what is left without one.
const NAMELESS: &str = "download";

/// A header value for `name`: a plain `filename` for everybody, and `filename*` (RFC 8187) where the plain
/// one had to lose something.
pub fn header(disposition: Disposition, name: &str) -> String {
    let name = harmless(name);
    let kind = match disposition {
        Disposition::Attachment => "attachment",
        Disposition::Inline => "inline",
    };
    let mut out = String::with_capacity(32 + 2 * name.len());
    out.push_str(kind);
    out.push_str("; filename=\"");
    let mut lost = false;
    for char in name.chars() {
        // A percent sign is decoded by some browsers, so it counts as lost.
        let plain = matches!(char, ' '..='~') && !matches!(char, '"' | '\\' | '%');
        lost |= !plain;
        out.push(if plain { char } else { '_' });
    }
    out.push('"');
    if lost {
        out.push_str("; filename*=UTF-8''");
        percent::push_query(&mut out, &name);
    }
    out
}

/// `name` without what could mislead a person or a file system: path separators, characters that Windows
/// reserves, control characters, bidirectional overrides and invisible marks; no leading dot or space at
/// either end, no device name, at most 255 bytes.
pub fn harmless(name: &str) -> String {
    let mut out = String::with_capacity(name.len().min(MAX_NAME_BYTES));
    for char in name.chars() {
        let safe = if is_unsafe(char) { '_' } else { char };
        if out.len() + safe.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        out.push(safe);
    }
    let trimmed = out.trim_matches(|c: char| c.is_whitespace()).trim_start_matches('.').trim_end_matches(['.', ' ']);
    if trimmed.is_empty() {
        return NAMELESS.into();
    }
    let mut name = String::from(trimmed);
    if is_device(&name) {
        name.insert(0, '_');
    }
    name
}

/// `name` as it is, but for characters that are not seen or that change how others are: each becomes a mark.
pub(crate) fn visible(name: &str) -> String {
    name.chars().map(|char| if is_unseen(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

fn is_unsafe(char: char) -> bool {
    is_unseen(char) || matches!(char, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// Control characters, bidirectional overrides and invisible marks.
fn is_unseen(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Names that Windows gives to devices, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end().to_ascii_uppercase();
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_harmless() {
        for (name, safe) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..", "download"),
            ("", "download"),
            (".bashrc", "bashrc"),
            ("a\u{202e}fdp.exe", "a_fdp.exe"),
            ("a\r\nSet-Cookie: x", "a__Set-Cookie_ x"),
            ("con.txt", "_con.txt"),
            ("LPT1", "_LPT1"),
            ("console", "console"),
            ("name. ", "name"),
            (" a ", "a"),
        ] {
            assert_eq!(harmless(name), safe, "{name:?}");
        }
        assert_eq!(harmless(&"é".repeat(200)).len(), 254);
    }

    #[test]
    fn the_header_is_plain_where_it_can_be() {
        assert_eq!(header(Disposition::Attachment, "a b.txt"), "attachment; filename=\"a b.txt\"");
        assert_eq!(
            header(Disposition::Inline, "naïve 100%.txt"),
            "inline; filename=\"na_ve 100_.txt\"; filename*=UTF-8''na%C3%AFve%20100%25.txt"
        );
        assert_eq!(header(Disposition::Attachment, "a\"b"), "attachment; filename=\"a_b\"");
    }
}
