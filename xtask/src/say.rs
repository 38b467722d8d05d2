//! Talk: everything that is not the result of a verb goes to stderr.

use std::io::Write as _;
use std::time::{Duration, Instant};

/// One line to the person who waits.
pub(crate) fn line(text: &str) {
    // Nobody may be reading any more; that is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says what is done now, does it, and says how long it took.
pub(crate) fn step<T>(what: &str, act: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    line(&format!("--> {what}"));
    let begun = Instant::now();
    let value = act()?;
    line(&format!("    done in {}", duration(begun.elapsed())));
    Ok(value)
}

/// A duration as people read it: `0.4 s`, `12 s`, `3 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_for_people() {
        assert_eq!(duration(Duration::from_millis(440)), "0.4 s");
        assert_eq!(duration(Duration::from_secs(59)), "59 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 min 05 s");
    }
}
