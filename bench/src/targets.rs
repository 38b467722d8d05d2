//! What the edge must reach, and whether it did.

use serde::Serialize;

use crate::instructions::Instructions;
use crate::report::Report;
use crate::subject::Kind;

/// Times the speed of `jose` + `aws4fetch` in the gate loop.
const GATE_OVER_JOSE: f64 = 7.0;
/// Of the pass-through's requests per second, 1 KiB and 32 connections.
const RATE_OVER_PASS_THROUGH: f64 = 0.75;
/// Of the peer's requests per second, 1 KiB and 32 connections.
const RATE_OVER_JOSE: f64 = 1.25;
/// Its 99th percentile of the latency, of the pass-through's.
const P99_OVER_PASS_THROUGH: f64 = 1.5;
/// Requests per second of what is kept, of those of what is not.
const HITS_OVER_MISSES: f64 = 1.5;
/// KiB of gzipped wasm.
const WASM_GZIP_KIB: f64 = 150.0;
/// MiB of resident memory a large object may add.
const GROWTH_MIB: f64 = 8.0;
/// What a thousand slow readers may add while they read, of what they hold when all buffers are full. The runtime's
/// buffers are nearly all of it, and the pass-through's waver by a twentieth.
const SLOW_GROWTH: f64 = 0.1;
/// Of the pass-through's memory for a slow reader.
const SLOW_OVER_PASS_THROUGH: f64 = 1.25;
/// Instructions of the dearest refusal, of an accepted token's.
const REFUSED_OVER_ACCEPTED: f64 = 0.5;
/// Of the pass-through's rate with a large object.
const STREAM_OVER_PASS_THROUGH: f64 = 0.85;

/// One target with its measure.
#[derive(Debug, Serialize)]
pub(crate) struct Target {
    pub(crate) part: char,
    pub(crate) what: &'static str,
    pub(crate) measured: f64,
    pub(crate) bound: Bound,
    pub(crate) met: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn met_by(self, measured: f64) -> bool {
        match self {
            Self::AtLeast(least) => measured >= least,
            Self::AtMost(most) => measured <= most,
        }
    }
}

/// Every target whose measure is in the report.
pub(crate) fn judge(report: &Report) -> Vec<Target> {
    let row = report.throughput.as_ref().and_then(|part| part.judged(Kind::Edge));
    let hits = report.throughput.as_ref().and_then(|part| part.judged(Kind::Hits));
    let slow = report.slow.as_ref().and_then(|part| part.rows.iter().find(|row| row.worker == Kind::Edge));
    let stream = report.stream.as_ref().and_then(|part| part.rows.iter().find(|row| row.worker == Kind::Edge));
    #[expect(clippy::cast_precision_loss, reason = "a file's size is far below 2^52")]
    let gzip = report.sizes.map(|sizes| sizes.wasm_gzip as f64 / 1024.0);
    let gate = report.gate.as_ref().and_then(|part| part.jose_over_edge);
    [
        (
            'a',
            "verify + decide + sign: times as fast as jose + aws4fetch",
            gate.map(|ratio| ratio.median),
            Bound::AtLeast(GATE_OVER_JOSE),
        ),
        (
            'b',
            "requests/s of the pass-through's, 1 KiB, 32 connections, everything on",
            hits.and_then(|row| row.over_pass_through).map(|ratio| ratio.median),
            Bound::AtLeast(RATE_OVER_PASS_THROUGH),
        ),
        (
            'b',
            "the same, the cache off: the origin is asked each time",
            row.and_then(|row| row.over_pass_through).map(|ratio| ratio.median),
            Bound::AtLeast(RATE_OVER_PASS_THROUGH),
        ),
        (
            'b',
            "requests/s of jose + aws4fetch's, 1 KiB, 32 connections, the cache off",
            row.and_then(|row| row.over_jose).map(|ratio| ratio.median),
            Bound::AtLeast(RATE_OVER_JOSE),
        ),
        (
            'b',
            "99th percentile of the pass-through's, 1 KiB, 32 connections, the cache off",
            row.and_then(|row| row.p99_over_pass_through).map(|ratio| ratio.median),
            Bound::AtMost(P99_OVER_PASS_THROUGH),
        ),
        (
            'b',
            "requests/s of what is kept, of what is not, 1 KiB, 32 connections",
            hits.and_then(|row| row.over_edge).map(|ratio| ratio.median),
            Bound::AtLeast(HITS_OVER_MISSES),
        ),
        ('c', "wasm, gzipped, KiB", gzip, Bound::AtMost(WASM_GZIP_KIB)),
        // The worst round: memory that grows once is memory that is needed.
        (
            'd',
            "memory added by a large object, MiB",
            stream.map(|row| row.growth_mib.greatest),
            Bound::AtMost(GROWTH_MIB),
        ),
        (
            'd',
            "rate of the pass-through's with a large object",
            stream.and_then(|row| row.over_pass_through).map(|ratio| ratio.median),
            Bound::AtLeast(STREAM_OVER_PASS_THROUGH),
        ),
        (
            'e',
            "memory added while 1,000 slow readers read, of what they hold",
            slow.map(|row| row.growth.greatest),
            Bound::AtMost(SLOW_GROWTH),
        ),
        (
            'e',
            "memory of a slow reader of the pass-through's",
            slow.and_then(|row| row.over_pass_through).map(|ratio| ratio.median),
            Bound::AtMost(SLOW_OVER_PASS_THROUGH),
        ),
        (
            'f',
            "instructions of the dearest refusal, of an accepted token's",
            report.instructions.as_ref().map(Instructions::worst),
            Bound::AtMost(REFUSED_OVER_ACCEPTED),
        ),
    ]
    .into_iter()
    .filter_map(|(part, what, measured, bound)| {
        let measured = measured?;
        Some(Target { part, what, measured, bound, met: bound.met_by(measured) })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_includes_its_value_and_nothing_beyond() {
        assert!(Bound::AtLeast(6.0).met_by(6.0) && !Bound::AtLeast(6.0).met_by(5.99));
        assert!(Bound::AtMost(8.0).met_by(8.0) && !Bound::AtMost(8.0).met_by(8.01));
        assert!(!Bound::AtMost(8.0).met_by(f64::NAN) && !Bound::AtLeast(8.0).met_by(f64::NAN));
    }
}
