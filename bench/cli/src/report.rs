//! The figures as a table, and their place in the documentation.

use crate::peers::Run;
use anyhow::{Context as _, ensure};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- cargo xtask bench cli: begin -->\n";
const END: &str = "<!-- cargo xtask bench cli: end -->\n";

/// Medians, and ratios taken round by round against the first program.
pub(crate) fn write(names: &[&str], measured: &[(Vec<Run>, Vec<Run>)], mebibytes: u64) -> String {
    let mut out = String::new();
    let (own_up, own_down) = &measured[0];
    for (what, own, pick) in [("sent", own_up, true), ("fetched", own_down, false)] {
        let _ = writeln!(
            out,
            "| {mebibytes} MiB {what} | MiB/s | time, of clouddrop's | most memory, MiB |\n| --- | ---: | ---: | ---: |"
        );
        for (name, (up, down)) in names.iter().zip(measured) {
            let runs = if pick { up } else { down };
            let ratios = runs.iter().zip(own).map(|(run, own)| run.seconds / own.seconds).collect();
            let speeds = runs.iter().map(|run| mebibytes as f64 / run.seconds).collect();
            let memory = runs.iter().map(|run| run.mebibytes).max().unwrap_or(0);
            let _ = writeln!(out, "| {name} | {} | {} | {memory} |", middle(speeds, 0), middle(ratios, 2));
        }
        out.push('\n');
    }
    out
}

/// The median, and the least and the greatest.
fn middle(mut values: Vec<f64>, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(greatest)) = (values.first(), values.last()) else { return String::new() };
    let median = values[values.len() / 2];
    format!("{median:.digits$} [{least:.digits$}-{greatest:.digits$}]")
}

/// Writes the tables between their marks.
pub(crate) fn put_into(document: &Path, text: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(document).with_context(|| format!("reading {}", document.display()))?;
    let (before, rest) = old.split_once(BEGIN).context("the document has no place for the figures")?;
    let (_, after) = rest.split_once(END).context("the document has no end of the figures")?;
    ensure!(!text.contains(BEGIN), "the figures hold the mark of their own place");
    fs::write(document, [before, BEGIN, text, END, after].concat()).context("writing the document")
}
