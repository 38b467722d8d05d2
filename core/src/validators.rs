//! Entity tags: what conditional requests compare (RFC 9110 sections 8.8.3 and 13).

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

    /// Elements between commas, empty ones left out (RFC 9110 section 5.6.1.2). A comma between quotes is the tag's.
    fn elements(&self) -> impl Iterator<Item = &'a str> {
        let mut quoted = false;
        let between = self.0.split(move |char| {
            quoted ^= char == '"';
            char == ',' && !quoted
        });
        between.map(|element| element.trim_matches([' ', '\t'])).filter(|element| !element.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(found("\"a,\", \"b\""), Some(true));
        assert_eq!(found("\"a,\"b\""), None);
        assert_eq!(found("\"a, b\""), None);
        for bad in ["", ",", "a", "\"a\", b", "*, \"a\"", "\"a\" \"b\"", "\"b", "\"a\",\"b"] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }
}
