//! Every text of the pages for people, one file for each language.

mod de;
mod en;

use crate::request::Headers;
use crate::text::holds;

/// The texts of one language.
#[derive(Debug)]
pub(crate) struct Words {
    /// The language's tag (RFC 5646).
    pub(super) language: &'static str,
    pub(super) product: &'static str,
    pub(super) download: &'static str,
    pub(super) open: &'static str,
    pub(super) counted: &'static str,
    pub(super) used_up: &'static str,
    pub(super) preview: &'static str,
    pub(super) preview_of: &'static str,
    pub(super) beginning: &'static str,
    pub(super) about_file: &'static str,
    pub(super) size: &'static str,
    pub(super) media_type: &'static str,
    pub(super) until: &'static str,
    pub(super) downloads: &'static str,
    /// Between two numbers.
    pub(super) of: &'static str,
    pub(super) left: &'static str,
    pub(super) at_most: &'static str,
    pub(super) password: &'static str,
    pub(super) open_link: &'static str,
    pub(super) about_folder: &'static str,
    pub(super) not_listed: &'static str,
    pub(super) empty: &'static str,
    pub(super) nothing_on_this_page: &'static str,
    pub(super) files_in: &'static str,
    pub(super) name: &'static str,
    pub(super) changed: &'static str,
    pub(super) folder: &'static str,
    pub(super) folders: &'static str,
    pub(super) pages: &'static str,
    pub(super) first_page: &'static str,
    pub(super) next_page: &'static str,
    pub(super) one_hidden: &'static str,
    pub(super) hidden: &'static str,
    pub(super) not_scanned: &'static str,
    pub(super) report_file: &'static str,
    pub(super) report_folder: &'static str,
    pub(super) send: &'static str,
    /// The subject of a report by mail, as it stands in a URL; the link's id follows.
    pub(super) report_subject: &'static str,
    /// One of them; with a space before it.
    pub(super) byte: &'static str,
    pub(super) bytes: &'static str,
    pub(super) months: [&'static str; 12],
    /// Kinds of files, in the order of [`Words::kind`].
    kinds: [&'static str; 9],
    /// How numbers and dates are written.
    pub(super) style: Style,
    /// Refusals by their codes, where the language is not that of [`crate::Refusal::public`].
    refusals: &'static [(&'static str, &'static str)],
}

/// How a language writes numbers and dates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// 1.5 and 17 March 2030, 17 Mar 2030.
    English,
    /// 1,5 and 17. März 2030, 17.03.2030.
    German,
}

impl Words {
    /// The language that is preferred (RFC 9110 section 12.5.4): German where it has the greater weight, or the same
    /// one and stands first; else English.
    pub(crate) fn of(headers: &Headers<'_>) -> &'static Self {
        let mut best = (0, &en::WORDS);
        let fields = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("accept-language"));
        for range in fields.flat_map(|(_, value)| value.split(',')) {
            let mut parts = range.split(';').map(|part| part.trim_matches([' ', '\t']));
            let tag = parts.next().unwrap_or("").split('-').next().unwrap_or("");
            let words = match tag {
                tag if tag.eq_ignore_ascii_case("de") => &de::WORDS,
                tag if tag.eq_ignore_ascii_case("en") => &en::WORDS,
                _ => continue,
            };
            let weight = super::accept::weight(parts).unwrap_or(0);
            if weight > best.0 {
                best = (weight, words);
            }
        }
        best.1
    }

    /// The sentence of a refusal.
    pub(crate) fn refusal(&self, refusal: &crate::Refusal) -> &'static str {
        let own = self.refusals.iter().find(|(code, _)| *code == refusal.code());
        own.map_or(refusal.public(), |(_, sentence)| sentence)
    }

    /// What people call the types that are sent; the exact name stands beside it.
    pub(super) fn kind(&self, media_type: &str) -> &'static str {
        let family = media_type.split('/').next().unwrap_or("");
        let any = |parts: &[&str]| parts.iter().any(|part| holds(media_type, part));
        let place = if family.eq_ignore_ascii_case("image") {
            0
        } else if family.eq_ignore_ascii_case("audio") {
            1
        } else if family.eq_ignore_ascii_case("video") {
            2
        } else if any(&["spreadsheet", "excel", "csv"]) {
            3
        } else if any(&["presentation", "powerpoint"]) {
            4
        } else if any(&["pdf", "word", "opendocument.text"]) {
            5
        } else if any(&["zip", "7z", "tar", "zstd", "bzip2"]) {
            6
        } else if family == "text" {
            7
        } else {
            8
        };
        self.kinds[place]
    }
}

#[cfg(test)]
pub(super) const ENGLISH: &Words = &en::WORDS;
#[cfg(test)]
pub(super) const GERMAN: &Words = &de::WORDS;

#[cfg(test)]
mod tests {
    use super::*;

    fn language(fields: &[(&str, &str)]) -> &'static str {
        Words::of(&Headers::new(fields)).language
    }

    #[test]
    fn the_preferred_language_is_spoken() {
        for (value, wanted) in [
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("DE-CH", "de"),
            ("en-US,en;q=0.9,de;q=0.8", "en"),
            ("fr, de;q=0.7, en;q=0.3", "de"),
            ("fr;q=1, en;q=0.5, de;q=0.5", "en"),
            ("de;q=0", "en"),
            ("de;q=x, en", "en"),
            ("deu", "en"),
            ("*", "en"),
            ("", "en"),
        ] {
            assert_eq!(language(&[("Accept-Language", value)]), wanted, "{value}");
        }
        assert_eq!(language(&[]), "en");
        assert_eq!(language(&[("accept-language", "en;q=0.1"), ("accept-language", "de")]), "de");
    }

    #[test]
    fn every_refusal_has_its_sentence() {
        let (de, en) = (&de::WORDS, &en::WORDS);
        let refusal = crate::Refusal::PasswordRequired;
        assert_eq!(de.refusal(&refusal), "Dieser Link braucht sein Passwort.");
        assert_eq!(en.refusal(&refusal), refusal.public());
        assert!(en.refusals.is_empty());
    }
}
