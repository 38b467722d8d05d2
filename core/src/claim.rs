//! Claiming one use of a counted link: `POST /d/<token>`. The origin is asked by HEAD which version there is, the
//! counter then takes a use for it, and the client is sent on to a grant. Nothing is taken where the object cannot be
//! had.

use crate::config::Config;
use crate::counter::{Claim, Taken, key_hash};
use crate::decision::{Fetch, Head};
use crate::expect::{Expect, Use};
use crate::grant::Grant;
use crate::hash::sha256;
use crate::limit::token_key;
use crate::origin_reply::Next;
use crate::range::number;
use crate::refusal::{Allow, Refusal};
use crate::reply::{Body, HeaderSet, Reply};
use crate::request::Request;
use crate::time::UnixTime;
use crate::token::Purpose;
use crate::token::grant_token::{GrantClaims, Session};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A use about to be claimed: the question for the object's version, and what the token tells.
#[derive(Debug)]
pub struct Claiming {
    /// Asks by HEAD.
    pub fetch: Fetch,
    /// Settles the answer.
    pub facts: ClaimFacts,
}

/// What the token and the request tell.
#[derive(Clone, Debug)]
pub struct ClaimFacts {
    link: Vec<u8>,
    limit: u64,
    ends: UnixTime,
    key: Option<[u8; 32]>,
    issuer: String,
    grant: GrantClaims,
}

/// What follows from the origin's answer.
#[derive(Debug)]
pub enum ClaimStep {
    /// Ask the counter for a use for this version of the object, then [`ClaimFacts::settle_taken`].
    Take {
        /// Its entity tag.
        version: String,
        /// Its bytes.
        size: u64,
    },
    /// Ask this and come back with the answer.
    Again(Fetch),
    /// Read the error's body and come back with it.
    ReadError(Expect),
    /// Refuse.
    Refuse(Refusal),
}

/// The header by which a client repeats a claim without spending another use (IETF draft
/// "The Idempotency-Key HTTP Header Field").
const IDEMPOTENCY_KEY: &str = "idempotency-key";

impl Claiming {
    /// The claim that a request makes with its token.
    ///
    /// # Errors
    /// [`Refusal::MethodNotAllowed`] for a link that is not counted, [`Refusal::BadRequest`] for an Idempotency-Key that
    /// cannot be one, [`Refusal::Forbidden`] for a token without an id, and those of the request for the object.
    pub(crate) fn of(
        grant: &Grant<'_>,
        request: &Request<'_>,
        now: UnixTime,
        config: &Config,
    ) -> Result<Self, Refusal> {
        let claims = grant.claims();
        let limit = claims.download_limit().filter(|_| claims.purpose() == Purpose::Download);
        let limit = limit.ok_or(Refusal::MethodNotAllowed(Allow::GetHead))?;
        let facts = ClaimFacts {
            link: claims.link_id().ok_or(Refusal::Forbidden("a counted token without an id"))?.into(),
            limit,
            ends: claims.expires().ok_or(Refusal::Forbidden("a token without an end"))?,
            key: idempotency_key(request, grant.path().encoded())?,
            issuer: grant.issuer().into(),
            grant: GrantClaims::of(claims, grant.path())?,
        };
        let expect = Expect::for_head(grant.path(), Use::Claim).pinned_to(claims.object_version());
        Ok(Self { fetch: expect.fetch(now, config)?, facts })
    }
}

/// The key as it is stored: the same key for another object of the same link is another claim.
fn idempotency_key(request: &Request<'_>, path: &str) -> Result<Option<[u8; 32]>, Refusal> {
    if !request.headers.has(IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let hash = request.headers.one(IDEMPOTENCY_KEY).and_then(key_hash);
    let hash = hash.ok_or(Refusal::BadRequest("no Idempotency-Key of 1 to 255 visible characters"))?;
    let mut both = Vec::from(hash);
    both.extend_from_slice(path.as_bytes());
    Ok(Some(sha256(&both)))
}

impl ClaimFacts {
    /// The counter's name.
    pub fn link(&self) -> String {
        token_key(&self.link)
    }

    /// What to ask the counter for; `session` is 16 random bytes, the name of the grant that is made.
    pub fn claim(&self, session: [u8; 16], version: String, size: u64) -> Claim {
        Claim { limit: self.limit, ends: self.ends, session, key: self.key, size, version }
    }

    /// What follows from the origin's answer.
    pub fn settle(
        &self,
        expect: Expect,
        head: &Head<'_>,
        error_body: Option<&str>,
        now: UnixTime,
        config: &Config,
    ) -> ClaimStep {
        match expect.settle(head, error_body, now, config) {
            Next::Reply(_) => {
                let size = head.headers.one("content-length").and_then(number);
                match (head.headers.one("etag"), size) {
                    (Some(version), Some(size)) => ClaimStep::Take { version: version.into(), size },
                    _ => ClaimStep::Refuse(Refusal::OriginError("no version to make a grant for")),
                }
            }
            Next::Again(fetch) => ClaimStep::Again(fetch),
            Next::ReadError(expect) => ClaimStep::ReadError(expect),
            Next::Refuse(refusal) => ClaimStep::Refuse(refusal),
        }
    }

    /// The reply to the client from what the counter said: 303 to the grant (RFC 9110 section 15.4.4), made with the
    /// newest key of the token's issuer.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if no use is left, [`Refusal::Expired`] if the link has ended meanwhile,
    /// [`Refusal::Forbidden`] if the token leaves no room for a grant.
    pub fn settle_taken(&self, taken: &Taken, now: UnixTime, config: &Config) -> Result<Reply, Refusal> {
        let (session, ends, version) = match taken {
            Taken::Granted { session, ends, version, .. } => (*session, *ends, version),
            Taken::UsedUp => return Err(Refusal::Gone("used up")),
            Taken::Ended => return Err(Refusal::Expired { now, exp: self.ends }),
        };
        let key = config.keys.newest_of(&self.issuer, now).ok_or(Refusal::Internal("the token's issuer has no key"))?;
        let grant = self.grant.mint(&Session { id: session, version, expires: ends }, key);
        let grant = grant.map_err(|_| Refusal::Forbidden("the token leaves no room for a grant"))?;
        let mut location = String::with_capacity(grant.len() + 3);
        location.push_str("/d/");
        location.push_str(&grant);
        let headers = Vec::from([("location", location), ("content-length", 0.to_string())]);
        Ok(Reply { status: 303, set: HeaderSet::Data, headers, body: Body::None, log: None })
    }
}
