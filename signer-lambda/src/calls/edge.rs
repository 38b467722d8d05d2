//! `/edge/v1/`: what the edge tells, and the tick of the scheduler. No client reaches these paths: the edge forwards
//! `/api/v1/` only, and the signer is called by the edge's and the scheduler's identities only.

use super::shares::EventLog;
use super::webhooks::{deliver_due, tell};
use super::{Call, random, stale};
use crate::failure::Failure;
use crate::records::Change;
use crate::service::{Signer, one};
use crate::views::{PageView, ReportView};
use crate::{pages, reply};
use clouddrop_core::access::owner::owner_of;
use clouddrop_core::decision::{REPORTED_PATH, REPORTED_SHARE};
use clouddrop_core::records::event::{Batch, MAX_EVENTS};
use clouddrop_core::records::id::{backwards, is_record_id, record_id};
use clouddrop_core::records::webhook::Topic;
use clouddrop_core::records::{ShareRecord, VERSION};
use clouddrop_core::{Refusal, UnixTime, query};
use http::{Response, StatusCode};
use serde::Serialize;

const REPORTS: &str = "reports/";
/// Longest reason and contact of a report, in bytes.
const MAX_REASON_BYTES: usize = 2000;
const MAX_CONTACT_BYTES: usize = 256;

/// Keeps and counts a batch of events. Sent again, it is kept and counted once: its name is the batch's own.
pub(crate) async fn events(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let (signer, now) = (call.signer, call.now);
    let batch: Batch = call.json()?;
    let name = batch.batch.clone();
    if batch.events.len() > MAX_EVENTS {
        return Err(Refusal::TooLarge.into());
    }
    for (share, of_share) in batch.by_share()? {
        let record_name = format!("shares/{}/{share}", of_share.owner);
        if signer.read::<ShareRecord>(&record_name, now).await?.is_none() {
            continue; // a token that was not made here: nobody could read of it
        }
        let at = of_share.events.iter().map(|event| event.at).max().unwrap_or(0);
        let at = UnixTime::from_millis(i64::try_from(at).unwrap_or(0));
        let log = EventLog { v: VERSION, events: of_share.events };
        let log_name = format!("events/{share}/{}-{name}", super::hex(&backwards(at)));
        signer.create(&log_name, &log, now).await?;
        let count = |record: &mut ShareRecord| Ok(Change::from(record.count(&name, &of_share.uses)));
        let record = signer.change(&record_name, || None, count, now).await?;
        if let Some(record) = record {
            let told = serde_json::json!({ "share": share, "uses": record.uses, "events": log.events });
            let about = format!("{share}_{name}");
            tell(signer, &record.owner.tag(), Topic::ShareUsed, &about, &told, now).await?;
        }
    }
    Ok(reply::empty())
}

/// A report as it is kept.
#[derive(Serialize)]
struct ReportRecord {
    v: u32,
    #[serde(flatten)]
    view: ReportView,
}

/// Keeps a report.
pub(crate) async fn report(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let form = std::str::from_utf8(call.body).map_err(|_| Refusal::BadRequest("the form is no text"))?;
    let (mut reason, mut contact) = (String::new(), None);
    for (name, value) in query::pairs(form)? {
        match name.as_str() {
            "reason" => reason = value,
            "contact" => contact = Some(value).filter(|text| !text.is_empty()),
            _ => return Err(Refusal::BadRequest("a report has a reason, and may have a contact").into()),
        }
    }
    let header = |name| one(call.headers, name).map(String::from).unwrap_or_default();
    let (share, path) = (header(REPORTED_SHARE), header(REPORTED_PATH));
    let owner = owner_of(&path).map(String::from).unwrap_or_default();
    let plain = |text: &str, most: usize| (1..=most).contains(&text.len()) && !text.contains('\0');
    let fits = is_record_id(&share)
        && path.len() <= 1024
        && plain(&reason, MAX_REASON_BYTES)
        && contact.as_deref().is_none_or(|text| plain(text, MAX_CONTACT_BYTES));
    if !fits {
        return Err(Refusal::BadRequest("not a report: a reason has 1 to 2000 bytes, a contact 1 to 256").into());
    }
    let id = record_id(call.now, &random()?);
    let view = ReportView { id: id.clone(), at: call.now.to_string(), share, owner, path, reason, contact };
    call.signer.create(&format!("{REPORTS}{id}"), &ReportRecord { v: VERSION, view }, call.now).await?;
    call.signer.log.write(&serde_json::json!({ "message": "a share was reported", "report": id, "alarm": true }));
    Ok(reply::text(StatusCode::OK, "Thank you. The report is with those who run this service.\n".into()))
}

/// Reports, the newest first.
pub(crate) async fn reports(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor"])?;
    let (records, next_cursor) = pages::page::<ReportView>(call.signer, REPORTS, &page, call.now).await?;
    let items = records.into_iter().map(|(_, view)| view).collect();
    reply::json(StatusCode::OK, &PageView { items, next_cursor })
}

/// Does what is due: the revocation list is looked after, stale uploads are ended, messages delivered.
pub(crate) async fn tick(call: &Call<'_>) -> Result<Response<String>, Failure> {
    reply::json(StatusCode::OK, &ticked(call.signer, call.now).await?)
}

/// What a tick has done.
#[derive(Serialize)]
struct Ticked {
    delivered: usize,
    aborted: u64,
    completed: u64,
}

async fn ticked(signer: &Signer, now: UnixTime) -> Result<Ticked, Failure> {
    signer.ensure_list(now).await;
    let delivered = deliver_due(signer, now).await?;
    let swept = stale::sweep(signer, None, None, now).await?;
    Ok(Ticked { delivered, aborted: swept.aborted, completed: swept.completed })
}

impl Signer {
    /// Does what is due, and logs what fails.
    pub async fn tick(&self, now: UnixTime) {
        if let Err(failure) = ticked(self, now).await {
            self.log.message(&format!("the tick failed: {}", failure.refusal));
        }
    }
}
