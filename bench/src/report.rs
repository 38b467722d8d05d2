//! The result: as tables, as JSON, and in its place in a document.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::args::Args;
use crate::gate::Gate;
use crate::instructions::Instructions;
use crate::size::Sizes;
use crate::slow::Slow;
use crate::start::Start;
use crate::stats::Spread;
use crate::stream::Stream;
use crate::subject::{Bench, Kind};
use crate::table::Table;
use crate::targets::{self, Bound, Target};
use crate::throughput::Throughput;

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";
/// Other processes may keep this much of a core busy before the report says that it is not to be relied on.
const QUIET_CORES: f64 = 0.25;

/// What was measured; a part that was not asked for is absent.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) quick: bool,
    pub(crate) setting: Setting,
    pub(crate) gate: Option<Gate>,
    pub(crate) throughput: Option<Throughput>,
    pub(crate) sizes: Option<Sizes>,
    pub(crate) start: Option<Start>,
    pub(crate) stream: Option<Stream>,
    pub(crate) slow: Option<Slow>,
    pub(crate) instructions: Option<Instructions>,
    pub(crate) targets: Vec<Target>,
}

/// The machine and the versions.
#[derive(Debug, Serialize)]
pub(crate) struct Setting {
    processor: String,
    cores: usize,
    workerd: String,
    jose: String,
    aws4fetch: String,
}

impl Report {
    pub(crate) fn new(args: &Args, bench: &Bench<'_>) -> anyhow::Result<Self> {
        let version = |package: &str| package_version(&bench.node_modules, package);
        Ok(Self {
            quick: args.quick,
            setting: Setting {
                processor: processor(),
                cores: std::thread::available_parallelism()?.get(),
                workerd: version("workerd")?,
                jose: version("jose")?,
                aws4fetch: version("aws4fetch")?,
            },
            gate: None,
            throughput: None,
            sizes: None,
            start: None,
            stream: None,
            slow: None,
            instructions: None,
            targets: Vec::new(),
        })
    }

    pub(crate) fn judge(&mut self) {
        self.targets = targets::judge(self);
    }

    pub(crate) fn missed(&self) -> bool {
        self.targets.iter().any(|target| !target.met)
    }

    pub(crate) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// Replaces what stands between the markers of the document at `path`.
    ///
    /// # Errors
    /// A document without both markers in order is left alone.
    pub(crate) fn write_into(&self, path: &Path) -> anyhow::Result<()> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let new = replaced(&text, &self.markdown()).with_context(|| format!("in {}", path.display()))?;
        fs::write(path, new).with_context(|| format!("writing {}", path.display()))
    }

    pub(crate) fn markdown(&self) -> String {
        let setting = &self.setting;
        let mut parts = vec![format!(
            "{} run on {}, {} cores; workerd {}, jose {}, aws4fetch {}. Medians over the rounds, in brackets the least and \
             the greatest; ratios are taken round by round.",
            if self.quick { "Quick" } else { "Full" },
            setting.processor,
            setting.cores,
            setting.workerd,
            setting.jose,
            setting.aws4fetch,
        )];
        parts.extend(self.busy_note());
        parts.extend(self.targets_table());
        parts.extend(self.gate.as_ref().map(gate_table));
        parts.extend(self.throughput.as_ref().map(throughput_tables));
        parts.extend(self.division());
        parts.extend(
            self.sizes.map(|sizes| {
                format!("### (c) Size\n\nwasm: {} bytes, gzipped {} bytes.\n", sizes.wasm, sizes.wasm_gzip)
            }),
        );
        parts.extend(self.start.as_ref().map(start_table));
        parts.extend(self.stream.as_ref().map(stream_table));
        parts.extend(self.slow.as_ref().map(slow_table));
        parts.extend(self.instructions.as_ref().map(instructions_table));
        parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n\n")
    }

    /// A warning when something else was running: a worker that waits for a core looks as fast as its neighbour.
    fn busy_note(&self) -> Option<String> {
        let load = self.throughput.iter().flat_map(|part| &part.cells).flat_map(|cell| &cell.rows);
        let stream = self.stream.iter().flat_map(|part| &part.rows);
        let gate = self.gate.iter().flat_map(|part| &part.rows);
        let busiest = load
            .map(|row| row.other_cores.median)
            .chain(stream.map(|row| row.other_cores.median))
            .chain(gate.map(|row| row.other_cores.median))
            .fold(0.0, f64::max);
        (busiest > QUIET_CORES).then(|| {
            format!("**The machine was not quiet**: other processes kept up to {busiest:.2} cores busy. Measure again.")
        })
    }

    /// How the CPU time of one request divides. The gate's part is what its loop shows, with all code and data in the
    /// caches; what it costs beyond that in a request that comes through runtime and kernel is in the last row.
    fn division(&self) -> Option<String> {
        let throughput = self.throughput.as_ref()?;
        let micros = |kind| Some(throughput.judged(kind)?.cpu_micros_per_request.median);
        let gate = self.gate.as_ref()?;
        let whole = micros(Kind::Edge)?;
        let runtime = micros(Kind::PassThrough)?;
        let border = gate.border_micros?.median;
        let rust = gate.rows.iter().find(|row| row.worker == Kind::Edge)?.micros.median - border;
        let mut table = Table::new(&["One request of 1 KiB, CPU", "us", "share"]);
        for (name, micros) in [
            ("runtime and kernel: what the pass-through takes", runtime),
            ("border: the request's text into wasm, the answer out", border),
            ("Rust: verify, decide, sign", rust),
            (
                "the rest: settling, headers, counts, promises, the log line, cold caches",
                whole - runtime - border - rust,
            ),
        ] {
            table.row([name.to_owned(), format!("{micros:.1}"), format!("{:.0} %", micros / whole * 100.0)]);
        }
        Some(format!("### How a request's time divides\n\n{}", table.render()))
    }

    fn targets_table(&self) -> Option<String> {
        if self.targets.is_empty() {
            return None;
        }
        let mut table = Table::new(&["Target", "wanted", "measured", "result"]);
        for target in &self.targets {
            let bound = match target.bound {
                Bound::AtLeast(least) => format!("at least {least:.2}"),
                Bound::AtMost(most) => format!("at most {most}"),
            };
            table.row([
                format!("({}) {}", target.part, target.what),
                bound,
                format!("{:.2}", target.measured),
                if target.met { "PASS" } else { "MISS" }.to_owned(),
            ]);
        }
        Some(table.render())
    }
}

/// Whether [`Report::write_into`] will find its place.
///
/// # Errors
/// No such document, or one without both markers in order.
pub(crate) fn check_document(path: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    replaced(&text, "").with_context(|| format!("in {}", path.display()))?;
    Ok(())
}

fn gate_table(gate: &Gate) -> String {
    let mut table = Table::new(&["verify + decide + sign", "us each", "iterations a call"]);
    for row in &gate.rows {
        table.row([row.worker.name().to_owned(), range(&row.micros, 2), row.iterations.to_string()]);
    }
    let ratio = gate.jose_over_edge.map_or(String::new(), |ratio| {
        format!("\njose + aws4fetch take {} times as long as the edge.\n", range(&ratio, 2))
    });
    format!("### (a) The gate, inside workerd\n\n{}{ratio}", table.render())
}

fn throughput_tables(throughput: &Throughput) -> String {
    let mut out = format!("### (b) Under load, {} rounds\n", throughput.rounds);
    for cell in &throughput.cells {
        let object = match cell.object {
            "1k" => "1 KiB",
            "1m" => "1 MiB",
            other => other,
        };
        let connections = if cell.connections == 1 { "connection" } else { "connections" };
        let mut table = Table::new(&[
            &format!("{object}, {} {connections}", cell.connections),
            "requests/s",
            "p50 us",
            "p99 us",
            "CPU us/request",
            "cores: worker, harness, others",
            "of pass-through",
            "of jose + aws4fetch",
            "of edge",
            "p99 of pass-through's",
        ]);
        for row in &cell.rows {
            table.row([
                row.worker.name().to_owned(),
                format!("{:.0}", row.requests_per_second.median),
                format!("{:.0}", row.p50_micros.median),
                format!("{:.0}", row.p99_micros.median),
                format!("{:.1}", row.cpu_micros_per_request.median),
                format!(
                    "{:.2}, {:.2}, {:.2}",
                    row.worker_cores.median, row.harness_cores.median, row.other_cores.median
                ),
                ratio(row.over_pass_through.as_ref()),
                ratio(row.over_jose.as_ref()),
                ratio(row.over_edge.as_ref()),
                ratio(row.p99_over_pass_through.as_ref()),
            ]);
        }
        out.push_str(&format!("\n{}", table.render()));
    }
    out
}

fn start_table(start: &Start) -> String {
    let mut table = Table::new(&[
        "Start-up, ms",
        "listening",
        "first request",
        "second request",
        "until first reply, of pass-through",
    ]);
    for row in &start.rows {
        table.row([
            row.worker.name().to_owned(),
            range(&row.listening, 1),
            range(&row.first, 1),
            range(&row.second, 1),
            ratio(row.over_pass_through.as_ref()),
        ]);
    }
    format!("### (c) Start-up, {} starts each\n\n{}", start.starts, table.render())
}

fn stream_table(stream: &Stream) -> String {
    let mut table = Table::new(&[
        "Worker",
        "MiB/s",
        "of pass-through",
        "memory added, MiB",
        "resident before, MiB",
        "CPU s/GiB",
        "cores: harness, others",
    ]);
    for row in &stream.rows {
        table.row([
            row.worker.name().to_owned(),
            format!("{:.0}", row.mib_per_second.median),
            ratio(row.over_pass_through.as_ref()),
            range(&row.growth_mib, 1),
            format!("{:.0}", row.resident_mib.median),
            format!("{:.2}", row.cpu_seconds_per_gib.median),
            format!("{:.2}, {:.2}", row.harness_cores.median, row.other_cores.median),
        ]);
    }
    let size = stream.object.replace('g', " GiB").replace('m', " MiB");
    format!("### (d) {size} in one reply, {} rounds\n\n{}", stream.rounds, table.render())
}

fn slow_table(slow: &Slow) -> String {
    let mut table = Table::new(&["Worker", "KiB a reader", "of pass-through", "growth while they read"]);
    for row in &slow.rows {
        table.row([
            row.worker.name().to_owned(),
            range(&row.kib_a_reader, 0),
            ratio(row.over_pass_through.as_ref()),
            range(&row.growth, 2),
        ]);
    }
    format!("### (e) {} slow readers at once\n\n{}", slow.readers, table.render())
}

fn instructions_table(instructions: &Instructions) -> String {
    let mut table = Table::new(&["Token", "instructions", "of accepted"]);
    for row in &instructions.rows {
        table.row([row.case.to_owned(), row.instructions.to_string(), format!("{:.2}", row.of_accepted)]);
    }
    format!("### (f) Instructions of one decision, native\n\n{}", table.render())
}

fn range(spread: &Spread, digits: usize) -> String {
    format!("{:.digits$} [{:.digits$}-{:.digits$}]", spread.median, spread.least, spread.greatest)
}

fn ratio(spread: Option<&Spread>) -> String {
    spread.map_or_else(String::new, |spread| range(spread, 2))
}

fn replaced(text: &str, new: &str) -> anyhow::Result<String> {
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("no {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no {END} behind {BEGIN}"))?;
    ensure!(!after.contains(BEGIN), "{BEGIN} stands there twice");
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", new.trim()))
}

fn package_version(node_modules: &Path, package: &str) -> anyhow::Result<String> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        version: String,
    }
    let path = node_modules.join(package).join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(serde_json::from_str::<Manifest>(&text).with_context(|| path.display().to_string())?.version)
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = format!("# A\n{BEGIN}\nold\n{END}\nrest\n");
        let new = replaced(&text, "new\n").unwrap();
        assert_eq!(new, format!("# A\n{BEGIN}\nnew\n{END}\nrest\n"));
        assert_eq!(replaced(&new, "new").unwrap(), new);
    }

    #[test]
    fn a_document_without_its_markers_is_refused() {
        for text in ["", BEGIN, &format!("{END}{BEGIN}"), &format!("{BEGIN}{END}{BEGIN}{END}")] {
            assert!(replaced(text, "new").is_err(), "{text}");
        }
    }
}
