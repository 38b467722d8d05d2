//! Proves ranges and conditions to the letter: a reference, straight from RFC 9110 sections 13.2.2 and 14.2, on an
//! object in memory, against core before origins that honour conditions, overlook them, or replace the object.
//!
//! The million cases are always the same ones. A case that fails prints itself and its number;
//! `CLOUDDROP_CASE=<number>` runs it alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]
#![allow(clippy::cast_possible_truncation, reason = "what is cast is small")]

#[path = "conditions/case.rs"]
mod case;
#[path = "conditions/origin.rs"]
mod origin;

use case::{Ask, Case, Date, IfRange, Object, Range, Tag};
use clouddrop_cases::config;
use clouddrop_cases::token::Description;
use clouddrop_core::cache::CacheRules;
use clouddrop_core::{
    Body, Client, Config, Decision, Fetch, Head, Headers, Next, Reply, Request, Seconds, UnixTime, decide,
};
use serde_json::{Map, json};

const CASES: u64 = 1_000_000;
const THREADS: u64 = 2;
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// What a client is to get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Whole,
    Part {
        first: u64,
        last: u64,
    },
    NotModified,
    PreconditionFailed,
    NotSatisfiable,
    /// Not of the RFC: the token is bound to another version.
    Gone,
}

impl Answer {
    const fn place(self) -> usize {
        match self {
            Self::Whole => 0,
            Self::Part { .. } => 1,
            Self::NotModified => 2,
            Self::PreconditionFailed => 3,
            Self::NotSatisfiable => 4,
            Self::Gone => 5,
        }
    }
}

/// RFC 9110 section 13.2.2, step by step.
fn reference(ask: &Ask, object: &Object) -> Answer {
    let strongly = |tag: &Tag| !tag.weak && !object.tag.weak && tag.opaque == object.tag.opaque;
    let weakly = |tag: &Tag| tag.opaque == object.tag.opaque;
    let modified_after = |date: &Date| Some(object.modified? > date.moment()?);
    if ask.bound_to.as_ref().is_some_and(|tag| !strongly(tag)) {
        return Answer::Gone;
    }
    let holds = match (&ask.if_match, &ask.if_unmodified_since) {
        (Some(tags), _) => tags.any(strongly).unwrap_or(false), // 1; not understood: nothing is met
        (None, Some(date)) => modified_after(date) != Some(true), // 2
        (None, None) => true,
    };
    let changed = match (&ask.if_none_match, &ask.if_modified_since) {
        (Some(tags), _) => !tags.any(weakly).unwrap_or(false), // 3; not understood: as if it were not there
        (None, Some(date)) => modified_after(date) != Some(false), // 4
        (None, None) => true,
    };
    match (holds, changed) {
        (false, _) => return Answer::PreconditionFailed,
        (true, false) => return Answer::NotModified,
        (true, true) => {}
    }
    let range_counts = match &ask.if_range {
        None => true,
        Some(IfRange::Tag(tag)) => strongly(tag), // 5
        Some(IfRange::Date(date)) => date.moment().is_some_and(|date| object.modified == Some(date)),
        Some(IfRange::Garbage(_)) => false,
    };
    // Section 14.2: for GET only; section 14.1.2: what is satisfiable.
    match &ask.range {
        Some(Range::From { first, last }) if ask.method == "GET" && range_counts => match object.size {
            size if *first >= size => Answer::NotSatisfiable,
            size => Answer::Part { first: *first, last: last.unwrap_or(u64::MAX).min(size - 1) },
        },
        Some(Range::Suffix(length)) if ask.method == "GET" && range_counts => match (*length, object.size) {
            (0, _) => Answer::NotSatisfiable,
            (_, 0) => Answer::Whole, // satisfiable, and no 206 can say it
            (length, size) => Answer::Part { first: size.saturating_sub(length), last: size - 1 },
        },
        _ => Answer::Whole,
    }
}

#[test]
fn a_million_requests_are_answered_as_rfc_9110_says() {
    if let Ok(number) = std::env::var("CLOUDDROP_CASE") {
        return Prover::new().prove(number.parse().unwrap());
    }
    std::thread::scope(|scope| {
        let all = (0..THREADS).map(|thread| {
            scope.spawn(move || {
                let prover = Prover::new();
                (thread..CASES).step_by(THREADS as usize).for_each(|number| prover.prove(number));
                prover.met.into_inner()
            })
        });
        let all: Vec<_> = all.collect();
        let met = all.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        // A generator that never comes to an answer proves nothing about it.
        let met = met.fold([0; 6], |sum, met| std::array::from_fn(|place| sum[place] + met[place]));
        assert!(met.iter().all(|count| *count > CASES / 200), "whole, part, 304, 412, 416, 410: {met:?}");
    });
}

/// What is the same in all cases.
struct Prover {
    config: Config,
    /// Tokens by the version that they are bound to: none, or a tag's text.
    tokens: Vec<(Option<String>, String)>,
    /// How often each answer was right.
    met: std::cell::RefCell<[u64; 6]>,
}

impl Prover {
    fn new() -> Self {
        let config = config::config(&Map::new()).unwrap();
        let bearer = |claims| format!("Bearer {}", Description { claims, ..Description::default() }.text().unwrap());
        let mut tokens = vec![(None, bearer(Map::new()))];
        for opaque in case::OPAQUE {
            let tag = format!("\"{opaque}\"");
            let claims = json!({ "-65542": tag }).as_object().unwrap().clone();
            tokens.push((Some(tag), bearer(claims)));
        }
        Self { config, tokens, met: Default::default() }
    }

    /// Counts the answer, or tells the case.
    fn prove(&self, number: u64) {
        let case = Case::new(number);
        match self.try_prove(&case) {
            Ok(answer) => self.met.borrow_mut()[answer.place()] += 1,
            Err(problem) => panic!("case {number}: {problem}\n{case:#?}\n{:#?}", case.ask.fields()),
        }
    }

    fn try_prove(&self, case: &Case) -> Result<Answer, String> {
        let fields = case.ask.fields();
        let mut borrowed: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let bound_to = case.ask.bound_to.as_ref().map(Tag::text);
        let token = self.tokens.iter().find(|(version, _)| *version == bound_to).unwrap();
        borrowed.extend([("host", "files.example.net"), ("authorization", token.1.as_str())]);
        let request = Request {
            method: case.ask.method,
            url: "https://files.example.net/f/a",
            id: "",
            headers: Headers::new(&borrowed),
            client: Client { address: None, place: None },
        };
        let Decision::Fetch(fetch) = decide(&request, NOW, &self.config) else {
            return Err("the origin is not asked".into());
        };
        prove_kept(case, &fetch)?;
        let (reply, object) = self.follow(case, fetch, &request)?;
        let wanted = reference(&case.ask, object);
        // A server may ignore a range at any time (section 14.2): an origin does, and core where the object was
        // replaced between two questions.
        let may_ignore = !case.origin.has_ranges || !std::ptr::eq(object, &case.objects[0]);
        let ignored =
            may_ignore && reply.status == 200 && matches!(wanted, Answer::Part { .. } | Answer::NotSatisfiable);
        let wanted = if ignored { Answer::Whole } else { wanted };
        match fault(&reply, wanted, object, case.ask.method) {
            None => Ok(wanted),
            Some(problem) => Err(format!("{problem}; wanted {wanted:?}, got {reply:#?}")),
        }
    }

    /// Gives the origin's answers in turn: the reply, and the object that it is about.
    fn follow<'a>(&self, case: &'a Case, first: Fetch, request: &Request<'_>) -> Result<(Reply, &'a Object), String> {
        let mut fetch = first;
        for question in 0..3 {
            let object = &case.objects[question.min(case.objects.len() - 1)];
            let answer = case.origin.answer(&fetch, object);
            let fields: Vec<(&str, &str)> = answer.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let head = Head { status: answer.status, headers: Headers::new(&fields) };
            let mut next = fetch.settle(&head, None, NOW, &self.config);
            if let Next::ReadError(expect) = next {
                next = expect.settle(&head, Some(&answer.body), NOW, &self.config);
            }
            match next {
                Next::Reply(reply) => return Ok((reply, object)),
                Next::Refuse(refusal) => return Ok((refusal.reply(request), object)),
                Next::Again(again) => fetch = again,
                Next::ReadError(_) => return Err("the error's body is asked for again".into()),
            }
        }
        Err("asked for ever".into())
    }
}

/// What is served from a kept answer, if anything, is what the reference says of the kept object.
fn prove_kept(case: &Case, fetch: &Fetch) -> Result<(), String> {
    let (rules, object) = (CacheRules { bytes: 1 << 20, fresh: Seconds(60) }, &case.objects[0]);
    let fields = origin::whole(object);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let head = Head { status: 200, headers: Headers::new(&fields) };
    let Some(mut reply) = fetch.expect.settle_kept(&head, Seconds(1), &rules) else {
        return Ok(());
    };
    let wanted = reference(&case.ask, object);
    if let Body::Kept { first, end } = reply.body {
        let bytes = match wanted {
            Answer::Part { first, last } => (first, last + 1),
            _ => (0, object.size),
        };
        if (first, end) != bytes {
            return Err(format!("kept bytes {first}..{end}; wanted {wanted:?}"));
        }
        reply.body = Body::Origin;
    }
    match fault(&reply, wanted, object, case.ask.method) {
        None => Ok(()),
        Some(problem) => Err(format!("kept: {problem}; wanted {wanted:?}, got {reply:#?}")),
    }
}

/// What is wrong with a reply that is to be `answer`.
fn fault(reply: &Reply, answer: Answer, object: &Object, method: &str) -> Option<&'static str> {
    let value = |wanted: &str| reply.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    let modified = object.modified.map(case::imf);
    let (status, length, range) = match answer {
        Answer::Whole => (200, Some(object.size), None),
        Answer::Part { first, last } => {
            (206, Some(last - first + 1), Some(format!("bytes {first}-{last}/{}", object.size)))
        }
        Answer::NotModified => (304, None, None),
        Answer::PreconditionFailed => (412, None, None),
        Answer::NotSatisfiable => (416, None, Some(format!("bytes */{}", object.size))),
        Answer::Gone => (410, None, None),
    };
    let tells_version = matches!(status, 200 | 206 | 304);
    let body = if matches!(status, 200 | 206) && method == "GET" { Body::Origin } else { Body::None };
    [
        ("status", reply.status == status),
        ("range", value("content-range") == range.as_deref()),
        ("length", !tells_version || value("content-length") == length.map(|n| n.to_string()).as_deref()),
        ("tag", !tells_version || value("etag") == Some(&object.tag.text())),
        ("date", !tells_version || value("last-modified") == modified.as_deref()),
        ("body", !tells_version || reply.body == body),
    ]
    .into_iter()
    .find_map(|(name, fits)| (!fits).then_some(name))
}
