//! Part (f): the instructions of one decision, native, counted by `callgrind`: what is refused must cost less than what
//! is accepted, whoever sends it.

use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use clouddrop_core::border::{Asked, Question};
use clouddrop_core::retry::Health;
use clouddrop_core::revocation::{Answer, Draft};
use clouddrop_core::{Config, Raw, UnixTime};
use serde::Serialize;

use crate::ask::Ask;
use crate::peer::unix_time;
use crate::{ours, progress};

/// The hidden mode of this program that `callgrind` runs: `--decide CASE COUNT`.
pub(crate) const MODE: &str = "--decide";
/// Decisions in one run; those of a run of one, the start of the program among them, are taken off.
const DECISIONS: u32 = 501;
/// A token that is accepted, and those that are not.
const ACCEPTED: &str = "accepted";
const REFUSED: [&str; 5] = ["forged", "expired", "unknown key", "cut short", "no token"];

/// The result: a row per case, the accepted one first.
#[derive(Debug, Serialize)]
pub(crate) struct Instructions {
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) case: &'static str,
    /// Instructions of one decision.
    pub(crate) instructions: u64,
    /// Over those of the accepted one.
    pub(crate) of_accepted: f64,
}

impl Instructions {
    /// The dearest refusal, of what is accepted.
    pub(crate) fn worst(&self) -> f64 {
        self.rows.iter().skip(1).map(|row| row.of_accepted).fold(0.0, f64::max)
    }
}

/// `None`, and a word about it, where there is no `valgrind`.
pub(crate) fn measure() -> anyhow::Result<Option<Instructions>> {
    progress("(f) instructions of a decision");
    if Command::new("valgrind").arg("--version").output().is_err() {
        progress("(f) is left out: valgrind is not installed");
        return Ok(None);
    }
    let accepted = instructions(ACCEPTED)?;
    let mut rows = vec![Row { case: ACCEPTED, instructions: accepted, of_accepted: 1.0 }];
    for case in REFUSED {
        let instructions = instructions(case)?;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let of_accepted = instructions as f64 / accepted as f64;
        rows.push(Row { case, instructions, of_accepted });
    }
    Ok(Some(Instructions { rows }))
}

fn instructions(case: &str) -> anyhow::Result<u64> {
    let many = run(case, DECISIONS)?;
    let one = run(case, 1)?;
    ensure!(many > one, "callgrind counted {many} instructions for {DECISIONS} decisions, {one} for one");
    Ok((many - one) / u64::from(DECISIONS - 1))
}

/// The instructions of a run of this program that decides `count` times.
fn run(case: &str, count: u32) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([MODE, case, &count.to_string()])
        .output()
        .context("running valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind: {}", said.trim());
    let counted = said.lines().find_map(|line| line.split_once("Collected : ")).context("no count of callgrind's")?;
    Ok(counted.1.trim().parse()?)
}

/// Decides `count` times, and sees to it that the answer is the one that the case is about.
pub(crate) fn decide(case: &str, count: u32) -> anyhow::Result<()> {
    let now = UnixTime::from_secs(unix_time()?);
    let bindings: serde_json::Map<_, _> = ours::bindings(([127, 0, 0, 1], 9).into())
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let mut config = Raw::from_json(&serde_json::Value::from(bindings).to_string())
        .and_then(Config::try_from)
        .map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let list = Answer { status: 200, etag: None, body: Draft::default().encode(now) };
    let taken = config.revocations_mut().take(list, now);
    ensure!(taken.is_ok(), "the empty list is refused");

    let text = ours::record(&asked(case)?);
    let question = Question {
        text: &text,
        address_header: "cf-connecting-ip",
        id_header: "cf-ray",
        country_header: "cf-ipcountry",
    };
    let mut health = Health::default();
    let wanted = if case == ACCEPTED { "F\n" } else { "R\n" };
    for _ in 0..count {
        let answer = question.decide(Asked::Yes, now, &config, &mut health);
        ensure!(answer.starts_with(wanted), "{case}: {answer}");
    }
    Ok(())
}

fn asked(case: &str) -> anyhow::Result<Ask> {
    let good = ours::ask("1k")?;
    let with = |token: String| Ask { path: format!("/d/{token}"), token: Some(token), ..good.clone() };
    let token = good.token.clone().context("no token")?;
    Ok(match case {
        ACCEPTED => good,
        "forged" => good.forged().context("no token to forge")?,
        "expired" => ours::expired("1k")?,
        "unknown key" => ours::of_unknown_key("1k")?,
        "cut short" => with(token.get(..token.len() / 2).unwrap_or_default().into()),
        "no token" => Ask { path: "/d/".into(), token: None, ..good },
        other => bail!("no case {other:?}"),
    })
}
