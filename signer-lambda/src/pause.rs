//! Waiting for a random time, so that those who met once do not meet again.

use crate::failure::Failure;
use clouddrop_core::Refusal;
use std::time::Duration;

/// The longest wait after the first attempt; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(20);
/// The longest wait after any.
const LONGEST: Duration = Duration::from_millis(640);

/// Waits after the attempt of this number, counted from 1.
pub(crate) async fn pause(attempt: u32) -> Result<(), Failure> {
    let longest = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|_| Refusal::Internal("no entropy"))?;
    tokio::time::sleep(longest.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))).await;
    Ok(())
}
