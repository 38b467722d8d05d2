//! Part (b): requests per second, latency and CPU per request, per worker and cell, interleaved.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::args::Effort;
use crate::load::{self, Plan};
use crate::origin::size_of;
use crate::process::Cpu;
use crate::progress;
use crate::samples::Samples;
use crate::stats::Spread;
use crate::subject::{Bench, Kind};
use crate::workerd::Workerd;

/// The connections and the object of each cell.
const CELLS: [(usize, &str); 4] = [(1, "1k"), (32, "1k"), (1, "1m"), (32, "1m")];
/// The cell whose ratios have targets.
pub(crate) const JUDGED: (usize, &str) = (32, "1k");

/// How many requests of a cell may find nothing kept: those of all connections at the start.
const MOST_FILLS: u64 = 64;

#[derive(Debug, Serialize)]
pub(crate) struct Throughput {
    pub(crate) rounds: usize,
    pub(crate) cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) connections: usize,
    pub(crate) object: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// One worker in one cell; spreads are over the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) worker: Kind,
    pub(crate) requests_per_second: Spread,
    pub(crate) p50_micros: Spread,
    pub(crate) p99_micros: Spread,
    /// CPU time of the workerd process.
    pub(crate) cpu_micros_per_request: Spread,
    /// Cores the workerd process kept busy.
    pub(crate) worker_cores: Spread,
    /// Cores the origin and the load generator kept busy; near 1 they would be what is measured.
    pub(crate) harness_cores: Spread,
    /// Cores that everything else on the machine kept busy: the nearer to 0, the more the figures are worth.
    pub(crate) other_cores: Spread,
    /// Requests per second over the pass-through's of the same round.
    pub(crate) over_pass_through: Option<Spread>,
    /// Requests per second over the peer's of the same round.
    pub(crate) over_jose: Option<Spread>,
    /// Requests per second over those of the edge that asks the origin each time.
    pub(crate) over_edge: Option<Spread>,
    /// 99th percentile of the latency over the pass-through's.
    pub(crate) p99_over_pass_through: Option<Spread>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    requests_per_second: f64,
    p50_micros: f64,
    p99_micros: f64,
    cpu_micros: f64,
    worker_cores: f64,
    harness_cores: f64,
    other_cores: f64,
}

impl Throughput {
    pub(crate) fn judged(&self, kind: Kind) -> Option<&Row> {
        let cell = self.cells.iter().find(|cell| (cell.connections, cell.object) == JUDGED)?;
        cell.rows.iter().find(|row| row.worker == kind)
    }
}

/// Each round starts every worker anew (a process differs from the next by chance), warms it, and then goes through the
/// cells, the workers taking turns within each.
pub(crate) async fn measure(bench: &Bench<'_>, effort: &Effort, only_judged: bool) -> anyhow::Result<Throughput> {
    let cells = CELLS.iter().filter(|cell| !only_judged || **cell == JUDGED);
    let mut samples: Vec<_> = cells.map(|cell| (*cell, Samples::new(&bench.kinds))).collect();
    for round in 0..effort.load_rounds {
        progress(&format!("(b) throughput, round {} of {}", round + 1, effort.load_rounds));
        let mut running = Vec::new();
        for kind in &bench.kinds {
            let workerd = bench.start(*kind)?;
            sample(bench, *kind, &workerd, (32, "1k"), effort.warm_up).await?;
            sample(bench, *kind, &workerd, (8, "1m"), effort.warm_up / 4).await?;
            running.push((*kind, workerd));
        }
        for (index, (cell, samples)) in samples.iter_mut().enumerate() {
            let first = (round + index) % running.len().max(1);
            running.rotate_left(first);
            let time = if *cell == JUDGED { effort.load_time * 2 } else { effort.load_time };
            for (kind, workerd) in &running {
                samples.push(*kind, sample(bench, *kind, workerd, *cell, time).await?);
            }
            running.rotate_right(first);
        }
    }
    let cells = samples
        .iter()
        .map(|((connections, object), samples)| Cell { connections: *connections, object, rows: rows(samples) })
        .collect();
    Ok(Throughput { rounds: effort.load_rounds, cells })
}

async fn sample(
    bench: &Bench<'_>,
    kind: Kind,
    workerd: &Workerd,
    (connections, object): (usize, &str),
    time: Duration,
) -> anyhow::Result<Sample> {
    let plan = Plan {
        address: workerd.address,
        request: Arc::from(bench.ask(kind, object)?.wire()),
        body: size_of(object).context("an object whose name says no size")?,
        connections,
        time,
    };
    let origin = bench.origin.served();
    let before = Cpu::now(workerd)?;
    let load = load::run(&plan).await.with_context(|| format!("{} under load", kind.name()))?;
    let cpu = Cpu::now(workerd)?.since(before);

    // Every reply came from the origin, and every one was signed for; but for what is kept, and its list every few
    // seconds.
    let served = bench.origin.served();
    let (all, signed) = (served.all - origin.all, served.signed - origin.signed);
    let is_right = if kind == Kind::Hits { all <= MOST_FILLS } else { all == kind.asks(load.requests) };
    ensure!(is_right, "{}: {} replies from {all} requests to the origin", kind.name(), load.requests);
    ensure!(signed == if kind.guards() { all } else { 0 }, "{}: {signed} of {all} requests were signed", kind.name());
    ensure!(load.requests > 0, "{}: no reply in {time:?}", kind.name());

    let seconds = load.elapsed.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds far below 2^52")]
    let (requests, micros) = (load.requests as f64, |quantile| load.latency.value_at_quantile(quantile) as f64 / 1e3);
    Ok(Sample {
        requests_per_second: requests / seconds,
        p50_micros: micros(0.5),
        p99_micros: micros(0.99),
        cpu_micros: cpu.worker / requests * 1e6,
        worker_cores: cpu.worker / seconds,
        harness_cores: cpu.harness / seconds,
        other_cores: cpu.others() / seconds,
    })
}

fn rows(samples: &Samples<Sample>) -> Vec<Row> {
    samples.rows(|kind| {
        let spread = |field: fn(&Sample) -> f64| samples.spread(kind, field);
        let over = |other| samples.ratio(kind, other, |sample| sample.requests_per_second);
        Some(Row {
            worker: kind,
            requests_per_second: spread(|sample| sample.requests_per_second)?,
            p50_micros: spread(|sample| sample.p50_micros)?,
            p99_micros: spread(|sample| sample.p99_micros)?,
            cpu_micros_per_request: spread(|sample| sample.cpu_micros)?,
            worker_cores: spread(|sample| sample.worker_cores)?,
            harness_cores: spread(|sample| sample.harness_cores)?,
            other_cores: spread(|sample| sample.other_cores)?,
            over_pass_through: over(Kind::PassThrough),
            over_jose: over(Kind::Jose),
            over_edge: over(Kind::Edge),
            p99_over_pass_through: samples.ratio(kind, Kind::PassThrough, |sample| sample.p99_micros),
        })
    })
}
