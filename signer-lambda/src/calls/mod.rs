//! The calls: JSON to terms, terms to records, tokens and URLs, and back to JSON.

pub(crate) mod account;
pub(crate) mod api_keys;
pub(crate) mod edge;
pub(crate) mod files;
pub(crate) mod keys;
pub(crate) mod revocations;
pub(crate) mod shares;
pub(crate) mod stale;
pub(crate) mod upload_end;
pub(crate) mod upload_links;
pub(crate) mod uploads;
pub(crate) mod webhooks;

use crate::failure::Failure;
use crate::s3::Written;
use crate::service::{Signer, one};
use clouddrop_core::access::{Caller, Operation, Owner, Principal};
use clouddrop_core::counter::key_hash;
use clouddrop_core::decision::CLIENT_ADDRESS;
use clouddrop_core::hash::{from_hex, push_hex, sha256};
use clouddrop_core::records::{Page, id};
use clouddrop_core::{Refusal, Seconds, UnixTime};
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Most of a message about the client's own JSON that is told.
const MAX_TOLD_CHARS: usize = 300;
/// How long an Idempotency-Key is remembered.
const REMEMBERED: Seconds = Seconds(86_400);

/// The JSON of a call that says nothing: `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Nothing {}

/// One call, past its checks.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) signer: &'a Signer,
    pub(crate) operation: Operation,
    /// Nobody for calls that anybody may make, and for our own.
    pub(crate) caller: Option<Caller>,
    /// Of the path.
    pub(crate) parameter: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) headers: &'a HeaderMap,
    /// The request's.
    pub(crate) id: &'a str,
    pub(crate) now: UnixTime,
}

/// The time and the entropy of a call: the same when a call is repeated with its Idempotency-Key, so that it comes out
/// the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: UnixTime,
    pub(crate) entropy: [[u8; 16]; 2],
}

/// What is remembered of an Idempotency-Key.
#[derive(Serialize, Deserialize)]
struct Remembered {
    v: u32,
    operation: String,
    body: String,
    at_millis: i64,
    entropy: String,
}

impl Call<'_> {
    /// Who calls.
    pub(crate) fn caller(&self) -> Result<&Caller, Refusal> {
        self.caller.as_ref().ok_or(Refusal::Internal("a call that nobody makes"))
    }

    /// Who calls, and is no guest.
    pub(crate) fn known(&self) -> Result<&Principal, Refusal> {
        self.caller()?.known()
    }

    /// Whose things the call is about, where its query or body may name somebody.
    pub(crate) fn owner(&self, named: Option<&str>) -> Result<Owner, Refusal> {
        self.known()?.owner(named)
    }

    /// The caller's name, for records and the audit.
    pub(crate) fn who(&self) -> String {
        self.caller.as_ref().map_or_else(|| "service".into(), |caller| caller.name().into())
    }

    /// The client's address as the edge saw it.
    pub(crate) fn address(&self) -> Option<&str> {
        one(self.headers, CLIENT_ADDRESS)
    }

    /// What a list is asked for.
    pub(crate) fn page(&self, known: &[&str]) -> Result<Page, Refusal> {
        Page::read(self.query, known)
    }

    /// Reads the body strictly: UTF-8 JSON of exactly the call's fields, each once, and nothing behind it. The call's
    /// types are flat, so the depth is bounded by them.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        // An array would be taken for the fields in their order.
        if self.body.trim_ascii_start().first() != Some(&b'{') {
            return Err(Refusal::BadRequest("the body is not a JSON object").into());
        }
        serde_json::from_slice(self.body).map_err(|error| {
            // serde's own message may quote values: it is for the client, and the log has the kind and the place.
            let place = format!("{:?} at line {}, column {}", error.classify(), error.line(), error.column());
            let told = Some(error.to_string().chars().take(MAX_TOLD_CHARS).collect());
            Failure { told, ..Failure::because(Refusal::BadRequest("the body is not the JSON of this call"), place) }
        })
    }

    /// The parameter of the path, if it can be an id of this kind.
    pub(crate) fn named(&self, is_id: impl Fn(&str) -> bool) -> Result<&str, Refusal> {
        if is_id(self.parameter) { Ok(self.parameter) } else { Err(Refusal::NotFound) }
    }

    /// The time and entropy to make things with.
    pub(crate) async fn moment(&self) -> Result<Moment, Failure> {
        let fresh = Moment { now: self.now, entropy: [random()?, random()?] };
        if !self.headers.contains_key("idempotency-key") {
            return Ok(fresh);
        }
        let key = one(self.headers, "idempotency-key").and_then(key_hash);
        let key = key.ok_or(Refusal::BadRequest("an Idempotency-Key has 1 to 255 visible characters"))?;
        let caller = self.caller()?;
        let of = match caller {
            Caller::Known(who) => who.owner.tag().to_string(),
            Caller::Guest(guest) => guest.link.clone(),
        };
        let name = format!("idempotency/{of}/{}", hex(&key));
        let ours = Remembered {
            v: 1,
            operation: self.operation.entry().id.into(),
            body: hex(&sha256(self.body)),
            at_millis: fresh.now.as_millis(),
            entropy: format!("{}{}", hex(&fresh.entropy[0]), hex(&fresh.entropy[1])),
        };
        if self.signer.create(&name, &ours, self.now).await? == Written::Ours {
            return Ok(fresh);
        }
        let gone = Refusal::OriginUnavailable("an Idempotency-Key has gone meanwhile");
        let theirs: Remembered = self.signer.read(&name, self.now).await?.ok_or(gone)?;
        if (&theirs.operation, &theirs.body) != (&ours.operation, &ours.body) {
            return Err(Refusal::Conflict("the Idempotency-Key was used for another call").into());
        }
        let now = UnixTime::from_millis(theirs.at_millis);
        if self.now >= now.after(REMEMBERED) {
            return Err(Refusal::Conflict("the Idempotency-Key is older than a day: take a new one").into());
        }
        let damaged = Refusal::Internal("an Idempotency-Key's record is damaged");
        let entropy: [u8; 32] = from_hex(&theirs.entropy).ok_or(damaged)?;
        let (halves, _) = entropy.as_chunks::<16>();
        Ok(Moment { now, entropy: [halves[0], halves[1]] })
    }

    /// Writes down a change: who, what, when, from where. The call is answered only once that is done.
    pub(crate) async fn audit(&self, target: &str) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Audit<'a> {
            v: u32,
            at: String,
            who: &'a str,
            owner: Option<&'a str>,
            what: &'static str,
            target: &'a str,
            from: Option<&'a str>,
            request_id: &'a str,
        }
        let at = self.now.to_string();
        let who = self.who();
        let audit = Audit {
            v: 1,
            who: &who,
            owner: self.known().ok().map(|who| who.owner.as_str()),
            what: self.operation.entry().id,
            target,
            from: self.address(),
            request_id: self.id,
            at: at.clone(),
        };
        let name = format!("audit/{}/{}", &at[..10], id::record_id(self.now, &random()?));
        self.signer.create(&name, &audit, self.now).await?;
        self.signer.log.write(&serde_json::json!({ "audit": audit }));
        Ok(())
    }
}

/// 16 bytes that nobody can guess.
pub(crate) fn random() -> Result<[u8; 16], Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::Internal("no entropy"))?;
    Ok(bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

/// RFC 3339, for views.
pub(crate) fn time(secs: u64) -> String {
    UnixTime::from_secs(secs).to_string()
}
