//! Proves that the S3 server answers the edge's question for a folder, signed by the edge's own identity, page by page,
//! and nothing outside the prefix that this identity is limited to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_core::listing::{self, Entry, Listing, PAGE_KEYS, Place};
use clouddrop_core::{Config, Refusal};
use clouddrop_tests::stack::Stack;
use clouddrop_tests::stack::http::Ask;
use clouddrop_tests::stack::objects::{file_target, now};

/// Asks the S3 server as the edge would.
fn list(folder: &str, query: &str, config: &Config) -> Result<Listing, Refusal> {
    let place = Place::read(&format!("/f/{folder}"), query, config).unwrap();
    let question = listing::fetch(&place, now(), config).unwrap();
    let (authority, target) = question.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let ask = Ask::new(&question.method, &format!("/{target}"));
    let ask = question.headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
    let reply = ask.send(authority);
    listing::settle(&place, reply.status, &reply.body, config)
}

fn names(listing: &Listing) -> Vec<&str> {
    listing
        .entries
        .iter()
        .map(|entry| match entry {
            Entry::Folder { name } | Entry::File { name, .. } => name.as_str(),
        })
        .collect()
}

#[test]
fn a_folder_is_listed_by_the_edges_identity() {
    let stack = Stack::start(&[]);
    let config = stack.edge_config();

    let awkward = ["<b>Q&A 'x'.txt", "a b+c%20.txt", "r\u{e9}sum\u{e9}\u{1f600}.txt", "sub dir/x", "sub dir/deeper/y"];
    for name in awkward {
        stack.put(&format!("listed/{name}"), "text/plain", name.as_bytes());
    }
    stack.put("listed-not/z", "text/plain", b"z");
    let listing = list("listed/", "", &config).unwrap();
    assert_eq!(names(&listing), ["sub dir", "<b>Q&A 'x'.txt", "a b+c%20.txt", "r\u{e9}sum\u{e9}\u{1f600}.txt"]);
    assert_eq!((listing.hidden, listing.next), (0, None));
    for entry in &listing.entries {
        let Entry::File { name, size, modified } = entry else { continue };
        let age = now().as_secs() - modified.as_secs();
        assert!(*size == name.len() as u64 && age < 3600, "{entry:?}");
    }
    assert_eq!(names(&list("listed/", "in=sub%20dir/", &config).unwrap()), ["deeper", "x"]);
    assert_eq!(list("listed/", "in=nothing/", &config), Ok(Listing::default()));

    // Page after page, each name once.
    let total = PAGE_KEYS + 5;
    for number in 0..total {
        stack.put(&format!("many/{number:04}"), "text/plain", b"");
    }
    let first = list("many/", "", &config).unwrap();
    let place = Place::read("/f/many/", "", &config).unwrap();
    let query = place.query_of_page(Some(first.next.as_deref().unwrap()));
    let second = list("many/", &query[1..], &config).unwrap();
    assert_eq!((first.entries.len(), second.next.as_deref()), (PAGE_KEYS, None));
    let all: Vec<String> = names(&first).into_iter().chain(names(&second)).map(Into::into).collect();
    assert_eq!(all, (0..total).map(|number| format!("{number:04}")).collect::<Vec<_>>());
    assert_eq!(list("many/", "after=unheard-of", &config).unwrap_err().code(), "bad_request");

    // The identity is limited to the shared prefix, and the rules say whose fault another one is.
    for prefix in ["other/", "file/"] {
        let outside = stack.edge_config_with(&[("OBJECT_PREFIX", prefix)]);
        let refusal = list("x/", "", &outside).unwrap_err();
        assert_eq!(refusal.to_string(), "origin_error: AccessDenied: the edge may not list the bucket");
    }

    // What is not there is still that.
    let token = stack.token("listed/missing");
    for ask in [Ask::get(&file_target("listed/missing")), Ask::head(&file_target("listed/missing"))] {
        assert_eq!(ask.bearer(&token).send(stack.files()).status, 404);
    }
}
