//! From the origin's answer to the client's: what is passed on, what is asked again, what is refused.
//! Nothing short or wrong ever looks complete.

use crate::config::Config;
use crate::cors;
use crate::decision::{Fetch, Head};
use crate::expect::{Conditions, Expect, Stage};
use crate::grant::Method;
use crate::http_date::imf_fixdate;
use crate::media_type::MediaType;
use crate::problem::PROBLEM_JSON;
use crate::range::{ByteRange, ContentRange, number, unsatisfied_size};
use crate::refusal::Refusal;
use crate::reply::{Body, HeaderSet, Reply};
use crate::s3_error;
use crate::text::holds;
use crate::time::UnixTime;
use crate::validators::{EntityTag, TagList};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What follows from an answer.
#[must_use]
#[derive(Debug)]
pub enum Next {
    /// Answer the client. If the body is [`Body::Origin`], with the origin's stream.
    Reply(Reply),
    /// The answer is an error: read the first [`MAX_ERROR_BYTES`] of its body and settle with that.
    ReadError(Expect),
    /// Cancel this answer's body and ask again.
    Again(Fetch),
    /// Refuse.
    Refuse(Refusal),
}

/// How much of an error's body is read. S3's errors are a few hundred bytes.
pub const MAX_ERROR_BYTES: usize = 8192;

/// The header fields of an origin's answer that are read; a host need not bring any others over.
pub const ORIGIN_HEADERS: [&str; 7] = [
    "content-length",
    "content-range",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "etag",
    "last-modified",
];

/// Longest value that is passed on of Content-Language, Content-Encoding and the like.
const MAX_PASSED_BYTES: usize = 256;

impl Expect {
    /// See [`Fetch::settle`].
    pub fn settle(self, head: &Head<'_>, error_body: Option<&str>, now: UnixTime, config: &Config) -> Next {
        let reader = self.reader.clone();
        let mut next = self.settle_for_all(head, error_body, now, config);
        if let Next::Reply(reply) = &mut next {
            cors::allow_if(reply, reader.as_deref());
        }
        next
    }

    fn settle_for_all(self, head: &Head<'_>, error_body: Option<&str>, now: UnixTime, config: &Config) -> Next {
        let settled = match (self.stage, head.status) {
            (Stage::Api, _) => return api(head),
            (Stage::WhyRefused, 200 | 206) => {
                // The HEAD was refused and the GET was not: no reading of that is safe to pass on.
                Err(Refusal::OriginError("HEAD refused, GET allowed"))
            }
            (_, 200) => self.whole(head),
            (_, 206) => self.part(head),
            (_, 304) => self.not_modified(head),
            (_, 412) => Err(self.precondition_failed()),
            (Stage::First | Stage::WhyRefused | Stage::Whole, _) => {
                return self.error(head, error_body, now, config);
            }
        };
        match settled {
            Ok(Outcome::Reply(reply)) => Next::Reply(reply),
            Ok(Outcome::WithoutRange) => self.again(Stage::Whole, now, config),
            Err(refusal) => Next::Refuse(refusal),
        }
    }

    /// A 200: the whole object. Without a length an early end could not be told from the real one.
    fn whole(&self, head: &Head<'_>) -> Result<Outcome, Refusal> {
        let length = content_length(head)?;
        let validators = Validators::of_object(head)?;
        if let Some(reply) = self.check_conditions(&validators)? {
            return Ok(Outcome::Reply(reply));
        }
        if self.stage == Stage::Whole && self.if_range_is_met(&validators) {
            // The range was out of the object's bounds, and all conditions hold: then 416 was right.
            if self.range.is_some_and(|range| !range.is_satisfiable(length)) {
                return Err(Refusal::RangeNotSatisfiable(Some(length)));
            }
        }
        Ok(Outcome::Reply(self.object(200, head, &validators, length, None)?))
    }

    /// A 206: must be the part that was asked for.
    fn part(&self, head: &Head<'_>) -> Result<Outcome, Refusal> {
        let range = match (self.stage, self.range) {
            (Stage::First, Some(range)) => range,
            _ => return Err(Refusal::OriginError("a part that was not asked for")),
        };
        let length = content_length(head)?;
        let part = head.headers.one("content-range").and_then(ContentRange::parse);
        let part = part.ok_or(Refusal::OriginError("206 without a valid Content-Range"))?;
        if range.resolve(part.size) != Some((part.first, part.last)) || part.length() != length {
            return Err(Refusal::OriginError("another part than was asked for"));
        }
        let validators = Validators::of_object(head)?;
        if let Some(reply) = self.check_conditions(&validators)? {
            return Ok(Outcome::Reply(reply));
        }
        if !self.if_range_is_met(&validators) {
            return Ok(Outcome::WithoutRange);
        }
        Ok(Outcome::Reply(self.object(206, head, &validators, length, Some(part))?))
    }

    /// A 304 is believed for what was asked, as far as it does not tell of another version itself. Some origins
    /// leave the tag out of it; the one that matched is then the client's own.
    fn not_modified(&self, head: &Head<'_>) -> Result<Outcome, Refusal> {
        let [_, _, (_, if_none_match), (_, if_modified_since)] = self.sent_conditions();
        if if_none_match.is_none() && if_modified_since.is_none() {
            return Err(Refusal::OriginError("304 that was not asked for"));
        }
        let found = Validators::read(head)?;
        if let Some(now) = &found.tag {
            if self.pinned.as_deref().and_then(EntityTag::parse).is_some_and(|pinned| !pinned.is_strongly(now)) {
                return Err(Refusal::Gone("the version that the token is bound to is gone"));
            }
            let asked = |tags: &str| TagList::parse(tags).is_some_and(|list| list.any(|tag| tag.is_weakly(now)));
            if if_none_match.is_some_and(|tags| !asked(tags)) {
                return Err(Refusal::OriginError("304 for another version"));
            }
        }
        if modified_after(&found, if_modified_since) == Some(true) {
            return Err(Refusal::OriginError("304 for a later version"));
        }
        Ok(Outcome::Reply(not_modified(&found)))
    }

    fn precondition_failed(&self) -> Refusal {
        let [(_, if_match), (_, if_unmodified_since), ..] = self.sent_conditions();
        match (&self.pinned, if_match.or(if_unmodified_since)) {
            (Some(_), _) => Refusal::Gone("the version that the token is bound to is gone"),
            (None, Some(_)) => Refusal::PreconditionFailed,
            (None, None) => Refusal::OriginError("412 that was not asked for"),
        }
    }

    /// RFC 9110 section 13.2.2, from the answer's own validators: lists of tags were not sent on, and an
    /// origin that overlooked a condition is not believed.
    pub(crate) fn check_conditions(&self, found: &Validators<'_>) -> Result<Option<Reply>, Refusal> {
        if let Some(pinned) = &self.pinned {
            let same = EntityTag::parse(pinned).zip(found.tag).is_some_and(|(a, b)| a.is_strongly(&b));
            if !same {
                return Err(Refusal::Gone("the version that the token is bound to is gone"));
            }
        }
        let conditions = &self.conditions;
        if let Some(tags) = conditions.if_match.as_deref() {
            let met = TagList::parse(tags)
                .is_some_and(|list| list.any(|tag| found.tag.is_some_and(|now| tag.is_strongly(&now))));
            if !met {
                return Err(Refusal::PreconditionFailed);
            }
        }
        if modified_after(found, conditions.if_unmodified_since.as_deref()) == Some(true) {
            return Err(Refusal::PreconditionFailed);
        }
        let unchanged = match conditions.if_none_match.as_deref() {
            Some(tags) => TagList::parse(tags)
                .is_some_and(|list| list.any(|tag| found.tag.is_some_and(|now| tag.is_weakly(&now)))),
            None => modified_after(found, conditions.if_modified_since.as_deref()) == Some(false),
        };
        Ok(unchanged.then(|| not_modified(found)))
    }

    /// RFC 9110 section 13.1.5: a strong tag, or a date that is exactly the object's.
    pub(crate) fn if_range_is_met(&self, found: &Validators<'_>) -> bool {
        let Some(validator) = self.if_range.as_deref() else {
            return true;
        };
        match EntityTag::parse(validator) {
            Some(tag) => found.tag.is_some_and(|now| tag.is_strongly(&now)),
            None => imf_fixdate(validator).is_some_and(|date| found.modified == Some(date)),
        }
    }

    /// The object's own headers, by an allow-list.
    pub(crate) fn object(
        &self,
        status: u16,
        head: &Head<'_>,
        found: &Validators<'_>,
        length: u64,
        part: Option<ContentRange>,
    ) -> Result<Reply, Refusal> {
        let media_type = MediaType::of(head.headers.one("content-type"));
        let disposition = match &self.inline {
            Some(inline) if media_type.may_be_inline => inline,
            _ => &self.attachment,
        };
        let mut headers = Vec::with_capacity(10);
        headers.push(("content-type", media_type.sent.into()));
        headers.push(("content-disposition", disposition.clone()));
        headers.push(("content-length", length.to_string()));
        if let Some(part) = part {
            headers.push(("content-range", alloc::format!("bytes {}-{}/{}", part.first, part.last, part.size)));
        }
        found.write(&mut headers);
        // A stored encoding stays as it is: taking the header away would make the platform inflate the body,
        // and the length would be wrong.
        if let Some(encoding) = head.headers.one("content-encoding") {
            if encoding.len() > MAX_PASSED_BYTES || encoding.bytes().any(|b| !b.is_ascii_graphic() && b != b' ') {
                return Err(Refusal::OriginError("a Content-Encoding that cannot be passed on"));
            }
            if !encoding.eq_ignore_ascii_case("identity") {
                headers.push(("content-encoding", encoding.into()));
            }
        }
        let body = match self.method {
            Method::Get => Body::Origin,
            Method::Head => Body::None,
        };
        Ok(Reply { status, set: HeaderSet::File, headers, body, log: None })
    }

    fn error(self, head: &Head<'_>, body: Option<&str>, now: UnixTime, config: &Config) -> Next {
        if self.stage == Stage::First && self.method == Method::Head {
            return match head.status {
                404 => Next::Refuse(Refusal::NotFound),
                // A HEAD has no body to say why: a missing key, or our own fault.
                400..=499 => self.again(Stage::WhyRefused, now, config),
                status => Next::Refuse(s3_error::refusal(status, None)),
            };
        }
        let Some(body) = body else {
            return Next::ReadError(self);
        };
        let code = s3_error::code(body);
        if head.status == 416 && self.range.is_some() && self.stage == Stage::First {
            // Conditions come before the range (RFC 9110 section 13.2.2), and an empty object has a last part.
            let is_settled =
                self.if_range.is_none() && self.pinned.is_none() && self.conditions == Conditions::default();
            if !is_settled || matches!(self.range, Some(ByteRange::Suffix(1..))) {
                return self.again(Stage::Whole, now, config);
            }
            let told = head.headers.one("content-range").and_then(unsatisfied_size);
            let size = told.or_else(|| s3_error::actual_size(body));
            if size.is_some_and(|size| self.range.is_some_and(|range| range.resolve(size).is_some())) {
                return Next::Refuse(Refusal::OriginError("416 for a range within the object"));
            }
            return Next::Refuse(Refusal::RangeNotSatisfiable(size));
        }
        if self.stage == Stage::WhyRefused && head.status == 416 {
            // An object of no bytes has no first one: it is there, and the HEAD was refused for another reason.
            return Next::Refuse(Refusal::OriginError("HEAD refused, GET allowed"));
        }
        Next::Refuse(s3_error::refusal(head.status, code))
    }

    fn again(self, stage: Stage, now: UnixTime, config: &Config) -> Next {
        match (Self { stage, ..self }).fetch(now, config) {
            Ok(fetch) => Next::Again(fetch),
            Err(refusal) => Next::Refuse(refusal),
        }
    }
}

enum Outcome {
    Reply(Reply),
    WithoutRange,
}

/// The version of the object, as far as the origin tells it.
pub(crate) struct Validators<'a> {
    pub(crate) tag: Option<EntityTag<'a>>,
    tag_text: Option<&'a str>,
    modified: Option<UnixTime>,
    modified_text: Option<&'a str>,
}

impl<'a> Validators<'a> {
    pub(crate) fn read(head: &Head<'a>) -> Result<Self, Refusal> {
        let tag_text = head.headers.one("etag");
        let tag = tag_text.and_then(EntityTag::parse);
        if head.headers.has("etag") && tag.is_none() {
            return Err(Refusal::OriginError("two entity tags, or a malformed one"));
        }
        let modified_text = head.headers.one("last-modified");
        let modified = modified_text.and_then(imf_fixdate);
        Ok(Self { tag, tag_text, modified, modified_text: modified_text.filter(|_| modified.is_some()) })
    }

    /// Those of an object. S3 tells the tag of every one; XML without one is an error that was sent as a success.
    fn of_object(head: &Head<'a>) -> Result<Self, Refusal> {
        let found = Self::read(head)?;
        let is_xml = || head.headers.one("content-type").is_some_and(|value| holds(value, "xml"));
        if found.tag.is_none() && is_xml() {
            return Err(Refusal::OriginError("an error in the place of an object"));
        }
        Ok(found)
    }

    fn write(&self, headers: &mut Vec<(&'static str, String)>) {
        if let Some(tag) = self.tag_text {
            headers.push(("etag", tag.into()));
        }
        if let Some(modified) = self.modified_text {
            headers.push(("last-modified", modified.into()));
        }
    }
}

/// Whether the object was modified after a date; `None` where one of the two is not there, and the condition does not
/// count (RFC 9110 sections 13.1.3 and 13.1.4).
fn modified_after(found: &Validators<'_>, date: Option<&str>) -> Option<bool> {
    Some(found.modified? > imf_fixdate(date?)?)
}

fn not_modified(found: &Validators<'_>) -> Reply {
    let mut headers = Vec::new();
    found.write(&mut headers);
    Reply { status: 304, set: HeaderSet::File, headers, body: Body::None, log: None }
}

/// The length of the body. Beside a transfer coding it means nothing (RFC 9112 section 6.3): the platform drops it,
/// and then an early end looks like the real one.
pub(crate) fn content_length(head: &Head<'_>) -> Result<u64, Refusal> {
    if head.headers.has("transfer-encoding") {
        return Err(Refusal::OriginError("a length beside a transfer coding"));
    }
    head.headers.one("content-length").and_then(number).ok_or(Refusal::OriginError("no valid Content-Length"))
}

/// The signer's answer: status and a few headers; its body is JSON of ours. What is neither a success nor
/// one of its own problems comes from the door before it: too many calls at once, or the edge's signature or
/// permission is at fault.
fn api(head: &Head<'_>) -> Next {
    let is_problem = head.headers.one("content-type").is_some_and(|value| value == PROBLEM_JSON);
    let passes = match head.status {
        200..=299 => true,
        400..=599 => is_problem || head.headers.one("content-length") == Some("0"),
        _ => false,
    };
    if !passes || head.headers.has("x-amzn-errortype") {
        if matches!(head.status, 429 | 503) {
            return Next::Refuse(Refusal::OriginUnavailable("the signer is overloaded"));
        }
        return Next::Refuse(Refusal::OriginError("the signer's door refused the edge"));
    }
    let mut headers = Vec::new();
    for name in ["content-type", "retry-after", "allow", "www-authenticate"] {
        if let Some(value) = head.headers.one(name) {
            headers.push((name, value.into()));
        }
    }
    Next::Reply(Reply { status: head.status, set: HeaderSet::Data, headers, body: Body::Origin, log: None })
}
