//! Sends and fetches a large file by `clouddrop`, `aws s3 cp` and `rclone`, in turns, on one stack of this machine: ratios
//! of one run, never single times. The peers talk to the bucket; `clouddrop get` takes the way through the edge, as links do.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

mod peers;
mod report;

use anyhow::{Context as _, ensure};
use clap::Parser;
use clouddrop_tests::stack::Stack;
use peers::{Peer, Run};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What the benchmark takes.
#[derive(Debug, Parser)]
struct Options {
    /// The program that is measured
    #[arg(long, value_name = "FILE")]
    clouddrop: PathBuf,
    /// The folder with the peers' programs, aws and rclone; one that is not there is left out
    #[arg(long, value_name = "DIR")]
    peers: PathBuf,
    /// Bytes of the file, in MiB
    #[arg(long, default_value_t = 1024)]
    mebibytes: u64,
    /// How often each is run
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The document whose section is written anew
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let stack = Stack::start(&[]);
    let work = tempfile::tempdir().context("a folder for the files")?;
    let file = work.path().join("large.bin");
    fill(&file, options.mebibytes)?;
    let peers = Peer::all(&stack, &options.clouddrop, &options.peers, work.path())?;
    let mut measured: Vec<(Vec<Run>, Vec<Run>)> = peers.iter().map(|_| (Vec::new(), Vec::new())).collect();
    for round in 0..options.rounds {
        for (peer, (up, down)) in peers.iter().zip(&mut measured) {
            eprintln!("round {} of {}: {}", round + 1, options.rounds, peer.name());
            // Another time of change: nothing that was sent before is recognised.
            fs::File::options().append(true).open(&file)?.set_modified(std::time::SystemTime::now())?;
            let (sent, key) = peer.put(&file, round)?;
            up.push(sent);
            let copy = work.path().join(format!("{}-{round}.bin", peer.name().replace(' ', "-")));
            down.push(peer.get(&key, &copy)?);
            ensure!(same(&file, &copy)?, "{} brought other bytes", peer.name());
            fs::remove_file(&copy)?;
        }
    }
    let names: Vec<&str> = peers.iter().map(Peer::name).collect();
    let text = report::write(&names, &measured, options.mebibytes);
    println!("{text}");
    if let Some(document) = &options.write {
        report::put_into(document, &text)?;
    }
    Ok(())
}

/// A file that nothing makes smaller.
fn fill(path: &Path, mebibytes: u64) -> anyhow::Result<()> {
    let mut file = fs::File::create(path)?;
    for part in 0..mebibytes {
        file.write_all(&clouddrop_tests::stack::content::bytes(part + 1, 0, 1 << 20))?;
    }
    file.sync_all().context("writing the file")
}

fn same(one: &Path, other: &Path) -> anyhow::Result<bool> {
    let output = std::process::Command::new("cmp").arg("-s").arg(one).arg(other).status().context("cmp")?;
    Ok(output.success())
}
