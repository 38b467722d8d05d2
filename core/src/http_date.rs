//! HTTP-date (RFC 9110 section 5.6.7): all three forms are read, one is written.

use crate::text::cut;
use crate::time::{UnixTime, days_since_epoch};
use alloc::string::String;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// From the epoch's own weekday on.
const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
/// What the two digits of an RFC 850 year may lie in the future (RFC 9110 section 5.6.7).
const FUTURE_YEARS: i64 = 50;

/// A moment in any of the three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`,
/// `Sun Nov  6 08:49:37 1994`. `now` tells the century of the second.
///
/// Read strictly, since nobody writes these by hand: no such day, another weekday or another case is no date.
pub(crate) fn http_date(text: &str, now: UnixTime) -> Option<UnixTime> {
    imf_fixdate(text).or_else(|| rfc850_date(text, now)).or_else(|| asctime_date(text))
}

/// A moment in the first form, the only one that may be sent.
pub(crate) fn imf_fixdate(text: &str) -> Option<UnixTime> {
    let (weekday, rest) = cut(text, ", ")?;
    let [day, month, year, time] = pieces(rest.strip_suffix(" GMT")?, ' ')?;
    moment(weekday, number(year, 4)?, month, number(day, 2)?, time).filter(|_| weekday.len() == 3)
}

fn rfc850_date(text: &str, now: UnixTime) -> Option<UnixTime> {
    let (weekday, rest) = cut(text, ", ")?;
    let (date, time) = rest.strip_suffix(" GMT")?.split_once(' ')?;
    let [day, month, year] = pieces(date, '-')?;
    let (of_century, latest) = (number(year, 2)?, now.year() + FUTURE_YEARS);
    // The last year up to `latest` that ends in these digits; in that very year the day may still be beyond.
    let year = latest - (latest - of_century).rem_euclid(100);
    let beyond = |found: &UnixTime| year == latest && found.of_year() > now.of_year();
    let read = |year| moment(weekday, year, month, number(day, 2)?, time).filter(|_| weekday.len() > 3);
    match read(year) {
        Some(found) if !beyond(&found) => Some(found),
        _ => read(year - 100).filter(|_| year == latest),
    }
}

fn asctime_date(text: &str) -> Option<UnixTime> {
    // The day is padded with a space.
    let (head, rest) = text.split_at_checked(8)?;
    let (day, rest) = rest.split_at_checked(2)?;
    let [weekday, month] = pieces(head.strip_suffix(' ')?, ' ')?;
    let [time, year] = pieces(rest.strip_prefix(' ')?, ' ')?;
    let day = match day.strip_prefix(' ') {
        Some(digit) => number(digit, 1)?,
        None => number(day, 2)?,
    };
    moment(weekday, number(year, 4)?, month, day, time).filter(|_| weekday.len() == 3)
}

/// Exactly `N` pieces between separators.
fn pieces<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut found = text.split(separator);
    let mut out = [""; N];
    for piece in &mut out {
        *piece = found.next()?;
    }
    found.next().is_none().then_some(out)
}

/// So many digits.
fn number(digits: &str, count: usize) -> Option<i64> {
    let fits = digits.len() == count && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.bytes().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

/// The moment of these fields, if there is such a day and it is that weekday, in full or by three letters.
fn moment(weekday: &str, year: i64, month: &str, day: i64, time: &str) -> Option<UnixTime> {
    let [hour, minute, second] = pieces(time, ':')?;
    let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
    // 60 is a leap second, and counts as the next one.
    if hour > 23 || minute > 59 || second > 60 || year == 0 {
        return None;
    }
    let month = MONTHS.iter().position(|known| *known == month)?;
    let days = days_since_epoch(year, i64::try_from(month).ok()? + 1, day)?;
    let name = WEEKDAYS[usize::try_from(days.rem_euclid(7)).ok()?];
    let is_named = weekday == name || weekday == &name[..3];
    is_named.then(|| UnixTime::from_millis((days * 86_400 + hour * 3600 + minute * 60 + second) * 1000))
}

/// The moment in the first form. What lies before 1970 is written as its first second: no object is older.
pub(crate) fn write(moment: UnixTime) -> String {
    let (year, month, day, second) = moment.civil();
    let place = usize::try_from(moment.day() % 7).unwrap_or(0);
    let month = usize::try_from(month).ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).unwrap_or(&"Jan");
    alloc::format!(
        "{}, {day:02} {month} {year:04} {:02}:{:02}:{:02} GMT",
        &WEEKDAYS[place][..3],
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

impl UnixTime {
    fn year(self) -> i64 {
        i64::from(self.civil().0)
    }

    /// Month, day and second of the day: compares moments within a year.
    fn of_year(self) -> (u32, u32, u32) {
        let (_, month, day, second) = self.civil();
        (month, day, second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000); // 2027-01-15T08:00:00Z

    fn read(text: &str) -> Option<String> {
        http_date(text, NOW).map(|moment| moment.to_string())
    }

    #[test]
    fn all_three_forms_are_read() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(read(text).as_deref(), Some("1994-11-06T08:49:37Z"), "{text}");
        }
        assert_eq!(read("Wed Nov 16 08:49:37 1994").as_deref(), Some("1994-11-16T08:49:37Z"));
        assert_eq!(read("Tue, 29 Feb 2000 00:00:00 GMT").as_deref(), Some("2000-02-29T00:00:00Z"));
        assert_eq!(read("Sat, 31 Dec 2016 23:59:60 GMT").as_deref(), Some("2017-01-01T00:00:00Z"));
        assert!(imf_fixdate("Sunday, 06-Nov-94 08:49:37 GMT").is_none());
        // Before the epoch is a moment too.
        assert!(http_date("Fri, 05 Nov 1954 08:49:37 GMT", NOW).unwrap().as_millis() < 0);
    }

    #[test]
    fn two_digits_of_a_year_lie_at_most_fifty_years_ahead() {
        // 2077-01-15 is a Friday, 1977-01-15 was a Saturday.
        assert_eq!(read("Friday, 15-Jan-77 08:00:00 GMT").as_deref(), Some("2077-01-15T08:00:00Z"));
        assert_eq!(read("Saturday, 15-Jan-77 08:00:01 GMT").as_deref(), Some("1977-01-15T08:00:01Z"));
        assert_eq!(read("Friday, 15-Jan-77 08:00:01 GMT"), None);
        assert_eq!(read("Sunday, 15-Jan-78 08:00:00 GMT").as_deref(), Some("1978-01-15T08:00:00Z"));
        assert_eq!(read("Wednesday, 15-Jan-76 08:00:00 GMT").as_deref(), Some("2076-01-15T08:00:00Z"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for bad in [
            "",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Wed, 30 Feb 2000 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sun Nov 06 08:49:37 1994 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:+9:37 GMT",
            "Sun Nov \u{e9} 08:49:37 1994",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for secs in [0, 784_111_777, 951_782_400, 1_800_000_000, 4_107_542_399, 253_402_300_799] {
            let moment = UnixTime::from_secs(secs);
            assert_eq!(imf_fixdate(&write(moment)), Some(moment), "{}", write(moment));
        }
        assert_eq!(write(UnixTime::from_millis(-1)), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
