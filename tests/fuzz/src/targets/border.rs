//! The border's texts: a question is answered in the module's form, and what an answer is held against goes round.
//!
//! The input is a question; behind the first NUL, an answer to it.

use super::{NOW, with_config};
use crate::seeds;
use clouddrop_core::border::{Asked, Question, Settling, settle};
use clouddrop_core::retry::{Attempt, Health};
use clouddrop_core::{Decision, Expect, Landing, decide};

/// Lines of a reply, a request and another call before those of the headers' names; see `clouddrop_core::border`.
const REPLY_LINES: usize = 8;
const FETCH_LINES: usize = 10;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (question, answer) = text.split_once('\0').unwrap_or((text, ""));
    let asked = Question {
        text: question,
        address_header: "cf-connecting-ip",
        id_header: "cf-ray",
        country_header: "cf-ipcountry",
    };
    let told = with_config(|config| asked.decide(Asked::No, NOW, config, &mut Health::default()));
    let written = check(&told);
    if let Some(text) = &written {
        let mut decided = None;
        asked.with_request(&mut |request| {
            decided = Some(with_config(|config| decide(request, NOW, config)));
            String::new()
        });
        let expect = match decided {
            Some(Decision::Fetch(fetch) | Decision::Landing(Landing { fetch: Some(fetch), .. })) => fetch.expect,
            Some(Decision::Folder(folder)) => folder.fetch.expect,
            Some(Decision::Claim(claim)) => claim.fetch.expect,
            other => panic!("{told:?} of {other:?}"),
        };
        assert_eq!(Expect::from_text(text), Some(expect), "lost on the way");
    }
    let expect = written.or_else(|| answer.split('\n').nth(1).map(String::from));

    for text in [question, answer].into_iter().chain(expect.as_deref()) {
        if let Some(expect) = Expect::from_text(text) {
            let written = expect.to_text();
            assert_eq!(Expect::from_text(&written), Some(expect), "{text:?}");
            assert!(!written.contains('\n') || text.contains('\n'));
        }
    }
    // The expectation is our own: the host hands it back as it was.
    let Some(expect) = expect.filter(|text| Expect::from_text(text).is_some()) else { return };
    let (status, fields) = answer.split_once('\n').unwrap_or((answer, ""));
    let answer = format!("{status}\n{expect}\n{fields}");
    for body in [None, Some(fields)] {
        let told = with_config(|config| settle(&answer, body, NOW, config, &mut Health::default()));
        if told == "Q" {
            let attempt = Attempt { number: 1, elapsed_millis: 0, entropy: 7 };
            let with = Settling { answer: &answer, body, attempt, left: None };
            check(&with_config(|config| asked.finish(with, NOW, config, &mut Health::default())));
        } else {
            check(&told);
        }
    }
}

/// Whether a text is of the form; the expectation in it, if it is a request to the origin.
fn check(told: &str) -> Option<String> {
    let lines: Vec<&str> = told.split('\n').collect();
    let (names, expect) = match lines[0] {
        "R" => (REPLY_LINES, None),
        "F" | "G" | "T" => (FETCH_LINES, Some(lines[9].to_string())),
        "B" => {
            assert_eq!(lines.len(), 3, "{told:?}");
            return Some(lines[1].to_string());
        }
        "P" | "M" | "L" => {
            assert_eq!(lines.len(), 1, "{told:?}");
            return None;
        }
        "K" => {
            assert_eq!(lines.len(), 3, "{told:?}");
            return None;
        }
        "W" => {
            assert_eq!(lines.len(), 5, "{told:?}");
            return None;
        }
        _ => panic!("{told:?}"),
    };
    // As many values as names, and behind those of a reply its text; of a request nothing.
    let count = lines[names].split(' ').filter(|name| !name.is_empty()).count();
    assert!(lines[names].bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b' '));
    match &expect {
        None => assert!(lines.len() > names + 1 + count, "{told:?}"),
        Some(expect) => {
            assert_eq!(lines.len(), names + 1 + count, "{told:?}");
            assert!(Expect::from_text(expect).is_some(), "{expect:?}");
        }
    }
    expect
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let of_case = |case: &clouddrop_cases::case::Case| {
        let token = seeds::token_text(case).unwrap_or_default();
        let url = case.url.replace("{token}", &token);
        let url = if url.starts_with('/') { format!("https://files.example.net{url}") } else { url };
        let place = case.place.as_ref().map_or_else(
            || "?".into(),
            |place| {
                format!("{},{},", place.country.as_deref().unwrap_or(""), place.subdivision.as_deref().unwrap_or(""))
            },
        );
        let host = url.split('/').nth(2).unwrap_or("");
        let mut text = format!("{}\n{url}\nid\n{place}\nhost,{host}\n{}", case.method, seeds::fields(case));
        if !text.contains("uthorization,") {
            text.push_str(&format!("authorization,Bearer {token}\n"));
        }
        if let Some(answer) = case.answers.first() {
            text.push_str(&format!("\0{}\n", answer.status));
            answer.headers.iter().for_each(|(name, value)| text.push_str(&format!("{name},{value}\n")));
        }
        text.into_bytes()
    };
    seeds::distinct(seeds::cases().iter().map(of_case).collect())
}
