//! The web page in Chromium against the whole system, as people use it: signing in, sending, files, links, requests; how it
//! looks, and who can use it. What the browser complains of, a broken policy above all, fails a test.
//!
//! The cases are in `tests/scripts/web_page.mjs`, `web_look.mjs` and `web_oidc.mjs`; each has a stack of its own. The pages'
//! references, which people have looked at, are in `tests/screens/`; `BLESS=1` makes them anew.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use clouddrop_tests::node;
use clouddrop_tests::stack::Stack;
use clouddrop_tests::web::{input, run};
use serde_json::json;
use std::net::TcpListener;

#[test]
fn a_key_is_kept_for_the_tab_or_as_long_as_was_asked_for() {
    run("web_page.mjs", "door");
}

#[test]
fn who_is_signed_out_goes_on_where_they_were() {
    run("web_page.mjs", "ended");
}

#[test]
fn without_a_network_it_says_so_and_goes_on_when_asked_to() {
    run("web_page.mjs", "offline");
}

#[test]
fn a_file_that_has_arrived_has_a_link_whose_terms_change_later() {
    run("web_page.mjs", "send");
}

#[test]
fn files_that_were_added_together_have_one_link() {
    run("web_page.mjs", "together");
}

#[test]
fn files_are_found_shown_saved_renamed_and_deleted() {
    run("web_page.mjs", "files");
}

#[test]
fn links_tell_of_their_use_are_extended_and_revoked() {
    run("web_page.mjs", "shares");
}

#[test]
fn requests_are_made_used_by_guests_and_closed() {
    run("web_page.mjs", "requests");
}

#[test]
fn every_page_looks_as_it_should_and_axe_finds_nothing_serious() {
    run("web_look.mjs", "looks");
}

#[test]
fn a_keyboard_is_enough() {
    run("web_look.mjs", "keyboard");
}

#[test]
fn what_strangers_write_is_text() {
    run("web_look.mjs", "hostile");
}

#[test]
fn the_policy_lets_nothing_through() {
    run("web_look.mjs", "policy");
}

#[test]
fn it_speaks_german_and_english() {
    run("web_look.mjs", "languages");
}

#[test]
fn the_first_load_is_small_and_from_here_only() {
    run("web_look.mjs", "quick");
}

#[test]
fn an_identity_provider_signs_people_in() {
    const CLIENT: &str = "clouddrop-page";
    if !node::has_chromium() {
        return;
    }
    // The stack must know where the provider is before the script starts it there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer = format!("OIDC_ISSUER=http://127.0.0.1:{port}");
    let client = format!("OIDC_CLIENT_ID={CLIENT}");
    let audience = format!("OIDC_AUDIENCE={CLIENT}");
    let stack = Stack::start(&["--set", &issuer, "--set", &client, "--set-signer", &issuer, "--set-signer", &audience]);
    let answer = node::run("web_oidc.mjs", &input(&stack, json!({ "idp": port, "client": CLIENT }))).unwrap();
    assert_eq!(answer["passed"], true);
}

/// What has no page: rules of the page's own, run by Node's test runner.
#[test]
fn the_modules_of_the_page_do_what_they_say() {
    let told = node::run("node_tests.mjs", &json!({ "tests": "web/test" })).unwrap();
    assert_eq!(told["failed"], json!([]), "{told:#}");
    assert!(told["passed"].as_u64().unwrap() >= 10, "{told:#}");
}
