//! Walks a case from its request to what must come of it, and checks on the way what holds of every case.

use crate::case::{Answer, Case, Suite, Token};
use crate::config;
use crate::expected::{self, Outcome};
use clouddrop_core::border::{self, Question, Settling};
use clouddrop_core::landing::{Facts, Page};
use clouddrop_core::retry::{Attempt, FIRST_BYTE_MILLIS, Health};
use clouddrop_core::{
    Client, Config, Decision, Expect, Fetch, Head, Headers, Next, Place, Reply, Request, UnixTime, decide,
};
use std::fmt::Write;

/// What running a suite showed.
#[derive(Debug, Default)]
pub struct Report {
    /// How many cases ran.
    pub cases: usize,
    /// The codes of the refusals that were expected and met.
    pub codes: Vec<String>,
    /// The cases that went wrong, and how.
    pub failures: Vec<String>,
}

/// The request's id in every case.
pub const REQUEST_ID: &str = "case-1";
/// The header that stands for the one in which a platform gives the client's address.
const ADDRESS_HEADER: &str = "x-case-address";
/// A Host that is not sent at all.
const NO_HOST: &str = "{none}";

/// Runs all cases of a suite's JSON text.
pub fn run_suite(name: &str, text: &str) -> Report {
    let mut report = Report::default();
    let suite: Suite = match serde_json::from_str(text) {
        Ok(suite) => suite,
        Err(error) => {
            report.failures.push(format!("{name}: {error}"));
            return report;
        }
    };
    for case in &suite.cases {
        report.cases += 1;
        match run_case(case) {
            Ok(code) => report.codes.extend(code),
            Err(problem) => report.failures.push(format!("{name}: {}: {problem}", case.name)),
        }
    }
    report
}

/// Everything a step needs to know.
pub(crate) struct Asked<'a> {
    pub(crate) request: Request<'a>,
    now: UnixTime,
    config: &'a Config,
    /// Texts that must not travel on.
    pub(crate) tokens: Vec<String>,
    /// The request at the border.
    text: String,
}

fn run_case(case: &Case) -> Result<Option<String>, String> {
    let prepared = Prepared::of(case)?;
    let expand = |text: &str| prepared.expand(text);
    prepared.ask(case, &mut |asked| {
        let outcome = asked.perform(case)?;
        expected::compare(&case.expect, &outcome, asked, &expand)
    })
}

/// A case with its tokens made and put in.
pub(crate) struct Prepared {
    pub(crate) url: String,
    /// Host among them, unless the case has none.
    pub(crate) fields: Vec<(String, String)>,
    token: Option<String>,
    other: Option<String>,
}

impl Prepared {
    pub(crate) fn of(case: &Case) -> Result<Self, String> {
        let (token, other) = (token_text(&case.token)?, token_text(&case.other)?);
        let expand = |text: &str| expand(text, token.as_deref(), other.as_deref());
        let url = if case.url.starts_with('/') {
            format!("https://{}{}", config::variables()["FILE_HOST"].as_str().unwrap_or(""), case.url)
        } else {
            case.url.clone()
        };
        let mut fields: Vec<(String, String)> =
            case.headers.iter().map(|(name, value)| (name.clone(), expand(value))).collect();
        let is_placed = url.contains("{token}") || case.headers.iter().any(|(_, value)| value.contains("{token}"));
        let url = expand(&url);
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            let authority = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(rest));
            fields.insert(0, ("host".into(), authority.into()));
        }
        fields.retain(|(_, value)| value != NO_HOST);
        if let (Some(token), false) = (&token, is_placed) {
            fields.push(("authorization".into(), format!("Bearer {token}")));
        }
        Ok(Self { url, fields, token, other })
    }

    pub(crate) fn expand(&self, text: &str) -> String {
        expand(text, self.token.as_deref(), self.other.as_deref())
    }

    /// Hands the case's request to `with`.
    pub(crate) fn ask<T>(
        &self,
        case: &Case,
        with: &mut dyn FnMut(&Asked<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let config = config::config_at(&case.config, UnixTime::from_secs(case.now))?;
        let address = match &case.address {
            Some(text) => Some(text.parse().map_err(|_| format!("{text} is no address"))?),
            None => None,
        };
        let borrowed: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let place = case.place.as_ref().map(|place| Place {
            country: place.country.as_deref(),
            subdivision: place.subdivision.as_deref(),
            asn: place.asn,
        });
        let request = Request {
            method: &case.method,
            url: &self.url,
            id: REQUEST_ID,
            headers: Headers::new(&borrowed),
            client: Client { address, place },
        };
        let tokens = [&self.token, &self.other].into_iter().flatten().filter(|token| token.len() > 20);
        with(&Asked {
            text: border_text(&request, case.address.as_deref()),
            request,
            now: UnixTime::from_secs(case.now),
            config: &config,
            tokens: tokens.cloned().collect(),
        })
    }
}

impl Asked<'_> {
    /// What is written for a developer shows no token, no key, and nothing that could be sent in our name.
    fn check_shown(&self, decision: &Decision) -> Result<(), String> {
        // A reply is the client's own, with its links in it.
        let decision = if matches!(decision, Decision::Reply(_)) { String::new() } else { format!("{decision:?}") };
        let shown = format!("{:?} {decision} {:?}", self.request, self.config);
        let mut secrets = vec![config::AWS_SECRET, config::AWS_SESSION_TOKEN, "Signature="];
        secrets.extend(self.tokens.iter().map(String::as_str));
        match secrets.into_iter().find(|secret| shown.contains(secret)) {
            Some(secret) => Err(format!("{secret} is in {shown}")),
            None => Ok(()),
        }
    }

    pub(crate) fn perform(&self, case: &Case) -> Result<Outcome, String> {
        let decision = decide(&self.request, self.now, self.config);
        self.check_border(&decision)?;
        self.check_shown(&decision)?;
        match decision {
            Decision::Reply(reply) => Ok(Outcome::Reply(reply)),
            Decision::Claim(claim) => {
                expected::check_fetch(&claim.fetch, self)?;
                Ok(Outcome::Claim(claim))
            }
            Decision::Folder(folder) => Ok(Outcome::Folder(folder.fetch)),
            Decision::LookUpPlace => Ok(Outcome::Place),
            Decision::Fetch(fetch) => self.follow(fetch, None, case),
            Decision::Landing(landing) => match (landing.fetch, case.answers.is_empty()) {
                (Some(fetch), false) => self.follow(fetch, Some(landing.facts), case),
                (None, false) => Err("answers for a landing page that asks nothing".into()),
                (fetch, true) => Ok(Outcome::Landing(fetch)),
            },
            Decision::Unlock(unlocking) => {
                let form = case.body.as_bytes();
                let told = self.question().forward(Some(form), self.now, self.config);
                let reply = unlocking.settle(form, self.now, self.config);
                let reply = reply.unwrap_or_else(|refusal| refusal.reply(&self.request));
                if !told.starts_with(&format!("R\n\n\n{}\n", reply.status)) {
                    return Err(format!("the border says {told:?}"));
                }
                Ok(Outcome::Reply(reply))
            }
            Decision::Forward(forward) => match forward.sign(case.body.as_bytes(), self.now, self.config) {
                Ok(fetch) => self.follow(fetch, None, case),
                Err(refusal) => Ok(Outcome::Reply(refusal.reply(&self.request))),
            },
        }
    }

    /// Gives the origin's answers in turn, as an adapter would.
    fn follow(&self, first: Fetch, facts: Option<Facts>, case: &Case) -> Result<Outcome, String> {
        let mut fetch = first;
        let mut again = case.again.iter();
        let mut facts = facts;
        for (place, answer) in case.answers.iter().enumerate() {
            expected::check_fetch(&fetch, self)?;
            let last = place + 1 == case.answers.len();
            match self.settle(fetch.expect, answer, facts.take())? {
                Step::Reply(reply) if last => {
                    return if again.next().is_some() {
                        Err("not asked again".into())
                    } else {
                        Ok(Outcome::Reply(reply))
                    };
                }
                Step::Reply(reply) => return Err(format!("answered {} before the last answer", reply.status)),
                Step::Again(next, kept) => {
                    let wanted = again.next().ok_or("asked again, unexpectedly")?;
                    expected::compare_fetch(wanted, &next)?;
                    (fetch, facts) = (*next, kept);
                }
            }
        }
        expected::check_fetch(&fetch, self)?;
        if case.answers.is_empty() { Ok(Outcome::Fetch(fetch)) } else { Err("asked again at the end".into()) }
    }

    fn settle(&self, expect: Expect, answer: &Answer, facts: Option<Facts>) -> Result<Step, String> {
        let fields: Vec<(&str, &str)> =
            answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let head = Head { status: answer.status, headers: Headers::new(&fields) };
        self.check_border_settle(&expect, answer)?;
        let body = Some(answer.body.as_str());
        if let Some(facts) = facts {
            let kept = facts.clone();
            let mut page = facts.settle(expect, &head, None, self.now, self.config);
            if let Page::ReadError(expect, facts) = page {
                page = facts.settle(expect, &head, body, self.now, self.config);
            }
            return Ok(match page {
                Page::Reply(reply) => Step::Reply(reply),
                // The beginning of the text cannot be had.
                Page::Text(preview) => {
                    Step::Reply(kept.with_text(preview.fetch.expect, None, &[], self.now, self.config))
                }
                Page::Refuse(refusal) => Step::Reply(refusal.reply(&self.request)),
                Page::Again(fetch, facts) => Step::Again(Box::new(fetch), Some(facts)),
                Page::ReadError(..) => return Err("the error's body was read and is asked for again".into()),
            });
        }
        let mut next = expect.settle(&head, None, self.now, self.config);
        if let Next::ReadError(expect) = next {
            next = expect.settle(&head, body, self.now, self.config);
        }
        Ok(match next {
            Next::Reply(reply) => Step::Reply(reply),
            Next::Refuse(refusal) => Step::Reply(refusal.reply(&self.request)),
            Next::Again(fetch) => Step::Again(Box::new(fetch), None),
            Next::ReadError(_) => return Err("the error's body was read and is asked for again".into()),
        })
    }

    fn question(&self) -> Question<'_> {
        Question {
            text: &self.text,
            address_header: ADDRESS_HEADER,
            id_header: "x-case-id",
            country_header: "x-case-country",
        }
    }

    /// The border must say the same in its text as the decision does.
    fn check_border(&self, decision: &Decision) -> Result<(), String> {
        let told = self.question().decide(border::Asked::No, self.now, self.config, &mut Health::default());
        let told = without_openings(&told);
        let expected = match decision {
            Decision::Reply(reply) => format!("R\n{}\n", reply.status),
            Decision::Fetch(fetch) => format!("F\n{}\n{}\n", fetch.method, fetch.url),
            Decision::LookUpPlace => "P".into(),
            Decision::Landing(landing) => match &landing.fetch {
                Some(fetch) => format!("F\n{}\n{}\n", fetch.method, fetch.url),
                None => "R\n200\n".into(),
            },
            Decision::Claim(claim) => format!("F\n{}\n{}\n", claim.fetch.method, claim.fetch.url),
            Decision::Folder(folder) => format!("F\n{}\n{}\n", folder.fetch.method, folder.fetch.url),
            Decision::Forward(_) | Decision::Unlock(_) => "W".into(),
        };
        if told.starts_with(&expected) {
            Ok(())
        } else {
            Err(format!("the border says {:?}, not {expected:?}", told.chars().take(60).collect::<String>()))
        }
    }

    /// Settles at the border: without the request and, where that does not do, with it; no attempt is left.
    fn border_settle(&self, answer: &str, body: Option<&str>) -> String {
        let mut health = Health::default();
        let told = border::settle(answer, body, self.now, self.config, &mut health);
        if told != "Q" {
            return without_openings(&told);
        }
        let attempt = Attempt { number: 3, elapsed_millis: FIRST_BYTE_MILLIS, entropy: 0 };
        let told =
            self.question().finish(Settling { answer, body, attempt, left: None }, self.now, self.config, &mut health);
        without_openings(&told)
    }

    fn check_border_settle(&self, expect: &Expect, answer: &Answer) -> Result<(), String> {
        let mut text = format!("{}\n{}", answer.status, expect.to_text());
        for (name, value) in &answer.headers {
            let _ = write!(text, "\n{name},{value}");
        }
        let fields: Vec<(&str, &str)> =
            answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let head = Head { status: answer.status, headers: Headers::new(&fields) };
        for body in [None, Some(answer.body.as_str())] {
            let told = self.border_settle(&text, body);
            let expected = match expect.clone().settle(&head, body, self.now, self.config) {
                Next::Reply(reply) => format!("R\n{}\n", reply.status),
                Next::Again(fetch) => format!("G\n{}\n{}\n", fetch.method, fetch.url),
                Next::ReadError(expect) => format!("B\n{}\n", expect.to_text()),
                Next::Refuse(refusal) => format!("R\n{}\n", refusal.status()),
            };
            if !told.starts_with(&expected) {
                return Err(format!("the border settles {told:?}, not {expected:?}"));
            }
        }
        Ok(())
    }
}

enum Step {
    Reply(Reply),
    Again(Box<Fetch>, Option<Facts>),
}

/// A text of the border as far as it is the decision's: kind, then status, or method and URL.
fn without_openings(told: &str) -> String {
    let lines: Vec<&str> = told.split('\n').collect();
    let skipped = match lines[0] {
        "R" => 3,
        "F" | "G" | "T" => 7,
        _ => 1,
    };
    format!("{}\n{}", lines[0], lines[skipped..].join("\n"))
}

/// The request in the form of [`clouddrop_core::border`].
fn border_text(request: &Request<'_>, address: Option<&str>) -> String {
    let place = request.client.place.map_or_else(
        || "?".to_string(),
        |place| {
            let asn = place.asn.map(|asn| asn.to_string()).unwrap_or_default();
            format!("{},{},{asn}", place.country.unwrap_or(""), place.subdivision.unwrap_or(""))
        },
    );
    let mut text = format!("{}\n{}\n{}\n{place}", request.method, request.url, request.id);
    for (name, value) in request.headers.iter() {
        let _ = write!(text, "\n{name},{value}");
    }
    if let Some(address) = address {
        let _ = write!(text, "\n{ADDRESS_HEADER},{address}");
    }
    text
}

fn token_text(token: &Token) -> Result<Option<String>, String> {
    match token {
        Token::None => Ok(None),
        Token::Literal(text) => Ok(Some(expand(text, None, None))),
        Token::Described(description) => description.text().map(Some),
    }
}

/// Puts tokens and repetitions in; see [`Case`].
fn expand(text: &str, token: Option<&str>, other: Option<&str>) -> String {
    let mut out = text.replace("{token}", token.unwrap_or("{token}")).replace("{other}", other.unwrap_or("{other}"));
    while let Some((open, close, times)) = repetition(&out) {
        let repeated = out[open + 1..close].chars().next().map(|char| char.to_string().repeat(times));
        out.replace_range(open..=close, &repeated.unwrap_or_default());
    }
    out
}

/// The first `{x*n}`: its braces' places and n.
fn repetition(text: &str) -> Option<(usize, usize, usize)> {
    text.match_indices('{').find_map(|(open, _)| {
        let inside = &text[open + 1..];
        let close = inside.find('}')?;
        let (char, times) = inside[..close].split_once('*')?;
        (char.chars().count() == 1).then_some(())?;
        Some((open, open + 1 + close, times.parse().ok()?))
    })
}
