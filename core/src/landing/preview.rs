//! What a page shows of its file: an image, sound, a film, the beginning of a plain text, or nothing.
//!
//! Only where the token says inline, only of the types that are shown inline at all (never SVG, which is a document
//! with scripts), and never of a counted link: looking would be a download that nobody counted.

use super::facts::{Facts, Found};
use crate::config::Config;
use crate::decision::{Fetch, Head};
use crate::expect::Expect;
use crate::origin_reply::Next;
use crate::reply::{Body, Reply};
use crate::text::holds;
use crate::time::UnixTime;
use crate::validators::EntityTag;
use alloc::string::{String, ToString};

/// How much of a text is shown, in bytes.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;
/// The largest image that is shown, in bytes: it is loaded without being asked for, maybe over a phone's line.
pub const MAX_IMAGE_BYTES: u64 = 16 * 1024 * 1024;
/// Images that browsers show. Others would be a broken picture.
const IMAGES: [&str; 7] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon"];

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Preview<'a> {
    None,
    Image,
    Audio,
    Video,
    Text(&'a str),
}

impl<'a> Preview<'a> {
    pub(super) fn of(facts: &Facts, found: &Found, text: Option<&'a str>) -> Self {
        if facts.downloads.is_some() || found.size == 0 || !facts.may_show(&found.media_type) {
            return Self::None;
        }
        let media_type = found.media_type.sent;
        let (family, subtype) = media_type.split_once('/').unwrap_or((media_type, ""));
        let is = |name: &str| family.eq_ignore_ascii_case(name);
        if is("text") {
            return text.filter(|text| !text.is_empty()).map_or(Self::None, Self::Text);
        }
        // A playlist is no sound: its player would fetch what others wrote into it.
        if holds(&subtype.to_ascii_lowercase(), "mpegurl") {
            return Self::None;
        }
        if is("audio") {
            Self::Audio
        } else if is("video") {
            Self::Video
        } else if found.size <= MAX_IMAGE_BYTES && IMAGES.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
            Self::Image
        } else {
            Self::None
        }
    }

    /// Whether the page loads the file itself.
    pub(super) const fn is_of_file(&self) -> bool {
        matches!(self, Self::Image | Self::Audio | Self::Video)
    }
}

/// A page whose text preview is still to be asked for: [`Facts::with_text`].
#[derive(Debug)]
pub struct TextPreview {
    /// Asks for the first [`MAX_TEXT_BYTES`] of the version that the page is about.
    pub fetch: Fetch,
}

impl TextPreview {
    /// The question for a text's beginning; the facts back where there is nothing to ask.
    pub(super) fn of(
        facts: Facts,
        found: &Found,
        path: String,
        head: &Head<'_>,
        now: UnixTime,
        config: &Config,
    ) -> Result<Self, Facts> {
        // A stored encoding would have to be undone first, and a part of one cannot be.
        let is_plain = !head.headers.has("content-encoding");
        let may_show = Preview::of(&facts, found, Some("?")) == Preview::Text("?");
        if !(is_plain && may_show && facts.is_seen()) {
            return Err(facts);
        }
        let version = head.headers.one("etag").filter(|tag| EntityTag::parse(tag).is_some()).map(ToString::to_string);
        match Expect::for_beginning(path, MAX_TEXT_BYTES as u64, found.size, version).fetch(now, config) {
            Ok(fetch) => Ok(Self { fetch }),
            Err(_) => Err(facts),
        }
    }
}

impl Facts {
    /// The page with the beginning of the text that [`TextPreview`] has asked for, from the answer's head and the first
    /// [`MAX_TEXT_BYTES`] of its body; without it if there was no answer, or not this one. More bytes than these are not
    /// looked at.
    pub fn with_text(
        &self,
        expect: Expect,
        head: Option<&Head<'_>>,
        bytes: &[u8],
        now: UnixTime,
        config: &Config,
    ) -> Reply {
        let size = expect.size_of_text();
        let is_it = head.is_some_and(|head| match expect.settle(head, None, now, config) {
            Next::Reply(reply) => reply.body == Body::Origin && !head.headers.has("content-encoding"),
            Next::ReadError(_) | Next::Again(_) | Next::Refuse(_) => false,
        });
        let text = if is_it { shown(&bytes[..bytes.len().min(MAX_TEXT_BYTES)]) } else { None };
        self.file(&text_of(size), text.as_deref())
    }
}

fn text_of(size: u64) -> Found {
    Found { size, media_type: crate::media_type::MediaType::of(Some("text/plain")) }
}

/// The beginning of a text as it may be shown: UTF-8, cut between characters; `None` if it is something else. Controls
/// and overrides of the direction, which can make a text look like another one, become a visible mark.
fn shown(bytes: &[u8]) -> Option<String> {
    let text = match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(fault) if fault.error_len().is_none() => core::str::from_utf8(&bytes[..fault.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\n' | '\t' => out.push(char),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push(char::REPLACEMENT_CHARACTER),
            char if char.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            char => out.push(char),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_it_is_and_cut_between_characters() {
        assert_eq!(shown("a\tb\r\nc\rd\n".as_bytes()).as_deref(), Some("a\tb\nc\nd\n"));
        assert_eq!(shown("\u{feff}é".as_bytes()).as_deref(), Some("é"));
        assert_eq!(shown(&"é\u{1f600}".as_bytes()[..4]).as_deref(), Some("é"));
        assert_eq!(shown("a\u{202e}b\u{1b}[1m\u{85}".as_bytes()).as_deref(), Some("a\u{fffd}b\u{fffd}[1m\u{fffd}"));
    }

    #[test]
    fn what_is_no_text_is_not_shown() {
        for bytes in [&b"a\xffb"[..], b"PK\x03\x04\0", b"\xfe\xffa", b"\xe9t\xe9"] {
            assert_eq!(shown(bytes), None, "{bytes:?}");
        }
    }
}
