//! How the keys in the two stores stand to each other, and when they end: for `doctor`.

use super::store::Store;
use crate::checks::Seen;
use clouddrop_core::rotation::{Named, Ring};
use clouddrop_core::{Seconds, UnixTime};

/// How long before its end the only lasting key should have a successor.
const SOON: Seconds = Seconds(30 * 86_400);

/// Reads both stores and judges them.
///
/// # Errors
/// What is wrong, and what to do.
pub(crate) fn check(edge: &Store, signer: &Store, region: Option<&str>, issuer: &str, now: UnixTime) -> Seen {
    let keys = |store: &Store| store.keys(region).map_err(|failure| failure.message);
    judge(&keys(edge)?, &keys(signer)?, issuer, now)
}

fn judge(edge: &Ring, signer: &Ring, issuer: &str, now: UnixTime) -> Seen {
    let names = signer.names(issuer);
    let Some(newest) = names.first() else { return Err(format!("the signer's store has no key of {issuer}").into()) };
    if !signer.is_known_to(edge, issuer) {
        return Err("the edge's store lacks a key of the signer's: its links would be refused; run rotate-keys".into());
    }
    let lasts = |key: &&Named| key.retires.is_none_or(|end| end > now.after(SOON));
    if !names.iter().any(|key| lasts(&key)) {
        return Err(format!("every key of the signer ends within {} days: run rotate-keys", SOON.0 / 86_400).into());
    }
    if names.iter().filter(|key| key.retires.is_none_or(|end| end > now)).count() < 2 {
        return Err("only one key has not ended: run rotate-keys".into());
    }
    if !edge.follows(signer) {
        return Err(
            "the edge's store has other ends than the signer's: a rotation was interrupted; run rotate-keys".into()
        );
    }
    let ends: Vec<String> =
        names.iter().filter_map(|key| Some(format!("{} ends at {}", key.id, key.retires?))).collect();
    let ahead = edge.ahead_of(signer, issuer).map_or("the edge has none ahead".into(), |id| format!("{id} is ahead"));
    Ok([vec![format!("{} is the newest, {ahead}", newest.id)], ends].concat().join("; "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use crate::checks::Fault;
    use serde_json::{Value, json};

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn ring(keys: &[(&str, Option<u64>)]) -> Ring {
        let key = |(kid, end): &(&str, Option<u64>)| {
            let mut key = json!({ "issuer": "i", "kid": kid, "secret": format!("{kid:A<43}") });
            if let Some(days) = end {
                key["retires"] = (NOW.as_secs() - 86_400 + days * 86_400).into();
            }
            key
        };
        Ring::parse(&keys.iter().map(key).collect::<Value>().to_string()).unwrap()
    }

    #[test]
    fn stores_that_do_not_go_together_are_seen() {
        let judged = |edge: &[(&str, Option<u64>)], signer: &[(&str, Option<u64>)]| match judge(
            &ring(edge),
            &ring(signer),
            "i",
            NOW,
        ) {
            Ok(seen) | Err(Fault::Failed(seen) | Fault::NotChecked(seen)) => seen,
        };
        let good = judged(&[("c", None), ("b", None), ("a", Some(400))], &[("b", None), ("a", Some(400))]);
        assert!(good.starts_with("b is the newest, c is ahead; a ends at 2028-"), "{good}");
        for (edge, signer, seen) in [
            (&[("c", None), ("a", None)][..], &[("b", None), ("a", None)][..], "lacks a key"),
            (&[("b", Some(9)), ("a", Some(9))], &[("b", Some(9)), ("a", Some(9))], "ends within 30 days"),
            (&[("b", None), ("a", Some(0))], &[("b", None), ("a", Some(0))], "only one key"),
            (&[("b", None), ("a", None)], &[("b", None), ("a", Some(400))], "was interrupted"),
        ] {
            let words = judged(edge, signer);
            assert!(words.contains(seen), "{seen:?} is not in {words:?}");
        }
        assert!(judge(&ring(&[("b", None), ("a", None)]), &Ring::empty(), "i", NOW).is_err());
    }
}
