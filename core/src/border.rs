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
//! claim     K \n link limit ends \n key size version     ask the counter, with 16 random bytes in hexadecimal between
//!           the two, then `Question::granted`
//! place     P                           ask again with the client's place
//! list      L                           ask for the newest revocation list, then again
//! finish    Q                           the request is needed: `Question::finish`
//! missing   M                           the kept answer does not do: ask the origin
//! body      W \n limits \n log \n most \n list       read the request's body, no more than so many bytes, then `Question::forward`; where
//!           `list` is `l`, the call changes the revocation list
//! ```
//! `place` is `?` (not looked up) or `country,subdivision,asn`, each part empty where it is not known;
//! `names` are those of the headers, with a space between them, and are followed by as many values: a host can
//! keep one header object for each line of names that it meets, and there are a few dozen of those in all.
//! `set` is the place of a [`crate::HeaderSet`] in [`crate::HeaderSet::ALL`]. `body` is `-`, `O` (the origin's), `C` (the
//! origin's, to be kept), `K first end` (of the kept one), `A name` (a file of the web
//! page) or `T` (text); `bytes` counts those of an object, 0 for none.
//! `limits` are `letter` + key, with a space between them: c the client, t the token, b bad tokens, s a strict
//! bucket. `log` is the beginning of the request's log line, `fields` go behind it, and the host adds what it
//! has measured. `time` is how long to wait for the first byte, in milliseconds. Of `flags`, `c` says that a kept
//! answer may do, `s` that a good answer's body is sent on as it is, `x` that the origin is not to be asked, `r` that the revocation list is to be asked for
//! meanwhile, `d` that it could not be had. `uses` is what a counter is to be asked: `left link limit`
//! before the answer is settled, or `grant link session` before a body of so many `bytes` goes out.

mod write;

pub use write::{header_sets, internal, origin_headers, unready, write_reply, write_signed};

use crate::claim::ClaimStep;
use crate::config::Config;
use crate::cors;
use crate::counter::{Reserved, Taken};
use crate::decide::decide_on;
use crate::decision::{Decision, Fetch, Forward, Head};
use crate::expect::{Expect, Stage, Use};
use crate::landing::{MAX_TEXT_BYTES, Page};
use crate::listing::MAX_REPLY_BYTES;
use crate::origin_reply::{MAX_ERROR_BYTES, Next};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::request::{Client, Headers, Place, Request};
use crate::retry::{Attempt, Health, Origin};
use crate::revocation::{self, Freshness};
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
    /// How many uses of the link are left, where a counter was asked and has answered.
    pub left: Option<u64>,
}

impl Question<'_> {
    /// Reads the request and hands it to `with`; our fault if the text is not one.
    pub fn with_request(&self, with: &mut dyn FnMut(&Request<'_>) -> String) -> String {
        self.read_request(with).unwrap_or_else(malformed)
    }

    fn read_request(&self, with: &mut dyn FnMut(&Request<'_>) -> String) -> Option<String> {
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
    ///
    /// `list` tells whether the revocation list was asked for just now, with or without success: if not, and a token
    /// needs a newer one, that is the answer.
    pub fn decide(&self, list: Asked, now: UnixTime, config: &Config, health: &mut Health) -> String {
        self.with_request(&mut |request| {
            let mut trail = Trail::default();
            let decision = decide_on(request, now, config, &mut trail);
            let freshness = config.revocations().freshness(now, config.revocation_poll());
            let is_old = matches!(freshness, Freshness::Wait | Freshness::Refuse);
            if is_old && list == Asked::No && trail.key_id.is_some() {
                return LIST.into();
            }
            let opening = Opening {
                limits: write::limits(request, &trail, &decision),
                uses: write::uses(&trail),
                refreshes: freshness == Freshness::Refresh,
                is_old,
                log: trail.log_line(request, request.headers.one(self.country_header)),
            };
            match decision {
                Decision::Reply(reply) => write_reply_of(&reply, &opening, config),
                Decision::Fetch(fetch) => write_fetch('F', &opening, fetch, health, now, config),
                Decision::LookUpPlace => "P".into(),
                Decision::Landing(landing) => match landing.fetch {
                    Some(fetch) => write_fetch('F', &opening, fetch, health, now, config),
                    None => write_reply_of(&landing.facts.folder(), &opening, config),
                },
                Decision::Folder(folder) => write_fetch('F', &opening, folder.fetch, health, now, config),
                Decision::Claim(claim) => write_fetch('F', &opening, claim.fetch, health, now, config),
                Decision::Unlock(_) => write::form(&opening),
                Decision::Forward(forward) => write::other(&opening, &forward),
            }
        })
    }

    /// What follows from an answer, or from the lack of one, for everything that [`settle`] needs the request for:
    /// a page, a refusal, another attempt.
    pub fn finish(&self, with: Settling<'_>, now: UnixTime, config: &Config, health: &mut Health) -> String {
        self.with_request(&mut |request| {
            let Some((expect, settled)) = self.settle_for(request, with, now, config) else {
                return malformed();
            };
            let refusal = match settled {
                Ok(text) => {
                    answered(&expect, health);
                    return text;
                }
                Err(refusal) => refusal,
            };
            if !refusal.may_pass() {
                answered(&expect, health);
                if refusal == Refusal::NotFound && expect.origin == Origin::Second && with.attempt.number > 1 {
                    // The second origin may not have it yet.
                    return write_refusal(Refusal::OriginUnavailable("the second origin lacks it"), request, config);
                }
                return write_refusal(refusal, request, config);
            }
            let retry = match refusal {
                Refusal::OriginUnavailable(CLOSED) => None,
                // A call is made once: whether it was performed is not known.
                _ if expect.stage == Stage::Api => None,
                _ => health.failed(expect.origin, with.attempt, config.has_second_origin(), now),
            };
            let Some(retry) = retry else {
                return write_refusal(refusal, request, config);
            };
            let fetch = match expect.use_of {
                Use::Folder => self.listing(request, now, config),
                _ => Expect { origin: retry.origin, ..expect }.fetch(now, config),
            };
            match fetch {
                Ok(fetch) => write::write_retry(retry, with.attempt.elapsed_millis, &fetch, config),
                Err(refusal) => write_refusal(refusal, request, config),
            }
        })
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
        let fields = fields(lines);
        let head = match (&failure, status.parse()) {
            (Some(_), _) => None,
            (None, Ok(status)) => Some(Head { status, headers: Headers::new(&fields) }),
            (None, Err(_)) => return None,
        };
        let kept = expect.clone();
        if expect.use_of == Use::Text {
            return Some((kept, Ok(self.text(request, expect, head.as_ref(), with, now, config))));
        }
        let Some(head) = head else {
            return Some((kept, Err(failure?)));
        };
        if expect.use_of == Use::Read {
            return Some((kept, next(expect.settle(&head, with.body, now, config), config)));
        }
        // The facts are the request's: it is decided once more, as it was.
        let settled = match decide_on(request, now, config, &mut Trail::default()) {
            Decision::Landing(landing) => {
                let facts = landing.facts.with_left_if(with.left);
                match facts.settle(expect, &head, with.body, now, config) {
                    Page::Reply(reply) => Ok(write_reply_of(&reply, &Opening::default(), config)),
                    Page::Text(preview) => Ok(write::write_again(&preview.fetch, config)),
                    Page::Again(fetch, _) => Ok(write::write_again(&fetch, config)),
                    Page::ReadError(expect, _) => Ok(write_error(&expect, MAX_ERROR_BYTES)),
                    Page::Refuse(refusal) => Err(refusal),
                }
            }
            Decision::Claim(claim) => match claim.facts.settle(expect, &head, with.body, now, config) {
                ClaimStep::Take { version, size } => {
                    write::write_claim(&claim.facts, version, size).ok_or(Refusal::OriginError("no entity tag of S3's"))
                }
                ClaimStep::Again(fetch) => Ok(write::write_again(&fetch, config)),
                ClaimStep::ReadError(expect) => Ok(write_error(&expect, MAX_ERROR_BYTES)),
                ClaimStep::Refuse(refusal) => Err(refusal),
            },
            Decision::Folder(folder) => match with.body {
                None => Ok(write_error(&expect, MAX_REPLY_BYTES + 1)),
                Some(body) => folder
                    .settle(head.status, body.as_bytes(), config)
                    .map(|reply| write_reply_of(&reply, &Opening::default(), config)),
            },
            Decision::Reply(reply) => Ok(write_reply_of(&reply, &Opening::default(), config)),
            _ => Err(Refusal::Internal("a request that is decided in two ways")),
        };
        Some((kept, settled))
    }

    /// The page with the beginning of a text, or without it: a page is good without a preview.
    fn text(
        &self,
        request: &Request<'_>,
        expect: Expect,
        head: Option<&Head<'_>>,
        with: Settling<'_>,
        now: UnixTime,
        config: &Config,
    ) -> String {
        let is_there = head.is_some_and(|head| matches!(head.status, 200 | 206));
        if is_there && with.body.is_none() {
            return write_error(&expect, MAX_TEXT_BYTES);
        }
        match decide_on(request, now, config, &mut Trail::default()) {
            Decision::Landing(landing) => {
                let page = landing.facts.with_text(expect, head, with.body.unwrap_or("").as_bytes(), now, config);
                write_reply_of(&page, &Opening::default(), config)
            }
            Decision::Reply(reply) => write_reply_of(&reply, &Opening::default(), config),
            _ => malformed(),
        }
    }

    /// The question for a folder's names, signed anew.
    fn listing(&self, request: &Request<'_>, now: UnixTime, config: &Config) -> Result<Fetch, Refusal> {
        match decide_on(request, now, config, &mut Trail::default()) {
            Decision::Folder(folder) => Ok(folder.fetch),
            _ => Err(Refusal::Internal("a request that is decided in two ways")),
        }
    }

    /// The signed call of the API with its body, or the reply to a password's form; `None` if the body could not be read. One byte over what the rules
    /// asked for is enough to show that it is too long.
    pub fn forward(&self, body: Option<&[u8]>, now: UnixTime, config: &Config) -> String {
        self.with_request(&mut |request| {
            let signed = match (decide_on(request, now, config, &mut Trail::default()), body) {
                (Decision::Forward(forward), Some(body)) => forward.sign(body, now, config),
                (Decision::Unlock(unlocking), Some(form)) => {
                    let reply = unlocking.settle(form, now, config);
                    return reply.map_or_else(
                        |refusal| write_refusal(refusal, request, config),
                        |reply| write_for_reader(reply, request, config),
                    );
                }
                (Decision::Forward(_) | Decision::Unlock(_), None) => {
                    Err(Refusal::BadRequest("the body cannot be read"))
                }
                (Decision::Reply(reply), _) => return write_reply_of(&reply, &Opening::default(), config),
                _ => Err(Refusal::Internal("a request that is decided in two ways")),
            };
            match signed {
                Ok(fetch) => write::write_again(&fetch, config),
                Err(refusal) => write_refusal(refusal, request, config),
            }
        })
    }

    /// A signed call of the edge's own to the signer, or nothing if it cannot be made.
    pub fn own_call(path: &str, body: &[u8], now: UnixTime, config: &Config) -> String {
        let signed = Forward::own(path).sign(body, now, config);
        signed.map_or_else(|_| String::new(), |fetch| write::write_again(&fetch, config))
    }

    /// The question for the newest revocation list: `url \n names (\n value)*`, or nothing if it cannot be put.
    pub fn list_request(now: UnixTime, config: &Config) -> String {
        revocation::fetch::request(config.revocations(), now, config)
            .map_or_else(|_| String::new(), |ask| write_signed(&ask))
    }

    /// The reply to a claim, from what the counter said.
    pub fn granted(&self, taken: &str, now: UnixTime, config: &Config) -> String {
        self.with_request(&mut |request| {
            let settled = match decide_on(request, now, config, &mut Trail::default()) {
                Decision::Claim(claim) => match Taken::from_text(taken) {
                    Some(taken) => claim.facts.settle_taken(&taken, now, config),
                    None => Err(Refusal::Internal("a counter's answer that is not one")),
                },
                Decision::Reply(reply) => Ok(reply),
                _ => Err(Refusal::Internal("a request that is decided in two ways")),
            };
            settled.map_or_else(
                |refusal| write_refusal(refusal, request, config),
                |reply| write_for_reader(reply, request, config),
            )
        })
    }

    /// The reply to a read under a grant whose counter did not let it go on.
    pub fn not_reserved(&self, reserved: &str, now: UnixTime, config: &Config) -> String {
        let refusal = match Reserved::from_text(reserved) {
            Some(Reserved::OverBudget) => Refusal::Gone("the grant's bytes are used up"),
            Some(Reserved::UsedUp | Reserved::Unknown) => Refusal::Gone("used up"),
            Some(Reserved::Ended) => Refusal::Expired { now, exp: now },
            Some(Reserved::Ok) | None => Refusal::Internal("a counter's answer that is not one"),
        };
        self.refuse(refusal, config)
    }

    /// The reply to a request that a limit has stopped, or that a limit or a counter could not be asked about.
    pub fn refuse(&self, refusal: Refusal, config: &Config) -> String {
        self.with_request(&mut |request| write_refusal(refusal, request, config))
    }
}

/// Notes that an origin has answered; the signer is none.
fn answered(expect: &Expect, health: &mut Health) {
    if expect.stage != Stage::Api {
        health.succeeded(expect.origin);
    }
}

/// Whether something was done already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// It was.
    Yes,
    /// It was not.
    No,
}

const LIST: &str = "L";

/// The reason while a breaker is open.
const CLOSED: &str = "the origin is left alone for a moment";

/// Settles the origin's answer without the request, and writes what follows: all but a refusal and a page, for which
/// it writes `Q`. Most answers are neither, and the request is the longest text there is.
pub fn settle(answer: &str, body: Option<&str>, now: UnixTime, config: &Config, health: &mut Health) -> String {
    let settled = read_answer(answer, |expect, head| match expect.use_of {
        Use::Read => {
            let asked = (expect.stage, expect.origin);
            let told = next(expect.settle(head, body, now, config), config);
            if told.is_ok() && asked.0 != Stage::Api {
                health.succeeded(asked.1);
            }
            told.unwrap_or_else(|_| FINISH.into())
        }
        Use::Page | Use::Text | Use::Claim | Use::Folder => FINISH.into(),
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
        Next::Again(fetch) => Ok(write::write_again(&fetch, config)),
        Next::ReadError(expect) => Ok(write_error(&expect, MAX_ERROR_BYTES)),
        Next::Refuse(refusal) => Err(refusal),
    }
}

fn write_refusal(refusal: Refusal, request: &Request<'_>, config: &Config) -> String {
    write_for_reader(refusal.reply(request), request, config)
}

/// Writes a reply; the page's scripts may read it.
fn write_for_reader(mut reply: Reply, request: &Request<'_>, config: &Config) -> String {
    cors::allow_if(&mut reply, cors::reader(request, config));
    write_reply_of(&reply, &Opening::default(), config)
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
