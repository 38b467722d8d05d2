//! Pages of records, in the order of their names.

use crate::failure::Failure;
use crate::service::Signer;
use clouddrop_core::UnixTime;
use clouddrop_core::records::Page;
use serde::de::DeserializeOwned;

/// Most records that one call looks through for those that a filter asks for.
const MAX_LOOKED_AT: usize = 1000;

/// The records of one page in `folder`, and where the next begins.
pub(crate) async fn page<T: DeserializeOwned>(
    signer: &Signer,
    folder: &str,
    page: &Page,
    now: UnixTime,
) -> Result<(Vec<(String, T)>, Option<String>), Failure> {
    let names = signer.s3.names(folder, page.cursor.as_deref(), page.limit, now).await?;
    let next = names.more.then(|| names.names.last().cloned()).flatten();
    Ok((signer.read_all(folder, &names.names, now).await?, next))
}

/// As [`page`], of those that `wanted` picks. A page may come back short, or empty, with a cursor: then so many were
/// looked at.
pub(crate) async fn filtered<T: DeserializeOwned>(
    signer: &Signer,
    folder: &str,
    page: &Page,
    wanted: impl Fn(&T) -> bool,
    now: UnixTime,
) -> Result<(Vec<(String, T)>, Option<String>), Failure> {
    let mut found = Vec::new();
    let mut cursor = page.cursor.clone();
    let mut looked_at = 0;
    loop {
        let names = signer.s3.names(folder, cursor.as_deref(), 200, now).await?;
        looked_at += names.names.len();
        let records: Vec<(String, T)> = signer.read_all(folder, &names.names, now).await?;
        for (name, record) in records.into_iter().filter(|(_, record)| wanted(record)) {
            if found.len() == page.limit {
                let next = found.last().map(|(name, _): &(String, T)| name.clone());
                return Ok((found, next));
            }
            found.push((name, record));
        }
        cursor = names.names.last().cloned();
        if !names.more {
            return Ok((found, None));
        }
        if looked_at >= MAX_LOOKED_AT {
            return Ok((found, cursor));
        }
    }
}
