//! What a genuine token allows: every claim family in a file of its own, joined here in the profile's
//! order. Nothing is skipped: a claim that is there is checked.

pub mod geo;
pub mod headers;
mod matching;
pub mod method;
pub mod network;
pub mod party;
pub mod time;
pub mod uri;

use crate::grant::{Grant, Method};
use crate::path::ObjectPath;
use crate::refusal::Refusal;
use crate::request::{Place, Request};
use crate::time::UnixTime;
use crate::token::{Claims, Purpose, Verified};

/// What is being asked for, beside the request itself: the object that the route or the token named.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// The URL that the token is matched against: the request's, with the path of the object on the
    /// route `/f/`, whichever route was taken.
    pub uri: uri::Uri<'a>,
    /// The method of the read; a landing page reads by HEAD whatever it was asked by.
    pub method: &'a str,
    /// This deployment's id.
    pub audience: &'a str,
}

/// Whether the token may be used at `now`: the first and cheapest thing to ask of it. [`check`] asks again.
///
/// # Errors
/// [`Refusal::Expired`], [`Refusal::NotYetValid`], and [`Refusal::Forbidden`] for a token without an end.
pub fn in_time(claims: &Claims<'_>, now: UnixTime) -> Result<(), Refusal> {
    time::check(claims.expires, claims.not_before, now)
}

/// Whether the token needs to know where the client is and nobody has looked yet.
pub fn needs_place(claims: &Claims<'_>, place: Option<Place<'_>>) -> bool {
    place.is_none() && (claims.countries.is_some() || claims.networks.is_some_and(network::mentions_asn))
}

/// Checks every claim (profile section 3, rule 6): time, issuer, audience, path, method, network, geography,
/// headers. Revocation and counting come after, and are the caller's.
///
/// # Errors
/// The first [`Refusal`] met.
pub fn check(token: &Verified<'_>, ask: &Ask<'_>, now: UnixTime) -> Result<(), Refusal> {
    let claims = token.claims();
    let client = ask.request.client;
    time::check(claims.expires, claims.not_before, now)?;
    party::check(claims.issuer, token.key().issuer(), claims.audience, ask.audience)?;
    uri::check(claims.uri, &ask.uri)?;
    uri::check_hash(claims.uri_hash.as_ref(), ask.request.url)?;
    method::check(claims.methods, ask.method)?;
    network::check(claims.networks, client.address, client.place.and_then(|place| place.asn))?;
    geo::check(claims.countries, client.place)?;
    headers::check(claims.headers, &ask.request.headers)?;
    Ok(())
}

/// [`check`], and the token is one for reading: the only way to a [`Grant`].
///
/// # Errors
/// The first [`Refusal`] met.
pub fn grant<'a>(
    token: Verified<'a>,
    ask: &Ask<'_>,
    method: Method,
    path: ObjectPath,
    now: UnixTime,
) -> Result<Grant<'a>, Refusal> {
    check(&token, ask, now)?;
    match token.claims().purpose {
        Purpose::Download | Purpose::Grant => Ok(Grant { method, path, token }),
        Purpose::Upload => Err(Refusal::Forbidden("an upload token reads nothing")),
    }
}
