//! Part (c), second half: from the start of the process to the second reply.

use std::time::Instant;

use serde::Serialize;

use crate::args::Effort;
use crate::progress;
use crate::samples::Samples;
use crate::stats::Spread;
use crate::subject::{Bench, Kind};

#[derive(Debug, Serialize)]
pub(crate) struct Start {
    pub(crate) starts: usize,
    pub(crate) rows: Vec<Row>,
}

/// One worker; all in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) worker: Kind,
    /// From the start of the process to its listening: modules are loaded and compiled by then.
    pub(crate) listening: Spread,
    pub(crate) first: Spread,
    pub(crate) second: Spread,
    /// Listening and first reply together, over the pass-through's.
    pub(crate) over_pass_through: Option<Spread>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    listening: f64,
    first: f64,
    second: f64,
}

pub(crate) async fn measure(bench: &Bench<'_>, effort: &Effort) -> anyhow::Result<Start> {
    progress(&format!("(c) start-up, {} starts each", effort.starts));
    let mut samples = Samples::new(&[]);
    for round in 0..effort.starts {
        for kind in bench.rotated(round).into_iter().filter(|kind| *kind != Kind::Hits) {
            samples.push(kind, sample(bench, kind).await?);
        }
    }
    let rows = samples.rows(|kind| {
        Some(Row {
            worker: kind,
            listening: samples.spread(kind, |one| one.listening)?,
            first: samples.spread(kind, |one| one.first)?,
            second: samples.spread(kind, |one| one.second)?,
            over_pass_through: samples.ratio(kind, Kind::PassThrough, |one| one.listening + one.first),
        })
    });
    Ok(Start { starts: effort.starts, rows })
}

async fn sample(bench: &Bench<'_>, kind: Kind) -> anyhow::Result<Sample> {
    let request = bench.ask(kind, "1k")?.wire();
    let workerd = bench.start(kind)?;
    let mut client = workerd.connect().await?;
    let begun = Instant::now();
    client.exchange(&request, 1024).await?;
    let first = begun.elapsed();
    client.exchange(&request, 1024).await?;
    let second = begun.elapsed() - first;
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    Ok(Sample { listening: millis(workerd.listening_after), first: millis(first), second: millis(second) })
}
