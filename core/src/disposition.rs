//! Content-Disposition (RFC 6266) with a name that is harmless wherever it is saved.

use crate::percent;
use crate::token::Disposition;
use alloc::string::String;

/// Longest file name that is sent, in bytes of UTF-8: what common file systems take.
pub const MAX_NAME_BYTES: usize = 255;
/// Longest ending that is kept when a name is cut, with its dot.
const MAX_EXTENSION_BYTES: usize = 32;
/// Most that is given up to keep a letter and its marks together.
const MAX_MARKS_BYTES: usize = 32;
/// The name of what is left without one.
const NAMELESS: &str = "download";

/// A header value for `name`, see [`ContentDisposition`].
pub fn header(disposition: Disposition, name: &str) -> String {
    ContentDisposition { kind: disposition, name: FileName::harmless(name) }.value()
}

/// See [`FileName::harmless`].
pub fn harmless(name: &str) -> String {
    FileName::harmless(name).0
}

/// What a browser is to do with an object, and what to call it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContentDisposition {
    /// Whether it is saved or shown.
    pub kind: Disposition,
    /// What it is called.
    pub name: FileName,
}

impl ContentDisposition {
    /// The field's value: a plain `filename` for everybody, and `filename*` (RFC 8187) where the plain one had to lose
    /// something. ASCII without control characters, at most 4 * [`MAX_NAME_BYTES`] and a few dozen bytes long.
    pub fn value(&self) -> String {
        let name = self.name.as_str();
        let mut out = String::with_capacity(40 + 2 * name.len());
        out.push_str(match self.kind {
            Disposition::Attachment => "attachment",
            Disposition::Inline => "inline",
        });
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
            percent::push_query(&mut out, name);
        }
        out
    }
}

/// The name of a file that misleads neither a person nor a file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileName(String);

impl FileName {
    /// `name` without path separators, characters that Windows reserves, control characters, bidirectional overrides
    /// and invisible marks; spaces are plain ones and never two in a row, so that none pushes the ending out of
    /// sight; no dot or space at either end, no device name, no mark that would join what stands before the name;
    /// at most [`MAX_NAME_BYTES`], cut before the ending and not within a character.
    pub fn harmless(name: &str) -> Self {
        let mut out = String::with_capacity(name.len() + 1);
        for char in name.chars() {
            match char {
                _ if is_unsafe(char) => out.push('_'),
                _ if !char.is_whitespace() => out.push(char),
                _ if out.ends_with(' ') => {}
                _ => out.push(' '),
            }
        }
        let trimmed = out.trim_matches(['.', ' ']);
        if trimmed.is_empty() {
            return Self(NAMELESS.into());
        }
        let mut name = String::with_capacity(trimmed.len() + 1);
        if is_device(trimmed) || trimmed.starts_with(is_combining) {
            name.push('_');
        }
        name.push_str(trimmed);
        cut(&mut name);
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shortens a name to what is sent, before its ending.
fn cut(name: &mut String) {
    if name.len() <= MAX_NAME_BYTES {
        return;
    }
    let dot = name.rfind('.').filter(|dot| name.len() - dot <= MAX_EXTENSION_BYTES).unwrap_or(name.len());
    let extension = name.split_off(dot);
    let most = MAX_NAME_BYTES - extension.len();
    let whole = (0..=most).rev().find(|place| name.is_char_boundary(*place)).unwrap_or(0);
    // A mark goes with the letter that it stands on; a heap of marks is cut anywhere.
    let mut end = whole;
    while name[end..].starts_with(is_combining) && whole - end <= MAX_MARKS_BYTES {
        end = name[..end].char_indices().next_back().map_or(0, |(place, _)| place);
    }
    name.truncate(if whole - end <= MAX_MARKS_BYTES { end } else { whole });
    name.truncate(name.trim_end_matches(['.', ' ']).len());
    name.push_str(&extension);
}

/// `name` as it is, but for characters that are not seen or that change how others are: each becomes a mark.
pub(crate) fn visible(name: &str) -> String {
    name.chars().map(|char| if is_unseen(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

fn is_unsafe(char: char) -> bool {
    is_unseen(char) || matches!(char, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// Control characters, bidirectional overrides, invisible marks, fillers that look like a space, and what is no
/// character at all.
fn is_unseen(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Marks that stand on the character before them: those of Latin, Greek, Cyrillic, Hebrew, Arabic and symbols, the
/// selectors of a variant, and skin tones. Not all of Unicode's, whose table would be larger than all of this.
fn is_combining(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Names that Windows gives to devices, with any extension; a superscript digit is a digit there.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or("").trim_end().to_ascii_uppercase();
    let numbered = || stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered().is_some_and(|rest| {
            let mut rest = rest.chars();
            matches!((rest.next(), rest.next()), (Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None))
        })
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
            (". . .", "download"),
            ("", "download"),
            (".bashrc", "bashrc"),
            ("a\u{202e}fdp.exe", "a_fdp.exe"),
            ("a\r\nSet-Cookie: x", "a__Set-Cookie_ x"),
            ("con.txt", "_con.txt"),
            ("CON.", "_CON"),
            ("nul .tar.gz", "_nul .tar.gz"),
            ("LPT1", "_LPT1"),
            ("COM\u{b9}", "_COM\u{b9}"),
            ("lpt\u{b2}.txt", "_lpt\u{b2}.txt"),
            ("COM10", "COM10"),
            ("console", "console"),
            ("name. ", "name"),
            (" a ", "a"),
            ("invoice.pdf \u{a0}\u{3000}   .exe", "invoice.pdf .exe"),
            ("\u{301}", "_\u{301}"),
            ("a\u{3164}b", "a_b"),
        ] {
            assert_eq!(harmless(name), safe, "{name:?}");
            assert_eq!(harmless(safe), safe, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending_and_whole_characters() {
        assert_eq!(harmless(&"é".repeat(200)).len(), 254);
        let cut = harmless(&alloc::format!("{}.pdf", "é".repeat(200)));
        assert!(cut.len() <= 255 && cut.ends_with("é.pdf"), "{cut}");
        // "e" with its accent is three bytes, and 251 is no multiple of it.
        let cut = harmless(&alloc::format!("{}.pdf", "e\u{301}".repeat(200)));
        assert_eq!(cut, alloc::format!("{}.pdf", "e\u{301}".repeat(83)));
        let marks = harmless(&"\u{301}".repeat(200));
        assert!((250..=255).contains(&marks.len()));
        // Giving all the marks up would leave the name of a device.
        let heap = harmless(&alloc::format!("con{}.txt", "\u{301}".repeat(200)));
        assert!(heap.len() > 250 && heap.ends_with("\u{301}.txt"), "{heap}");
        // What is too long for an ending is none.
        assert_eq!(harmless(&alloc::format!("a.{}", "b".repeat(300))).len(), 255);
        let dots = harmless(&alloc::format!("a{}.txt", ".".repeat(300)));
        assert_eq!(dots, "a.txt");
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
