//! `GET /api/v1/account`: who is calling, and how much there is.

use super::Call;
use crate::failure::Failure;
use crate::reply;
use crate::views::AccountView;
use clouddrop_core::access::Owner;
use clouddrop_core::records::{Account, account};
use http::{Response, StatusCode};

/// The name of an owner's account.
pub(crate) fn name(tag: &str) -> String {
    format!("accounts/{tag}")
}

/// The caller's role and what the owner has.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response<String>, Failure> {
    let page = call.page(&["owner"])?;
    let owner: Owner = call.owner(page.owner.as_deref())?;
    let account: Option<Account> = call.signer.read(&name(owner.tag().as_str()), call.now).await?;
    let account = account.unwrap_or_else(|| account::Account::new(owner));
    let quota = call.signer.config.quota;
    let who = call.known()?;
    let view = AccountView {
        name: who.name.clone(),
        role: who.role,
        scopes: who.scopes.clone(),
        folder: account.owner.tag().to_string(),
        owner: account.owner,
        bytes: account.tally.bytes,
        files: account.tally.files,
        pending_bytes: account.tally.pending.values().fold(0, |sum, size| sum.saturating_add(*size)),
        open_uploads: account.tally.pending.len() as u64,
        max_bytes: quota.bytes,
        max_files: quota.files,
        max_open_uploads: quota.open_uploads,
    };
    reply::json(StatusCode::OK, &view)
}
