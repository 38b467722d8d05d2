//! What may come of each fault. The one place to look up what a client is promised when the origin misbehaves.
//!
//! Honest about what an edge cannot see that passes bytes through as they come: a bit that is another, and a length
//! that is too short from the start, reach the client as a reply that is complete by its own account. They are
//! [`Outcome::Caught`]: the reply's ETag is the MD5 of an object that was put in one piece, or its Content-Range
//! names a size, and neither fits. That holds for what the edge keeps of small objects, too: it does not check bytes
//! against their tag. A HEAD brings nothing that a client could hold its length against, so faults that
//! only a body shows are not injected into one.

use super::kind::{Hits, Kind, Phase};
use super::script::{Plan, SIZES, Shape};
use Phase::{BeforeHead, BodyMiddle, BodyStart, Connect, InHead};

/// What a client got, if it is anything that it may get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// What was asked for, complete, with the right length, range and tag.
    Right,
    /// As [`Outcome::Right`], but the whole object where a part was asked for (RFC 9110 section 14.2).
    RightWhole,
    /// A 200 or 206 that visibly breaks: fewer bytes than its length, a reset, or a silence.
    Broken,
    /// A reply that is whole by its own account, and whose content does not fit its ETag, Content-Range or
    /// Content-Encoding.
    Caught,
    /// A refusal by its code.
    Problem(&'static str),
}

/// One line of the table. An empty list: the fault is not injected into such a request.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What.
    pub kind: Kind,
    /// Where.
    pub phases: &'static [Phase],
    /// For a GET of the whole object.
    pub whole: &'static [Outcome],
    /// For a GET of a part.
    pub part: &'static [Outcome],
    /// For a HEAD.
    pub head: &'static [Outcome],
    /// Whether the edge may ask again, so that a fault that hits only once leaves no trace.
    pub is_retried: bool,
}

/// A larger object is read before the reply only if that is soon done, in bytes.
const ALWAYS_READ_FIRST: u64 = 128 * 1024;

const RIGHT: &[Outcome] = &[Outcome::Right];
const RIGHT_WHOLE: &[Outcome] = &[Outcome::RightWhole];
const BROKEN: &[Outcome] = &[Outcome::Broken];
const CAUGHT: &[Outcome] = &[Outcome::Caught];
const UNAVAILABLE: &[Outcome] = &[Outcome::Problem("origin_unavailable")];
const TIMEOUT: &[Outcome] = &[Outcome::Problem("origin_timeout")];
const ERROR: &[Outcome] = &[Outcome::Problem("origin_error")];
const NOT_FOUND: &[Outcome] = &[Outcome::Problem("not_found")];
const GONE: &[Outcome] = &[Outcome::Problem("gone")];
const NONE: &[Outcome] = &[];

const BEFORE_BODY: &[Phase] = &[Connect, BeforeHead, InHead];
const IN_BODY: &[Phase] = &[BodyStart, BodyMiddle];
const HEAD_ONLY: &[Phase] = &[InHead];

/// One outcome for GET, another for HEAD.
const fn row(kind: Kind, phases: &'static [Phase], [whole, part, head]: [&'static [Outcome]; 3]) -> Row {
    Row { kind, phases, whole, part, head, is_retried: false }
}

/// The same outcome for every request.
const fn all(kind: Kind, phases: &'static [Phase], outcome: &'static [Outcome]) -> Row {
    row(kind, phases, [outcome; 3])
}

/// The same outcome for every request that is not asked again.
const fn again(kind: Kind, phases: &'static [Phase], outcome: &'static [Outcome]) -> Row {
    Row { is_retried: true, ..all(kind, phases, outcome) }
}

/// A length that the platform itself does not take, as if there were no answer. Of a HEAD it takes any, since no body
/// is to follow; the rules do not.
const fn not_taken(kind: Kind) -> Row {
    Row { is_retried: true, ..row(kind, HEAD_ONLY, [UNAVAILABLE, UNAVAILABLE, ERROR]) }
}

/// The table.
pub const ROWS: &[Row] = &[
    // The connection.
    again(Kind::Refused, &[Connect], UNAVAILABLE),
    again(Kind::Reset, BEFORE_BODY, UNAVAILABLE),
    row(Kind::Reset, IN_BODY, [BROKEN, BROKEN, NONE]),
    again(Kind::Closed, BEFORE_BODY, UNAVAILABLE),
    row(Kind::Closed, IN_BODY, [BROKEN, BROKEN, NONE]),
    again(Kind::Stall, BEFORE_BODY, TIMEOUT),
    row(Kind::Stall, IN_BODY, [BROKEN, BROKEN, NONE]),
    all(Kind::Delay, BEFORE_BODY, RIGHT),
    row(Kind::Delay, IN_BODY, [RIGHT, RIGHT, NONE]),
    all(Kind::Throttle, &[InHead], RIGHT),
    row(Kind::Throttle, IN_BODY, [RIGHT, RIGHT, NONE]),
    again(Kind::Garbage, &[BeforeHead, InHead], UNAVAILABLE),
    // Kept connections. What the next request meets.
    all(Kind::IdleClosed, &[Connect], RIGHT),
    all(Kind::IdleReset, &[Connect], RIGHT),
    again(Kind::StaleClosed, &[Connect], UNAVAILABLE),
    again(Kind::StaleReset, &[Connect], UNAVAILABLE),
    all(Kind::ForgedNext, &[Connect], RIGHT),
    // The length.
    row(Kind::LengthTooLong, HEAD_ONLY, [BROKEN, ERROR, NONE]),
    row(Kind::LengthTooShort, HEAD_ONLY, [CAUGHT, ERROR, NONE]),
    row(Kind::ExtraBytes, &[BodyMiddle], [RIGHT, RIGHT, NONE]),
    all(Kind::LengthMissing, HEAD_ONLY, ERROR),
    not_taken(Kind::LengthMalformed),
    not_taken(Kind::LengthSigned),
    not_taken(Kind::LengthOverflow),
    not_taken(Kind::LengthTwice),
    all(Kind::LengthTwiceAlike, HEAD_ONLY, ERROR),
    all(Kind::Chunked, HEAD_ONLY, ERROR),
    all(Kind::ChunkedWithLength, HEAD_ONLY, ERROR),
    all(Kind::ChunkedWithOtherLength, HEAD_ONLY, ERROR),
    row(Kind::ChunkMalformed, &[BodyStart], [ERROR, ERROR, NONE]),
    row(Kind::ChunkTooLong, &[BodyMiddle], [ERROR, ERROR, NONE]),
    row(Kind::ChunksTruncated, &[BodyMiddle], [ERROR, ERROR, NONE]),
    row(Kind::ChunksTruncatedWithLength, &[BodyMiddle], [ERROR, ERROR, NONE]),
    all(Kind::CodingUnknown, HEAD_ONLY, ERROR),
    // The version.
    all(Kind::EtagMissing, HEAD_ONLY, RIGHT),
    row(Kind::EtagOther, HEAD_ONLY, [CAUGHT, CAUGHT, NONE]),
    all(Kind::EtagTwice, HEAD_ONLY, ERROR),
    all(Kind::EtagMalformed, HEAD_ONLY, ERROR),
    row(Kind::EtagSwapped, HEAD_ONLY, [NONE, RIGHT_WHOLE, NONE]),
    all(Kind::EtagOfAnotherVersion, HEAD_ONLY, GONE),
    all(Kind::ModifiedMalformed, HEAD_ONLY, RIGHT),
    // The range.
    row(Kind::RangeMissing, HEAD_ONLY, [NONE, ERROR, NONE]),
    row(Kind::RangeShifted, HEAD_ONLY, [NONE, ERROR, NONE]),
    row(Kind::RangeOfOtherSize, HEAD_ONLY, [NONE, CAUGHT, NONE]),
    row(Kind::RangeMalformed, HEAD_ONLY, [NONE, ERROR, NONE]),
    row(Kind::RangeTwice, HEAD_ONLY, [NONE, ERROR, NONE]),
    row(Kind::RangeInParts, HEAD_ONLY, [NONE, ERROR, NONE]),
    row(Kind::RangeIgnored, HEAD_ONLY, [NONE, RIGHT_WHOLE, NONE]),
    row(Kind::PartUnasked, HEAD_ONLY, [ERROR, NONE, ERROR]),
    all(Kind::Unsatisfiable, HEAD_ONLY, ERROR),
    // The bytes.
    row(Kind::BitFlip, IN_BODY, [CAUGHT, CAUGHT, NONE]),
    // Other headers.
    all(Kind::HeadersPlanted, HEAD_ONLY, RIGHT),
    row(Kind::EncodingPlanted, HEAD_ONLY, [CAUGHT, CAUGHT, NONE]),
    all(Kind::EncodingLong, HEAD_ONLY, ERROR),
    all(Kind::TypePlanted, HEAD_ONLY, RIGHT),
    all(Kind::TypeTwice, HEAD_ONLY, RIGHT),
    all(Kind::HeadersHuge, HEAD_ONLY, RIGHT),
    all(Kind::HeadersMany, HEAD_ONLY, RIGHT),
    all(Kind::HeaderControl, HEAD_ONLY, RIGHT),
    again(Kind::HeaderNul, HEAD_ONLY, UNAVAILABLE),
    again(Kind::HeaderFolded, HEAD_ONLY, UNAVAILABLE),
    again(Kind::HeaderBare, HEAD_ONLY, UNAVAILABLE),
    all(Kind::HeaderNotText, HEAD_ONLY, RIGHT),
    // The status line, and what comes before it.
    all(Kind::Interim100, &[BeforeHead], RIGHT),
    all(Kind::Interim102, &[BeforeHead], RIGHT),
    all(Kind::Interim103, &[BeforeHead], RIGHT),
    all(Kind::InterimMany, &[BeforeHead], RIGHT),
    all(Kind::Switching, HEAD_ONLY, ERROR),
    all(Kind::OldVersion, HEAD_ONLY, RIGHT),
    again(Kind::NewVersion, HEAD_ONLY, UNAVAILABLE),
    again(Kind::StatusMissing, HEAD_ONLY, UNAVAILABLE),
    again(Kind::StatusLong, HEAD_ONLY, UNAVAILABLE),
    // Redirects.
    all(Kind::Moved, HEAD_ONLY, ERROR),
    all(Kind::Found, HEAD_ONLY, ERROR),
    all(Kind::SeeOther, HEAD_ONLY, ERROR),
    all(Kind::TemporaryRedirect, HEAD_ONLY, ERROR),
    all(Kind::PermanentRedirect, HEAD_ONLY, ERROR),
    // Statuses.
    all(Kind::NotModifiedUnasked, HEAD_ONLY, ERROR),
    all(Kind::PreconditionUnasked, HEAD_ONLY, ERROR),
    all(Kind::NoContent, HEAD_ONLY, ERROR),
    again(Kind::InternalError, HEAD_ONLY, UNAVAILABLE),
    again(Kind::SlowDown, HEAD_ONLY, UNAVAILABLE),
    again(Kind::ServiceUnavailable, HEAD_ONLY, UNAVAILABLE),
    again(Kind::RequestTimeout, HEAD_ONLY, TIMEOUT),
    all(Kind::SignatureDoesNotMatch, HEAD_ONLY, ERROR),
    all(Kind::InvalidAccessKeyId, HEAD_ONLY, ERROR),
    all(Kind::ExpiredToken, HEAD_ONLY, ERROR),
    all(Kind::RequestTimeTooSkewed, HEAD_ONLY, ERROR),
    all(Kind::AccessDenied, HEAD_ONLY, NOT_FOUND),
    all(Kind::NoSuchKey, HEAD_ONLY, NOT_FOUND),
    // A HEAD's 404 has no body that would tell the one from the other.
    row(Kind::NoSuchBucket, HEAD_ONLY, [ERROR, ERROR, NOT_FOUND]),
    all(Kind::UnknownCode, HEAD_ONLY, ERROR),
    again(Kind::TooManyRequests, HEAD_ONLY, UNAVAILABLE),
    again(Kind::BadGatewayPage, HEAD_ONLY, UNAVAILABLE),
    again(Kind::GatewayTimeoutPage, HEAD_ONLY, TIMEOUT),
    again(Kind::ErrorWithoutBody, HEAD_ONLY, UNAVAILABLE),
    all(Kind::ErrorIn200, HEAD_ONLY, ERROR),
    again(Kind::ErrorHuge, &[BodyMiddle], UNAVAILABLE),
    again(Kind::ErrorEndless, IN_BODY, UNAVAILABLE),
    again(Kind::ErrorStalled, IN_BODY, UNAVAILABLE),
    again(Kind::ErrorBroken, IN_BODY, UNAVAILABLE),
];

/// What may come of a planned transfer.
pub fn allowed(plan: &Plan) -> Vec<Outcome> {
    let row = &plan.row;
    let is_once = plan.fault.hits == Hits::First;
    let mut outcomes = row.outcomes(plan.shape).to_vec();
    let mut is_retried = row.is_retried;
    if plan.is_read_first && outcomes == BROKEN {
        // Seen before the reply: no answer is a failure of the origin that the edge may try again.
        outcomes = if row.kind == Kind::Stall { TIMEOUT } else { UNAVAILABLE }.to_vec();
        if SIZES[plan.object] > ALWAYS_READ_FIRST {
            // One that takes its time is handed through, and breaks where it can be seen.
            outcomes.push(Outcome::Broken);
        }
        is_retried = true;
    }
    if is_once && plan.shape == Shape::Head && is_explained(row.kind) {
        // The GET that was to say why the HEAD was refused is not: no reading of that is safe.
        outcomes = ERROR.to_vec();
    }
    if !is_once && row.kind == Kind::EtagSwapped {
        // Asked again without the range, the origin sends the whole object, and still the other tag.
        outcomes = CAUGHT.to_vec();
    }
    if is_once && is_retried {
        outcomes.push(Outcome::Right);
    }
    outcomes
}

/// Whether a refused HEAD is followed by a GET that is to say why.
const fn is_explained(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::RequestTimeout
            | Kind::SignatureDoesNotMatch
            | Kind::InvalidAccessKeyId
            | Kind::ExpiredToken
            | Kind::RequestTimeTooSkewed
            | Kind::AccessDenied
            | Kind::UnknownCode
            | Kind::TooManyRequests
            | Kind::Unsatisfiable
    )
}

impl Row {
    /// What may come of the fault in a request of this shape.
    pub const fn outcomes(&self, shape: Shape) -> &'static [Outcome] {
        match shape {
            Shape::Whole => self.whole,
            Shape::Part => self.part,
            Shape::Head => self.head,
        }
    }
}
