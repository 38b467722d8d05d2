//! Points in time and spans, with their units in the type. Nothing here reads a clock.

use core::fmt;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (POSIX time).
///
/// Milliseconds, because a token's NumericDate may carry a fraction (RFC 8392 section 2) and the
/// platforms' clocks give milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct UnixTime(i64);

/// A span in whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Seconds(pub u64);

/// The last moment with a four-digit year, 9999-12-31T23:59:59.999Z: the last one that SigV4's basic
/// format and RFC 3339 can write.
const LAST_WRITABLE_MILLIS: i64 = 253_402_300_799_999;

/// The time in an HTTP-date of the preferred form (RFC 9110 section 5.6.7).
pub fn from_http_date(text: &str) -> Option<UnixTime> {
    crate::http_date::imf_fixdate(text)
}

impl UnixTime {
    /// `secs` seconds after the epoch; beyond the type's range, the last moment it can hold.
    pub const fn from_secs(secs: u64) -> Self {
        #[expect(clippy::cast_possible_wrap, reason = "bounded just above")]
        if secs > (i64::MAX / 1000) as u64 { Self(i64::MAX) } else { Self(secs as i64 * 1000) }
    }

    /// `millis` milliseconds after (or, negative, before) the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Whole seconds since the epoch, rounded down; 0 before it.
    pub const fn as_secs(self) -> u64 {
        if self.0 < 0 { 0 } else { (self.0 / 1000).unsigned_abs() }
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved on by `span`, or the last moment that the type can hold.
    pub const fn after(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(Self::from_secs(span.0).0))
    }

    /// Days since the epoch and the second within the day.
    const fn day_and_second(self) -> (i64, u32) {
        let millis = if self.0 < 0 {
            0
        } else if self.0 > LAST_WRITABLE_MILLIS {
            LAST_WRITABLE_MILLIS
        } else {
            self.0
        };
        let secs = millis / 1000;
        (secs / 86_400, (secs % 86_400) as u32)
    }

    /// The day number (days since the epoch): what a SigV4 signing key is good for.
    pub const fn day(self) -> i64 {
        self.day_and_second().0
    }

    /// `YYYYMMDDTHHMMSSZ`, ISO 8601 basic format, as SigV4 wants it in `x-amz-date`.
    pub fn amz_date(self) -> [u8; 16] {
        let (year, month, day, secs) = self.civil();
        let mut out = *b"00000000T000000Z";
        put_digits(&mut out[0..4], year);
        put_digits(&mut out[4..6], month);
        put_digits(&mut out[6..8], day);
        put_digits(&mut out[9..11], secs / 3600);
        put_digits(&mut out[11..13], secs / 60 % 60);
        put_digits(&mut out[13..15], secs % 60);
        out
    }

    /// Year, month, day (proleptic Gregorian) and the second of the day.
    ///
    /// Days are counted from 0000-03-01, so that the leap day is the last of its year; 400 years
    /// have 146,097 days.
    pub(crate) fn civil(self) -> (u32, u32, u32, u32) {
        let (days, secs) = self.day_and_second();
        let days = days + 719_468;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        #[expect(clippy::cast_possible_truncation, reason = "calendar fields are small")]
        (year as u32, month as u32, day as u32, secs)
    }
}

impl UnixTime {
    /// Reads the form that Display writes (RFC 3339 with seconds, in UTC) and no other.
    ///
    /// ```
    /// use clouddrop_core::UnixTime;
    /// assert_eq!(UnixTime::from_rfc3339("2027-01-15T08:00:00Z"), Some(UnixTime::from_secs(1_800_000_000)));
    /// assert_eq!(UnixTime::from_rfc3339("2027-01-15 08:00:00+00:00"), None);
    /// ```
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        const FORM: &[u8; 20] = b"0000-00-00T00:00:00Z";
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let fits = bytes.iter().zip(FORM).all(|(b, form)| if *form == b'0' { b.is_ascii_digit() } else { b == form });
        if !fits {
            return None;
        }
        let digits = |place: core::ops::Range<usize>| {
            bytes[place].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
        };
        let (hour, minute, second) = (digits(11..13), digits(14..16), digits(17..19));
        let day = days_since_epoch(digits(0..4), digits(5..7), digits(8..10))?;
        let is_time = day >= 0 && hour < 24 && minute < 60 && second < 60;
        is_time.then(|| Self((day * 86_400 + hour * 3600 + minute * 60 + second) * 1000))
    }
}

/// RFC 3339 with seconds, in UTC: `2026-11-24T02:20:55Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.amz_date();
        let mut out = *b"0000-00-00T00:00:00Z";
        for (to, from) in [(0, 0..4), (5, 4..6), (8, 6..8), (11, 9..11), (14, 11..13), (17, 13..15)] {
            out[to..to + from.len()].copy_from_slice(&date[from]);
        }
        f.write_str(core::str::from_utf8(&out).unwrap_or_default())
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; `None` if there is no such day.
pub(crate) fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = lengths.get(usize::try_from(month - 1).ok()?)?;
    if !(1..=*length).contains(&day) {
        return None;
    }
    // Years start in March, so that the leap day is their last.
    let (year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(year * 365 + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day - 1 - 719_468)
}

fn put_digits(out: &mut [u8], mut value: u32) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn dates_at_the_turns_of_months_leap_years_and_the_end_of_the_range() {
        for (secs, text, basic) in [
            (0, "1970-01-01T00:00:00Z", "19700101T000000Z"),
            (951_782_399, "2000-02-28T23:59:59Z", "20000228T235959Z"),
            (951_782_400, "2000-02-29T00:00:00Z", "20000229T000000Z"),
            (1_369_353_600, "2013-05-24T00:00:00Z", "20130524T000000Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z", "21000228T235959Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z", "21000301T000000Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z", "99991231T235959Z"),
            (u64::MAX, "9999-12-31T23:59:59Z", "99991231T235959Z"),
        ] {
            let time = UnixTime::from_secs(secs);
            assert_eq!(time.to_string(), text);
            assert_eq!(core::str::from_utf8(&time.amz_date()).unwrap(), basic);
            assert_eq!(UnixTime::from_rfc3339(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_moment_in_rfc_3339_is_none() {
        for bad in [
            "",
            "2027-01-15",
            "2027-01-15T08:00:00",
            "2027-01-15t08:00:00z",
            "2027-01-15T08:00:00+",
            "2027-00-15T08:00:00Z",
            "2027-13-15T08:00:00Z",
            "2027-02-29T08:00:00Z",
            "2027-01-00T08:00:00Z",
            "2027-01-15T24:00:00Z",
            "2027-01-15T08:60:00Z",
            "2027-01-15T08:00:60Z",
            "1969-12-31T23:59:59Z",
            "+027-01-15T08:00:00Z",
            "2027-01-15T08:00:00.5Z",
        ] {
            assert_eq!(UnixTime::from_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(UnixTime::from_secs(u64::MAX).after(Seconds(u64::MAX)), UnixTime::from_millis(i64::MAX));
        assert_eq!(UnixTime::from_millis(-1).as_secs(), 0);
    }
}
