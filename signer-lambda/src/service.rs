//! The handler: one call in, one reply out, the same behind a Function URL and on loopback.

use crate::calls::{
    Call, account, api_keys, edge, files, keys, revocations, shares, stale, upload_links, uploads, webhooks,
};
use crate::config::Config;
use crate::failure::Failure;
use crate::log::{Line, Log};
use crate::records::Turns;
use crate::reply;
use crate::s3::S3;
use crate::who::KnownKeys;
use crate::who::oidc::Oidc;
use clouddrop_core::access::operation::Needs;
use clouddrop_core::access::{Caller, Found, Operation};
use clouddrop_core::counter::key_hash;
use clouddrop_core::decision::{CLIENT_AUTHORIZATION, MAX_API_BODY_BYTES, REQUEST_ID};
use clouddrop_core::records::KeyStates;
use clouddrop_core::{Refusal, UnixTime};
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Request, Response, StatusCode};
use std::sync::Mutex;
use std::time::Instant;

/// Longest id of a request that is taken over from the edge.
const MAX_ID_BYTES: usize = 128;
/// Calls by POST that may name an owner in their query.
const READ_QUERY: [Operation; 3] = [Operation::AbortStaleUploads, Operation::RevokeShare, Operation::CloseUploadLink];
/// Written from the types; a test keeps it true.
const OPENAPI: &str = include_str!("../openapi.json");

/// The signer with all that it needs.
#[derive(Debug)]
pub struct Signer {
    pub(crate) config: Config,
    pub(crate) s3: S3,
    pub(crate) log: Log,
    pub(crate) turns: Turns,
    pub(crate) known_keys: KnownKeys,
    pub(crate) oidc: Oidc,
    pub(crate) hooks: ureq::Agent,
    pub(crate) key_states: Mutex<Option<(UnixTime, KeyStates)>>,
    /// Rung when a message is written down.
    messages: tokio::sync::Notify,
}

impl Signer {
    /// A signer for `config`. It connects to nothing yet.
    pub fn new(config: Config, log: Log) -> Self {
        Self {
            s3: S3::new(&config),
            config,
            log,
            turns: Turns::default(),
            known_keys: KnownKeys::default(),
            oidc: Oidc::default(),
            hooks: webhooks::agent(),
            key_states: Mutex::new(None),
            messages: tokio::sync::Notify::new(),
        }
    }

    /// The configuration.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Says that there is a message to deliver.
    pub(crate) fn has_messages(&self) {
        self.messages.notify_one();
    }

    /// Waits until there is a message to deliver, delivers what is due, and logs what fails. To be called again and
    /// again beside the calls; where that stops, the tick delivers.
    pub async fn deliver(&self, now: impl Fn() -> UnixTime) {
        self.messages.notified().await;
        self.deliver_due(now()).await;
    }

    /// Delivers what is due, if a call has left a message.
    pub async fn deliver_if_any(&self, now: UnixTime) {
        let waiting = self.messages.notified();
        if futures_util::FutureExt::now_or_never(waiting).is_some() {
            self.deliver_due(now).await;
        }
    }

    async fn deliver_due(&self, now: UnixTime) {
        if let Err(failure) = webhooks::deliver_due(self, now).await {
            self.log.message(&format!("messages could not be delivered: {}", failure.refusal));
        }
    }

    /// Answers one call and logs it. `platform_id` names the call if the edge has given it no id.
    pub async fn answer(
        &self,
        request: Request<impl AsRef<[u8]>>,
        platform_id: &str,
        now: UnixTime,
    ) -> Response<String> {
        let started = Instant::now();
        let id = one(request.headers(), REQUEST_ID).filter(|id| id.len() <= MAX_ID_BYTES).unwrap_or(platform_id);
        let found = Operation::find(request.method().as_str(), request.uri().path());
        let mut caller = None;
        let outcome = match found {
            Ok(found) => self.perform(found, &request, id, &mut caller, now).await,
            Err(refusal) => Err(refusal.into()),
        };
        let mut line = Line {
            request_id: id,
            method: request.method().as_str(),
            operation: found.ok().map(|found| found.operation.entry().id),
            caller: caller.as_ref().map(Caller::name),
            status: 0,
            code: None,
            reason: None,
            detail: None,
            alarm: false,
        };
        let reply = match outcome {
            Ok(reply) => reply,
            Err(Failure { refusal, detail, told }) => {
                line.code = Some(refusal.code());
                line.reason = Some(refusal.to_string());
                line.detail = detail;
                line.alarm = refusal.is_our_fault();
                let told = told.as_deref().or(refusal.detail()).filter(|_| caller.is_some());
                reply::problem(refusal, told, request.method().as_str(), id)
            }
        };
        line.status = reply.status().as_u16();
        self.log.call(&line, started.elapsed(), now);
        reply
    }

    /// The path (404) and its method (405) are known by now.
    ///
    /// 1. Who calls (401), and whether that one may (403).
    /// 2. The body's length (413) and type (415), or that there is none (400).
    /// 3. The call itself.
    async fn perform(
        &self,
        found: Found<'_>,
        request: &Request<impl AsRef<[u8]>>,
        id: &str,
        caller: &mut Option<Caller>,
        now: UnixTime,
    ) -> Result<Response<String>, Failure> {
        let entry = found.operation.entry();
        match entry.needs {
            Needs::Nothing => {}
            // The edge forwards no such path for anybody, so whoever calls is the edge or the scheduler; but a call
            // that was forwarded for a client shows it.
            Needs::Ourselves if request.headers().contains_key(CLIENT_AUTHORIZATION) => {
                return Err(Refusal::NotFound.into());
            }
            Needs::Ourselves => {}
            Needs::Role(_) | Needs::RoleOrGuest(_) => {
                let who = self.caller(one(request.headers(), CLIENT_AUTHORIZATION), now).await?;
                let allowed = who.may(found.operation);
                *caller = Some(who);
                allowed?;
            }
        }
        let body = request.body().as_ref();
        let has_body = matches!(entry.method, "POST" | "PATCH");
        if body.len() > MAX_API_BODY_BYTES {
            return Err(Refusal::TooLarge.into());
        }
        if !has_body && (!body.is_empty() || request.headers().contains_key(CONTENT_TYPE)) {
            return Err(Refusal::BadRequest("a body where none belongs").into());
        }
        let is_form = found.operation == Operation::RecordReport; // as a browser sends it, and the edge passes it on
        if has_body && !is_form && !one(request.headers(), CONTENT_TYPE.as_str()).is_some_and(is_json) {
            return Err(Refusal::UnsupportedType.into());
        }
        let query = request.uri().query().unwrap_or("");
        if entry.method == "POST" && !query.is_empty() && !READ_QUERY.contains(&found.operation) {
            return Err(Refusal::BadRequest("no query is read here").into());
        }
        if let Some(key) = request.headers().get("idempotency-key")
            && key.to_str().ok().and_then(key_hash).is_none()
        {
            return Err(Refusal::BadRequest("an Idempotency-Key has 1 to 255 visible characters").into());
        }
        let call = Call {
            signer: self,
            operation: found.operation,
            caller: caller.clone(),
            parameter: found.parameter,
            query,
            body,
            headers: request.headers(),
            id,
            now,
        };
        self.dispatch(&call).await
    }

    async fn dispatch(&self, call: &Call<'_>) -> Result<Response<String>, Failure> {
        match call.operation {
            Operation::ShowApi => Ok(reply::json_text(StatusCode::OK, OPENAPI.into())),
            Operation::ShowAccount => account::show(call).await,
            Operation::CreateShare => shares::create(call).await,
            Operation::ListShares => shares::list(call).await,
            Operation::ShowShare => shares::show(call).await,
            Operation::ChangeShare => shares::change(call).await,
            Operation::RevokeShare => shares::revoke(call).await,
            Operation::ListShareEvents => shares::events(call).await,
            Operation::ListFiles => files::list(call).await,
            Operation::ShowFile => files::show(call).await,
            Operation::OpenFile => files::open(call).await,
            Operation::ChangeFile => files::change(call).await,
            Operation::DeleteFile => files::delete(call).await,
            Operation::CreateUpload => uploads::create(call).await,
            Operation::ListUploads => uploads::list(call).await,
            Operation::PresignParts => uploads::presign_parts(call),
            Operation::ListParts => uploads::list_parts(call).await,
            Operation::CompleteUpload => uploads::complete(call).await,
            Operation::AbortUpload => uploads::abort(call).await,
            Operation::AbortStaleUploads => stale::abort(call).await,
            Operation::CreateUploadLink => upload_links::create(call).await,
            Operation::ListUploadLinks => upload_links::list(call).await,
            Operation::ShowUploadLink => upload_links::show(call).await,
            Operation::ShowUploadTerms => upload_links::terms(call).await,
            Operation::CloseUploadLink => upload_links::close(call).await,
            Operation::CreateWebhook => webhooks::create(call).await,
            Operation::ListWebhooks => webhooks::list(call).await,
            Operation::DeleteWebhook => webhooks::delete(call).await,
            Operation::ListKeys => keys::list(call).await,
            Operation::RotateKeys => keys::rotate(call).await,
            Operation::RetireKey => keys::retire(call).await,
            Operation::CreateApiKey => api_keys::create(call).await,
            Operation::ListApiKeys => api_keys::list(call).await,
            Operation::DeleteApiKey => api_keys::delete(call).await,
            Operation::ShowRevocations => revocations::show(call).await,
            Operation::CreateRevocation => revocations::create(call).await,
            Operation::ListReports => edge::reports(call).await,
            Operation::RecordEvents => edge::events(call).await,
            Operation::RecordReport => edge::report(call).await,
            Operation::Tick => edge::tick(call).await,
        }
    }
}

/// The only value of a header, where it is text.
pub(crate) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { Some(value) }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim_matches([' ', '\t']);
    essence.eq_ignore_ascii_case("application/json")
}
