//! Byte ranges (RFC 9110 section 14): one range is served, several are answered with the whole object,
//! what is not understood is ignored.

use alloc::format;
use alloc::string::String;

/// One range of bytes, as asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteRange {
    /// From `first` to `last`, both included, or to the end.
    From {
        /// The first byte, counted from 0.
        first: u64,
        /// The last byte.
        last: Option<u64>,
    },
    /// The last so many bytes.
    Suffix(u64),
}

impl ByteRange {
    /// Reads a Range header: `None` if it holds another unit, several ranges or no valid range, which all
    /// mean that the whole object is sent.
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, set) = value.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        // Empty elements of a list are ignored (RFC 9110 section 5.6.1.2); a second range is not.
        let mut ranges = set.split(',').map(|range| range.trim_matches([' ', '\t'])).filter(|range| !range.is_empty());
        let (Some(range), None) = (ranges.next(), ranges.next()) else { return None };
        let (first, last) = range.split_once('-')?;
        match (first, last) {
            ("", length) => Some(Self::Suffix(number(length)?)),
            (first, "") => Some(Self::From { first: number(first)?, last: None }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From { first, last: Some(last) })
            }
        }
    }

    /// The header for the origin.
    pub fn header(&self) -> String {
        match self {
            Self::From { first, last: Some(last) } => format!("bytes={first}-{last}"),
            Self::From { first, last: None } => format!("bytes={first}-"),
            Self::Suffix(length) => format!("bytes=-{length}"),
        }
    }

    /// Whether 416 is not the answer for an object of `size` bytes (RFC 9110 section 14.1.2). The last bytes of an
    /// empty object are the empty object, which no 206 can say: it is sent whole.
    pub const fn is_satisfiable(&self, size: u64) -> bool {
        match *self {
            Self::From { first, .. } => first < size,
            Self::Suffix(length) => length > 0,
        }
    }

    /// The first and last byte that the range selects of `size` bytes; `None` if it selects none.
    pub fn resolve(&self, size: u64) -> Option<(u64, u64)> {
        let end = size.checked_sub(1)?;
        match *self {
            Self::From { first, last } => (first <= end).then(|| (first, last.map_or(end, |last| last.min(end)))),
            Self::Suffix(0) => None,
            Self::Suffix(length) => Some((size.saturating_sub(length), end)),
        }
    }
}

/// What a 206 says that it holds: `bytes first-last/size` (RFC 9110 section 14.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContentRange {
    /// The first byte.
    pub first: u64,
    /// The last byte, included.
    pub last: u64,
    /// The size of the whole object.
    pub size: u64,
}

impl ContentRange {
    /// Reads the header; a size that is not told (`*`) is not accepted.
    pub fn parse(value: &str) -> Option<Self> {
        let (range, size) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let read = Self { first: number(first)?, last: number(last)?, size: number(size)? };
        (read.first <= read.last && read.last < read.size).then_some(read)
    }

    /// How many bytes it holds.
    pub const fn length(&self) -> u64 {
        self.last - self.first + 1
    }
}

/// The size that a 416 tells: `bytes */size`.
pub fn unsatisfied_size(value: &str) -> Option<u64> {
    number(value.strip_prefix("bytes */")?)
}

/// Digits only: no sign, no space, nothing that does not fit.
pub fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood() {
        for (value, range, resolved) in [
            ("bytes=0-499", ByteRange::From { first: 0, last: Some(499) }, Some((0, 99))),
            ("Bytes=5-", ByteRange::From { first: 5, last: None }, Some((5, 99))),
            ("bytes=-5", ByteRange::Suffix(5), Some((95, 99))),
            ("bytes=-500", ByteRange::Suffix(500), Some((0, 99))),
            ("bytes=-0", ByteRange::Suffix(0), None),
            ("bytes=100-", ByteRange::From { first: 100, last: None }, None),
            ("bytes= 0-0", ByteRange::From { first: 0, last: Some(0) }, Some((0, 0))),
            ("bytes=,0-0 ,", ByteRange::From { first: 0, last: Some(0) }, Some((0, 0))),
        ] {
            assert_eq!(ByteRange::parse(value), Some(range), "{value}");
            assert_eq!(range.resolve(100), resolved, "{value}");
            assert_eq!(range.is_satisfiable(100), resolved.is_some(), "{value}");
            assert_eq!(range.resolve(0), None);
        }
    }

    #[test]
    fn anything_else_is_the_whole_object() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=+1-2",
            "bytes=0-18446744073709551616",
            "bytes=0 - 1",
        ] {
            assert_eq!(ByteRange::parse(value), None, "{value}");
        }
    }

    #[test]
    fn content_range_must_be_consistent() {
        assert_eq!(ContentRange::parse("bytes 0-9/10"), Some(ContentRange { first: 0, last: 9, size: 10 }));
        for bad in ["bytes 0-10/10", "bytes 5-4/10", "bytes 0-9/*", "bytes */10", "0-9/10", "bytes 0-9", "bytes=0-9/10"]
        {
            assert_eq!(ContentRange::parse(bad), None, "{bad}");
        }
        assert_eq!(unsatisfied_size("bytes */10"), Some(10));
    }
}
