//! Part (e): a thousand clients that read slowly, all at once: what they add to the worker's memory, and whether that
//! goes on growing while they read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::process;
use crate::progress;
use crate::samples::Samples;
use crate::stats::Spread;
use crate::subject::{Bench, Kind};
use crate::workerd::Workerd;

const READERS: usize = 1000;
/// What each asks for: more than any buffer on the way holds, and than the edge keeps.
const OBJECT: &str = "16m";
/// Each reads so much so often: 1.3 Mbit/s.
const STEP_BYTES: usize = 16 * 1024;
const STEP_TIME: Duration = Duration::from_millis(100);
/// When buffers are full and the first measure is taken, and when the last one is.
const SETTLED: Duration = Duration::from_secs(10);
const END: Duration = Duration::from_secs(20);

/// The result: a row per worker.
#[derive(Debug, Serialize)]
pub(crate) struct Slow {
    pub(crate) readers: usize,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) worker: Kind,
    /// Resident memory with all readers on, over what was resident before, for each of them, in KiB.
    pub(crate) kib_a_reader: Spread,
    /// What was added after that at most, of what had been added before.
    pub(crate) growth: Spread,
    /// The same memory of a reader, over the pass-through's.
    pub(crate) over_pass_through: Option<Spread>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    kib_a_reader: f64,
    growth: f64,
}

pub(crate) async fn measure(bench: &Bench<'_>, rounds: usize) -> anyhow::Result<Slow> {
    let mut samples = Samples::new(&[]);
    for round in 0..rounds {
        progress(&format!("(e) {READERS} slow readers, round {} of {rounds}", round + 1));
        for kind in bench.rotated(round).into_iter().filter(|kind| *kind != Kind::Hits) {
            samples.push(kind, sample(bench, kind).await.with_context(|| format!("{}, slow readers", kind.name()))?);
        }
    }
    let rows = samples.rows(|kind| {
        Some(Row {
            worker: kind,
            kib_a_reader: samples.spread(kind, |one| one.kib_a_reader)?,
            growth: samples.spread(kind, |one| one.growth)?,
            over_pass_through: samples.ratio(kind, Kind::PassThrough, |one| one.kib_a_reader),
        })
    });
    Ok(Slow { readers: READERS, rows })
}

async fn sample(bench: &Bench<'_>, kind: Kind) -> anyhow::Result<Sample> {
    let workerd = bench.start(kind)?;
    workerd.connect().await?.exchange(&bench.ask(kind, "1m")?.wire(), 1 << 20).await?;
    let before = process::memory(workerd.pid())?.now;

    let request: Arc<[u8]> = bench.ask(kind, OBJECT)?.wire().into();
    let begun = Instant::now();
    let end = begun + END;
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let client = workerd.connect().await?;
        let request = Arc::clone(&request);
        readers.spawn(async move { client.sip(&request, STEP_BYTES, STEP_TIME, end).await });
    }
    let settled = rest(begun + SETTLED, &workerd).await?;
    process::forget_peak(workerd.pid())?;
    rest(end, &workerd).await?;
    let peak = process::memory(workerd.pid())?.peak;
    while let Some(read) = readers.join_next().await {
        ensure!(read?? > STEP_BYTES as u64, "a reader got nothing but the head");
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
    let (added, growth) = (settled.saturating_sub(before) as f64, peak.saturating_sub(settled) as f64);
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let readers = READERS as f64;
    Ok(Sample { kib_a_reader: added / 1024.0 / readers, growth: growth / added })
}

/// What is resident at `time`.
async fn rest(time: Instant, workerd: &Workerd) -> anyhow::Result<u64> {
    tokio::time::sleep_until(time.into()).await;
    Ok(process::memory(workerd.pid())?.now)
}
