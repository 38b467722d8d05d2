//! Thousands of transfers through an origin that misbehaves in every way that is known of: none short or wrong that
//! looks complete, each with the documented status, none later than its deadline.
//!
//! `clouddrop_tests::faults::table` holds what may come of each fault. `CLOUDDROP_FAULTS` is the number of
//! transfers (2,000 unless it is set), `CLOUDDROP_FAULTS_SEED` draws others, and `CLOUDDROP_FAULTS_REPORT` is a file
//! for what came of them, line by line:
//!
//! ```sh
//! CLOUDDROP_FAULTS=10000 cargo test -p clouddrop-tests --test e2e_faults
//! ```

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::faults::client::{Object, tag_of, transfer};
use clouddrop_tests::faults::kind::PHASES;
use clouddrop_tests::faults::proxy::Proxy;
use clouddrop_tests::faults::script::{Line, Plan, SIZES, Shape, lines, plans};
use clouddrop_tests::faults::table::{Outcome, ROWS, allowed};
use clouddrop_tests::faults::{Fault, Hits, Kind};
use clouddrop_tests::stack::http::Ask;
use clouddrop_tests::stack::{Stack, content};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Transfers, unless the environment says how many.
const TRANSFERS: usize = 2000;
/// Clients at once. Most of their time is waiting: for stalls, and for the edge's patience to end.
const CLIENTS: usize = 32;
/// The share of transfers that run alone, since their faults could hit others: one in so many.
const ONE_ALONE_IN: usize = 50;
/// Most faults that a failed run tells of.
const MOST_TOLD: usize = 40;
/// Each kind is injected in each of its phases at least so often in [`TRANSFERS`].
const FEWEST_OF_EACH: usize = 4;
/// Most requests to the origin for one transfer: up to three questions, each asked up to three times.
const MOST_REQUESTS: usize = 9;
/// The edge answers by itself for a while when the origin has failed often: such a transfer meets no fault and is
/// tried again after so long,
const AFTER_SHEDDING: Duration = Duration::from_millis(200);
/// and at most so often.
const MOST_SHEDDING: usize = 100;
/// The edge keeps objects of at most this part of its cache (`CACHE_BYTES`), and reads them before it replies.
const LARGEST_KEPT: u64 = (32 << 20) / 8;

#[test]
fn nothing_short_or_wrong_ever_looks_complete() {
    let (count, seed) = (setting("CLOUDDROP_FAULTS").unwrap_or(TRANSFERS), seed());
    // Nothing is kept: each transfer asks the origin.
    let range = Range::start(&["--set", "CACHE_BYTES=0"]);
    let alone = count / ONE_ALONE_IN;

    let kept = lines(|kind| kind.is_exclusive() && kind != Kind::Refused);
    for plan in plans(seed, alone, &kept, None) {
        range.with_kept_connection(&plan);
    }
    range.settle();
    let beside = lines(|kind| !kind.is_exclusive());
    range.all_at_once(&plans(seed, count - 2 * alone, &beside, None), |plan, slot| range.faulted(plan, slot));
    let refused = plans(seed, alone, &lines(|kind| kind == Kind::Refused), None);
    range.proxy.refusing(|| range.all_at_once(&refused, |plan, slot| range.refused(plan, slot))).unwrap();

    range.end(seed);
    if count >= TRANSFERS {
        range.assert_each_was_injected();
    }
}

/// What the edge would keep, it reads before it replies. Here it keeps nothing for longer than no time at all, so that
/// each transfer asks the origin nevertheless.
#[test]
fn a_small_object_that_breaks_is_a_failure_before_the_reply() {
    let (count, seed) = (setting("CLOUDDROP_FAULTS").unwrap_or(TRANSFERS) / 4, seed());
    let range = Range::start(&["--set", "CACHE_SECONDS=0"]);
    let lines: Vec<Line> = lines(|kind| !kind.is_exclusive());
    let wholes: Vec<Line> = lines.into_iter().filter(|(_, _, shape)| *shape == Shape::Whole).collect();
    let plans = plans(seed, count, &wholes, Some(LARGEST_KEPT));
    range.all_at_once(&plans, |plan, slot| range.faulted(plan, slot));
    range.end(seed);
}

/// The stack with the proxy in it, and what has come of the transfers.
struct Range {
    proxy: Proxy,
    stack: Stack,
    /// By slot, then by size: two transfers at once never ask for one object, so each fault finds its own.
    objects: Vec<Vec<Object>>,
    outcomes: Mutex<BTreeMap<String, usize>>,
    faults: Mutex<Vec<String>>,
}

impl Range {
    fn start(arguments: &[&str]) -> Self {
        let proxy = Proxy::start().unwrap();
        let origin = format!("http://{}/clouddrop", proxy.address());
        let stack = Stack::start(&[&["--origin", &origin], arguments].concat());
        proxy.send_on_to(stack.ready.s3.endpoint.trim_start_matches("http://"));
        let contents = SIZES.map(|size| Arc::<[u8]>::from(content::bytes(size, 0, usize::try_from(size).unwrap())));
        let object = |slot: usize, content: &Arc<[u8]>| {
            let key = format!("faults/{slot}/{}", content.len());
            stack.put(&key, "application/octet-stream", content);
            let tag = tag_of(content);
            // The test's objects last as long as the test.
            let version: &'static str = Box::leak(tag.clone().into_boxed_str());
            let pinned = stack.token_with(&key, |token| token.object_version = Some(version));
            Object { token: stack.token(&key), pinned, tag, content: Arc::clone(content), key }
        };
        let objects = (0..CLIENTS).map(|slot| contents.iter().map(|content| object(slot, content)).collect()).collect();
        Self { proxy, stack, objects, outcomes: Mutex::default(), faults: Mutex::default() }
    }

    /// Performs the plans, [`CLIENTS`] at a time, each in a slot of its own.
    fn all_at_once(&self, plans: &[Plan], act: impl Fn(&Plan, usize) + Sync) {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for slot in 0..CLIENTS {
                let (next, act) = (&next, &act);
                scope.spawn(move || {
                    while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                        act(plan, slot);
                    }
                });
            }
        });
    }

    /// A transfer with its fault armed.
    fn faulted(&self, plan: &Plan, slot: usize) {
        let object = &self.objects[slot][plan.object];
        let path = self.path(object);
        for _ in 0..MOST_SHEDDING {
            self.proxy.arm(&path, plan.fault);
            let outcome = transfer(plan, object, self.stack.files());
            let seen = self.proxy.disarm(&path);
            if seen.requests == 0 && outcome == Ok(Outcome::Problem("origin_unavailable")) {
                thread::sleep(AFTER_SHEDDING);
                continue;
            }
            let is_struck = if plan.fault.hits == Hits::First { seen.struck == 1 } else { seen.struck >= 1 };
            self.note(plan, &outcome, &allowed(plan));
            if !is_struck || seen.requests > MOST_REQUESTS {
                self.fault(plan, &format!("{seen:?} with {outcome:?}"));
            }
            return;
        }
        self.fault(plan, "the edge does not ask the origin any more");
    }

    /// A sound transfer whose connection is kept, and one after it that may meet what became of it.
    fn with_kept_connection(&self, plan: &Plan) {
        let object = &self.objects[0][plan.object];
        let path = self.path(object);
        self.proxy.arm(&path, Fault { hits: Hits::First, ..plan.fault });
        let first = transfer(plan, object, self.stack.files());
        let seen = self.proxy.disarm(&path);
        if first != Ok(Outcome::Right) || seen.struck != 1 {
            self.fault(plan, &format!("the transfer before: {seen:?} with {first:?}"));
        }
        // An end that nobody has to hurry to see.
        thread::sleep(Duration::from_millis(50));
        let second = transfer(plan, object, self.stack.files());
        let mut outcomes = plan.row.outcomes(plan.shape).to_vec();
        if plan.row.is_retried {
            outcomes.push(Outcome::Right);
        }
        self.note(plan, &second, &outcomes);
    }

    /// A transfer while nobody listens.
    fn refused(&self, plan: &Plan, slot: usize) {
        let outcome = transfer(plan, &self.objects[slot][plan.object], self.stack.files());
        self.proxy.count(plan.row.kind, plan.fault.phase);
        self.note(plan, &outcome, plan.row.outcomes(plan.shape));
    }

    /// Reads without faults until all is as at the start.
    fn settle(&self) {
        let files = self.stack.files();
        let sound = |object: &Object| {
            let reply = Ask::get(&format!("/d/{}", object.token)).send(files);
            (reply.status, &reply.body[..]) == (200, &object.content[..])
        };
        for _ in 0..MOST_SHEDDING {
            if self.objects[0].iter().all(sound) {
                return;
            }
            thread::sleep(AFTER_SHEDDING);
        }
        panic!("the edge does not come back: {}", self.stack.last_words());
    }

    fn path(&self, object: &Object) -> String {
        format!("/{}/{}{}", self.stack.ready.s3.bucket, self.stack.ready.object_prefix, object.key)
    }

    fn note(&self, plan: &Plan, outcome: &Result<Outcome, String>, allowed: &[Outcome]) {
        let line =
            format!("{:?} {:?} {:?} {:?}: {outcome:?}", plan.row.kind, plan.fault.phase, plan.shape, plan.fault.hits);
        *self.outcomes.lock().unwrap().entry(line).or_default() += 1;
        if !outcome.as_ref().is_ok_and(|outcome| allowed.contains(outcome)) {
            self.fault(plan, &format!("{outcome:?}, allowed are {allowed:?}"));
        }
    }

    fn fault(&self, plan: &Plan, what: &str) {
        let Plan { number, fault, shape, object, range, .. } = plan;
        let size = SIZES[*object];
        let line = format!("{fault:?} at transfer {number}, {shape:?} {range:?} of {size} bytes: {what}");
        self.faults.lock().unwrap().push(line);
    }

    /// Asserts that all has come as it may, and that the stack is as at the start.
    fn end(&self, seed: u64) {
        self.settle();
        if let Some(file) = std::env::var_os("CLOUDDROP_FAULTS_REPORT") {
            let outcomes = self.outcomes.lock().unwrap();
            let lines: Vec<String> = outcomes.iter().map(|(line, times)| format!("{times:>5} {line}\n")).collect();
            let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
            file.write_all(lines.concat().as_bytes()).unwrap();
        }
        let faults = self.faults.lock().unwrap();
        if !faults.is_empty() {
            let some = faults.iter().take(MOST_TOLD).fold(String::new(), |text, line| text + "\n  " + line);
            panic!("{} faults with seed {seed}:{some}\n{}", faults.len(), self.stack.last_words());
        }
        assert_eq!(self.proxy.strayed(), 0, "somebody followed a redirect");
        assert_eq!(self.proxy.borne(), BTreeMap::new(), "a silent or endless origin was borne to the end");
        assert_eq!(self.proxy.failed(), 0, "the S3 server owes answers");
        self.stack.assert_healthy();
    }

    fn assert_each_was_injected(&self) {
        let tally = self.proxy.tally();
        for row in ROWS {
            for phase in row.phases {
                let times = tally.get(&(row.kind, *phase)).copied().unwrap_or_default();
                assert!(times >= FEWEST_OF_EACH, "{:?} {phase:?} was injected {times} times", row.kind);
            }
        }
        for phase in PHASES {
            assert!(tally.keys().any(|(_, p)| *p == phase), "{phase:?}");
        }
    }
}

/// The same transfers in every run, unless the environment says otherwise.
fn seed() -> u64 {
    setting("CLOUDDROP_FAULTS_SEED").unwrap_or(20) as u64
}

fn setting(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
