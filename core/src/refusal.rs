//! [`Refusal`]: why a request gets no object. A value, not a failure: every one has a stable code, a
//! status and a public sentence, and keeps the details for the log.

use crate::path::PathFault;
use crate::time::UnixTime;
use core::fmt;

/// The refusals of the HTTP contract. `code` and `status` are one table, without a wildcard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The path is not canonical.
    BadPath(PathFault),
    /// The request contradicts itself: two different tokens, a malformed body.
    BadRequest(&'static str),
    /// No token, or anything wrong up to and including the MAC: one reply for all of them.
    Unauthorized(&'static str),
    /// The MAC is good and a claim is not met, or is not one that is implemented.
    Forbidden(&'static str),
    /// The token's time is over: now is at or after `exp`.
    Expired {
        /// The time of the request.
        now: UnixTime,
        /// The claim.
        exp: UnixTime,
    },
    /// The token's time has not come: now is before `nbf`.
    NotYetValid {
        /// The time of the request.
        now: UnixTime,
        /// The claim.
        nbf: UnixTime,
    },
    /// A counted link: a use is claimed by POST, never by reading.
    ClaimRequired,
    /// The link has a password, which is given by POST.
    PasswordRequired,
    /// It is not this one.
    WrongPassword,
    /// Somebody's quota does not hold what is asked for.
    QuotaExceeded(&'static str),
    /// The token is good, or none is needed, and there is nothing there.
    NotFound,
    /// The route is there, the method is not one of its own.
    MethodNotAllowed(Allow),
    /// What is asked for does not go with how things are.
    Conflict(&'static str),
    /// Revoked, used up or removed for good.
    Gone(&'static str),
    /// If-Match or If-Unmodified-Since was not met.
    PreconditionFailed,
    /// The body is longer than the route takes.
    TooLarge,
    /// The request target is longer than is read.
    UriTooLong,
    /// The body is not of a type that the route takes.
    UnsupportedType,
    /// No byte of the object is in the range. The object's size, where the origin told it.
    RangeNotSatisfiable(Option<u64>),
    /// The Host is not one of ours.
    Misdirected,
    /// Too many requests; come back after so many seconds.
    RateLimited {
        /// Whole seconds for Retry-After.
        retry_after: u32,
    },
    /// The origin's answer was wrong, or it refused our signature.
    OriginError(&'static str),
    /// The origin could not be reached, or said that it is overloaded.
    OriginUnavailable(&'static str),
    /// The origin did not answer in time.
    OriginTimeout,
    /// Our fault. No input may cause it.
    Internal(&'static str),
}

/// The methods of a route, for the Allow header (RFC 9110 section 10.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allow {
    /// Reading only.
    GetHead,
    /// Looking at something of the API.
    Get,
    /// Removing something of the API.
    Delete,
    /// Looking and changing.
    GetPatch,
    /// Looking, changing and removing.
    GetPatchDelete,
    /// Reading, and claiming a use by POST.
    GetHeadPost,
    /// A call of the API.
    Post,
    /// A call of the API that can also be asked how things are.
    GetPost,
    /// What the API's routes take between them.
    Api,
}

impl Allow {
    /// The header's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetHead => "GET, HEAD",
            Self::Get => "GET",
            Self::Delete => "DELETE",
            Self::GetPatch => "GET, PATCH",
            Self::GetPatchDelete => "GET, PATCH, DELETE",
            Self::GetHeadPost => "GET, HEAD, POST",
            Self::Post => "POST",
            Self::GetPost => "GET, POST",
            Self::Api => "GET, HEAD, POST, PUT, PATCH, DELETE",
        }
    }
}

/// Seconds that a client is asked to wait when the origin is overloaded or out of reach.
pub const ORIGIN_RETRY_AFTER_SECONDS: u32 = 5;

impl Refusal {
    /// The stable name: for clients, logs, metrics and vectors.
    pub const fn code(&self) -> &'static str {
        self.row().0
    }

    /// The status (RFC 9110 section 15).
    pub const fn status(&self) -> u16 {
        self.row().1
    }

    /// One sentence for the client. Those of one code are all alike: nothing is learnt by trying.
    pub const fn public(&self) -> &'static str {
        self.row().2
    }

    const fn row(&self) -> (&'static str, u16, &'static str) {
        match self {
            Self::BadPath(_) => ("bad_path", 400, "The path of this link is not valid."),
            Self::BadRequest(_) => ("bad_request", 400, "The request is not valid."),
            Self::Unauthorized(_) => ("unauthorized", 401, "A valid share link or token is needed."),
            Self::Forbidden(_) => ("forbidden", 403, "This link does not allow this request."),
            Self::Expired { .. } => ("expired", 403, "This link has expired."),
            Self::NotYetValid { .. } => ("not_yet_valid", 403, "This link is not valid yet."),
            Self::ClaimRequired => ("claim_required", 403, "Downloads of this link are counted: claim one first."),
            Self::PasswordRequired => ("password_required", 403, "This link needs its password."),
            Self::WrongPassword => ("wrong_password", 403, "This is not the password of this link."),
            Self::QuotaExceeded(_) => ("quota_exceeded", 403, "The quota does not hold this."),
            Self::NotFound => ("not_found", 404, "There is nothing here."),
            Self::MethodNotAllowed(_) => ("method_not_allowed", 405, "This method is not allowed here."),
            Self::Conflict(_) => ("conflict", 409, "The request does not go with the present state."),
            Self::Gone(_) => ("gone", 410, "This link is no longer available."),
            Self::PreconditionFailed => ("precondition_failed", 412, "The file is not the version that was asked for."),
            Self::TooLarge => ("too_large", 413, "The request body is too large."),
            Self::UriTooLong => ("uri_too_long", 414, "The address is too long."),
            Self::UnsupportedType => ("unsupported_type", 415, "The request body is not of a supported type."),
            Self::RangeNotSatisfiable(_) => ("range_not_satisfiable", 416, "The file has no such range."),
            Self::Misdirected => ("misdirected", 421, "This host is not served here."),
            Self::RateLimited { .. } => ("rate_limited", 429, "Too many requests: try again later."),
            Self::Internal(_) => ("internal", 500, "Something went wrong on our side."),
            Self::OriginError(_) => ("origin_error", 502, "The storage gave an answer that cannot be passed on."),
            Self::OriginUnavailable(_) => ("origin_unavailable", 503, "The storage is not available: try again soon."),
            Self::OriginTimeout => ("origin_timeout", 504, "The storage did not answer in time."),
        }
    }

    /// What in the call is wrong, in our own words, for a client of the API that has proved who it is; `None` where
    /// the public sentence says it all, or where more would help an attacker.
    pub const fn detail(&self) -> Option<&'static str> {
        match self {
            Self::BadRequest(why) | Self::Forbidden(why) | Self::QuotaExceeded(why) | Self::Conflict(why) => Some(why),
            Self::BadPath(_) => Some("a key has no empty segment, no . or .., no backslash, no control character"),
            _ => None,
        }
    }

    /// Whether somebody on our side should be woken: the fault is ours, not the client's.
    pub const fn is_our_fault(&self) -> bool {
        matches!(self, Self::Internal(_) | Self::OriginError(_))
    }
}

/// The log's view: both sides of a comparison, or the reason. Never a token, a key or a path.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        match self {
            Self::BadPath(fault) => write!(f, ": {fault:?}"),
            Self::BadRequest(why)
            | Self::Unauthorized(why)
            | Self::Forbidden(why)
            | Self::QuotaExceeded(why)
            | Self::Conflict(why)
            | Self::Gone(why)
            | Self::OriginError(why)
            | Self::OriginUnavailable(why)
            | Self::Internal(why) => {
                f.write_str(": ")?;
                f.write_str(why)
            }
            Self::Expired { now, exp } => moments(f, *now, ", exp ", *exp),
            Self::NotYetValid { now, nbf } => moments(f, *now, ", nbf ", *nbf),
            Self::RateLimited { retry_after } => write!(f, ": retry after {retry_after} s"),
            Self::RangeNotSatisfiable(Some(size)) => write!(f, ": of {size} bytes"),
            Self::ClaimRequired
            | Self::PasswordRequired
            | Self::WrongPassword
            | Self::NotFound
            | Self::MethodNotAllowed(_)
            | Self::PreconditionFailed
            | Self::TooLarge
            | Self::UriTooLong
            | Self::UnsupportedType
            | Self::RangeNotSatisfiable(None)
            | Self::Misdirected
            | Self::OriginTimeout => Ok(()),
        }
    }
}

fn moments(f: &mut fmt::Formatter<'_>, now: UnixTime, before: &str, other: UnixTime) -> fmt::Result {
    f.write_str(": now ")?;
    fmt::Display::fmt(&now, f)?;
    f.write_str(before)?;
    fmt::Display::fmt(&other, f)
}
