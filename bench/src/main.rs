//! The benchmark harness behind `cargo xtask bench`: the edge worker in plain `workerd serve`, beside a bare
//! pass-through and a `jose` + `aws4fetch` worker, interleaved in one run.
//!
//! Single times depend on the machine; what is reported and judged are ratios between workers measured seconds apart.
//! Progress goes to stderr, the result to stdout. Linux only: CPU and memory are read from `/proc`.

mod args;
mod ask;
mod client;
mod edge;
mod gate;
mod instructions;
mod load;
mod origin;
mod ours;
mod peer;
mod process;
mod report;
mod samples;
mod size;
mod slow;
mod start;
mod stats;
mod stream;
mod subject;
mod table;
mod targets;
mod throughput;
mod workerd;

use std::process::ExitCode;

use anyhow::Context as _;

use args::{Args, Part};
use report::Report;
use subject::Bench;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            progress(&format!("bench: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, case, count] = words.as_slice()
        && mode == instructions::MODE
    {
        instructions::decide(case, count.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(args) = Args::parse(words.into_iter())? else {
        print(args::USAGE);
        return Ok(ExitCode::SUCCESS);
    };
    // Before minutes of measuring: a result that has no place to go is found out now.
    if let Some(path) = &args.write {
        report::check_document(path)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the load generator's runtime")?;
    let origin = origin::Origin::start()?;
    let bench = Bench::prepare(&args, &origin)?;
    let report = runtime.block_on(measure(&args, &bench))?;

    print(&if args.json { report.json()? } else { report.markdown() });
    if let Some(path) = &args.write {
        report.write_into(path)?;
    }
    anyhow::ensure!(!args.check || !report.targets.is_empty(), "--check: nothing was measured that has a target");
    Ok(if args.check && report.missed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The parts one after the other: nothing else may run while one is measured.
async fn measure(args: &Args, bench: &Bench<'_>) -> anyhow::Result<Report> {
    let effort = args.effort();
    let mut report = Report::new(args, bench)?;
    bench.prove_equal_work().await?;
    if args.wants(Part::Gate) {
        report.gate = gate::measure(bench, &effort).await?;
    }
    if args.wants(Part::Throughput) {
        report.throughput = Some(throughput::measure(bench, &effort, args.judged).await?);
    }
    if args.wants(Part::Start) {
        report.sizes = size::measure(bench)?;
        report.start = Some(start::measure(bench, &effort).await?);
    }
    if args.wants(Part::Stream) {
        report.stream = Some(stream::measure(bench, &effort).await?);
    }
    if args.wants(Part::Slow) {
        report.slow = Some(slow::measure(bench, effort.slow_rounds).await?);
    }
    if args.wants(Part::Instructions) {
        report.instructions = instructions::measure()?;
    }
    report.judge();
    Ok(report)
}

/// A line of progress for the person waiting.
#[expect(clippy::print_stderr, reason = "progress and errors of a command line tool belong on stderr")]
pub(crate) fn progress(line: &str) {
    eprintln!("{line}");
}

#[expect(clippy::print_stdout, reason = "the report is this tool's product")]
fn print(text: &str) {
    println!("{}", text.trim_end());
}
