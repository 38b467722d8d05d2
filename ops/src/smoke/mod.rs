//! `smoke`: the live subset of the tests, against any deployment. Without a key it only looks; with one it sends a small
//! file, opens it in every way that links have, takes everything back, and removes what it made, also when a check fails.

mod files;
mod guests;
mod links;
mod looks;
pub(crate) mod scene;

use crate::checks::{Fault, Report, Seen};
use crate::exit::{Exit, Failure, Result};
use crate::out::Out;
use crate::page::{Api, Target, api_key};
use scene::Scene;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What `smoke` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// Look only: nothing is made, no key is needed
    #[arg(long)]
    read_only: bool,
    /// Send a file of so many bytes, too, which is to go in parts: more than MULTIPART_THRESHOLD
    #[arg(long, value_name = "BYTES")]
    large: Option<usize>,
    /// After how many seconds a link that was taken back must be refused
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    revoked_within: u64,
    /// After how many seconds a check that has not begun is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 240)]
    time: u64,
}

type Check = (&'static str, fn(&mut Scene<'_>) -> Seen);

/// What can be seen without a key.
const LOOKS: [Check; 8] = [
    ("health", looks::health),
    ("the page", looks::page),
    ("settings name the files' host", looks::settings),
    ("robots are sent away", looks::robots),
    ("security.txt", looks::security_txt),
    ("refusals of the page's host", looks::page_refusals),
    ("refusals of the files' host", looks::file_refusals),
    ("the API's description", looks::openapi),
];

/// What a key opens, in the order in which one needs the other.
const ACTS: [Check; 23] = [
    ("the key is taken", files::account),
    ("upload", files::upload),
    ("upload in parts", files::upload_in_parts),
    ("share", files::share),
    ("landing page", links::landing),
    ("download, whole", files::whole),
    ("download, ranges", files::ranges),
    ("HEAD", files::head),
    ("conditional requests", files::conditional),
    ("the token in a header", files::by_header),
    ("a token that was changed is refused", links::wrong_token),
    ("a link that has ended is refused", links::expired),
    ("a counted link: looking spends nothing", links::counted_look),
    ("a counted link: claimed and used up", links::counted_claim),
    ("a password opens a link", links::password),
    ("a folder's page lists it", links::folder),
    ("a link that was taken back is refused", links::revoked),
    ("an upload link and what it takes", guests::terms),
    ("a guest's upload", guests::upload),
    ("a guest's upload of another type is refused", guests::other_type),
    ("an upload link that was closed is refused", guests::closed),
    ("a call that makes no sense is refused", links::bad_call),
    ("a deleted file is gone with its links", files::deleted),
];

static STOPPED: AtomicBool = AtomicBool::new(false);

/// Runs the checks.
///
/// # Errors
/// Not for a check that fails: that is the exit code.
pub(crate) fn run(options: &Options) -> Result<Exit> {
    let out = Out { json: options.target.json };
    let key = if options.read_only { None } else { Some(api_key()?) };
    // Without the handler the system ends the program, and what it made stays.
    let _ = ctrlc::set_handler(|| STOPPED.store(true, Ordering::SeqCst));
    let api = Api::new(&options.target.url, key);
    let mut scene = Scene::new(&api, Duration::from_secs(options.revoked_within))?;
    scene.large = options.large;
    let mut report = Report::new(out);
    let end = Instant::now() + Duration::from_secs(options.time);
    let acts: &[Check] = if api.has_key() { &ACTS } else { &[] };
    for (name, check) in LOOKS.iter().chain(acts) {
        if STOPPED.load(Ordering::SeqCst) {
            break;
        }
        report.check(name, || match Instant::now() < end {
            true => check(&mut scene),
            false => Err(Fault::Failed(format!("not begun within {} s", options.time))),
        });
    }
    if api.has_key() {
        report.check("what was made is removed", || scene.clean_up());
    }
    let ended = report.tell(&options.target.url, &json!({ "read_only": options.read_only }))?;
    if STOPPED.load(Ordering::SeqCst) {
        return Err(Failure::new(Exit::Interrupted, "interrupted"));
    }
    let failed = report.failed();
    if !failed.is_empty() {
        return Err(Failure::failed(format!("failed: {}", failed.join("; "))));
    }
    Ok(ended)
}
