//! The edge's side: its bindings, a request with a token it accepts, and that request in the form the gate loop takes.

use std::net::SocketAddr;

use anyhow::bail;

use crate::ask::Ask;
use crate::peer::{ACCESS_KEY_ID, FILE_HOST, OBJECT_PREFIX, REGION, SECRET_ACCESS_KEY};

const AUDIENCE: &str = "bench";

/// Every variable and secret of the edge.
pub(crate) fn bindings(origin: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("FILE_HOST", FILE_HOST.into()),
        ("PAGE_HOST", "page.bench.test".into()),
        ("AUDIENCE", AUDIENCE.into()),
        ("ORIGIN", format!("http://{origin}")),
        ("REGION", REGION.into()),
        ("OBJECT_PREFIX", OBJECT_PREFIX.into()),
        // Never called here, but a configuration without it is refused.
        ("SIGNER_URL", format!("http://{origin}")),
        ("TOKEN_KEYS", String::new()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.into()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.into()),
    ]
}

/// `GET /d/<token>` for one object, by its exact path.
///
/// # Errors
/// Until the core can mint tokens there is no edge to measure.
pub(crate) fn ask(object: &str) -> anyhow::Result<Ask> {
    bail!(
        "no token for {object:?}: minting is not wired into the benchmark yet; use --only passthrough,jose"
    )
}

/// `ask` as the record the worker's `gate` reads.
pub(crate) fn record(ask: &Ask) -> anyhow::Result<String> {
    bail!(
        "no record for {:?}: not wired into the benchmark yet",
        ask.path
    )
}
