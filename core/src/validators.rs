//! Entity tags and dates: what conditional requests compare (RFC 9110 sections 8.8 and 13).

use crate::time::{UnixTime, days_since_epoch};

/// Longest value of a conditional header that is read, in bytes; a longer one is treated as not understood.
const MAX_VALUE_BYTES: usize = 1024;

/// An entity tag (RFC 9110 section 8.8.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EntityTag<'a> {
    weak: bool,
    opaque: &'a str,
}

impl<'a> EntityTag<'a> {
    /// Exactly one tag, quotes and all.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (weak, quoted) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let fits = opaque.len() <= 256 && opaque.bytes().all(|b| b == 0x21 || (0x23..=0x7e).contains(&b));
        fits.then_some(Self { weak, opaque })
    }

    /// Strong comparison: both are strong and the same.
    pub(crate) fn is_strongly(&self, other: &EntityTag<'_>) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Weak comparison: the same but for weakness.
    pub(crate) fn is_weakly(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }
}

/// The value of If-Match or If-None-Match: `*`, or tags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TagList<'a>(&'a str);

impl<'a> TagList<'a> {
    /// Reads a value; `None` if any element is no tag.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let list = Self(text.trim_matches([' ', '\t']));
        let understood = text.len() <= MAX_VALUE_BYTES
            && (list.0 == "*"
                || (list.elements().next().is_some() && list.elements().all(|tag| EntityTag::parse(tag).is_some())));
        understood.then_some(list)
    }

    /// The value as received, without outer space.
    pub(crate) const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether `*`, or a tag that `same` as the current one, stands in the list.
    pub(crate) fn any(&self, same: impl Fn(&EntityTag<'_>) -> bool) -> bool {
        self.0 == "*" || self.elements().filter_map(EntityTag::parse).any(|tag| same(&tag))
    }

    /// Elements between commas. A comma inside the quotes is allowed by the grammar and used by nobody;
    /// such a tag is taken for two malformed ones.
    fn elements(&self) -> impl Iterator<Item = &'a str> {
        self.0.split(',').map(|element| element.trim_matches([' ', '\t'])).filter(|element| !element.is_empty())
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// A moment written as IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). The two
/// obsolete forms are not understood, which the RFC lets count as no date at all for conditions.
pub(crate) fn http_date(text: &str) -> Option<UnixTime> {
    let bytes = text.as_bytes();
    if bytes.len() != 29 || !text.is_ascii() || !text.ends_with(" GMT") {
        return None;
    }
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = &text[from..to];
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let separators_fit = [(3, b','), (4, b' '), (7, b' '), (11, b' '), (16, b' '), (19, b':'), (22, b':')]
        .iter()
        .all(|(place, separator)| bytes[*place] == *separator);
    let month = MONTHS.iter().position(|month| *month == &text[8..11])?;
    let (day, year) = (digits(5, 7)?, digits(12, 16)?);
    let (hour, minute, second) = (digits(17, 19)?, digits(20, 22)?, digits(23, 25)?);
    if !separators_fit || hour > 23 || minute > 59 || second > 60 || year < 1970 {
        return None;
    }
    let days = days_since_epoch(year, i64::try_from(month).ok()? + 1, day)?;
    let weekday = WEEKDAYS[usize::try_from(days % 7).ok()?];
    (weekday == &text[0..3]).then(|| UnixTime::from_millis((days * 86_400 + hour * 3600 + minute * 60 + second) * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn tags_compare_strongly_and_weakly() {
        // RFC 9110 section 8.8.3.2, the table.
        for (a, b, strong, weak) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            let (a, b) = (EntityTag::parse(a).unwrap(), EntityTag::parse(b).unwrap());
            assert_eq!((a.is_strongly(&b), a.is_weakly(&b)), (strong, weak));
        }
        for bad in ["", "a", "\"a", "w/\"a\"", "\"a\"b\"", "\"a b\"", "\"a\", \"b\"", "*"] {
            assert_eq!(EntityTag::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_are_read_whole_or_not_at_all() {
        let current = EntityTag::parse("\"b\"").unwrap();
        let found = |text: &str| TagList::parse(text).map(|list| list.any(|tag| tag.is_weakly(&current)));
        assert_eq!(found("\"a\", W/\"b\""), Some(true));
        assert_eq!(found("*"), Some(true));
        assert_eq!(found("\"a\",,\"c\""), Some(false));
        for bad in ["", ",", "a", "\"a\", b", "*, \"a\""] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_read_strictly() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap().to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(http_date("Tue, 29 Feb 2000 00:00:00 GMT").unwrap().to_string(), "2000-02-29T00:00:00Z");
        for bad in [
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Wed, 30 Feb 2000 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "",
        ] {
            assert_eq!(http_date(bad), None, "{bad}");
        }
    }
}
