//! The edge's copy of the list: what is in it, and how sure it is that this is still the newest.

use super::list::List;
use super::mark::{Kind, Mark};
use crate::access::owner::owner_of;
use crate::path::ObjectPath;
use crate::refusal::Refusal;
use crate::s3_error;
use crate::time::{Seconds, UnixTime};
use crate::token::Verified;
use crate::validators::EntityTag;
use alloc::string::String;
use alloc::vec::Vec;

/// The oldest list that is believed: with none younger, requests are refused.
pub const MAX_AGE: Seconds = Seconds(60);

/// What an instance of the edge knows of the list. At first nothing, and then it refuses.
#[derive(Debug, Default)]
pub struct Revocations(Option<Held>);

#[derive(Debug)]
struct Held {
    list: List,
    /// The list's version at S3, for a question that costs nothing if it is still the newest.
    etag: Option<String>,
    /// When the question was put to which this list was the answer.
    confirmed_at: UnixTime,
}

/// What a request has to do about the list before it goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Freshness {
    /// Nothing.
    Fresh,
    /// Ask for the newest, and go on meanwhile.
    Refresh,
    /// Ask for the newest and wait for it; if that fails, go on, and count it.
    Wait,
    /// Ask for the newest and wait for it; if that fails, refuse. [`Revocations::check`] does.
    Refuse,
}

/// S3's answer to [`super::fetch::request`].
#[derive(Debug)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its ETag.
    pub etag: Option<&'a str>,
    /// Its body, read no further than one byte beyond [`super::MAX_LIST_BYTES`].
    pub body: Vec<u8>,
}

impl Revocations {
    /// How fresh the list is, where the newest is asked for every `poll` seconds: background questions begin at
    /// half of that, so that where requests come steadily none of them waits.
    pub fn freshness(&self, now: UnixTime, poll: Seconds) -> Freshness {
        let Some(age) = self.age_millis(now) else { return Freshness::Refuse };
        let poll = millis(poll);
        match age {
            // A clock that was set back says nothing of the age.
            ..0 => Freshness::Wait,
            _ if age <= poll / 2 => Freshness::Fresh,
            _ if age <= poll => Freshness::Refresh,
            _ => Freshness::Wait,
        }
    }

    /// The last rule of policy: the token, its share, its subject, its key or issuer, or the object at `path` is not
    /// revoked, by a list that can be believed at `now`.
    ///
    /// # Errors
    /// [`Refusal::Gone`] if it is revoked; [`Refusal::OriginUnavailable`] with no list, or one older than
    /// [`MAX_AGE`].
    pub fn check(&self, token: &Verified<'_>, path: &ObjectPath, now: UnixTime) -> Result<(), Refusal> {
        let Some(Held { list, .. }) = self.0.as_ref().filter(|_| self.age_millis(now).is_some()) else {
            return Err(Refusal::OriginUnavailable("no revocation list, or one that is too old"));
        };
        for (kind, why) in [
            (Kind::Token, "the token is revoked"),
            (Kind::Share, "the share is revoked"),
            (Kind::Subject, "the subject is revoked"),
            (Kind::Key, "the key is revoked"),
        ] {
            // Of an empty kind no mark is made, which for most would be a hash.
            if list.count(kind) > 0 && is_listed(list, kind, token, path) {
                return Err(Refusal::Gone(why));
            }
        }
        Ok(())
    }

    /// Takes the answer to a question that was put at `asked_at`. One question is on its way at a time.
    ///
    /// # Errors
    /// What is wrong with the answer, for the log: the list stays what it was, and grows old.
    pub fn take(&mut self, answer: Answer<'_>, asked_at: UnixTime) -> Result<(), Refusal> {
        match answer.status {
            200 => {
                let list =
                    List::parse(answer.body).map_err(|_| Refusal::OriginError("the revocation list is damaged"))?;
                let etag = answer.etag.filter(|text| EntityTag::parse(text).is_some()).map(String::from);
                self.0 = Some(Held { list, etag, confirmed_at: asked_at });
                Ok(())
            }
            304 => {
                let held = self.0.as_mut().filter(|held| held.etag.is_some());
                held.ok_or(Refusal::OriginError("a revocation list that nobody holds is not modified"))?.confirmed_at =
                    asked_at;
                Ok(())
            }
            status => {
                let body = core::str::from_utf8(&answer.body).unwrap_or("");
                Err(match s3_error::refusal(status, s3_error::code(body)) {
                    // The signer makes the list at its first start.
                    Refusal::NotFound => Refusal::OriginError("no revocation list, or no right to read it"),
                    refusal => refusal,
                })
            }
        }
    }

    /// The version that is held, for If-None-Match.
    pub fn etag(&self) -> Option<&str> {
        self.0.as_ref()?.etag.as_deref()
    }

    /// The list that is held, however old.
    pub fn list(&self) -> Option<&List> {
        Some(&self.0.as_ref()?.list)
    }

    /// The age of a list that can be believed: less than nothing where the clock was set back by a little.
    fn age_millis(&self, now: UnixTime) -> Option<i64> {
        let age = now.as_millis().saturating_sub(self.0.as_ref()?.confirmed_at.as_millis());
        (-millis(MAX_AGE)..=millis(MAX_AGE)).contains(&age).then_some(age)
    }
}

/// Whether one of the marks of `kind` that mean the token is in the list.
fn is_listed(list: &List, kind: Kind, token: &Verified<'_>, path: &ObjectPath) -> bool {
    let claims = token.claims();
    let holds = |mark: Mark| list.holds(kind, &mark);
    let holds_id = |id: Option<&[u8]>| id.is_some_and(|id| holds(Mark::of_id(id)));
    match kind {
        Kind::Token => holds_id(claims.id()) || holds_id(claims.parent()),
        // A share is named by the id of its first token too; looking at all three, no further claim takes a token out.
        Kind::Share => holds_id(claims.share()) || holds_id(claims.parent()) || holds_id(claims.id()),
        Kind::Subject => {
            // An owner is named by the token, or by the folder that the object lies in.
            [claims.subject(), owner_of(path.key())].into_iter().flatten().any(|name| holds(Mark::of_subject(name)))
                || holds(Mark::of_object(path.key()))
        }
        Kind::Key => {
            let key = token.key();
            holds(Mark::of_key(key.issuer(), key.id())) || holds(Mark::of_issuer(key.issuer()))
        }
    }
}

const fn millis(span: Seconds) -> i64 {
    UnixTime::from_secs(span.0).as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revocation::{Draft, Entry, Mark};
    use crate::secret::{KeyId, Secret};
    use crate::token::mint::Opens;
    use crate::token::wire::TokenBytes;
    use crate::token::{KeySet, NewToken, Purpose, TokenKey, mint, verify};
    use alloc::vec;

    const ASKED: UnixTime = UnixTime::from_secs(1_800_000_000);
    const POLL: Seconds = Seconds(4);

    fn at(millis: i64) -> UnixTime {
        UnixTime::from_millis(ASKED.as_millis() + millis)
    }

    fn list(revoked: &[(Kind, Mark)]) -> Vec<u8> {
        let mut draft = Draft::default();
        for (kind, mark) in revoked {
            draft.add(&Entry { kind: *kind, mark: *mark, until: at(1_000_000) }).unwrap();
        }
        draft.encode(ASKED)
    }

    fn answer(status: u16, body: Vec<u8>) -> Answer<'static> {
        Answer { status, etag: Some("\"v1\""), body }
    }

    fn holding(revoked: &[(Kind, Mark)]) -> Revocations {
        let mut revocations = Revocations::default();
        revocations.take(answer(200, list(revoked)), ASKED).unwrap();
        revocations
    }

    /// What `revocations` says to a token with these terms, at the time of asking.
    fn says(revocations: &Revocations, terms: impl FnOnce(&mut NewToken<'_>), now: UnixTime) -> &'static str {
        let path = crate::path::ObjectPath::from_key("a").unwrap();
        let key = || TokenKey::new("demo".into(), KeyId::new("k").unwrap(), &Secret::new(vec![7; 32]), None).unwrap();
        let mut new = NewToken::new([1; 16], Opens::Object(&path), at(1_000_000));
        terms(&mut new);
        let bytes = TokenBytes::decode(&mint(&new, &key()).unwrap()).unwrap();
        let keys = KeySet::new(vec![key()]);
        let token = verify(&bytes.parts().unwrap(), &keys, now).unwrap();
        revocations
            .check(&token, &ObjectPath::from_key("a").unwrap(), now)
            .map_or_else(|refusal| refusal.code(), |()| "allowed")
    }

    #[test]
    fn before_the_first_list_everything_is_refused() {
        let nothing = Revocations::default();
        assert_eq!(nothing.freshness(ASKED, POLL), Freshness::Refuse);
        assert_eq!(says(&nothing, |_| {}, ASKED), "origin_unavailable");
        assert_eq!((nothing.etag(), nothing.list().is_none()), (None, true));
    }

    #[test]
    fn a_list_is_asked_for_again_in_time_and_is_never_believed_for_long() {
        let held = holding(&[]);
        for (age, freshness, verdict) in [
            (-60_001, Freshness::Refuse, "origin_unavailable"),
            (-60_000, Freshness::Wait, "allowed"),
            (-1, Freshness::Wait, "allowed"),
            (0, Freshness::Fresh, "allowed"),
            (2_000, Freshness::Fresh, "allowed"),
            (2_001, Freshness::Refresh, "allowed"),
            (4_000, Freshness::Refresh, "allowed"),
            (4_001, Freshness::Wait, "allowed"),
            (60_000, Freshness::Wait, "allowed"),
            (60_001, Freshness::Refuse, "origin_unavailable"),
        ] {
            assert_eq!(held.freshness(at(age), POLL), freshness, "{age}");
            assert_eq!(says(&held, |_| {}, at(age)), verdict, "{age}");
        }
        assert_eq!(held.freshness(at(i64::MAX - ASKED.as_millis()), POLL), Freshness::Refuse);
    }

    #[test]
    fn a_token_goes_by_its_id_its_share_its_subject_or_its_key() {
        let id = |byte| Mark::of_id(&[byte; 16]);
        let key = Mark::of_key("demo", &KeyId::new("k").unwrap());
        type Terms = fn(&mut NewToken<'_>);
        let plain: Terms = |_| {};
        let of_share: Terms = |new| new.share = Some([2; 16]);
        const LINK: &[u8] = &[3; 16];
        let grant: Terms = |new| (new.purpose, new.parent) = (Purpose::Grant, Some(LINK));
        let grant_of_share: Terms =
            |new| (new.purpose, new.parent, new.share) = (Purpose::Grant, Some(LINK), Some([2; 16]));
        let foreign: Terms = |new| new.parent = Some(b"short");
        let of_alice: Terms = |new| new.subject = Some("alice");
        for (what, kind, mark, terms, gone) in [
            ("its id", Kind::Token, id(1), plain, true),
            ("another id", Kind::Token, id(2), plain, false),
            ("an id of another length", Kind::Token, Mark::of_id(b"short"), foreign, true),
            ("its own id, as its share's", Kind::Share, id(1), plain, true),
            ("its share", Kind::Share, id(2), of_share, true),
            ("its id, as its share's, while it names another", Kind::Share, id(1), of_share, true),
            ("another share", Kind::Share, id(4), of_share, false),
            ("a share is no token", Kind::Token, id(2), of_share, false),
            ("the link of a grant", Kind::Token, id(3), grant, true),
            ("the grant itself", Kind::Token, id(1), grant, true),
            ("the share of a grant's link", Kind::Share, id(3), grant, true),
            ("the share of a grant", Kind::Share, id(2), grant_of_share, true),
            ("the link of a grant with a share", Kind::Token, id(3), grant_of_share, true),
            ("its subject", Kind::Subject, Mark::of_subject("alice"), of_alice, true),
            ("another subject", Kind::Subject, Mark::of_subject("bob"), of_alice, false),
            ("a subject, and it has none", Kind::Subject, Mark::of_subject(""), plain, false),
            ("its key", Kind::Key, key, plain, true),
            ("another key", Kind::Key, Mark::of_key("demo", &KeyId::new("j").unwrap()), plain, false),
            ("another issuer's key", Kind::Key, Mark::of_key("guest", &KeyId::new("k").unwrap()), plain, false),
            ("a key's mark as an id", Kind::Token, key, plain, false),
        ] {
            assert_eq!(says(&holding(&[(kind, mark)]), terms, ASKED), if gone { "gone" } else { "allowed" }, "{what}");
        }
    }

    #[test]
    fn an_answer_replaces_confirms_or_changes_nothing() {
        let revoked = (Kind::Token, Mark::of_id(&[1; 16]));
        let mut held = holding(&[]);
        assert_eq!(held.etag(), Some("\"v1\""));
        held.take(answer(304, vec![]), at(10_000)).unwrap();
        assert_eq!(held.freshness(at(10_000), POLL), Freshness::Fresh);
        assert_eq!(says(&held, |_| {}, at(10_000)), "allowed");
        held.take(Answer { etag: Some("no tag"), ..answer(200, list(&[revoked])) }, at(11_000)).unwrap();
        assert_eq!(says(&held, |_| {}, at(11_000)), "gone");
        // Without a version there is nothing to confirm.
        assert_eq!(held.etag(), None);
        assert!(held.take(answer(304, vec![]), at(12_000)).is_err());

        let mut held = holding(&[revoked]);
        let mut cut = list(&[]);
        cut.pop();
        let error = |code: &str| alloc::format!("<Error><Code>{code}</Code></Error>").into_bytes();
        for (bad, code) in [
            (answer(200, cut), "origin_error"),
            (answer(200, vec![]), "origin_error"),
            (answer(206, list(&[])), "origin_error"),
            (answer(403, error("AccessDenied")), "origin_error"),
            (answer(404, error("NoSuchKey")), "origin_error"),
            (answer(403, error("SignatureDoesNotMatch")), "origin_error"),
            (answer(503, error("SlowDown")), "origin_unavailable"),
            (answer(500, vec![0xff]), "origin_unavailable"),
        ] {
            let status = bad.status;
            assert_eq!(held.take(bad, at(30_000)).unwrap_err().code(), code, "{status}");
            assert_eq!(held.freshness(at(30_000), POLL), Freshness::Wait, "{status}: no younger");
            assert_eq!(says(&held, |_| {}, at(30_000)), "gone", "{status}");
        }
        assert!(Revocations::default().take(answer(304, vec![]), ASKED).is_err());
    }
}
