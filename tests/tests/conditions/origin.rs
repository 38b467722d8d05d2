//! Origins as they are: one like S3, one that overlooks conditions, one that serves whole objects only.

use crate::case::{Dice, Object, Tag, imf};
use clouddrop_core::Fetch;

#[derive(Debug)]
pub(crate) struct Origin {
    /// Whether it looks at conditions.
    pub(crate) has_conditions: bool,
    /// Whether it looks at Range.
    pub(crate) has_ranges: bool,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The fields of a whole object.
pub(crate) fn whole(object: &Object) -> Vec<(&'static str, String)> {
    let mut fields = version(object);
    fields.push(("content-length", object.size.to_string()));
    fields
}

fn version(object: &Object) -> Vec<(&'static str, String)> {
    let mut fields = vec![("etag", object.tag.text())];
    fields.extend(object.modified.map(|modified| ("last-modified", imf(modified))));
    fields
}

impl Origin {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let (has_conditions, has_ranges) = dice.of(&[(true, true), (true, true), (false, true), (false, false)]);
        Self { has_conditions, has_ranges }
    }

    pub(crate) fn answer(&self, fetch: &Fetch, object: &Object) -> Answer {
        let value =
            |wanted: &str| fetch.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        if self.has_conditions
            && let Some(status) = conditions(value, object)
        {
            let fields = if status == 304 { version(object) } else { Vec::new() };
            return Answer { status, fields, body: "<Error><Code>PreconditionFailed</Code></Error>".into() };
        }
        let Some(range) = value("range").filter(|_| self.has_ranges) else {
            return Answer { status: 200, fields: whole(object), body: String::new() };
        };
        let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let last = last.parse().ok();
        let (first, last) = match (first.parse::<u64>().ok(), last, object.size) {
            (Some(first), last, size) if first < size => (first, last.unwrap_or(u64::MAX).min(size - 1)),
            (None, Some(suffix @ 1_u64..), size @ 1..) => (size.saturating_sub(suffix), size - 1),
            (_, _, size) => {
                let error =
                    format!("<Error><Code>InvalidRange</Code><ActualObjectSize>{size}</ActualObjectSize></Error>");
                return Answer { status: 416, fields: Vec::new(), body: error };
            }
        };
        let mut fields = version(object);
        fields.push(("content-length", (last - first + 1).to_string()));
        fields.push(("content-range", format!("bytes {first}-{last}/{}", object.size)));
        Answer { status: 206, fields, body: String::new() }
    }
}

/// As S3 documents it for GetObject: single tags, dates in the one form that may be sent, and a condition on the tag
/// goes before the date of its kind.
fn conditions<'a>(value: impl Fn(&str) -> Option<&'a str>, object: &Object) -> Option<u16> {
    let same = |text: &str, tag: &Tag| {
        let opaque = text.trim_start_matches("W/");
        assert!(opaque.starts_with('"') && opaque.ends_with('"'), "no origin need read {text}");
        // S3 knows strong tags only, and compares text.
        text == tag.text()
    };
    let modified_after = |text: &str| {
        // Both are of the same form: weekday apart, compare by what the text says.
        object.modified.map(|modified| modified > parsed(text))
    };
    match (value("if-match"), value("if-unmodified-since")) {
        (Some(tag), _) if !same(tag, &object.tag) => return Some(412),
        (None, Some(date)) if modified_after(date) == Some(true) => return Some(412),
        _ => {}
    }
    match (value("if-none-match"), value("if-modified-since")) {
        (Some(tag), _) if same(tag, &object.tag) => Some(304),
        (None, Some(date)) if modified_after(date) == Some(false) => Some(304),
        _ => None,
    }
}

/// The moment of an IMF-fixdate, found by writing: it must be one, to the letter.
fn parsed(text: &str) -> i64 {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let year = number(12, 16);
    // Near enough to step from.
    let mut moment = (year - 1970) * 31_556_952 + number(17, 19) * 3600 + number(20, 22) * 60 + number(23, 25);
    moment -= moment % 86_400 - (number(17, 19) * 3600 + number(20, 22) * 60 + number(23, 25));
    let days = (moment.max(0) / 86_400 - 2..).take(370);
    let second = moment.rem_euclid(86_400);
    days.map(|day| day * 86_400 + second).find(|moment| imf(*moment) == text).unwrap()
}
