//! Range and Content-Range: what is read writes back to itself, and selects what the RFC says.

use crate::seeds;
use clouddrop_core::range::{ByteRange, ContentRange, number, unsatisfied_size};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(range) = ByteRange::parse(text) {
        assert_eq!(ByteRange::parse(&range.header()), Some(range), "{text:?}");
        for size in [0, 1, 2, 10, 1000, u64::MAX] {
            check(range, size);
        }
        // One range: any other beside it is several, and several are none.
        assert_eq!(ByteRange::parse(&format!("{text},0-0")), None, "{text:?}");
    }
    if let Some(part) = ContentRange::parse(text) {
        let written = format!("bytes {}-{}/{}", part.first, part.last, part.size);
        assert_eq!(ContentRange::parse(&written), Some(part), "{text:?}");
        assert!(part.first <= part.last && part.last < part.size && part.length() <= part.size);
        assert_eq!(unsatisfied_size(text), None);
    }
    if let Some(value) = number(text) {
        assert_eq!(text.trim_start_matches('0'), value.to_string().trim_start_matches('0'));
    }
}

/// RFC 9110 section 14.1.2, by looking at bytes near the ends.
fn check(range: ByteRange, size: u64) {
    let selects = |byte: u64| match range {
        ByteRange::From { first, last } => first <= byte && last.is_none_or(|last| byte <= last),
        ByteRange::Suffix(length) => size - byte <= length,
    };
    let resolved = range.resolve(size);
    let any = resolved.is_some_and(|(first, last)| first <= last && last < size);
    assert_eq!(any, resolved.is_some());
    // Of an empty object the last bytes are the object.
    let whole_of_nothing = size == 0 && matches!(range, ByteRange::Suffix(1..));
    assert_eq!(range.is_satisfiable(size), any || whole_of_nothing);
    let probes = [0, 1, size / 2, size.saturating_sub(1)]
        .into_iter()
        .chain(resolved.into_iter().flat_map(|(a, b)| [a, b, a.saturating_sub(1), b.saturating_add(1)]));
    for byte in probes.filter(|byte| *byte < size) {
        let within = resolved.is_some_and(|(first, last)| first <= byte && byte <= last);
        assert_eq!(selects(byte), within, "{range:?} of {size}: {byte}");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let cases = seeds::cases();
    let answers = cases.iter().flat_map(|case| case.answers.iter().flat_map(|answer| &answer.headers));
    let all = cases.iter().flat_map(|case| &case.headers).chain(answers);
    let values = all.filter(|(name, _)| name.to_ascii_lowercase().contains("range"));
    seeds::distinct(values.map(|(_, value)| value.clone().into_bytes()).collect())
}
