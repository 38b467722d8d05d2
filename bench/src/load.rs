//! The load generator: connections that ask again as soon as they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::client::Client;

/// Latencies above this are recorded as this.
const LONGEST: Duration = Duration::from_secs(60);

/// What to ask, how hard and how long.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) request: Arc<[u8]>,
    /// Bytes every body must have.
    pub(crate) body: u64,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    /// From the first request to the last reply: requests begun in time are finished and counted.
    pub(crate) elapsed: Duration,
    /// Nanoseconds from the first byte sent to the last byte received, to three figures.
    pub(crate) latency: Histogram<u64>,
}

/// Runs `plan` with every reply verified.
///
/// # Errors
/// The first wrong reply or broken connection.
pub(crate) async fn run(plan: &Plan) -> anyhow::Result<Load> {
    let mut clients = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        clients.push(Client::connect(plan.address).await?);
    }
    let start = Instant::now();
    let end = start + plan.time;
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(ask_until(end, client, Arc::clone(&plan.request), plan.body));
    }
    let mut latency = empty_histogram()?;
    while let Some(one) = tasks.join_next().await {
        latency.add(one??)?;
    }
    Ok(Load { requests: latency.len(), elapsed: start.elapsed(), latency })
}

async fn ask_until(end: Instant, mut client: Client, request: Arc<[u8]>, body: u64) -> anyhow::Result<Histogram<u64>> {
    let mut latency = empty_histogram()?;
    let mut begun = Instant::now();
    while begun < end {
        client.exchange(&request, body).await?;
        let done = Instant::now();
        latency.saturating_record(nanoseconds(done - begun));
        begun = done;
    }
    Ok(latency)
}

fn empty_histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1000, nanoseconds(LONGEST), 3)?)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
