//! The only place that writes to the terminal: results to stdout, everything else to stderr.

#![allow(clippy::print_stderr, reason = "this is where it is done")]

use serde_json::Value;
use std::io::{self, Write as _};

/// Where a verb's words go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    /// One JSON document on stdout in the place of text.
    pub(crate) json: bool,
}

impl Out {
    /// A result: `json` for programs, `text` for people.
    ///
    /// # Errors
    /// stdout is closed.
    pub(crate) fn result(self, json: &Value, text: &str) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut stdout, json)?;
            stdout.write_all(b"\n")?;
        } else if !text.is_empty() {
            stdout.write_all(text.trim_end().as_bytes())?;
            stdout.write_all(b"\n")?;
        }
        stdout.flush()?;
        Ok(())
    }

    /// A remark for whoever watches.
    pub(crate) fn note(self, text: &str) {
        eprintln!("{text}");
    }
}

/// The last words of a run that failed.
pub(crate) fn error(failure: &crate::exit::Failure) {
    eprintln!("error: {failure}");
}

/// Text of strangers on a terminal: nothing in it can move the cursor or change colours, and it is short.
pub(crate) fn plain(text: &str) -> String {
    const MOST: usize = 200;
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown: String = text.chars().take(MOST).map(|c| if harmless(c) { c } else { '\u{fffd}' }).collect();
    if text.chars().count() > MOST {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_strangers_are_plain_and_short() {
        assert_eq!(plain("a\u{1b}[31mb\u{202e}c\nd"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d");
        assert_eq!(plain(&"x".repeat(500)).chars().count(), 201);
    }
}
