//! The counter's rows, questions and answers as text, between rules compiled to wasm and a store in JavaScript.
//!
//! Words are divided by a space, lines by `\n`; session and key are hexadecimal, times milliseconds since 1970. A
//! key that is not there is `-`. The version comes last, since it is the one word that others have chosen.
//!
//! ```text
//! claim    limit ends session key size version
//! taken    granted session ends size version | used_up | ended
//! reserved ok | over_budget | used_up | ended | unknown
//!
//! question (take claim | reserve bytes | give_back bytes | left limit) \n link \n grant
//! answer   (taken | reserved | ok | uses) \n link \n forget \n place \n grant
//! link     limit used ends
//! grant    session key ends size reserved bodies counts version
//! ```
//! In a question, `link` and `grant` are the rows that were read, empty where there is none; in an answer, those to
//! be written, empty where nothing changes. `place` is `session key ends` of the grant to be written, for the
//! store's index, and `forget` the moment from which on nothing of the link needs to be kept, where it is new.

use super::{
    Claim, Held, KEPT_AFTER_END, Link, MAX_VERSION_BYTES, Reserved, Taken, Writes, give_back, left, reserve, take,
};
use crate::hash::{self, push_hex};
use crate::range::number;
use crate::text::push_number;
use crate::time::UnixTime;
use alloc::string::String;

/// The last moment that a JavaScript date can be, and more than enough for a store: in milliseconds.
const LAST_MILLIS: i64 = 8_640_000_000_000_000;

/// Performs one step of a counter at `now`: question in, answer out, in the module's form. `None` if the text is not
/// one; nothing may be written or granted then.
pub fn step(text: &str, now: UnixTime) -> Option<String> {
    let mut lines = text.split('\n');
    let (ask, link, held) = (lines.next()?, lines.next()?, lines.next()?);
    if lines.next().is_some() {
        return None;
    }
    let link = row(link, Link::from_text)?;
    let held = row(held, Held::from_text)?;
    if held.is_some() && link.is_none() {
        return None; // a store that has lost its count gives nothing
    }
    let known_end = link.map(|link| link.ends);
    let mut out = String::with_capacity(400);
    let (verb, rest) = ask.split_once(' ')?;
    let writes = match verb {
        "take" => {
            let (taken, writes) = take(Claim::from_text(rest)?, link, held, now);
            taken.push_text(&mut out);
            writes
        }
        "reserve" => {
            let (reserved, writes) = reserve(number(rest)?, link, held, now);
            out.push_str(reserved.as_str());
            writes
        }
        "give_back" => {
            let writes = give_back(number(rest)?, link, held);
            out.push_str("ok");
            writes
        }
        "left" => {
            push_number(&mut out, left(number(rest)?, link, now));
            Writes::default()
        }
        _ => return None,
    };
    push_writes(&mut out, &writes, known_end);
    Some(out)
}

/// A row, or none where the line is empty; the outer `None` for a damaged one.
fn row<T>(line: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if line.is_empty() { Some(None) } else { read(line).map(Some) }
}

fn push_writes(out: &mut String, writes: &Writes, known_end: Option<UnixTime>) {
    out.push('\n');
    if let Some(link) = &writes.link {
        link.push_text(out);
    }
    out.push('\n');
    if let Some(link) = writes.link.filter(|link| known_end != Some(link.ends)) {
        push_time(out, link.ends.after(KEPT_AFTER_END));
    }
    out.push('\n');
    if let Some(grant) = &writes.grant {
        grant.push_place(out);
        out.push('\n');
        grant.push_text(out);
    } else {
        out.push('\n');
    }
}

impl Claim {
    /// The claim as one line; `None` for a version that is empty, too long or not all visible ASCII.
    pub fn to_text(&self) -> Option<String> {
        let mut out = String::with_capacity(200);
        push_number(&mut out, self.limit);
        out.push(' ');
        push_time(&mut out, self.ends);
        out.push(' ');
        push_hex(&mut out, &self.session);
        out.push(' ');
        push_key(&mut out, self.key.as_ref());
        out.push(' ');
        push_number(&mut out, self.size);
        out.push(' ');
        out.push_str(version(&self.version)?);
        Some(out)
    }

    /// What [`Self::to_text`] has written.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let claim = Self {
            limit: number(words.next()?)?,
            ends: time(words.next()?)?,
            session: hash::from_hex(words.next()?)?,
            key: key(words.next()?)?,
            size: number(words.next()?)?,
            version: version(words.next()?)?.into(),
        };
        words.next().is_none().then_some(claim)
    }
}

impl Taken {
    pub(super) fn push_text(&self, out: &mut String) {
        match self {
            Self::Granted { session, ends, size, version } => {
                out.push_str("granted ");
                push_hex(out, session);
                out.push(' ');
                push_time(out, *ends);
                out.push(' ');
                push_number(out, *size);
                out.push(' ');
                out.push_str(version);
            }
            Self::UsedUp => out.push_str("used_up"),
            Self::Ended => out.push_str("ended"),
        }
    }

    /// What a counter has answered to a claim; `None` if that is no answer.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "used_up" => return Some(Self::UsedUp),
            "ended" => return Some(Self::Ended),
            _ => {}
        }
        let mut words = text.strip_prefix("granted ")?.split(' ');
        let taken = Self::Granted {
            session: hash::from_hex(words.next()?)?,
            ends: time(words.next()?)?,
            size: number(words.next()?)?,
            version: version(words.next()?)?.into(),
        };
        words.next().is_none().then_some(taken)
    }
}

impl Reserved {
    const ALL: [Self; 5] = [Self::Ok, Self::OverBudget, Self::UsedUp, Self::Ended, Self::Unknown];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::OverBudget => "over_budget",
            Self::UsedUp => "used_up",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }

    /// What a counter has answered to a reservation; `None` if that is no answer.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reserved| reserved.as_str() == text)
    }
}

impl Link {
    pub(super) fn push_text(&self, out: &mut String) {
        push_number(out, self.limit);
        out.push(' ');
        push_number(out, self.used);
        out.push(' ');
        push_time(out, self.ends);
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let link = Self { limit: number(words.next()?)?, used: number(words.next()?)?, ends: time(words.next()?)? };
        words.next().is_none().then_some(link)
    }
}

impl Held {
    fn push_place(&self, out: &mut String) {
        push_hex(out, &self.session);
        out.push(' ');
        push_key(out, self.key.as_ref());
        out.push(' ');
        push_time(out, self.ends);
    }

    pub(super) fn push_text(&self, out: &mut String) {
        self.push_place(out);
        for value in [self.size, self.reserved, self.bodies, self.counts.into()] {
            out.push(' ');
            push_number(out, value);
        }
        out.push(' ');
        out.push_str(&self.version);
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let held = Self {
            session: hash::from_hex(words.next()?)?,
            key: key(words.next()?)?,
            ends: time(words.next()?)?,
            size: number(words.next()?)?,
            reserved: number(words.next()?)?,
            bodies: number(words.next()?)?,
            counts: match words.next()? {
                "0" => false,
                "1" => true,
                _ => return None,
            },
            version: version(words.next()?)?.into(),
        };
        words.next().is_none().then_some(held)
    }
}

/// A moment between 1970 and the last date: one before is over, one behind does not come.
fn push_time(out: &mut String, time: UnixTime) {
    push_number(out, time.as_millis().clamp(0, LAST_MILLIS).unsigned_abs());
}

fn time(digits: &str) -> Option<UnixTime> {
    let millis = i64::try_from(number(digits)?).ok().filter(|millis| *millis <= LAST_MILLIS)?;
    Some(UnixTime::from_millis(millis))
}

fn push_key(out: &mut String, key: Option<&[u8; 32]>) {
    match key {
        Some(key) => push_hex(out, key),
        None => out.push('-'),
    }
}

fn key(word: &str) -> Option<Option<[u8; 32]>> {
    if word == "-" { Some(None) } else { hash::from_hex(word).map(Some) }
}

fn version(text: &str) -> Option<&str> {
    let fits = (1..=MAX_VERSION_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::budget;
    use alloc::format;
    use alloc::vec::Vec;

    const NOW: UnixTime = UnixTime::from_millis(1_800_000_000_123);
    const SESSION: &str = "000102030405060708090a0b0c0d0e0f";
    const KEY: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

    fn asked(text: &str) -> Vec<String> {
        let answer = step(text, NOW).unwrap();
        answer.split('\n').map(String::from).collect()
    }

    #[test]
    fn one_use_from_the_claim_to_the_end_of_its_budget() {
        let took = asked(&format!("take 2 1900000000000 {SESSION} {KEY} 1000 \"a-1\"\n\n"));
        let ends = "1800086400123";
        assert_eq!(
            took,
            [
                format!("granted {SESSION} {ends} 1000 \"a-1\""),
                "2 1 1900000000000".into(),
                "1900003600000".into(),
                format!("{SESSION} {KEY} {ends}"),
                format!("{SESSION} {KEY} {ends} 1000 0 0 1 \"a-1\""),
            ]
        );
        let (link, grant) = (&took[1], &took[4]);
        let most = budget(1000);
        let reserved = asked(&format!("reserve {most}\n{link}\n{grant}"));
        let after = format!("{SESSION} {KEY} {ends} 1000 {most} 1 1 \"a-1\"");
        assert_eq!(reserved, ["ok", "", "", &format!("{SESSION} {KEY} {ends}"), &after]);
        assert_eq!(asked(&format!("reserve 1\n{link}\n{after}")), ["over_budget", "", "", "", ""]);
        let returned = asked(&format!("give_back {most}\n{link}\n{after}"));
        assert_eq!(returned[..3], ["ok", "2 0 1900000000000", ""]);
        assert_eq!(returned[4], format!("{SESSION} {KEY} {ends} 1000 0 0 0 \"a-1\""));
        assert_eq!(asked(&format!("left 2\n{link}\n"))[0], "1");
        assert_eq!(asked("left 2\n\n")[0], "2");
    }

    #[test]
    fn what_is_written_reads_back() {
        for key in [None, Some([3; 32])] {
            let ends = UnixTime::from_millis(LAST_MILLIS);
            let claim = Claim { limit: u64::MAX, ends, session: [7; 16], key, size: 0, version: "W/\"x\"".into() };
            assert_eq!(Claim::from_text(&claim.to_text().unwrap()), Some(claim));
        }
        let granted = Taken::Granted { session: [7; 16], ends: NOW, size: 3, version: "\"x\"".into() };
        for taken in [granted, Taken::UsedUp, Taken::Ended] {
            let mut text = String::new();
            taken.push_text(&mut text);
            assert_eq!(Taken::from_text(&text), Some(taken));
        }
        for reserved in Reserved::ALL {
            assert_eq!(Reserved::from_text(reserved.as_str()), Some(reserved));
        }
    }

    #[test]
    fn an_end_beyond_all_dates_is_the_last_one() {
        let claim = Claim {
            limit: 1,
            ends: UnixTime::from_millis(i64::MAX),
            session: [7; 16],
            key: None,
            size: 1,
            version: "\"x\"".into(),
        };
        let took = asked(&format!("take {}\n\n", claim.to_text().unwrap()));
        assert_eq!((took[1].as_str(), took[2].as_str()), ("1 1 8640000000000000", "8640000000000000"));
    }

    #[test]
    fn a_damaged_text_is_no_step() {
        let claim = format!("take 2 1900000000000 {SESSION} - 1000 \"a\"");
        let grant = format!("{SESSION} - 1900000000000 1000 0 0 1 \"a\"");
        assert!(step(&format!("{claim}\n2 1 1900000000000\n{grant}"), NOW).is_some());
        for bad in [
            String::new(),
            claim.clone(),
            format!("{claim}\n\n\n"),
            format!("{claim} b\n\n"),
            format!("{claim}\n2 1\n"),
            format!("{claim}\n2 1 1900000000000 0\n"),
            format!("{claim}\n2 -1 1900000000000\n"),
            format!("{claim}\n\n{grant}"),
            format!("{claim}\n2 1 1900000000000\n{grant} x"),
            format!("{claim}\n2 1 1900000000000\n{}", grant.replace(" 1 \"a\"", " 2 \"a\"")),
            format!("{}\n\n", claim.replace("0f ", "0F ")),
            format!("{}\n\n", claim.replace("0f ", "0 ")),
            format!("{}\n\n", claim.replace("\"a\"", "")),
            format!("{}\n\n", claim.replace("19000000", "99999999999")),
            "reserve -1\n\n".into(),
            "reserve\n\n".into(),
            "spend 1\n\n".into(),
        ] {
            assert_eq!(step(&bad, NOW), None, "{bad:?}");
        }
    }

    #[test]
    fn a_version_that_would_break_the_line_is_refused() {
        let claim = |version: &str| Claim {
            limit: 1,
            ends: NOW,
            session: [7; 16],
            key: None,
            size: 1,
            version: version.into(),
        };
        let longest = "v".repeat(MAX_VERSION_BYTES);
        assert!(claim(&longest).to_text().is_some());
        for bad in ["", "a b", "a\nb", "é", &format!("{longest}v")] {
            assert_eq!(claim(bad).to_text(), None, "{bad:?}");
        }
    }
}
