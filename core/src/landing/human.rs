//! Sizes and dates as people read them.

use super::words::{BYTE, BYTES, MONTHS};
use crate::time::UnixTime;
use alloc::string::{String, ToString};

/// Bytes in three digits and a decimal unit, rounded down.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = [" kB", " MB", " GB", " TB", " PB", " EB"];
    let mut out = String::new();
    if bytes < 1000 {
        out.push_str(&bytes.to_string());
        out.push_str(if bytes == 1 { BYTE } else { BYTES });
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
        out.push('.');
        out.push_str(&tenths.to_string());
    }
    out.push_str(UNITS[unit]);
    out
}

/// `17 March 2030, 17:46 UTC`. What is cut off makes it earlier, never later.
pub(super) fn moment(time: UnixTime) -> String {
    let mut out = date(time, usize::MAX);
    let (_, _, _, second) = time.civil();
    out.push_str(", ");
    push_two_digits(&mut out, second / 3600);
    out.push(':');
    push_two_digits(&mut out, second / 60 % 60);
    out.push_str(" UTC");
    out
}

/// `17 Mar 2030`.
pub(super) fn short_date(time: UnixTime) -> String {
    date(time, 3)
}

fn date(time: UnixTime, month_letters: usize) -> String {
    let (year, month, day, _) = time.civil();
    let month = MONTHS[(month as usize - 1) % MONTHS.len()];
    let mut out = day.to_string();
    out.push(' ');
    out.push_str(month.get(..month_letters).unwrap_or(month));
    out.push(' ');
    out.push_str(&year.to_string());
    out
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
            assert_eq!(size(bytes), text);
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
            assert_eq!(moment(UnixTime::from_secs(secs)), long);
            assert_eq!(short_date(UnixTime::from_secs(secs)), short);
        }
    }
}
