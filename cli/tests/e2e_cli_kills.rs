//! The command line killed at random moments of sending and fetching: the same command, run again, does the whole of it,
//! and nothing is left behind. `CLOUDDROP_KILLS` says how often: 500 times, if it is not set.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "in a test a panic is the report")]

mod common;

use clouddrop_tests::stack::content::{Numbers, bytes};
use clouddrop_tests::stack::{AtEnd, Stack, new_folder};
use common::{Home, text};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// One in so many kills meets a file that is sent in parts.
const LARGE_EVERY: usize = 3;
const LARGE: usize = (64 << 20) + 5;
const SMALL: usize = 600_000;

fn kills() -> usize {
    std::env::var("CLOUDDROP_KILLS").map_or(500, |text| text.parse().unwrap())
}

/// One run that is killed at a random moment of the time that a whole one takes, and a bit; what it printed, if it was
/// quicker. Who has been told the result has it, whatever becomes of the program then.
fn once(numbers: &mut Numbers, usual: Duration, make: impl Fn() -> Command) -> Option<String> {
    let begun = Instant::now();
    let mut child = make().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let moment = usual.mul_f64(numbers.below(1100) as f64 / 1000.0);
    while begun.elapsed() < moment && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    let ended = child.try_wait().unwrap().is_some();
    if !ended {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    if ended {
        return Some(text(&output));
    }
    let told = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str::<Value>(&told).is_ok().then_some(told)
}

#[test]
fn killed_at_random_moments_everything_comes_out_whole_and_nothing_is_left() {
    // The bucket's folder is looked into at the end.
    let folder = new_folder();
    let stack = Stack::start_in(&folder, &[], AtEnd::Remove);
    let home = Home::of(&stack);
    let mut numbers = Numbers(20_261_126);
    // How long whole runs take here and now.
    let usual = [SMALL, LARGE].map(|size| {
        let content = bytes(0, 0, size);
        home.write("usual.bin", &content);
        let begun = Instant::now();
        let link = home.must(&["put", "usual.bin"]);
        let put = begun.elapsed();
        home.must(&["get", &link, "-o", "got.bin"]);
        std::fs::remove_file(home.path("got.bin")).unwrap();
        (put, begun.elapsed() - put)
    });
    let (mut deaths, mut rounds) = (0, 0);
    let mut links = std::collections::BTreeSet::new();
    while deaths < kills() {
        rounds += 1;
        let is_large = rounds % LARGE_EVERY == 0;
        let content = bytes(rounds as u64, 0, if is_large { LARGE } else { SMALL });
        let name = format!("file-{rounds}.bin");
        home.write(&name, &content);
        let (usual_put, usual_get) = usual[usize::from(is_large)];
        // Under a claim there are bytes for the file and a tenth more: so many kills it must bear, and does.
        let is_counted = rounds % 2 == 0;
        let put = || {
            let mut command = home.command(&["put", "--json", &name]);
            if is_counted {
                command.args(["--downloads", "1"]);
            }
            command
        };
        let told = loop {
            match once(&mut numbers, usual_put, put) {
                Some(told) => break told,
                None => deaths += 1,
            }
        };
        let told: Value = serde_json::from_str(&told).unwrap();
        let link = told["share"]["link"].as_str().unwrap().to_string();
        assert!(links.insert(link.clone()), "a link of another file");

        let got = format!("got-{rounds}.bin");
        let piece = if is_large { "8388608" } else { "65536" };
        let get = || {
            let mut command = home.command(&["get", &link, "-o", &got]);
            command.env("CLOUDDROP_TEST_PIECE_BYTES", piece);
            command
        };
        let before = deaths;
        loop {
            // A kill between the file's name and the end leaves the whole file: there is nothing to go on with.
            if home.path(&got).exists() {
                // Once more: it says that the file is there, and takes away what is left of the last one.
                let again = get().output().unwrap().status.code();
                assert!(matches!(again, Some(7)), "{again:?}");
                break;
            }
            if is_counted && deaths - before >= 3 {
                text(&get().output().unwrap());
                break;
            }
            deaths += usize::from(once(&mut numbers, usual_get, get).is_none());
        }
        assert!(home.read(&got) == content, "round {rounds}, after {} kills: other bytes", deaths - before);
        std::fs::remove_file(home.path(&name)).unwrap();
        std::fs::remove_file(home.path(&got)).unwrap();
    }
    eprintln!("{deaths} kills in {rounds} rounds");
    // Files are there once each, and no upload is open: neither at the signer nor, in parts, in the bucket.
    let files = home.json(&["ls", "-n", "0"]);
    let mut names: Vec<&str> =
        files["items"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    names.retain(|name| name.starts_with("file-"));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), all), (rounds, rounds));
    assert_eq!(home.unfinished(), 0);
    sleep(Duration::from_millis(1100));
    home.must(&["abort", "--stale", "--older-than", "1s"]);
    let left = home.list(".").into_iter().filter(|name| name.contains("clouddrop-")).collect::<Vec<_>>();
    assert_eq!(left, [] as [String; 0], "of downloads");
    let in_parts = std::fs::read_dir(folder.join("data/s3").join(&stack.ready.s3.bucket).join("uploads")).unwrap();
    assert_eq!(in_parts.count(), 0, "uploads in parts that the bucket still holds");
    let account = stack.call_get("account");
    assert_eq!((&account["open_uploads"], &account["pending_bytes"]), (&0.into(), &0.into()), "{account}");
}
