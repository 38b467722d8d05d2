//! Who somebody is by the word of an identity provider, once the signature of its token is known to be good: the time
//! (RFC 7519 section 4.1), the owner and the role.

use super::caller::{Principal, Role};
use super::owner::Owner;
use crate::refusal::Refusal;
use crate::time::{Seconds, UnixTime};
use alloc::format;

/// How far the provider's clock may be from ours.
pub const LEEWAY: Seconds = Seconds(60);

/// What a provider's token says of somebody.
#[derive(Clone, Debug, Default)]
pub struct Identity<'a> {
    /// `exp`, if it is a number: seconds since 1970.
    pub expires: Option<f64>,
    /// `nbf`, if it is there: a number of seconds since 1970, or nothing that can be read.
    pub not_before: Option<Option<f64>>,
    /// The claim that names the owner, if it is a text.
    pub owner: Option<&'a str>,
    /// The texts of the claim that names the role.
    pub roles: alloc::vec::Vec<&'a str>,
}

impl Identity<'_> {
    /// Whom it stands for at `now`. Of several roles the highest counts, `default` where none of them is one of ours.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] for a token whose time is not now and for one without an owner, [`Refusal::Forbidden`]
    /// for somebody without a role.
    pub fn principal(&self, default: Option<Role>, now: UnixTime) -> Result<Principal, Refusal> {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970, and a minute")]
        let (now, leeway) = (now.as_secs() as f64, LEEWAY.0 as f64);
        if !self.expires.is_some_and(|end| now < end + leeway) {
            return Err(Refusal::Unauthorized("the JWT has ended"));
        }
        if self.not_before.is_some_and(|begin| !begin.is_some_and(|begin| now + leeway >= begin)) {
            return Err(Refusal::Unauthorized("the JWT is not valid yet"));
        }
        let owner = self.owner.ok_or(Refusal::Unauthorized("the JWT does not name an owner"))?;
        let owner = Owner::new(owner).map_err(|_| Refusal::Unauthorized("the JWT's owner is not a name"))?;
        let role = self.roles.iter().copied().filter_map(named).max().or(default);
        let role = role.ok_or(Refusal::Forbidden("the JWT names no role"))?;
        Ok(Principal { name: format!("oidc:{}", owner.as_str()), owner, role, scopes: None })
    }
}

/// A role's name, with or without our own before it.
fn named(name: &str) -> Option<Role> {
    match name.strip_prefix("clouddrop:").unwrap_or(name) {
        "viewer" => Some(Role::Viewer),
        "member" => Some(Role::Member),
        "admin" => Some(Role::Admin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn alice() -> Identity<'static> {
        Identity { expires: Some(1_000.5), owner: Some("alice"), roles: ["member"].into(), ..Identity::default() }
    }

    #[test]
    fn the_highest_role_counts_and_unknown_names_do_not() {
        let role = |roles: &[&'static str], default| {
            Identity { roles: roles.into(), ..alice() }.principal(default, NOW).map(|who| who.role)
        };
        assert_eq!(role(&["viewer", "clouddrop:admin", "member"], None), Ok(Role::Admin));
        assert_eq!(role(&["root", "viewer"], Some(Role::Admin)), Ok(Role::Viewer));
        assert_eq!(role(&["Admin", ""], Some(Role::Viewer)), Ok(Role::Viewer));
        assert_eq!(role(&["Admin"], None).unwrap_err().code(), "forbidden");
    }

    #[test]
    fn a_minute_is_allowed_for_clocks_and_no_more() {
        let code = |who: Identity<'_>| who.principal(None, NOW).map(|who| who.name).map_err(|refusal| refusal.code());
        assert_eq!(code(alice()), Ok("oidc:alice".into()));
        for (expires, not_before, good) in [
            (Some(940.5), None, true),
            (Some(940.0), None, false),
            (None, None, false),
            (Some(f64::NAN), None, false),
            (Some(2_000.0), Some(Some(f64::NAN)), false),
            (Some(2_000.0), Some(Some(1_060.0)), true),
            (Some(2_000.0), Some(Some(1_060.5)), false),
            (Some(2_000.0), Some(None), false),
        ] {
            let found = code(Identity { expires, not_before, ..alice() });
            assert_eq!(found.is_ok(), good, "{expires:?} {not_before:?}");
        }
        assert_eq!(code(Identity { owner: None, ..alice() }), Err("unauthorized"));
        assert_eq!(code(Identity { owner: Some(""), ..alice() }), Err("unauthorized"));
    }
}
