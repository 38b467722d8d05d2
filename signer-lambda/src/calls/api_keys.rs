//! `/api/v1/api-keys`: made, listed, ended. A key is shown when it is made, and never again.

use super::{Call, time};
use crate::failure::Failure;
use crate::s3::Written;
use crate::views::{ApiKeyView, PageView};
use crate::who::{API_KEYS, is_key_id, key_name, new_key};
use crate::{pages, reply};
use clouddrop_core::Refusal;
use clouddrop_core::records::api_key::hash;
use clouddrop_core::records::{ApiKeyRecord, ApiKeyRequest};
use http::{Response, StatusCode};

/// Makes a key.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response<String>, Failure> {
    if call.headers.contains_key("idempotency-key") {
        // The answer could not be given again: the key is not kept.
        return Err(Refusal::BadRequest("a key is not made idempotently: delete one whose answer was lost").into());
    }
    let request: ApiKeyRequest = call.json()?;
    let key = new_key()?;
    let record = request.check(hash(&key), call.owner(None)?, call.who(), call.now)?;
    let name = key_name(&record.sha256);
    if call.signer.create(&name, &record, call.now).await? == Written::LostRace {
        return Err(Refusal::Internal("the same key twice").into());
    }
    call.signer.known_keys.forget(&record.sha256);
    call.audit(&record.id).await?;
    reply::json(StatusCode::CREATED, &ApiKeyView { key: Some(key), ..view(record) })
}

/// All keys that the API has made.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["limit", "cursor"])?;
    let (records, next_cursor) = pages::page::<ApiKeyRecord>(call.signer, API_KEYS, &page, call.now).await?;
    let items = records.into_iter().map(|(_, record)| view(record)).collect();
    reply::json(StatusCode::OK, &PageView { items, next_cursor })
}

/// Ends a key: within 20 seconds everywhere.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Response<String>, Failure> {
    call.page(&[])?;
    let id = call.named(is_key_id)?;
    let found = call.signer.s3.names(&format!("{API_KEYS}{id}"), None, 1, call.now).await?;
    let rest = found.names.first().ok_or(Refusal::NotFound)?;
    let hash = format!("{id}{rest}");
    call.signer.s3.delete(&key_name(&hash), call.now).await?;
    call.signer.known_keys.forget(&hash);
    call.audit(id).await?;
    Ok(reply::empty())
}

fn view(record: ApiKeyRecord) -> ApiKeyView {
    ApiKeyView {
        id: record.id,
        name: record.name,
        owner: record.owner,
        role: record.role,
        scopes: record.scopes,
        created_at: time(record.created_at),
        created_by: record.created_by,
        expires_at: time(record.expires_at),
        key: None,
    }
}
