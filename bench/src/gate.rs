//! Part (a): verify, decide and sign, as a loop inside workerd.
//!
//! workerd's clock stands still within a request, so a call of many iterations is timed from outside and the time of a
//! call of one iteration is taken off.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

use crate::args::Effort;
use crate::client::Client;
use crate::process::Cpu;
use crate::progress;
use crate::samples::Samples;
use crate::stats::Spread;
use crate::subject::{Bench, Kind};
use crate::workerd::Workerd;

/// What is called: the whole gate, or with a request that is refused at the first look.
const GATE: &str = "";
const BORDER: &str = "&border";
/// Iterations before anything is timed: the optimising compilers have then seen the code.
const WARM_UP: u64 = 3000;
/// One-iteration calls whose median is the overhead of a call.
const OVERHEAD_CALLS: usize = 5;

/// The result: a row per worker.
#[derive(Debug, Serialize)]
pub(crate) struct Gate {
    pub(crate) rows: Vec<Row>,
    /// How many times as long the peer takes as the edge.
    pub(crate) jose_over_edge: Option<Spread>,
    /// Microseconds of what a call of the edge's gate costs when the rules refuse at the first look: the text of the
    /// request in, a text out.
    pub(crate) border_micros: Option<Spread>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) worker: Kind,
    /// Iterations in one call.
    pub(crate) iterations: u64,
    /// Microseconds an iteration.
    pub(crate) micros: Spread,
    /// Cores that everything else on the machine kept busy.
    pub(crate) other_cores: Spread,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    micros: f64,
    border_micros: f64,
    other_cores: f64,
}

struct Loop {
    kind: Kind,
    workerd: Workerd,
    client: Client,
    iterations: u64,
}

/// `None` when neither worker with a gate was asked for.
pub(crate) async fn measure(bench: &Bench<'_>, effort: &Effort) -> anyhow::Result<Option<Gate>> {
    let mut loops = Vec::new();
    for kind in bench.kinds.iter().copied().filter(|kind| matches!(kind, Kind::Edge | Kind::Jose)) {
        let workerd = bench.start_loop(kind)?;
        let client = workerd.connect().await?;
        let mut one = Loop { kind, workerd, client, iterations: WARM_UP };
        one.call(WARM_UP, GATE).await.with_context(|| format!("the gate loop of {}", kind.name()))?;
        let sample = one.call(WARM_UP, GATE).await?;
        one.iterations = scaled(WARM_UP, sample, effort.gate_call);
        loops.push(one);
    }
    if loops.is_empty() {
        return Ok(None);
    }
    let kinds: Vec<Kind> = loops.iter().map(|one| one.kind).collect();
    let mut samples = Samples::new(&kinds);
    for round in 0..effort.gate_rounds {
        progress(&format!("(a) gate loop, round {} of {}", round + 1, effort.gate_rounds));
        loops.rotate_left(1);
        for one in &mut loops {
            samples.push(one.kind, one.round().await?);
        }
    }
    let rows = samples.rows(|kind| {
        let iterations = loops.iter().find(|one| one.kind == kind)?.iterations;
        Some(Row {
            worker: kind,
            iterations,
            micros: samples.spread(kind, |one| one.micros)?,
            other_cores: samples.spread(kind, |one| one.other_cores)?,
        })
    });
    Ok(Some(Gate {
        rows,
        jose_over_edge: samples.ratio(Kind::Jose, Kind::Edge, |one| one.micros),
        border_micros: samples.spread(Kind::Edge, |one| one.border_micros),
    }))
}

impl Loop {
    async fn round(&mut self) -> anyhow::Result<Sample> {
        let mut overhead = Vec::with_capacity(OVERHEAD_CALLS);
        for _ in 0..OVERHEAD_CALLS {
            overhead.push(self.call(1, GATE).await?.as_secs_f64());
        }
        let overhead = Spread::of(overhead).context("no one-iteration call")?.median;
        let cpu = Cpu::now(&self.workerd)?;
        let whole = self.call(self.iterations, GATE).await?.as_secs_f64();
        let cpu = Cpu::now(&self.workerd)?.since(cpu);
        // Only the edge's loop knows it.
        let border =
            if self.kind == Kind::Edge { self.call(self.iterations, BORDER).await?.as_secs_f64() } else { overhead };
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let iterations = (self.iterations - 1) as f64;
        let each = |whole: f64| (whole - overhead) / iterations * 1e6;
        Ok(Sample { micros: each(whole), border_micros: each(border), other_cores: cpu.others() / whole })
    }

    async fn call(&mut self, iterations: u64, what: &str) -> anyhow::Result<Duration> {
        let request = format!("GET /?n={iterations}{what} HTTP/1.1\r\nHost: loop.bench.test\r\n\r\n");
        let begun = Instant::now();
        self.client.exchange(request.as_bytes(), 0).await?;
        Ok(begun.elapsed())
    }
}

/// The iterations that take about `wanted` when `iterations` take `sample`.
fn scaled(iterations: u64, sample: Duration, wanted: Duration) -> u64 {
    let each = (sample.as_nanos() / u128::from(iterations)).max(1);
    u64::try_from(wanted.as_nanos() / each).unwrap_or(u64::MAX).clamp(1000, 10_000_000)
}
