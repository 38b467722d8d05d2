//! Sending files by the web page, in Chromium against the whole system, most of it by the guest's page: whatever interrupts
//! it, what arrives is the file, once, and what cannot arrive is refused in words.
//!
//! The cases are in `tests/scripts/`: `web_resume.mjs`, `web_queue.mjs`, `web_guest.mjs`, `web_owner.mjs` and
//! `web_large.mjs`; each has a stack of its own.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use clouddrop_tests::node;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::web::{input, run};
use serde_json::json;

/// More than this a large file may not add to the browser's memory, in bytes: buffers of the connections and of the hash,
/// and the parts' own records. Garbage that gathers would be twice as much for a gigabyte.
const FLAT: u64 = 80 << 20;
/// The size of the large file in MiB; `CLOUDDROP_LARGE_MIB` makes it another.
const LARGE: u64 = 1024;

#[test]
fn what_had_arrived_before_a_reload_or_a_crash_is_not_sent_again() {
    run("web_resume.mjs", "reload");
}

#[test]
fn another_file_of_the_same_name_and_size_is_not_taken_for_the_first() {
    run("web_resume.mjs", "changed");
}

#[test]
fn without_a_network_it_waits_and_then_goes_on() {
    run("web_resume.mjs", "offline");
}

#[test]
fn part_urls_that_have_run_out_are_renewed() {
    run("web_resume.mjs", "expired");
}

#[test]
fn a_part_that_stalls_is_sent_again() {
    run("web_resume.mjs", "stall");
}

#[test]
fn two_tabs_do_not_send_one_file_twice() {
    run("web_resume.mjs", "tabs");
}

#[test]
fn an_upload_that_was_thrown_away_begins_anew() {
    run("web_resume.mjs", "thrown");
}

#[test]
fn names_of_strangers_are_text() {
    run("web_queue.mjs", "names");
}

#[test]
fn folders_are_picked_and_dropped_and_pictures_are_pasted() {
    run("web_queue.mjs", "folders");
}

#[test]
fn people_pause_go_on_and_cancel() {
    run("web_queue.mjs", "control");
}

#[test]
fn bytes_that_change_on_the_way_never_become_a_file() {
    run("web_queue.mjs", "damaged");
}

#[test]
fn answers_that_are_lost_make_no_second_file() {
    run("web_queue.mjs", "answers");
}

#[test]
fn what_a_link_does_not_take_is_refused_in_words() {
    run("web_queue.mjs", "refused");
}

#[test]
fn the_guests_page_is_for_everybody() {
    if !node::has_chromium() {
        return;
    }
    let stack = Stack::start(&[]);
    let answer = node::run("web_guest.mjs", &input(&stack, json!({}))).unwrap();
    assert_eq!(answer["passed"], true);
}

#[test]
fn what_an_account_sends_together_is_behind_one_link_and_goes_on_for_nobody_else() {
    if !node::has_chromium() {
        return;
    }
    let stack = Stack::start(&[]);
    let answer = node::run("web_owner.mjs", &input(&stack, json!({}))).unwrap();
    assert_eq!(answer["passed"], true);
}

#[test]
fn a_large_file_is_sent_with_flat_memory() {
    if !node::has_chromium() {
        return;
    }
    let mebibytes = std::env::var("CLOUDDROP_LARGE_MIB").map_or(LARGE, |text| text.parse().unwrap());
    let stack = Stack::start(&[]);
    let sent = node::run("web_large.mjs", &input(&stack, json!({ "mebibytes": mebibytes }))).unwrap();
    assert_eq!(sent["bytes"], (mebibytes << 20) + 17);
    assert!(sent["growth"].as_u64().unwrap() < FLAT, "{sent}");
}
