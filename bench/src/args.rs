//! What a person typed, and how much effort that means.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::subject::Kind;

/// The text of `--help`.
pub(crate) const USAGE: &str = "\
Usage: clouddrop-bench [options]

  --quick              about 4 min: fewer rounds, 256 MiB instead of 20 GiB
  --only LIST          workers: passthrough,edge,hits,jose (default: all; hits: the edge serving what it keeps)
  --parts LIST         a gate loop, b throughput, c size and start-up, d large object,
                       e slow readers, f instructions of a decision, by valgrind (default: all)
  --judged             of part b only the cell that has targets: 1 KiB, 32 connections
  --edge DIR           the built edge: entry.mjs, clouddrop.js, clouddrop_bg.wasm (default: target/edge)
  --node-modules DIR   where jose, aws4fetch, esbuild and workerd are (default: node_modules)
  --workerd PATH       the workerd binary (default: the one of this platform under --node-modules)
  --json               print JSON instead of tables
  --write FILE         also rewrite the part of FILE between the markers bench:begin and bench:end
  --check              end with code 1 when a target is missed
  --help               this text";

/// One part of the benchmark, by the letter the targets use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// (a) verify, decide and sign in a loop.
    Gate,
    /// (b) requests per second, latency, CPU.
    Throughput,
    /// (c) size of the wasm and start-up.
    Start,
    /// (d) one large object: rate and memory.
    Stream,
    /// (e) many slow readers: memory.
    Slow,
    /// (f) instructions of a decision.
    Instructions,
}

/// The arguments, checked.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) quick: bool,
    pub(crate) judged: bool,
    pub(crate) only: Vec<Kind>,
    pub(crate) edge: PathBuf,
    pub(crate) node_modules: PathBuf,
    pub(crate) workerd: Option<PathBuf>,
    pub(crate) json: bool,
    pub(crate) write: Option<PathBuf>,
    pub(crate) check: bool,
    parts: Vec<Part>,
}

/// How long to measure what. Every figure is a median over rounds, and a round touches every worker. Rounds come in
/// fours, so that each of four workers goes first equally often.
#[derive(Debug)]
pub(crate) struct Effort {
    /// Rounds of the gate loop.
    pub(crate) gate_rounds: usize,
    /// How long one call of the gate loop should take; its iterations follow from this.
    pub(crate) gate_call: Duration,
    /// Rounds of the throughput cells, each with workers started anew.
    pub(crate) load_rounds: usize,
    /// Time of one cell for one worker in one round; the judged cell gets twice as much. Many short turns: two runs of
    /// one and the same worker differ by up to a fifth, whatever their length, and only their number helps.
    pub(crate) load_time: Duration,
    /// Warm-up of each worker before the cells of a round.
    pub(crate) warm_up: Duration,
    /// Starts of each worker.
    pub(crate) starts: usize,
    /// Rounds of the large object.
    pub(crate) stream_rounds: usize,
    /// Rounds of the slow readers, twenty seconds for each worker.
    pub(crate) slow_rounds: usize,
    /// The large object: its name at the origin, which says its size.
    pub(crate) stream_object: &'static str,
    /// What is streamed first, so that code pages and pools are in memory before the baseline is read.
    pub(crate) stream_warm_up: &'static str,
}

impl Args {
    /// Reads the arguments after the program's name; `None` asks for the usage text.
    ///
    /// # Errors
    /// An unknown option, worker or part, or an option without its value.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Option<Self>> {
        let mut args = Self {
            quick: false,
            judged: false,
            only: Kind::ALL.to_vec(),
            edge: "target/edge".into(),
            node_modules: "node_modules".into(),
            workerd: None,
            json: false,
            write: None,
            check: false,
            parts: vec![Part::Gate, Part::Throughput, Part::Start, Part::Stream, Part::Slow, Part::Instructions],
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--quick" => args.quick = true,
                "--judged" => args.judged = true,
                "--json" => args.json = true,
                "--check" => args.check = true,
                "--only" => args.only = list(&value()?, Kind::from_name)?,
                "--parts" => args.parts = list(&value()?, Part::from_letter)?,
                "--edge" => args.edge = value()?.into(),
                "--node-modules" => args.node_modules = value()?.into(),
                "--workerd" => args.workerd = Some(value()?.into()),
                "--write" => args.write = Some(value()?.into()),
                "--help" | "-h" => return Ok(None),
                other => bail!("unknown option {other:?}; see --help"),
            }
        }
        Ok(Some(args))
    }

    pub(crate) fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    pub(crate) fn effort(&self) -> Effort {
        if self.quick {
            Effort {
                gate_rounds: 6,
                gate_call: Duration::from_millis(200),
                load_rounds: 8,
                load_time: Duration::from_millis(400),
                warm_up: Duration::from_millis(600),
                starts: 6,
                stream_rounds: 3,
                slow_rounds: 1,
                stream_object: "256m",
                stream_warm_up: "64m",
            }
        } else {
            Effort {
                gate_rounds: 15,
                gate_call: Duration::from_millis(500),
                load_rounds: 12,
                load_time: Duration::from_millis(1500),
                warm_up: Duration::from_secs(2),
                starts: 15,
                stream_rounds: 3,
                slow_rounds: 3,
                stream_object: "20g",
                stream_warm_up: "256m",
            }
        }
    }
}

impl Part {
    fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "a" => Some(Self::Gate),
            "b" => Some(Self::Throughput),
            "c" => Some(Self::Start),
            "d" => Some(Self::Stream),
            "e" => Some(Self::Slow),
            "f" => Some(Self::Instructions),
            _ => None,
        }
    }
}

fn list<T: PartialEq>(text: &str, read: fn(&str) -> Option<T>) -> anyhow::Result<Vec<T>> {
    let mut items = Vec::new();
    for word in text.split(',') {
        let item = read(word).with_context(|| format!("{word:?} is none of the choices; see --help"))?;
        ensure!(!items.contains(&item), "{word:?} stands there twice");
        items.push(item);
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    fn parse(line: &str) -> anyhow::Result<Option<Args>> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_lists_and_paths() {
        let args = parse("--quick --only jose,edge --parts b --edge some/dir").unwrap().unwrap();
        assert!(args.quick);
        assert_eq!(args.only, [Kind::Jose, Kind::Edge]);
        assert!(args.wants(Part::Throughput) && !args.wants(Part::Gate));
        assert_eq!(args.edge, PathBuf::from("some/dir"));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in ["--fast", "--only everything", "--parts a,g", "--parts a,b,a", "--edge"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
