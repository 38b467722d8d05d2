//! Proves that counters count exactly in the real runtime: Durable Objects on SQLite with the rules as wasm, under a
//! thousand claims at once, and over the sudden death of the runtime. The functions of `counter.mjs` are called as the
//! edge calls them, by a module in front of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::files::repository;
use clouddrop_tests::stack::http::Ask;
use clouddrop_tests::stack::{AtEnd, Stack, new_folder};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// How many claims come at once, and in how many requests.
const CLAIMS: usize = 1000;
const REQUESTS: usize = 25;
/// Longest wait for an alarm of the platform.
const ALARM_LIMIT: Duration = Duration::from_secs(60);

fn start(folder: &Path, arguments: &[&str], at_end: AtEnd) -> Stack {
    let main = repository().join("tests/workers/counter.mjs").canonicalize().unwrap();
    let mut all = vec!["--main", main.to_str().unwrap()];
    all.extend(arguments);
    Stack::start_in(folder, &all, at_end)
}

/// What all calls, made at once, have given; `None` if the runtime died.
fn try_calls(address: &str, calls: &[Value]) -> Option<Vec<Value>> {
    let body = serde_json::to_vec(calls).unwrap();
    let reply = Ask::new("POST", "/test").body(&body).try_send(address).ok()?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = reply.json().as_array().unwrap().clone();
    assert_eq!(told.len(), calls.len());
    Some(told)
}

fn calls(stack: &Stack, calls: &[Value]) -> Vec<Value> {
    try_calls(stack.files(), calls).unwrap_or_else(|| panic!("no answer; {}", stack.last_words()))
}

fn call(stack: &Stack, call: Value) -> Value {
    calls(stack, &[call]).remove(0)
}

fn now_millis() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A link of its own for each number.
fn link(number: u64) -> String {
    format!("{number:032x}")
}

/// A claim that is not repeated, for `limit` uses of `link`.
fn claim(link: &str, limit: u64, session: u64) -> Value {
    let ends = now_millis() + 600_000;
    json!(["take", format!("{link} {limit} {ends} {session:032x} - 1000 \"v1\"")])
}

/// The session of a granted claim; `None` if no use was left.
fn granted(answer: &Value) -> Option<String> {
    match answer.as_str().unwrap_or_else(|| panic!("{answer}")).split(' ').collect::<Vec<_>>()[..] {
        ["granted", session, _, "1000", "\"v1\""] => Some(session.into()),
        ["used_up"] => None,
        _ => panic!("{answer}"),
    }
}

#[test]
fn a_thousand_claims_at_once_get_exactly_as_many_uses_as_there_are() {
    let stack = start(&new_folder(), &[], AtEnd::Remove);
    for limit in [1, 3, 10] {
        let link = link(limit);
        assert_eq!(call(&stack, json!(["left", format!("{link} {limit}")])), limit);
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let ask = |request: usize| {
                let sessions = (request * CLAIMS / REQUESTS) as u64..((request + 1) * CLAIMS / REQUESTS) as u64;
                calls(&stack, &sessions.map(|session| claim(&link, limit, session)).collect::<Vec<_>>())
            };
            let threads: Vec<_> = (0..REQUESTS).map(|request| scope.spawn(move || ask(request))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let sessions: BTreeSet<String> = answers.iter().filter_map(granted).collect();
        assert_eq!((answers.len(), sessions.len() as u64), (CLAIMS, limit));
        assert_eq!(call(&stack, json!(["left", format!("{link} {limit}")])), 0);
    }
}

/// Claims that may have been made, by link, and what came of those that were answered.
#[derive(Default)]
struct Heard {
    asked: BTreeMap<String, BTreeSet<u64>>,
    granted: BTreeMap<String, BTreeSet<String>>,
}

#[test]
fn a_runtime_that_is_killed_amid_a_thousand_claims_never_grants_one_too_many() {
    const LIMITS: [u64; 4] = [1, 3, 10, 150];
    let folder = new_folder();
    let heard = Mutex::new(Heard::default());
    let links: Vec<(String, u64)> = LIMITS.iter().map(|limit| (link(*limit), *limit)).collect();
    let next_session = AtomicU32::new(0);
    // Killed after so many answers: at the first claims, amid those of the long link, and about its last use.
    for kill_after in [1, 3, 8] {
        let stack = start(&folder, &[], AtEnd::Keep);
        let (answered, is_dead) = (AtomicU32::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !is_dead.load(Ordering::Relaxed) {
                        let claims: Vec<(&String, u64, u64)> = (0..CLAIMS / REQUESTS)
                            .map(|place| {
                                let (link, limit) = &links[place % links.len()];
                                (link, *limit, next_session.fetch_add(1, Ordering::Relaxed).into())
                            })
                            .collect();
                        {
                            let mut heard = heard.lock().unwrap();
                            for (link, _, session) in &claims {
                                heard.asked.entry((*link).clone()).or_default().insert(*session);
                            }
                        }
                        let asked: Vec<Value> =
                            claims.iter().map(|(link, limit, session)| claim(link, *limit, *session)).collect();
                        let Some(answers) = try_calls(stack.files(), &asked) else { return };
                        let mut heard = heard.lock().unwrap();
                        for ((link, ..), answer) in claims.iter().zip(&answers) {
                            heard.granted.entry((*link).clone()).or_default().extend(granted(answer));
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            while answered.load(Ordering::Relaxed) < kill_after {
                std::thread::yield_now();
            }
            let killed = Command::new("kill").args(["-9", &stack.ready.pids.edge.to_string()]).status().unwrap();
            assert!(killed.success());
            is_dead.store(true, Ordering::Relaxed);
        });
    }
    let stack = start(&folder, &[], AtEnd::Remove);
    let heard = heard.into_inner().unwrap();
    for (link, limit) in &links {
        let granted_before = &heard.granted[link];
        assert!(granted_before.len() as u64 <= *limit, "{limit}: {}", granted_before.len());
        // Every claim that was ever made is repeated, those that nobody has heard of among them: what was granted
        // stands, and so many others get a use as are left.
        let repeated: Vec<Value> = heard.asked[link].iter().map(|session| claim(link, *limit, *session)).collect();
        let mut sessions: BTreeSet<String> = BTreeSet::new();
        for some in repeated.chunks(CLAIMS / REQUESTS) {
            sessions.extend(calls(&stack, some).iter().filter_map(granted));
        }
        assert!(sessions.is_superset(granted_before), "{limit}: a use that was granted is gone");
        let fresh = (0..*limit).map(|more| claim(link, *limit, (1 << 40) + more)).collect::<Vec<_>>();
        sessions.extend(calls(&stack, &fresh).iter().filter_map(granted));
        assert_eq!(sessions.len() as u64, *limit);
        assert_eq!(call(&stack, json!(["left", format!("{link} {limit}")])), 0);
    }
}

#[test]
fn a_grant_has_its_budget_and_a_use_without_a_body_comes_back() {
    let stack = start(&new_folder(), &[], AtEnd::Remove);
    let link = link(77);
    let session = |number: u64| format!("{link} {number:032x}");
    let told = |calls: &[Value]| -> Vec<Value> { calls.iter().map(|one| call(&stack, one.clone())).collect() };
    let most = 1000 + 100 + (1 << 20);
    let told_first = told(&[
        json!(["reserve", session(1), 10]),
        claim(&link, 1, 1),
        json!(["reserve", session(1), most]),
        json!(["reserve", session(1), 1]),
        claim(&link, 1, 2),
        json!(["giveBack", session(1), most]),
        json!(["left", format!("{link} 1")]),
        json!(["reserve", session(1), 10]),
        json!(["giveBack", session(1), 10]),
        claim(&link, 1, 2),
        json!(["reserve", session(1), 10]),
        claim(&link, 1, 1),
    ]);
    let words: Vec<String> = told_first
        .iter()
        .map(|answer| answer.as_str().map_or(answer.to_string(), |text| text.split(' ').next().unwrap().into()))
        .collect();
    assert_eq!(
        words,
        ["unknown", "granted", "ok", "over_budget", "used_up", "ok", "1", "ok", "ok", "granted", "used_up", "used_up"]
    );
    // Forty failures at once bring one use back, and a body that was sent keeps it.
    let other = format!("{:032x}", 78);
    call(&stack, claim(&other, 5, 9));
    let plan = format!("{other} {:032x}", 9);
    calls(&stack, &vec![json!(["reserve", plan, 1]); 41]);
    calls(&stack, &vec![json!(["giveBack", plan, 1]); 40]);
    assert_eq!(call(&stack, json!(["left", format!("{other} 5")])), 4);
    call(&stack, json!(["giveBack", plan, 1]));
    assert_eq!(call(&stack, json!(["left", format!("{other} 5")])), 5);
    // What is no plan rejects.
    for bad in
        [json!(["take", "0000 1"]), json!(["take", "0000"]), json!(["reserve", plan, "x"]), json!(["left", "a b"])]
    {
        assert!(call(&stack, bad.clone())["error"].is_string(), "{bad}");
    }
}

#[test]
fn a_strict_bucket_is_not_filled_by_a_restart_and_forgotten_when_full() {
    const PER_MINUTE: u64 = 3;
    let folder = new_folder();
    let rates = ["--set", "ISSUES_PER_MINUTE=3", "--set", "CLAIMS_PER_MINUTE=1000000"];
    let begun = Instant::now();
    let ask = |stack: &Stack| calls(stack, &vec![json!(["strict", "issue", "203.0.113.7"]); 50]);
    let passed = |answers: &[Value]| answers.iter().filter(|answer| **answer == 0).count() as u64;
    // No more than one every twenty seconds flows in, however slow this machine is.
    let most = || PER_MINUTE + begun.elapsed().as_secs() / 20 + 1;

    let stack = start(&folder, &rates, AtEnd::Keep);
    let first = ask(&stack);
    assert!((PER_MINUTE..=most()).contains(&passed(&first)), "{first:?}");
    assert!(first.iter().all(|wait| wait.as_u64().is_some_and(|wait| wait <= 20)), "{first:?}");
    assert_eq!(call(&stack, json!(["strict", "issue", "203.0.113.8"])), 0);
    assert!(call(&stack, json!(["strict", "other", "203.0.113.8"]))["error"].is_string());
    drop(stack);

    let stack = start(&folder, &rates, AtEnd::Remove);
    let passed_in_all = passed(&first) + passed(&ask(&stack));
    assert!(passed_in_all <= most(), "{passed_in_all} passed");
    assert_eq!(call(&stack, json!(["strict", "claim", "a"])), 0);
    until(|| call(&stack, json!(["keeps", "BUCKETS", "claim a"])) == 0);
}

#[test]
fn a_link_is_forgotten_an_hour_after_its_end() {
    let stack = start(&new_folder(), &[], AtEnd::Remove);
    let link = link(99);
    // By the Worker's clock the link has not ended; by the machine's, the hour is over in two seconds.
    let ends = now_millis() - 3_600_000 + 2_000;
    call(&stack, json!(["setAhead", -7_200_000]));
    let plan = format!("{link} 2 {ends} {:032x} - 1000 \"v1\"", 1);
    assert!(granted(&call(&stack, json!(["take", plan]))).is_some());
    assert_eq!(call(&stack, json!(["keeps", "LINKS", link])), 2);
    until(|| call(&stack, json!(["keeps", "LINKS", link])) == 0);
    // Long after, nothing is granted by what was forgotten.
    call(&stack, json!(["setAhead", 0]));
    assert_eq!(call(&stack, json!(["take", plan])), "ended");
    assert_eq!(call(&stack, json!(["keeps", "LINKS", link])), 0);
}

#[test]
fn the_rate_limits_of_the_stack_are_those_that_were_asked_for() {
    let stack = start(&new_folder(), &["--limit", "client=7,bad=5"], AtEnd::Remove);
    for (binding, limit) in [("LIMIT_CLIENT", 7), ("LIMIT_BAD", 5), ("LIMIT_TOKEN", 20)] {
        // The window may end between two calls: then another key is tried.
        let exact = (0..3).any(|attempt| {
            let key = format!("key-{attempt}");
            let answers = calls(&stack, &vec![json!(["limit", binding, key]); 20]);
            answers.iter().filter(|answer| **answer == true).count() == limit
        });
        assert!(exact, "{binding}");
        assert_eq!(call(&stack, json!(["limit", binding, "another"])), true);
    }
    stack.assert_healthy();
}

fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + ALARM_LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "the platform's alarm did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}
