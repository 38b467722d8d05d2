//! Sizes and dates as people read them.

use super::words::{Style, Words};
use crate::time::UnixTime;
use alloc::string::{String, ToString};

/// Bytes in three digits and a decimal unit, rounded down.
pub(super) fn size(bytes: u64, w: &Words) -> String {
    const UNITS: [&str; 6] = [" kB", " MB", " GB", " TB", " PB", " EB"];
    let mut out = String::new();
    if bytes < 1000 {
        out.push_str(&bytes.to_string());
        out.push_str(if bytes == 1 { w.byte } else { w.bytes });
        return out;
    }
    let (mut whole, mut tenths, mut unit) = (bytes / 1000, bytes % 1000 / 100, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenths = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    out.push_str(&whole.to_string());
    if whole < 100 {
        out.push(if w.style == Style::German { ',' } else { '.' });
        out.push_str(&tenths.to_string());
    }
    out.push_str(UNITS[unit]);
    out
}

/// `17 March 2030, 17:46 UTC`. What is cut off makes it earlier, never later.
pub(super) fn moment(time: UnixTime, w: &Words) -> String {
    let (year, month, day, second) = time.civil();
    let mut out = day.to_string();
    out.push_str(if w.style == Style::German { ". " } else { " " });
    out.push_str(month_of(month, w));
    out.push(' ');
    out.push_str(&year.to_string());
    out.push_str(", ");
    push_two_digits(&mut out, second / 3600);
    out.push(':');
    push_two_digits(&mut out, second / 60 % 60);
    out.push_str(" UTC");
    out
}

/// `17 Mar 2030`, or `17.03.2030`.
pub(super) fn short_date(time: UnixTime, w: &Words) -> String {
    let (year, month, day, _) = time.civil();
    let mut out = String::new();
    if w.style == Style::German {
        push_two_digits(&mut out, day);
        out.push('.');
        push_two_digits(&mut out, month);
        out.push('.');
    } else {
        out.push_str(&day.to_string());
        out.push(' ');
        let month = month_of(month, w);
        out.push_str(month.get(..3).unwrap_or(month));
        out.push(' ');
    }
    out.push_str(&year.to_string());
    out
}

fn month_of(month: u32, w: &Words) -> &'static str {
    w.months[(month as usize - 1) % w.months.len()]
}

fn push_two_digits(out: &mut String, value: u32) {
    if value < 10 {
        out.push('0');
    }
    out.push_str(&value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landing::words::{ENGLISH, GERMAN};

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (99_999, "99.9 kB"),
            (100_000, "100 kB"),
            (1_234_567, "1.2 MB"),
            (5_368_709_120, "5.3 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes, ENGLISH), text);
        }
    }

    #[test]
    fn dates_are_written_out() {
        for (secs, long, short) in [
            (1_900_000_000, "17 March 2030, 17:46 UTC", "17 Mar 2030"),
            (951_782_399, "28 February 2000, 23:59 UTC", "28 Feb 2000"),
            (0, "1 January 1970, 00:00 UTC", "1 Jan 1970"),
            (u64::MAX, "31 December 9999, 23:59 UTC", "31 Dec 9999"),
        ] {
            assert_eq!(moment(UnixTime::from_secs(secs), ENGLISH), long);
            assert_eq!(short_date(UnixTime::from_secs(secs), ENGLISH), short);
        }
    }

    #[test]
    fn germans_read_it_their_way() {
        let time = UnixTime::from_secs(1_900_000_000);
        assert_eq!(size(1_234_567, GERMAN), "1,2 MB");
        assert_eq!(size(1, GERMAN), "1 Byte");
        assert_eq!(moment(time, GERMAN), "17. März 2030, 17:46 UTC");
        assert_eq!(short_date(time, GERMAN), "17.03.2030");
    }
}
