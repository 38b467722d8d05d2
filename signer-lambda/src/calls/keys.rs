//! `/api/v1/keys`: which token key makes tokens. The keys themselves are the configuration's and are never told.

use super::{Call, Nothing};
use crate::failure::Failure;
use crate::records::Change;
use crate::reply;
use crate::service::Signer;
use crate::views::{KeyView, KeysView};
use clouddrop_core::records::KeyStates;
use clouddrop_core::records::keys::KEPT;
use clouddrop_core::revocation::mark::FOR_EVER;
use clouddrop_core::revocation::{Entry, Kind, Mark};
use clouddrop_core::{KeyId, Refusal, UnixTime};
use http::{Response, StatusCode};

const NAME: &str = "token-keys";

impl Signer {
    /// Which keys make tokens, as it was a few seconds ago at most.
    pub(crate) async fn key_states(&self, now: UnixTime) -> Result<KeyStates, Failure> {
        let held = self.key_states.lock().ok().and_then(|held| held.clone());
        if let Some((at, states)) = held
            && at <= now
            && now < at.after(KEPT)
        {
            return Ok(states);
        }
        let states: KeyStates = self.read(NAME, now).await?.unwrap_or_default();
        self.hold(states.clone(), now);
        Ok(states)
    }

    fn hold(&self, states: KeyStates, now: UnixTime) {
        if let Ok(mut held) = self.key_states.lock() {
            *held = Some((now, states));
        }
    }
}

/// All keys with their states.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response<String>, Failure> {
    call.page(&[])?;
    let states: KeyStates = call.signer.read(NAME, call.now).await?.unwrap_or_default();
    reply::json(StatusCode::OK, &view(call.signer, &states, call.now))
}

/// Has the next key make tokens.
pub(crate) async fn rotate(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let config = &call.signer.config;
    let Nothing {} = call.json()?;
    let moment = call.moment().await?;
    let rotate = |states: &mut KeyStates| {
        // The same call made again has been done: its time is the record's.
        if states.since == moment.now.as_secs() && states.minting.is_some() {
            return Ok(Change::None);
        }
        states.rotate(&config.token_keys, &config.issuer, moment.now)?;
        Ok(Change::Made)
    };
    let states = call.signer.change(NAME, || Some(KeyStates::default()), rotate, call.now).await?.unwrap_or_default();
    call.signer.hold(states.clone(), call.now);
    call.audit(states.minting.as_deref().unwrap_or("")).await?;
    reply::json(StatusCode::OK, &view(call.signer, &states, call.now))
}

/// Ends a key: first in the record, then in the list, which ends its tokens.
pub(crate) async fn retire(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, config) = (call.signer, &call.signer.config);
    let Nothing {} = call.json()?;
    let id = KeyId::new(call.parameter).ok_or(Refusal::NotFound)?;
    let retire = |states: &mut KeyStates| {
        states.retire(id.as_str(), &config.token_keys, &config.issuer, call.now).map(Change::from)
    };
    let states = signer.change(NAME, || Some(KeyStates::default()), retire, call.now).await?.unwrap_or_default();
    signer.hold(states.clone(), call.now);
    let mark = Mark::of_key(&config.issuer, &id);
    signer.revoke(&Entry { kind: Kind::Key, mark, until: FOR_EVER }, call.now).await?;
    call.audit(id.as_str()).await?;
    reply::json(StatusCode::OK, &view(signer, &states, call.now))
}

fn view(signer: &Signer, states: &KeyStates, now: UnixTime) -> KeysView {
    let config = &signer.config;
    let keys = states.list(&config.token_keys, &config.issuer, now);
    KeysView {
        issuer: config.issuer.clone(),
        keys: keys.into_iter().map(|(id, state)| KeyView { id, state }).collect(),
    }
}
