//! The border between a JavaScript host and the rules compiled to wasm: one text in, one text out.
//!
//! Each crossing costs more than a SHA-256 block, so a read crosses twice: [`Question::decide`] for the
//! decision, [`settle`] for the reply. Lines end in `\n`; no field can hold one, since URLs and header
//! fields cannot, and every text is checked for it on its way out.
//!
//! ```text
//! request   method \n url \n id \n place \n (name,value \n)*
//! head      status \n expect \n (name,value \n)*      the fields of `origin_headers`; in the place of the
//!           status: `timeout`, `unreachable`, `closed` (the breaker), where there is no answer
//! fetch     F \n limits \n uses \n log \n flags \n wait \n time \n method \n url \n expect \n names (\n value)*
//! again     as fetch, with G in the place of F: cancel the body first
//! retry     as fetch, with T in the place of F: cancel the body, wait so many milliseconds first
//! reply     R \n limits \n log \n status \n set \n body \n bytes \n fields \n names (\n value)* \n text
//! error     B \n expect \n most         read so many bytes of the body and ask again with them
//! place     P                           ask again with the client's place
//! finish    Q                           the request is needed: `Question::finish`
//! missing   M                           the kept answer does not do: ask the origin
//! other     W \n limits \n log          not for this path: an API call
//! ```
//! `place` is `?` (not looked up) or `country,subdivision,asn`, each part empty where it is not known;
//! `names` are those of the headers, with a space between them, and are followed by as many values: a host can
//! keep one header object for each line of names that it meets, and there are a few dozen of those in all.
//! `set` is the place of a [`crate::HeaderSet`] in [`crate::HeaderSet::ALL`]. `body` is `-`, `O` (the origin's), `C` (the
//! origin's, to be kept), `K first end` (of the kept one) or `T` (text); `bytes` counts those of an object, 0 for none.
//! `limits` are `letter` + key, with a space between them: c the client, t the token, b bad tokens, s a strict
//! bucket. `log` is the beginning of the request's log line, `fields` go behind it, and the host adds what it
//! has measured. `time` is how long to wait for the first byte, in milliseconds. Of `flags`, `c` says that a kept
//! answer may do and `x` that the origin is not to be asked.

mod write;

pub use write::{header_sets, internal, origin_headers, write_reply};

use crate::config::Config;
use crate::decide::decide_on;
use crate::decision::{Decision, Head};
use crate::expect::{Expect, Use};
use crate::landing::Page;
use crate::origin_reply::{MAX_ERROR_BYTES, Next};
use crate::refusal::Refusal;
use crate::request::{Client, Headers, Place, Request};
use crate::retry::{Attempt, Health, Origin};
use crate::time::{Seconds, UnixTime};
use crate::trail::Trail;
use alloc::string::String;
use alloc::vec::Vec;
use write::{Opening, malformed, write_error, write_fetch, write_reply_of};

/// A request as text, and the headers in which the platform itself speaks. Names are in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// See the module.
    pub text: &'a str,
    /// Holds the client's address, like `cf-connecting-ip`: the platform overwrites what a client sends.
    pub address_header: &'a str,
    /// Holds the platform's name for the request, like `cf-ray`; without it the text's own `id` counts.
    pub id_header: &'a str,
    /// Holds the client's country for the log, like `cf-ipcountry`.
    pub country_header: &'a str,
}

/// What is known beside an answer when it is settled with its request.
#[derive(Clone, Copy, Debug)]
pub struct Settling<'a> {
    /// The head, or the platform's failure; see the module.
    pub answer: &'a str,
    /// The start of the body, once it was asked for.
    pub body: Option<&'a str>,
    /// The attempt that it is the answer to.
    pub attempt: Attempt,
}

impl Question<'_> {
    /// Reads the request and hands it to `with`; `None` if the text is not one.
    pub fn with_request<T>(&self, with: impl FnOnce(&Request<'_>) -> T) -> Option<T> {
        let mut lines = self.text.split('\n');
        let (method, url, id, place) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let fields = fields(lines);
        let headers = Headers::new(&fields);
        let address = headers.one(self.address_header).and_then(|text| text.trim().parse().ok());
        let id = headers.one(self.id_header).unwrap_or(id);
        let client = Client { address, place: read_place(place)? };
        Some(with(&Request { method, url, id, headers, client }))
    }

    /// Decides, and writes the decision.
    pub fn decide(&self, now: UnixTime, config: &Config, health: &mut Health) -> String {
        self.with_request(|request| {
            let mut trail = Trail::default();
            let decision = decide_on(request, now, config, &mut trail);
            let opening = Opening {
                limits: write::limits(request, &trail, &decision),
                log: trail.log_line(request, request.headers.one(self.country_header)),
            };
            match decision {
                Decision::Reply(reply) => write_reply_of(&reply, &opening, config),
                Decision::Fetch(fetch) => write_fetch('F', &opening, fetch, health, now, config),
                Decision::LookUpPlace => "P".into(),
                Decision::Landing(landing) => match landing.fetch {
                    Some(fetch) => write_fetch('F', &opening, fetch, health, now, config),
                    None => write_reply_of(&landing.facts.page(None, None), &opening, config),
                },
                Decision::Forward(_) | Decision::Spend(_) => write::other(&opening),
            }
        })
        .unwrap_or_else(malformed)
    }

    /// What follows from an answer, or from the lack of one, for everything that [`settle`] needs the request for:
    /// a page, a refusal, another attempt.
    pub fn finish(&self, with: Settling<'_>, now: UnixTime, config: &Config, health: &mut Health) -> String {
        self.with_request(|request| {
            let Some((mut expect, settled)) = self.settle_for(request, with, now, config) else {
                return malformed();
            };
            let refusal = match settled {
                Ok(text) => {
                    health.succeeded(expect.origin);
                    return text;
                }
                Err(refusal) => refusal,
            };
            if !refusal.may_pass() {
                health.succeeded(expect.origin);
                if refusal == Refusal::NotFound && expect.origin == Origin::Second && with.attempt.number > 1 {
                    // The second origin may not have it yet.
                    return write_refusal(Refusal::OriginUnavailable("the second origin lacks it"), request, config);
                }
                return write_refusal(refusal, request, config);
            }
            let retry = match refusal {
                Refusal::OriginUnavailable(CLOSED) => None,
                _ => health.failed(expect.origin, with.attempt, config.has_second_origin(), now),
            };
            let Some(retry) = retry else {
                return write_refusal(refusal, request, config);
            };
            expect.origin = retry.origin;
            match expect.fetch(now, config) {
                Ok(fetch) => write::write_retry(retry, with.attempt.elapsed_millis, fetch, config),
                Err(refusal) => write_refusal(refusal, request, config),
            }
        })
        .unwrap_or_else(malformed)
    }

    /// `None` if the answer's text is not one.
    fn settle_for(
        &self,
        request: &Request<'_>,
        with: Settling<'_>,
        now: UnixTime,
        config: &Config,
    ) -> Option<(Expect, Result<String, Refusal>)> {
        let mut lines = with.answer.split('\n');
        let (status, expect) = (lines.next()?, Expect::from_text(lines.next()?)?);
        let failure = match status {
            "timeout" => Some(Refusal::OriginTimeout),
            "unreachable" => Some(Refusal::OriginUnavailable("the origin could not be reached")),
            "closed" => Some(Refusal::OriginUnavailable(CLOSED)),
            _ => None,
        };
        if let Some(failure) = failure {
            return Some((expect, Err(failure)));
        }
        let fields = fields(lines);
        let head = Head { status: status.parse().ok()?, headers: Headers::new(&fields) };
        let kept = expect.clone();
        let settled = match expect.use_of {
            Use::Read => next(expect.settle(&head, with.body, now, config), config),
            Use::Page | Use::Claim | Use::Folder => {
                // The facts are the request's: it is decided once more, as it was.
                match decide_on(request, now, config, &mut Trail::default()) {
                    Decision::Landing(landing) => match landing.facts.settle(expect, &head, with.body, now, config) {
                        Page::Reply(reply) => Ok(write_reply_of(&reply, &Opening::default(), config)),
                        Page::Again(fetch, _) => Ok(write::write_again(fetch, config)),
                        Page::ReadError(expect, _) => Ok(write_error(&expect, MAX_ERROR_BYTES)),
                        Page::Refuse(refusal) => Err(refusal),
                    },
                    Decision::Reply(reply) => Ok(write_reply_of(&reply, &Opening::default(), config)),
                    _ => Err(Refusal::Internal("a request that is decided in two ways")),
                }
            }
        };
        Some((kept, settled))
    }

    /// The reply to a request that a limit has stopped, or that a limit or a counter could not be asked about.
    pub fn refuse(&self, refusal: Refusal, config: &Config) -> String {
        self.with_request(|request| write_refusal(refusal, request, config)).unwrap_or_else(malformed)
    }
}

/// The reason while a breaker is open.
const CLOSED: &str = "the origin is left alone for a moment";

/// Settles the origin's answer without the request, and writes what follows: all but a refusal and a page, for which
/// it writes `Q`. Most answers are neither, and the request is the longest text there is.
pub fn settle(answer: &str, body: Option<&str>, now: UnixTime, config: &Config, health: &mut Health) -> String {
    let settled = read_answer(answer, |expect, head| match expect.use_of {
        Use::Read => {
            let origin = expect.origin;
            let told = next(expect.settle(head, body, now, config), config);
            if told.is_ok() {
                health.succeeded(origin);
            }
            told.unwrap_or_else(|_| FINISH.into())
        }
        Use::Page | Use::Claim | Use::Folder => FINISH.into(),
    });
    settled.unwrap_or_else(malformed)
}

const FINISH: &str = "Q";

/// Settles a kept answer that is `age` old: a reply, or `M`.
pub fn settle_kept(answer: &str, age: Seconds, config: &Config) -> String {
    read_answer(answer, |expect, head| match expect.settle_kept(head, age, config.cache()) {
        Some(reply) => write_reply_of(&reply, &Opening::default(), config),
        None => "M".into(),
    })
    .unwrap_or_else(malformed)
}

fn next(next: Next, config: &Config) -> Result<String, Refusal> {
    match next {
        Next::Reply(reply) => Ok(write_reply_of(&reply, &Opening::default(), config)),
        Next::Again(fetch) => Ok(write::write_again(fetch, config)),
        Next::ReadError(expect) => Ok(write_error(&expect, MAX_ERROR_BYTES)),
        Next::Refuse(refusal) => Err(refusal),
    }
}

fn write_refusal(refusal: Refusal, request: &Request<'_>, config: &Config) -> String {
    write_reply_of(&refusal.reply(request), &Opening::default(), config)
}

/// Reads `status \n expect \n fields`.
fn read_answer<T>(text: &str, with: impl FnOnce(Expect, &Head<'_>) -> T) -> Option<T> {
    let mut lines = text.split('\n');
    let status = lines.next()?.parse().ok()?;
    let expect = Expect::from_text(lines.next()?)?;
    let fields = fields(lines);
    Some(with(expect, &Head { status, headers: Headers::new(&fields) }))
}

/// `name,value` lines; a name cannot hold a comma.
fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
    let mut fields = Vec::with_capacity(24);
    fields.extend(lines.filter_map(|line| line.split_once(',')));
    fields
}

fn read_place(text: &str) -> Option<Option<Place<'_>>> {
    if text == "?" {
        return Some(None);
    }
    let mut parts = text.split(',').map(|part| Some(part).filter(|part| !part.is_empty()));
    let place = Place {
        country: parts.next()?,
        subdivision: parts.next()?,
        asn: parts.next()?.and_then(|digits| digits.parse().ok()),
    };
    parts.next().is_none().then_some(Some(place))
}
