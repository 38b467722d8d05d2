//! The only place that writes to the terminal: results to stdout, everything else to stderr.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where it is done")]

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

/// Where a command's words go.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    /// One JSON document on stdout in the place of text.
    pub(crate) json: bool,
    /// Neither progress nor remarks.
    pub(crate) quiet: bool,
    bars: MultiProgress,
}

impl Out {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let seen = !quiet && io::stderr().is_terminal();
        let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { json, quiet, bars: MultiProgress::with_draw_target(target) }
    }

    /// A result: `json` for programs, `text` for people.
    pub(crate) fn result(&self, json: &Value, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut stdout, json)?;
            stdout.write_all(b"\n")?;
        } else if !text.is_empty() {
            stdout.write_all(text.as_bytes())?;
            if !text.ends_with('\n') {
                stdout.write_all(b"\n")?;
            }
        }
        stdout.flush()
    }

    /// A remark for whoever watches.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && !self.json {
            let _ = self.bars.println(text);
            if self.bars.is_hidden() {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }

    /// Progress over so many bytes: what, how far, how fast, how long still.
    pub(crate) fn bar(&self, what: &str, bytes: u64) -> ProgressBar {
        const TEMPLATE: &str =
            "{prefix:30!} {wide_bar} {binary_bytes:>10}/{binary_total_bytes} {binary_bytes_per_sec:>12} {eta:>4}";
        let bar = self.bars.add(ProgressBar::new(bytes));
        // The template is ours: a mistake in it is found by the first test that shows progress.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.set_prefix(plain(what));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// The last words of a run that failed.
pub(crate) fn error(json: bool, failure: &crate::failure::Failure) {
    let mut stderr = io::stderr().lock();
    let _ = if json {
        let told = serde_json::json!({ "error": failure.message, "code": failure.code, "exit": failure.exit as u8 });
        writeln!(stderr, "{told}")
    } else {
        writeln!(stderr, "error: {failure}")
    };
}

/// Text of strangers on a terminal: nothing in it can move the cursor, change colours or run backwards.
pub(crate) fn plain(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harmless(c) { c } else { '\u{fffd}' }).collect()
}

/// Bytes as people read them.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// A table: each column as wide as its widest entry, the last one as it is.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        for (place, text) in row.iter().enumerate() {
            out.push_str(text);
            if place + 1 < row.len() {
                let space = widths[place].saturating_sub(text.chars().count()) + 2;
                out.extend(std::iter::repeat_n(' ', space));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_strangers_are_plain() {
        assert_eq!(plain("a\u{1b}[31mb\u{202e}c\nd"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d");
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [vec!["a".into(), "b".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(table(&rows), "a    b\nccc  d\n");
    }
}
