//! `/api/v1/webhooks`: who is told, and the telling. A message is first written down, then delivered: at once, and
//! where that fails, again and again by the tick, until it is taken or given up.

use super::{Call, random, time};
use crate::failure::Failure;
use crate::service::Signer;
use crate::views::{PageView, WebhookView};
use crate::{pages, reply};
use clouddrop_core::access::OwnerTag;
use clouddrop_core::records::id::{is_record_id, record_id};
use clouddrop_core::records::webhook::{self, Delivery, MAX_WEBHOOKS, Receivers, Topic, next_try};
use clouddrop_core::records::{VERSION, WebhookRecord, WebhookRequest};
use clouddrop_core::{Refusal, UnixTime};
use futures_util::stream::{self, StreamExt as _};
use http::{Response, StatusCode};
use std::time::Duration;

/// The folder of messages that are to be delivered, by the time of the next try.
const OUTBOX: &str = "outbox/";
/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most messages of one tick, and how many of them at once.
const MAX_DUE: usize = 200;
const AT_ONCE: usize = 8;

fn folder(owner: &OwnerTag) -> String {
    format!("webhooks/{owner}/")
}

/// Makes a webhook. Its secret is shown here only.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let signer = call.signer;
    let request: WebhookRequest = call.json()?;
    let owner = call.owner(None)?;
    let service = signer.config.webhook_secret.as_ref();
    let service = service.ok_or(Refusal::Conflict("the operator has set no WEBHOOK_SECRET: there are no webhooks"))?;
    let development = signer.config.file_base.starts_with("http://");
    let receivers = if development { Receivers::AndLoopback } else { Receivers::Public };
    request.clone().check(String::new(), owner.clone(), String::new(), receivers, call.now)?;
    let moment = call.moment().await?;
    let id = record_id(moment.now, &moment.entropy[0]);
    let record = request.check(id, owner, call.who(), receivers, moment.now)?;
    let folder = folder(&record.owner.tag());
    if signer.s3.names(&folder, None, MAX_WEBHOOKS, call.now).await?.names.len() >= MAX_WEBHOOKS {
        return Err(Refusal::QuotaExceeded("an owner has at most ten webhooks").into());
    }
    signer.create(&format!("{folder}{}", record.id), &record, call.now).await?;
    call.audit(&record.id).await?;
    let secret = webhook::secret_text(&webhook::secret(service, &record.id));
    reply::json(StatusCode::CREATED, &WebhookView { secret: Some(secret), ..view(record) })
}

/// The webhooks of the owner.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor", "owner"])?;
    let folder = folder(&call.owner(page.owner.as_deref())?.tag());
    let (records, next_cursor) = pages::page::<WebhookRecord>(call.signer, &folder, &page, call.now).await?;
    let items = records.into_iter().map(|(_, record)| view(record)).collect();
    reply::json(StatusCode::OK, &PageView { items, next_cursor })
}

/// Removes a webhook.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let id = call.named(is_record_id)?;
    let page = call.page(&["owner"])?;
    let name = format!("{}{id}", folder(&call.owner(page.owner.as_deref())?.tag()));
    let _: WebhookRecord = call.signer.read(&name, call.now).await?.ok_or(Refusal::NotFound)?;
    call.signer.s3.delete(&name, call.now).await?;
    call.audit(id).await?;
    Ok(reply::empty())
}

fn view(record: WebhookRecord) -> WebhookView {
    WebhookView {
        id: record.id,
        owner: record.owner,
        url: record.url,
        topics: record.topics,
        created_at: time(record.created_at),
        created_by: record.created_by,
        secret: None,
    }
}

/// Writes down a message for each webhook of the owner that wants it. `about` names what it is about: the same thing
/// told twice is one message.
pub(crate) async fn tell(
    signer: &Signer,
    owner: &OwnerTag,
    topic: Topic,
    about: &str,
    data: &serde_json::Value,
    now: UnixTime,
) -> Result<(), Failure> {
    if signer.config.webhook_secret.is_none() {
        return Ok(());
    }
    let folder = folder(owner);
    let names = signer.s3.names(&folder, None, MAX_WEBHOOKS, now).await?.names;
    let hooks: Vec<(String, WebhookRecord)> = signer.read_all(&folder, &names, now).await?;
    for (_, hook) in hooks.into_iter().filter(|(_, hook)| hook.topics.contains(&topic)) {
        let body = serde_json::json!({ "type": topic, "timestamp": now.to_string(), "data": data });
        let delivery = Delivery {
            v: VERSION,
            message: format!("msg_{}_{}", hook.id, about),
            webhook: hook.id,
            owner: owner.to_string(),
            tries: 0,
            body: body.to_string(),
        };
        signer.create(&outbox_name(now, &random()?), &delivery, now).await?;
        signer.has_messages();
    }
    Ok(())
}

/// The time of the next try, then something random: a list of the outbox begins with what is due first.
fn outbox_name(due: UnixTime, entropy: &[u8; 16]) -> String {
    format!("{OUTBOX}{:013}-{}", due.as_millis().max(0), super::hex(entropy))
}

/// Delivers what is due; how many messages were tried.
pub(crate) async fn deliver_due(signer: &Signer, now: UnixTime) -> Result<usize, Failure> {
    let names = signer.s3.names(OUTBOX, None, MAX_DUE, now).await?.names;
    let due = format!("{:013}", now.as_millis().max(0));
    let due: Vec<String> =
        names.into_iter().filter(|name| name.get(..13).is_some_and(|at| at <= due.as_str())).collect();
    let count = due.len();
    let outcomes: Vec<Result<(), Failure>> = stream::iter(due)
        .map(|name| deliver(signer, format!("{OUTBOX}{name}"), now))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    outcomes.into_iter().collect::<Result<(), Failure>>()?;
    Ok(count)
}

async fn deliver(signer: &Signer, name: String, now: UnixTime) -> Result<(), Failure> {
    let Some(delivery) = signer.read::<Delivery>(&name, now).await? else { return Ok(()) };
    let hook_name = format!("webhooks/{}/{}", delivery.owner, delivery.webhook);
    let hook: Option<WebhookRecord> = signer.read(&hook_name, now).await?;
    if let (Some(hook), Some(service)) = (hook, &signer.config.webhook_secret) {
        let secret = webhook::secret(service, &hook.id);
        let request = http::Request::post(&hook.url)
            .header("content-type", "application/json")
            .header("webhook-id", &delivery.message)
            .header("webhook-timestamp", now.as_secs().to_string())
            .header("webhook-signature", webhook::signature(&secret, &delivery.message, now, &delivery.body))
            .body(delivery.body.clone().into_bytes());
        let request = request.map_err(|_| Refusal::Internal("a message cannot be posted"))?;
        let status = post(signer.hooks.clone(), request).await;
        let tries = delivery.tries + 1;
        signer.log.write(&serde_json::json!({
            "message": "a webhook was told", "webhook": hook.id, "tries": tries, "status": status.as_ref().ok(),
            "reason": status.as_ref().err(),
        }));
        match status {
            Ok(200..=299) => {}
            // The receiver says that it wants no more (standard-webhooks, "Responding to webhooks").
            Ok(410) => signer.s3.delete(&hook_name, now).await?,
            _ => {
                let [chance, ..] = random()?;
                if let Some(due) = next_try(tries, chance, now) {
                    signer.create(&outbox_name(due, &random()?), &Delivery { tries, ..delivery }, now).await?;
                }
            }
        }
    }
    // What was put off stands there again, under its new time, before it goes from here: nothing is lost between.
    signer.s3.delete(&name, now).await
}

/// The status of the answer, or why there is none.
async fn post(agent: ureq::Agent, request: http::Request<Vec<u8>>) -> Result<u16, String> {
    let posted = tokio::task::spawn_blocking(move || agent.run(request).map(|answer| answer.status().as_u16())).await;
    match posted {
        Ok(posted) => posted.map_err(|error| error.to_string()),
        Err(_) => Err("dropped".into()),
    }
}

/// The client for receivers: bounded, no redirect followed, no proxy.
pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(TIMEOUT))
        .user_agent("clouddrop-webhooks")
        .build();
    config.into()
}
