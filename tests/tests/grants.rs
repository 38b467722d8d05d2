//! Proves that a grant is its link with the count taken out and one version of one object put in: every other limit of
//! the link holds for it too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

use clouddrop_cases::config::{self, NOW};
use clouddrop_cases::token::Description;
use clouddrop_core::counter::Taken;
use clouddrop_core::{Client, Config, Decision, Headers, Place, Request, Seconds, UnixTime, decide};
use serde_json::{Map, Value, json};

const ADDRESS: &str = "203.0.113.50";

struct Asking<'a> {
    method: &'a str,
    target: &'a str,
    host: &'a str,
    address: &'a str,
    country: &'a str,
    headers: &'a [(&'a str, &'a str)],
    now: UnixTime,
}

const fn asking<'a>(method: &'a str, target: &'a str) -> Asking<'a> {
    let headers: &[(&str, &str)] = &[("x-device", "a")];
    Asking { method, target, host: "files.example.net", address: ADDRESS, country: "SE", headers, now: NOW }
}

fn decided(asking: &Asking<'_>, config: &mut Config) -> Decision {
    config::revoke(config, &[], asking.now).unwrap();
    let url = format!("https://{}{}", asking.host, asking.target);
    let mut fields = vec![("host", asking.host)];
    fields.extend_from_slice(asking.headers);
    let place = Some(Place { country: Some(asking.country), subdivision: None, asn: None });
    let client = Client { address: asking.address.parse().ok(), place };
    let request = Request { method: asking.method, url: &url, id: "grant", headers: Headers::new(&fields), client };
    decide(&request, asking.now, config)
}

fn code(decision: &Decision) -> &'static str {
    match decision {
        Decision::Reply(reply) => reply.log.as_ref().unwrap().code,
        Decision::Fetch(_) => "fetch",
        other => panic!("{other:?}"),
    }
}

/// A link for three downloads from one network, one country, one device and one host.
fn link() -> String {
    let claims = json!({
        "-65537": 3, "312": {"1": {"0": "files.example.net"}, "3": {"1": "/f/d/"}, "6": {"2": ".txt"}},
        "311": [{"tag": 52, "of": {"hex": "cb007132"}}], "316": ["SE"], "313": ["GET", "HEAD"],
        "315": {"x-device": {"0": "a"}}, "-65545": {"hex": "07070707070707070707070707070707"},
    });
    let Value::Object(claims) = claims else { unreachable!() };
    Description { claims, ..Description::default() }.text().unwrap()
}

/// The target of a grant for `/f/d/a.txt` that ends at `ends`.
fn grant(ends: UnixTime, config: &mut Config) -> String {
    let target = format!("/d/{}/a.txt", link());
    let Decision::Claim(claim) = decided(&asking("POST", &target), config) else { panic!("no claim") };
    let taken = Taken::Granted { session: [9; 16], ends, size: 5, version: "\"v1\"".into() };
    let reply = claim.facts.settle_taken(&taken, NOW, config).unwrap();
    assert_eq!(reply.status, 303);
    reply.headers.iter().find(|(name, _)| *name == "location").unwrap().1.clone()
}

#[test]
fn a_grant_reads_its_object_in_its_version_and_under_every_limit_of_its_link() {
    let mut config = config::config(&Map::new()).unwrap();
    let target = grant(NOW.after(Seconds(60)), &mut config);
    let Decision::Fetch(fetch) = decided(&asking("GET", &target), &mut config) else { panic!("refused") };
    assert!(fetch.url.ends_with("/files/d/a.txt"), "{}", fetch.url);
    assert!(fetch.headers.contains(&("if-match", "\"v1\"".into())));
    assert_eq!(code(&decided(&asking("HEAD", &target), &mut config)), "fetch");
    assert_eq!(code(&decided(&asking("POST", &target), &mut config)), "method_not_allowed");
    for (what, other) in [
        ("address", Asking { address: "203.0.113.51", ..asking("GET", &target) }),
        ("country", Asking { country: "NO", ..asking("GET", &target) }),
        ("device", Asking { headers: &[("x-device", "b")], ..asking("GET", &target) }),
        ("no device", Asking { headers: &[], ..asking("GET", &target) }),
        ("a path below it", asking("GET", &format!("{target}/b.txt"))),
    ] {
        assert_eq!(code(&decided(&other, &mut config)), "forbidden", "{what}");
    }
    let late = Asking { now: NOW.after(Seconds(60)), ..asking("GET", &target) };
    assert_eq!(code(&decided(&late, &mut config)), "expired");
}

#[test]
fn a_grant_never_outlives_its_link_and_is_claimed_where_its_link_may_be_read() {
    let mut config = config::config(&Map::new()).unwrap();
    let target = grant(UnixTime::from_secs(4_000_000_000), &mut config);
    let end = UnixTime::from_secs(1_900_000_000); // of the link, unless a description says otherwise
    let before = Asking { now: UnixTime::from_millis(end.as_millis() - 1), ..asking("GET", &target) };
    assert_eq!(code(&decided(&before, &mut config)), "fetch");
    assert_eq!(code(&decided(&Asking { now: end, ..asking("GET", &target) }, &mut config)), "expired");
    for (name, status) in [("b.pdf", "forbidden"), ("a.txt", "forbidden")] {
        let target = format!("/d/{}/{name}", link());
        let elsewhere =
            Asking { address: if name == "b.pdf" { ADDRESS } else { "192.0.2.1" }, ..asking("POST", &target) };
        assert_eq!(code(&decided(&elsewhere, &mut config)), status, "{name}");
    }
}

#[test]
fn what_the_counter_says_is_what_the_client_is_told() {
    let mut config = config::config(&Map::new()).unwrap();
    let target = format!("/d/{}/a.txt", link());
    let Decision::Claim(claim) = decided(&asking("POST", &target), &mut config) else { panic!("no claim") };
    let told = |taken| claim.facts.settle_taken(&taken, NOW, &config).unwrap_err();
    assert_eq!((told(Taken::UsedUp).code(), told(Taken::UsedUp).status()), ("gone", 410));
    assert_eq!(told(Taken::Ended).code(), "expired");
}
