//! Opening a link that has a password: the form that a POST brings, and the token without a password that the client
//! is sent on to.
//!
//! That token keeps every other limit of the link, names the link as its parent, so that what ends the link ends it, and
//! lives a few hours: long enough to look through a folder and for a large file to come again after an interruption.

use crate::config::Config;
use crate::grant::Grant;
use crate::hash::sha256;
use crate::lock::{CLAIM_BYTES, Password, opens};
use crate::query;
use crate::refusal::Refusal;
use crate::reply::{Body, HeaderSet, Reply};
use crate::request::Request;
use crate::time::{Seconds, UnixTime};
use crate::token::unlocked_token::UnlockedClaims;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Most bytes of a form: the longest password, each of its bytes escaped, and the field's name.
pub(crate) const MAX_FORM_BYTES: usize = 2048;
/// How long a link stays open to who gave its password.
const OPEN_FOR: Seconds = Seconds(6 * 3600);
/// The form's only field.
const FIELD: &str = "password";
const FORM: &str = "application/x-www-form-urlencoded";

/// A link about to be opened: the form is still to be read.
#[derive(Debug)]
pub struct Unlocking {
    claim: [u8; CLAIM_BYTES],
    issuer: String,
    key_id: String,
    claims: UnlockedClaims,
    /// The route, up to the token.
    route: &'static str,
    /// What follows the token in the path.
    rest: String,
    /// A counted link is claimed once it is open: the client repeats its POST (RFC 9110 section 15.4.8).
    status: u16,
}

impl Unlocking {
    /// The opening that a POST to `route` asks for, if the link has a password.
    ///
    /// # Errors
    /// [`Refusal::PasswordRequired`] for a POST without a body, [`Refusal::UnsupportedType`] for one that is no form.
    pub(crate) fn of(
        grant: &Grant<'_>,
        route: &'static str,
        rest: &str,
        request: &Request<'_>,
        now: UnixTime,
    ) -> Result<Option<Self>, Refusal> {
        let Some(claim) = grant.claims().password() else { return Ok(None) };
        let content_type = request.headers.one("content-type").ok_or(Refusal::PasswordRequired)?;
        let essence = content_type.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case(FORM) {
            return Err(Refusal::UnsupportedType);
        }
        let is_claim = route == "/d/" && grant.claims().download_limit().is_some();
        Ok(Some(Self {
            claim,
            issuer: grant.issuer().into(),
            key_id: grant.key_id().as_str().into(),
            claims: UnlockedClaims::of(grant.claims(), now.after(OPEN_FOR))?,
            route,
            rest: rest.into(),
            status: if is_claim { 307 } else { 303 },
        }))
    }

    /// The reply to the form: onward to the open link.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`], [`Refusal::BadRequest`] for a body that is no form; [`Refusal::PasswordRequired`] for one
    /// without the field; [`Refusal::WrongPassword`].
    pub fn settle(self, form: &[u8], now: UnixTime, config: &Config) -> Result<Reply, Refusal> {
        if form.len() > MAX_FORM_BYTES {
            return Err(Refusal::TooLarge);
        }
        let form = core::str::from_utf8(form).map_err(|_| Refusal::BadRequest("the form is not UTF-8"))?;
        let fields = query::pairs(form)?;
        let password = fields.into_iter().find(|(name, _)| name == FIELD).ok_or(Refusal::PasswordRequired)?.1;
        let of_token = config.keys.of_issuer(&self.issuer).find(|key| key.id().as_str() == self.key_id);
        let mac = of_token.and_then(|key| key.mac()).ok_or(Refusal::Internal("the token's key is gone"))?;
        if !opens(&self.claim, &Password::new(password), mac) {
            return Err(Refusal::WrongPassword);
        }
        let key = config.keys.newest_of(&self.issuer, now).ok_or(Refusal::Internal("the token's issuer has no key"))?;
        // Its name need not be secret nor its own: two that open the link in the same second get the same token.
        let id = sha256(&self.claims.seed());
        let token = self.claims.mint(&id[..16], key).map_err(|_| Refusal::Forbidden("the token leaves no room"))?;
        let headers =
            Vec::from([("location", [self.route, &token, &self.rest].concat()), ("content-length", 0.to_string())]);
        Ok(Reply { status: self.status, set: HeaderSet::Data, headers, body: Body::None, log: None })
    }
}
