//! The headers of every kind of reply, as others judge them: Mozilla's HTTP Observatory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_tests::node;
use clouddrop_tests::stack::Stack;
use serde_json::{Value, json};

/// The most that a reply can have without cookies and without standing on the browsers' preload list.
const BEST: i64 = 135;
/// The same for one that loads no script: five points are for scripts with their hash beside them.
const BEST_WITHOUT_SCRIPT: i64 = 130;
/// What the Observatory says of such a page.
const NO_SCRIPT: &str = "sri-not-implemented-but-no-scripts-loaded";

#[test]
fn the_observatory_gives_all_the_points_it_has() {
    let stack = Stack::start(&[]);
    stack.put("headers/a.txt", "text/plain", b"a");
    let token = stack.token("headers/a.txt");
    let asked = [
        ("the page", 200, stack.page(), "/".to_owned()),
        ("a refusal", 401, stack.files(), "/f/headers/a.txt".into()),
        ("a refused token", 401, stack.files(), "/d/nonsense".into()),
        ("a landing page", 200, stack.files(), format!("/s/{token}")),
        ("a file", 200, stack.files(), format!("/d/{token}")),
    ];
    let addresses = asked.iter().map(|(_, _, authority, path)| {
        let (host, port) = authority.split_once(':').unwrap();
        json!({ "host": host, "port": port.parse::<u16>().unwrap(), "path": path })
    });
    let answers = node::run("observatory.mjs", &addresses.collect::<Value>()).unwrap();
    for ((about, status, ..), answer) in asked.iter().zip(answers.as_array().unwrap()) {
        assert_eq!(answer["status"], *status, "{about}: {answer:#}");
        let without_script = answer["tests"]["subresource-integrity"][0] == NO_SCRIPT;
        let is_html = answer["tests"]["subresource-integrity"][0] != "sri-not-implemented-response-not-html";
        let has_script = is_html && !without_script;
        // The page has one; without its hash it would not have these points.
        assert_eq!(has_script, *about == "the page", "{about}: {answer:#}");
        let best = if has_script { BEST } else { BEST_WITHOUT_SCRIPT };
        assert_eq!((&answer["score"], &answer["grade"]), (&json!(best), &json!("A+")), "{about}: {answer:#}");
    }
    assert_eq!(answers.as_array().unwrap().len(), asked.len());
}
