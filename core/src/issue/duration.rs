//! How long something holds: spans as clients write them, and how long a presigned URL may live.

use super::whole::{MAX, of_double};
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Units that a span may be written in, and their seconds.
const UNITS: &[(char, u64)] = &[('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
/// Most digits of a span: more than a thousand years in any unit but seconds, and no overflow in any.
const MAX_DIGITS: usize = 10;
/// The longest life of a presigned URL (S3 API reference, `X-Amz-Expires`).
pub const MAX_PRESIGNED: Seconds = Seconds(604_800);
/// With less left than this, a presigned URL is not worth handing out.
pub const SHORTEST_PRESIGNED: Seconds = Seconds(60);

/// A span of at least one second, in JSON a number of seconds or a text like `"7d"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span(pub Seconds);

impl Span {
    /// Reads digits and one unit of `s`, `m`, `h`, `d`, `w`; `None` for anything else and for nothing at all.
    ///
    /// ```
    /// use clouddrop_core::{Seconds, issue::Span};
    /// assert_eq!(Span::parse("7d"), Some(Span(Seconds(604_800))));
    /// assert_eq!(Span::parse("7 days"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().next_back()?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let digits = &text[..text.len() - 1];
        let fits = (1..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let count: u64 = if fits { digits.parse().ok()? } else { return None };
        Self::of_seconds(count.checked_mul(*seconds)?)
    }

    fn of_seconds(seconds: u64) -> Option<Self> {
        (seconds > 0).then_some(Self(Seconds(seconds)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds, or digits and a unit (s, m, h, d, w), more than nothing")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Span, E> {
                let span = Some(seconds).filter(|seconds| *seconds <= MAX).and_then(Span::of_seconds);
                span.ok_or_else(|| E::custom("no time at all, or too long a time"))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Span, E> {
                of_double(seconds).and_then(Span::of_seconds).ok_or_else(|| E::custom("not a whole number of seconds"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                Span::parse(text).ok_or_else(|| E::custom("not a span of time"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A moment to come, in JSON seconds since 1970 or a text like `"2027-01-15T08:00:00Z"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment(pub UnixTime);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Moment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since 1970, or a time like 2027-01-15T08:00:00Z")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Moment, E> {
                if seconds <= MAX {
                    Ok(Moment(UnixTime::from_secs(seconds)))
                } else {
                    Err(E::custom("too late a time"))
                }
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Moment, E> {
                let seconds = of_double(seconds).ok_or_else(|| E::custom("not a whole number of seconds"))?;
                Ok(Moment(UnixTime::from_secs(seconds)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
                moment(text).map(Moment).ok_or_else(|| E::custom("not a time of RFC 3339"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The first moment that there is, for a time before it.
fn long_ago(text: &str) -> Option<UnixTime> {
    let (year, rest) = text.split_at_checked(4)?;
    let year = crate::range::number(year).filter(|year| *year < 1970)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let alike = if is_leap { "2000" } else { "2001" };
    UnixTime::from_rfc3339(&alloc::format!("{alike}{rest}")).map(|_| UnixTime::from_secs(0))
}

/// A time of RFC 3339, with its offset; parts of a second are dropped.
pub fn moment(text: &str) -> Option<UnixTime> {
    const SECONDS: usize = "2027-01-15T08:00:00".len();
    let (base, rest) = text.split_at_checked(SECONDS)?;
    let mut whole = base.to_uppercase();
    whole.push('Z');
    let local = UnixTime::from_rfc3339(&whole).or_else(|| long_ago(&whole))?;
    let digits = rest.strip_prefix('.').map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
    let offset = if digits == 1 { return None } else { &rest[digits..] };
    if matches!(offset, "Z" | "z") {
        return Some(local);
    }
    let number = |text: &str, most: u64| crate::range::number(text).filter(|n| text.len() == 2 && *n <= most);
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let span = (number(hours, 23)? * 60 + number(minutes, 59)?) * 60;
    match offset.as_bytes().first()? {
        b'+' => Some(UnixTime::from_secs(local.as_secs().saturating_sub(span))),
        b'-' => Some(local.after(Seconds(span))),
        _ => None,
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Span {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Seconds, or digits and a unit: s, m, h, d, w.",
            "oneOf": [
                { "type": "integer", "minimum": 1, "maximum": MAX },
                { "type": "string", "pattern": "^[1-9][0-9]{0,9}[smhdw]$" },
            ],
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Moment {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Seconds since 1970, or a time of RFC 3339 like 2027-01-15T08:00:00Z.",
            "oneOf": [{ "type": "integer", "minimum": 0, "maximum": MAX }, { "type": "string", "format": "date-time" }],
        })
    }
}

/// The end of something asked for at `now`, on a whole second: so long from now, or at a moment, or `default` where
/// nothing was asked.
///
/// # Errors
/// [`Refusal::BadRequest`] for both, [`Refusal::Conflict`] for what has passed, [`Refusal::Forbidden`] for more than
/// `longest`: a shorter life than was asked for would surprise.
pub fn end(
    span: Option<Span>,
    moment: Option<Moment>,
    default: Seconds,
    longest: Seconds,
    now: UnixTime,
) -> Result<UnixTime, Refusal> {
    let now = UnixTime::from_secs(now.as_secs());
    let end = match (span, moment) {
        (Some(_), Some(_)) => return Err(Refusal::BadRequest("only one of expires_in and expires_at is taken")),
        (Some(Span(span)), None) if span > longest => {
            return Err(Refusal::Forbidden("expires_in is over the operator's limit"));
        }
        (Some(Span(span)), None) => now.after(span),
        (None, Some(Moment(moment))) => UnixTime::from_secs(moment.as_secs()),
        (None, None) => now.after(default.min(longest)),
    };
    if end <= now {
        return Err(Refusal::Conflict("expires_at has passed"));
    }
    if end > now.after(longest) {
        return Err(Refusal::Forbidden("expires_at is over the operator's limit"));
    }
    Ok(end)
}

/// How long a URL presigned at `now` lives, so that it ends at `end`, or with the credentials if these end
/// before: a URL is worth nothing once they have.
///
/// # Errors
/// [`Refusal::OriginUnavailable`] if the credentials end within [`SHORTEST_PRESIGNED`]; [`Refusal::Internal`] if
/// `end` has passed.
pub fn presign_until(end: UnixTime, credentials_end: Option<UnixTime>, now: UnixTime) -> Result<Seconds, Refusal> {
    let left = |moment: UnixTime| Seconds(moment.as_secs().saturating_sub(now.as_secs()));
    let mut span = left(end).min(MAX_PRESIGNED);
    if let Some(credentials) = credentials_end.map(left) {
        if credentials < SHORTEST_PRESIGNED {
            return Err(Refusal::OriginUnavailable("our AWS credentials are about to end"));
        }
        span = span.min(credentials);
    }
    if span.0 == 0 { Err(Refusal::Internal("nothing is presigned for the past")) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_digits_and_a_unit_or_seconds() {
        for (json, seconds) in
            [("90", 90), ("\"90s\"", 90), ("\"2m\"", 120), ("\"1h\"", 3_600), ("\"7d\"", 604_800), ("\"01w\"", 604_800)]
        {
            assert_eq!(serde_json::from_str::<Span>(json).unwrap(), Span(Seconds(seconds)), "{json}");
        }
        for bad in [
            "0",
            "-1",
            "1.5",
            "0.0",
            "\"0d\"",
            "\"\"",
            "\"d\"",
            "\"7\"",
            "\"7 d\"",
            "\"+7d\"",
            "\"7D\"",
            "\"7y\"",
            "\"7é\"",
            "\"99999999999s\"",
            "null",
            "true",
            "[7]",
            "18446744073709551616",
        ] {
            assert!(serde_json::from_str::<Span>(bad).is_err(), "{bad}");
        }
        assert_eq!(Span::parse("9999999999w").map(|span| span.0.0), Some(9_999_999_999 * 604_800));
    }

    #[test]
    fn moments_have_fractions_and_offsets() {
        let utc = 1_800_000_000;
        for text in [
            "2027-01-15T08:00:00Z",
            "2027-01-15t08:00:00.999z",
            "2027-01-15T10:30:00+02:30",
            "2027-01-14T20:00:00-12:00",
        ] {
            assert_eq!(moment(text), Some(UnixTime::from_secs(utc)), "{text}");
        }
        for old in ["1970-01-01T00:00:00+01:00", "0067-05-28T11:07:56.8+22:21", "1968-02-29T00:00:00Z"] {
            assert_eq!(moment(old), Some(UnixTime::from_secs(0)), "{old}");
        }
        for bad in [
            "2027-01-15T08:00:00",
            "2027-01-15T08:00:00.Z",
            "2027-01-15T08:00:00+2:00",
            "2027-01-15T08:00:00+24:00",
            "2027-01-15T08:00:00Z ",
            "2027-01-15T08:00:00*01:00",
            "1900-02-29T00:00:00Z",
            "2027-13-15T08:00:00Z",
            "é",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_end_is_what_was_asked_for_up_to_the_limit() {
        let now = UnixTime::from_millis(1_000_500);
        let end = |asked: Option<u64>| super::end(asked.map(|s| Span(Seconds(s))), None, Seconds(7), Seconds(10), now);
        assert_eq!(end(None), Ok(UnixTime::from_secs(1_007)));
        assert_eq!(end(Some(10)), Ok(UnixTime::from_secs(1_010)));
        assert_eq!(end(Some(11)).unwrap_err().code(), "forbidden");
        assert_eq!(super::end(None, None, Seconds(7), Seconds(5), now), Ok(UnixTime::from_secs(1_005)));
        let at = |secs| super::end(None, Some(Moment(UnixTime::from_secs(secs))), Seconds(7), Seconds(10), now);
        assert_eq!((at(1_001), at(1_010)), (Ok(UnixTime::from_secs(1_001)), Ok(UnixTime::from_secs(1_010))));
        for (bad, code) in [(0, "conflict"), (1_000, "conflict"), (1_011, "forbidden"), (u64::MAX, "forbidden")] {
            assert_eq!(at(bad).unwrap_err().code(), code, "{bad}");
        }
        let both =
            super::end(Some(Span(Seconds(1))), Some(Moment(UnixTime::from_secs(1_001))), Seconds(7), Seconds(10), now);
        assert_eq!(both.unwrap_err().code(), "bad_request");
    }

    #[test]
    fn a_url_never_outlives_the_credentials() {
        let at = UnixTime::from_secs;
        assert_eq!(presign_until(at(4_600), None, at(1_000)), Ok(Seconds(3_600)));
        assert_eq!(presign_until(at(4_600), Some(at(1_900)), at(1_000)), Ok(Seconds(900)));
        assert_eq!(presign_until(at(4_600), Some(at(1_060)), at(1_000)), Ok(Seconds(60)));
        assert_eq!(presign_until(at(4_600), Some(at(1_059)), at(1_000)).unwrap_err().status(), 503);
        assert_eq!(presign_until(at(4_600), Some(at(900)), at(1_000)).unwrap_err().status(), 503);
        assert_eq!(presign_until(at(9_000_000), None, at(1_000)), Ok(MAX_PRESIGNED));
        assert_eq!(presign_until(at(1_000), None, at(1_000)).unwrap_err().status(), 500);
    }
}
