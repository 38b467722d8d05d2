//! Part (d): one large object through the worker: rate, CPU, and what it adds to the worker's memory.

use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;

use crate::args::Effort;
use crate::origin::size_of;
use crate::process::{self, Cpu};
use crate::progress;
use crate::samples::Samples;
use crate::stats::Spread;
use crate::subject::{Bench, Kind};

const MIB: f64 = 1_048_576.0;

#[derive(Debug, Serialize)]
pub(crate) struct Stream {
    pub(crate) object: &'static str,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) worker: Kind,
    pub(crate) mib_per_second: Spread,
    /// Peak resident memory while streaming, over what was resident before, in MiB.
    pub(crate) growth_mib: Spread,
    /// Resident before, in MiB.
    pub(crate) resident_mib: Spread,
    /// CPU seconds of the workerd process.
    pub(crate) cpu_seconds_per_gib: Spread,
    /// Cores that origin and load generator, and everything else, kept busy.
    pub(crate) harness_cores: Spread,
    pub(crate) other_cores: Spread,
    /// Rate over the pass-through's of the same round.
    pub(crate) over_pass_through: Option<Spread>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    mib_per_second: f64,
    growth_mib: f64,
    resident_mib: f64,
    cpu_seconds_per_gib: f64,
    harness_cores: f64,
    other_cores: f64,
}

pub(crate) async fn measure(bench: &Bench<'_>, effort: &Effort) -> anyhow::Result<Stream> {
    let mut samples = Samples::new(&[]);
    for round in 0..effort.stream_rounds {
        progress(&format!(
            "(d) {} in one reply, round {} of {}",
            effort.stream_object,
            round + 1,
            effort.stream_rounds
        ));
        // What is too large to be kept is handed through.
        for kind in bench.rotated(round).into_iter().filter(|kind| *kind != Kind::Hits) {
            samples.push(kind, sample(bench, kind, effort).await?);
        }
    }
    let rows = samples.rows(|kind| {
        let spread = |field: fn(&Sample) -> f64| samples.spread(kind, field);
        Some(Row {
            worker: kind,
            mib_per_second: spread(|one| one.mib_per_second)?,
            growth_mib: spread(|one| one.growth_mib)?,
            resident_mib: spread(|one| one.resident_mib)?,
            cpu_seconds_per_gib: spread(|one| one.cpu_seconds_per_gib)?,
            harness_cores: spread(|one| one.harness_cores)?,
            other_cores: spread(|one| one.other_cores)?,
            over_pass_through: samples.ratio(kind, Kind::PassThrough, |one| one.mib_per_second),
        })
    });
    Ok(Stream { object: effort.stream_object, rounds: effort.stream_rounds, rows })
}

async fn sample(bench: &Bench<'_>, kind: Kind, effort: &Effort) -> anyhow::Result<Sample> {
    let bytes = |object| size_of(object).context("an object whose name says no size");
    let workerd = bench.start(kind)?;
    let mut client = workerd.connect().await?;
    let warm_up = bench.ask(kind, effort.stream_warm_up)?.wire();
    client.exchange(&warm_up, bytes(effort.stream_warm_up)?).await?;

    let request = bench.ask(kind, effort.stream_object)?.wire();
    let size = bytes(effort.stream_object)?;
    process::forget_peak(workerd.pid())?;
    let (before, cpu) = (process::memory(workerd.pid())?, Cpu::now(&workerd)?);
    let begun = Instant::now();
    client.exchange(&request, size).await.with_context(|| format!("{} with a large object", kind.name()))?;
    let seconds = begun.elapsed().as_secs_f64();
    let (after, cpu) = (process::memory(workerd.pid())?, Cpu::now(&workerd)?.since(cpu));

    #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
    let mib = |bytes: u64| bytes as f64 / MIB;
    Ok(Sample {
        mib_per_second: mib(size) / seconds,
        growth_mib: mib(after.peak.saturating_sub(before.now)),
        resident_mib: mib(before.now),
        cpu_seconds_per_gib: cpu.worker / (mib(size) / 1024.0),
        harness_cores: cpu.harness / seconds,
        other_cores: cpu.others() / seconds,
    })
}
