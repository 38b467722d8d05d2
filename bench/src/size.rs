//! Part (c), first half: what is deployed, in bytes.

use std::fs;
use std::io::Write as _;

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::edge::WASM;
use crate::subject::{Bench, Kind};

/// The edge's wasm.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sizes {
    pub(crate) wasm: usize,
    /// By gzip at level 9, as the platform's limit counts.
    pub(crate) wasm_gzip: usize,
}

/// `None` when the edge was not asked for.
pub(crate) fn measure(bench: &Bench<'_>) -> anyhow::Result<Option<Sizes>> {
    if !bench.kinds.contains(&Kind::Edge) {
        return Ok(None);
    }
    let path = bench.edge.join(WASM);
    let wasm = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&wasm)?;
    Ok(Some(Sizes { wasm: wasm.len(), wasm_gzip: gzip.finish()?.len() }))
}
