//! What uploads and downloads share: pieces that a few threads work off, another try for each, and how long to wait for
//! one.

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How many pieces are under way at once.
pub(crate) const AT_ONCE: usize = 8;
/// How often a piece is tried.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(300);
/// A piece that is slower than this has stalled: it is begun anew.
const SLOWEST_BYTES_PER_SECOND: u64 = 20_000;

/// How long a piece of so many bytes may take at its `attempt`, which counts from 0. The line may be slower than it was
/// thought to be, so each attempt has three times as long: a slow line ends, too.
pub(crate) fn patience(bytes: u64, attempt: u32) -> Duration {
    Duration::from_secs(30 + bytes / SLOWEST_BYTES_PER_SECOND) * 3_u32.saturating_pow(attempt.min(TRIES))
}

/// Works off `pieces` on a few threads. A piece that fails because something is not available is tried again; the first
/// failure that stays ends the others after the piece that they are at.
pub(crate) fn work_off<T: Sync>(
    pieces: &[T],
    at_once: usize,
    work: impl Fn(&T, u32) -> Result<()> + Sync,
) -> Result<()> {
    let queue = Mutex::new((0..pieces.len()).collect::<VecDeque<_>>());
    let failed = Mutex::new(None::<Failure>);
    let stop = AtomicBool::new(false);
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    thread::scope(|scope| {
        for _ in 0..at_once.min(pieces.len()) {
            scope.spawn(|| {
                while let Some(place) = next().filter(|_| !stop.load(Ordering::Relaxed)) {
                    if let Err(failure) = tried(|attempt| work(&pieces[place], attempt), &stop) {
                        stop.store(true, Ordering::Relaxed);
                        if let Ok(mut failed) = failed.lock() {
                            failed.get_or_insert(failure);
                        }
                    }
                }
            });
        }
    });
    match failed.into_inner() {
        Ok(None) => Ok(()),
        Ok(Some(failure)) => Err(failure),
        Err(_) => Err(Failure::failed("a thread of the transfer has ended")),
    }
}

/// Tries until it is done, refused, or has failed too often. `attempt` counts from 0.
fn tried(mut work: impl FnMut(u32) -> Result<()>, stop: &AtomicBool) -> Result<()> {
    let mut wait = FIRST_WAIT;
    for attempt in 0..TRIES {
        match work(attempt) {
            Err(failure) if failure.exit == Exit::Unavailable && attempt + 1 < TRIES => {
                if stop.load(Ordering::Relaxed) {
                    return Err(failure);
                }
                thread::sleep(wait);
                wait *= 2;
            }
            result => return result,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn every_piece_is_done_once_and_tried_again_where_that_is_of_use() {
        let done = AtomicUsize::new(0);
        let pieces: Vec<usize> = (0..50).collect();
        work_off(&pieces, AT_ONCE, |piece, attempt| {
            if piece % 10 == 0 && attempt == 0 {
                return Err(Failure::new(Exit::Unavailable, "once"));
            }
            done.fetch_add(piece + 1, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        assert_eq!(done.into_inner(), 50 * 51 / 2);
    }

    #[test]
    fn a_refusal_is_not_tried_again_and_ends_the_rest() {
        let tries = AtomicUsize::new(0);
        let pieces: Vec<usize> = (0..1000).collect();
        let failure = work_off(&pieces, AT_ONCE, |_, _| {
            tries.fetch_add(1, Ordering::Relaxed);
            Err(Failure::new(Exit::Refused, "no"))
        });
        assert_eq!(failure.unwrap_err().exit, Exit::Refused);
        assert!(tries.into_inner() <= AT_ONCE);
        assert!(patience(16 << 20, 0) > Duration::from_secs(800));
        // Eight pieces at once through 64 kbit/s.
        assert!(patience(16 << 20, 3) > Duration::from_secs(8 * (16 << 20) / 8_000));
    }
}
