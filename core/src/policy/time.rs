//! exp and nbf (RFC 8392 sections 3.1.4 and 3.1.5): no leeway, and a token without an end is refused.

use crate::refusal::Refusal;
use crate::time::UnixTime;

/// Refuses when now >= exp or now < nbf.
pub(super) fn check(exp: Option<UnixTime>, nbf: Option<UnixTime>, now: UnixTime) -> Result<(), Refusal> {
    let exp = exp.ok_or(Refusal::Forbidden("the token has no end"))?;
    if now >= exp {
        return Err(Refusal::Expired { now, exp });
    }
    match nbf {
        Some(nbf) if now < nbf => Err(Refusal::NotYetValid { now, nbf }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_millisecond_before_at_and_after_each_limit() {
        let at = UnixTime::from_millis;
        let check = |now| check(Some(at(2_000)), Some(at(1_000)), at(now)).map_err(|r| r.code());
        assert_eq!(check(999), Err("not_yet_valid"));
        assert_eq!(check(1_000), Ok(()));
        assert_eq!(check(1_999), Ok(()));
        assert_eq!(check(2_000), Err("expired"));
        assert_eq!(super::check(None, None, at(0)).unwrap_err().code(), "forbidden");
    }
}
