//! `Range` and the conditions of a read (RFC 9110, sections 13 and 14), with S3's choices where the RFC leaves one.

use std::ops::Range;

use http::{HeaderMap, header};
use time::{OffsetDateTime, PrimitiveDateTime};

/// What the conditions of a GET or HEAD make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send it.
    Proceed,
    /// 304
    NotModified,
    /// 412
    PreconditionFailed,
}

/// Evaluates the conditions in the order of RFC 9110, 13.2.2. `etag` is without quotes, `modified` Unix time in seconds.
pub(crate) fn evaluate(headers: &HeaderMap, etag: &str, modified: i64) -> Verdict {
    match values(headers, header::IF_MATCH) {
        Some(list) if !matches(&list, etag, Comparison::Strong) => return Verdict::PreconditionFailed,
        Some(_) => {}
        None => {
            if date(headers, header::IF_UNMODIFIED_SINCE).is_some_and(|since| modified > since) {
                return Verdict::PreconditionFailed;
            }
        }
    }
    let unchanged = match values(headers, header::IF_NONE_MATCH) {
        Some(list) => matches(&list, etag, Comparison::Weak),
        None => date(headers, header::IF_MODIFIED_SINCE).is_some_and(|since| modified <= since),
    };
    if unchanged { Verdict::NotModified } else { Verdict::Proceed }
}

/// The part of an object that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// 200: all of it; also for several ranges and for what cannot be understood, as S3 does.
    Whole,
    /// 206: these bytes, at least one.
    Part(Range<u64>),
    /// 416
    Unsatisfiable,
}

/// Reads `Range`, which counts only if `If-Range` (where sent) names this very version.
pub(crate) fn select(headers: &HeaderMap, size: u64, etag: &str, modified: i64) -> Selection {
    let Some(range) = single(headers, header::RANGE) else {
        return Selection::Whole;
    };
    if headers.contains_key(header::IF_RANGE) {
        let current = single(headers, header::IF_RANGE).is_some_and(|value| {
            if value.starts_with(['"', 'W']) {
                matches(value, etag, Comparison::Strong)
            } else {
                parse_date(value) == Some(modified)
            }
        });
        if !current {
            return Selection::Whole;
        }
    }
    parse_range(range, size)
}

fn parse_range(text: &str, size: u64) -> Selection {
    let Some((first, last)) =
        text.strip_prefix("bytes=").filter(|spec| !spec.contains(',')).and_then(|spec| spec.trim().split_once('-'))
    else {
        return Selection::Whole;
    };
    match (first, last) {
        ("", length) => match number(length) {
            None => Selection::Whole,
            Some(length) if length == 0 || size == 0 => Selection::Unsatisfiable,
            Some(length) => Selection::Part(size.saturating_sub(length)..size),
        },
        (first, last) => {
            let end = if last.is_empty() { Some(size) } else { number(last).map(|last| last.saturating_add(1)) };
            match (number(first), end) {
                (Some(first), Some(end)) if last.is_empty() || first < end => {
                    if first >= size {
                        Selection::Unsatisfiable
                    } else {
                        Selection::Part(first..end.min(size))
                    }
                }
                _ => Selection::Whole,
            }
        }
    }
}

/// Digits only; a number beyond 64 bits is as good as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[derive(Clone, Copy)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether a list of entity tags (`*`, `"a", W/"b"`, or S3's bare `a`) has `etag` in it.
fn matches(list: &str, etag: &str, comparison: Comparison) -> bool {
    // Our ETags hold hex and `-`: splitting at commas cannot cut one in two.
    list.split(',').map(str::trim).any(|tag| {
        let (weak, tag) = match tag.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let bare = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
        match (weak, comparison) {
            (true, Comparison::Strong) => false,
            _ => tag == "*" || bare == etag,
        }
    })
}

fn values(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("")).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn single(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn date(headers: &HeaderMap, name: header::HeaderName) -> Option<i64> {
    single(headers, name).and_then(parse_date)
}

/// An IMF-fixdate as Unix time in seconds; other forms are ignored, as RFC 9110 allows for conditions.
fn parse_date(text: &str) -> Option<i64> {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    PrimitiveDateTime::parse(text, format).ok().map(|date| date.assume_utc().unix_timestamp())
}

/// Unix time in seconds as an IMF-fixdate.
pub(crate) fn http_date(seconds: i64) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|date| date.format(format).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_object_or_refused_or_ignored() {
        use Selection::{Part, Unsatisfiable, Whole};
        for (text, size, expected) in [
            ("bytes=0-0", 10, Part(0..1)),
            ("bytes=3-", 10, Part(3..10)),
            ("bytes=3-99", 10, Part(3..10)),
            ("bytes=9-9", 10, Part(9..10)),
            ("bytes=10-", 10, Unsatisfiable),
            ("bytes=10-12", 10, Unsatisfiable),
            ("bytes=-4", 10, Part(6..10)),
            ("bytes=-99", 10, Part(0..10)),
            ("bytes=-0", 10, Unsatisfiable),
            ("bytes=0-", 0, Unsatisfiable),
            ("bytes=-1", 0, Unsatisfiable),
            ("bytes=5-3", 10, Whole),
            ("bytes=0-1,3-4", 10, Whole),
            ("bytes=", 10, Whole),
            ("bytes=-", 10, Whole),
            ("bytes=a-b", 10, Whole),
            ("bytes=+1-2", 10, Whole),
            ("lines=0-1", 10, Whole),
            ("bytes=0-99999999999999999999999", 10, Part(0..10)),
            ("bytes=99999999999999999999999-", 10, Unsatisfiable),
        ] {
            assert_eq!(parse_range(text, size), expected, "{text} of {size}");
        }
    }

    #[test]
    fn tags_match_strongly_or_weakly() {
        use Comparison::{Strong, Weak};
        for (list, comparison, expected) in [
            ("\"a\"", Strong, true),
            ("a", Strong, true),
            ("*", Strong, true),
            ("\"b\", \"a\"", Strong, true),
            ("W/\"a\"", Strong, false),
            ("W/\"a\"", Weak, true),
            ("\"b\"", Weak, false),
            ("", Weak, false),
        ] {
            assert_eq!(matches(list, "a", comparison), expected, "{list}");
        }
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        assert_eq!(parse_date(&http_date(784_111_777)), Some(784_111_777));
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
