//! A link's counter as one object of a bucket, for a platform without a database: its row, then a row for each living
//! grant, a line each. The object is read, stepped, and written on condition that it is still the one that was read;
//! where it is not, nothing has happened, and the step is made again from what is there now.
//!
//! ```text
//! question take claim | reserve session bytes | give_back session bytes | left limit
//! object   link (\n grant)*
//! ```
//! The words are those of [`super::step`].

use super::{Claim, Held, Link, Writes, give_back, left, reserve, take};
use crate::config::Config;
use crate::hash::{self, push_hex, sha256};
use crate::range::number;
use crate::refusal::Refusal;
use crate::sigv4::{SignedRequest, ToSign, UNSIGNED_PAYLOAD};
use crate::text::push_number;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;

/// Most grants of one link that live at once: the object is read and written whole, and this many take 2 MB.
pub const MAX_GRANTS: usize = 10_000;
/// The folder of the counters within that of the records.
const FOLDER: &str = "counters/";
/// Counters lie flat: a name is a token's id in hexadecimal, of 16 bytes as a rule.
const MAX_NAME_BYTES: usize = 128;

/// What came of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stepped {
    /// As [`super::step`] answers.
    pub answer: String,
    /// The object to be written in the place of the one that was read; nothing where it stays.
    pub object: Option<String>,
}

/// Why there is no step: nothing may be written or granted then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoStep {
    /// The question or the object is none.
    Malformed,
    /// [`MAX_GRANTS`] live.
    Full,
}

/// Answers a question about the link whose object is `object`, empty where there is none.
///
/// # Errors
/// [`NoStep`].
pub fn step_whole(question: &str, object: &str, now: UnixTime) -> Result<Stepped, NoStep> {
    let (link, mut grants) = read(object).ok_or(NoStep::Malformed)?;
    let (verb, rest) = question.split_once(' ').ok_or(NoStep::Malformed)?;
    let mut answer = String::with_capacity(200);
    let writes = match verb {
        "take" => {
            let claim = Claim::from_text(rest).ok_or(NoStep::Malformed)?;
            // Grants that have ended are never asked for again; their uses are counted in the link's row.
            grants.retain(|grant| now < grant.ends);
            let held = find(&grants, &claim.session, claim.key.as_ref());
            let (taken, writes) = take(claim, link, held, now);
            taken.push_text(&mut answer);
            writes
        }
        "reserve" => {
            let (session, bytes) = session_and_bytes(rest).ok_or(NoStep::Malformed)?;
            let (reserved, writes) = reserve(bytes, link, find(&grants, &session, None), now);
            answer.push_str(reserved.as_str());
            writes
        }
        "give_back" => {
            let (session, bytes) = session_and_bytes(rest).ok_or(NoStep::Malformed)?;
            answer.push_str("ok");
            give_back(bytes, link, find(&grants, &session, None))
        }
        "left" => {
            push_number(&mut answer, left(number(rest).ok_or(NoStep::Malformed)?, link, now));
            Writes::default()
        }
        _ => return Err(NoStep::Malformed),
    };
    if writes == Writes::default() {
        return Ok(Stepped { answer, object: None });
    }
    if let Some(grant) = writes.grant {
        match grants.iter().position(|held| held.session == grant.session) {
            Some(place) => grants[place] = grant,
            None if grants.len() >= MAX_GRANTS => return Err(NoStep::Full),
            None => grants.push(grant),
        }
    }
    let link = writes.link.or(link).ok_or(NoStep::Malformed)?;
    Ok(Stepped { answer, object: Some(written(&link, &grants)) })
}

/// The living grant with this session or, failing that, this key.
fn find(grants: &[Held], session: &[u8; 16], key: Option<&[u8; 32]>) -> Option<Held> {
    let by_session = grants.iter().find(|grant| grant.session == *session);
    by_session.or_else(|| grants.iter().find(|grant| key.is_some() && grant.key.as_ref() == key)).cloned()
}

fn session_and_bytes(words: &str) -> Option<([u8; 16], u64)> {
    let (session, bytes) = words.split_once(' ')?;
    Some((hash::from_hex(session)?, number(bytes)?))
}

/// `None` for a damaged object: one with grants has a link, too.
fn read(object: &str) -> Option<(Option<Link>, Vec<Held>)> {
    if object.is_empty() {
        return Some((None, Vec::new()));
    }
    let mut lines = object.split('\n');
    let link = Link::from_text(lines.next()?)?;
    let grants = lines.map(Held::from_text).collect::<Option<Vec<_>>>()?;
    Some((Some(link), grants))
}

fn written(link: &Link, grants: &[Held]) -> String {
    let mut out = String::with_capacity(64 + grants.len() * 160);
    link.push_text(&mut out);
    for grant in grants {
        out.push('\n');
        grant.push_text(&mut out);
    }
    out
}

/// The request for a link's object, by GET. One that is not there is answered by 404 or, where the folder may not be
/// listed, by 403: both mean an empty object, since it is only ever made on condition that there is none.
///
/// # Errors
/// [`Refusal::OriginError`] if our credentials have ended, [`Refusal::Internal`] for a name that is none.
pub fn read_request(link: &str, now: UnixTime, config: &Config) -> Result<SignedRequest, Refusal> {
    signed("GET", link, &[], UNSIGNED_PAYLOAD, now, config)
}

/// The request that writes a link's object, by PUT: in the place of the one with this entity tag, or of none.
///
/// # Errors
/// As [`read_request`].
pub fn write_request(
    link: &str,
    read_as: Option<&str>,
    object: &str,
    now: UnixTime,
    config: &Config,
) -> Result<SignedRequest, Refusal> {
    let mut payload = String::with_capacity(64);
    push_hex(&mut payload, &sha256(object.as_bytes()));
    let condition = match read_as {
        Some(tag) => ("if-match", tag),
        None => ("if-none-match", "*"),
    };
    let mut request = signed("PUT", link, &[condition], &payload, now, config)?;
    request.headers.push((condition.0, condition.1.into()));
    Ok(request)
}

fn signed(
    method: &'static str,
    link: &str,
    extra: &[(&str, &str)],
    payload: &str,
    now: UnixTime,
    config: &Config,
) -> Result<SignedRequest, Refusal> {
    let is_name = (1..=MAX_NAME_BYTES).contains(&link.len()) && link.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_name {
        return Err(Refusal::Internal("a counter's name that is none"));
    }
    config.live_credentials(now)?;
    let mut name = String::from(FOLDER);
    name.push_str(link);
    let (path, url) = config.records.locate(&name);
    let to_sign = ToSign { method, host: config.records.host(), path: &path, query: "", extra, payload };
    let headers = config.records_signer.sign(&config.credentials, &to_sign, now).into_vec();
    Ok(SignedRequest { url, headers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::{GRANT_LIFE, budget};
    use alloc::format;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const KEY: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

    fn session(n: u64) -> String {
        format!("{n:032x}")
    }

    fn take(n: u64, limit: u64, key: &str) -> String {
        format!("take {limit} 1900000000000 {} {key} 1000 \"a\"", session(n))
    }

    /// The answer, and the object after it.
    fn after(question: &str, object: &str, now: UnixTime) -> (String, String) {
        let Stepped { answer, object: new } = step_whole(question, object, now).unwrap();
        (answer, new.unwrap_or_else(|| object.into()))
    }

    #[test]
    fn as_many_are_granted_as_the_link_has_uses() {
        let mut object = String::new();
        for n in 0..5 {
            let (answer, new) = after(&take(n, 3, "-"), &object, NOW);
            assert_eq!(answer.starts_with("granted"), n < 3, "{answer}");
            object = new;
        }
        assert_eq!(object.lines().count(), 4);
        assert_eq!(after("left 3", &object, NOW).0, "0");
        assert_eq!(after("left 3", "", NOW).0, "3");
    }

    #[test]
    fn a_claim_that_was_written_already_is_found_again_by_session_or_key() {
        let (first, object) = after(&take(1, 2, KEY), "", NOW);
        for again in [take(1, 2, "-"), take(2, 2, KEY)] {
            assert_eq!(step_whole(&again, &object, NOW), Ok(Stepped { answer: first.clone(), object: None }));
        }
        // Another session without a key is another claim.
        let (other, object) = after(&take(3, 2, "-"), &object, NOW);
        assert!(other.contains(&session(3)), "{other}");
        assert_eq!(after(&take(4, 2, "-"), &object, NOW).0, "used_up");
    }

    #[test]
    fn a_reservation_holds_and_comes_back() {
        let (_, object) = after(&take(1, 1, "-"), "", NOW);
        let most = budget(1000);
        let (answer, object) = after(&format!("reserve {} {most}", session(1)), &object, NOW);
        assert_eq!(answer, "ok");
        assert_eq!(after(&format!("reserve {} 1", session(1)), &object, NOW).0, "over_budget");
        assert_eq!(after(&format!("reserve {} 1", session(2)), &object, NOW).0, "unknown");
        let (_, object) = after(&format!("give_back {} {most}", session(1)), &object, NOW);
        assert_eq!(after("left 1", &object, NOW).0, "1");
    }

    #[test]
    fn grants_that_have_ended_leave_and_their_uses_stay() {
        let (_, object) = after(&take(1, 2, "-"), "", NOW);
        let later = NOW.after(GRANT_LIFE);
        let (_, object) = after(&take(2, 2, "-"), &object, later);
        assert_eq!(object.lines().count(), 2);
        assert_eq!(after(&take(3, 2, "-"), &object, later).0, "used_up");
    }

    #[test]
    fn a_full_object_refuses() {
        let (_, object) = after(&take(0, u64::MAX, "-"), "", NOW);
        let (link, grant) = object.split_once('\n').unwrap();
        let rows: Vec<String> = (0..MAX_GRANTS as u64).map(|n| grant.replace(&session(0), &session(n))).collect();
        let full = format!("{link}\n{}", rows.join("\n"));
        assert_eq!(step_whole(&take(MAX_GRANTS as u64, u64::MAX, "-"), &full, NOW), Err(NoStep::Full));
        assert!(step_whole(&format!("reserve {} 1", session(7)), &full, NOW).is_ok());
    }

    #[test]
    fn what_is_damaged_gives_nothing() {
        let (_, object) = after(&take(1, 2, "-"), "", NOW);
        let grant = object.split_once('\n').unwrap().1;
        for bad in
            [grant, "x", "\n", &format!("{object}\n"), &object[..object.len() - 4], &format!("{object}\n{object}")]
        {
            assert_eq!(step_whole(&take(2, 2, "-"), bad, NOW), Err(NoStep::Malformed), "{bad:?}");
        }
        for bad in
            ["", "take", "take x", "reserve 1", "spend 1", "left", "left x", &format!("reserve {} -1", session(1))]
        {
            assert_eq!(step_whole(bad, &object, NOW), Err(NoStep::Malformed), "{bad:?}");
        }
    }
}
