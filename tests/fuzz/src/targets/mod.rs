//! The targets. Each asserts what must hold of every input, beyond not to panic.

mod border;
mod carriers;
mod conditions;
mod config;
mod disposition;
mod jwt;
mod listing;
mod media_type;
mod path;
mod policy;
mod range;
mod settle;
mod sigv4;
mod wire;

use clouddrop_cases::config::config as checked;
use clouddrop_core::{Client, Config, Headers, Place, Request, UnixTime};
use serde_json::Map;

/// Longest input, in bytes; a token of 1024 bytes with a request around it is shorter.
pub(crate) const MAX_BYTES: usize = 4096;

/// A target.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// What is fuzzed, in a few words.
    pub(crate) about: &'static str,
    /// Panics if a property does not hold of the input.
    pub(crate) run: fn(&[u8]),
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "wire", about: "the token's CBOR against another reader", run: wire::run, seeds: wire::seeds },
    Target { name: "jwt", about: "the signed JWT against another reader", run: jwt::run, seeds: jwt::seeds },
    Target { name: "carriers", about: "finding the token in a request", run: carriers::run, seeds: carriers::seeds },
    Target { name: "path", about: "object paths go round", run: path::run, seeds: path::seeds },
    Target { name: "policy", about: "nothing that is added opens a token", run: policy::run, seeds: policy::seeds },
    Target { name: "sigv4", about: "the canonical request is one reading", run: sigv4::run, seeds: sigv4::seeds },
    Target { name: "range", about: "Range and Content-Range", run: range::run, seeds: range::seeds },
    Target {
        name: "conditions",
        about: "conditional requests: no reply that was not asked for",
        run: conditions::run,
        seeds: conditions::seeds,
    },
    Target {
        name: "disposition",
        about: "file names come out harmless and in one reading",
        run: disposition::run,
        seeds: disposition::seeds,
    },
    Target { name: "media_type", about: "only safe types pass", run: media_type::run, seeds: media_type::seeds },
    Target {
        name: "settle",
        about: "no reply claims what the origin's head does not say",
        run: settle::run,
        seeds: settle::seeds,
    },
    Target {
        name: "listing",
        about: "a folder's listing is read whole and names nothing outside",
        run: listing::run,
        seeds: listing::seeds,
    },
    Target { name: "config", about: "an unset or unknown variable refuses", run: config::run, seeds: config::seeds },
    Target { name: "border", about: "texts of the border go round", run: border::run, seeds: border::seeds },
];

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const URL: &str = "https://files.example.net/f/9Jq2/report.pdf";

thread_local! {
    static CONFIG: Config = checked(&Map::new()).unwrap_or_else(|faults| panic!("{faults}"));
}

/// Under the configuration of the cases.
pub(crate) fn with_config<T>(with: impl FnOnce(&Config) -> T) -> T {
    CONFIG.with(with)
}

/// A request from everywhere that a token may ask for.
pub(crate) fn request<'a>(method: &'a str, fields: &'a [(&'a str, &'a str)]) -> Request<'a> {
    let place = Place { country: Some("SE"), subdivision: Some("AB"), asn: Some(64500) };
    Request {
        method,
        url: URL,
        id: "fuzz",
        headers: Headers::new(fields),
        client: Client { address: Some(std::net::IpAddr::from([203, 0, 113, 50])), place: Some(place) },
    }
}

/// `name,value` lines.
pub(crate) fn fields(text: &str) -> Vec<(&str, &str)> {
    text.lines().filter_map(|line| line.split_once(',')).collect()
}

/// Whether a field, its name in lower case, is one of conditional and range requests.
pub(crate) fn is_condition(name: &str) -> bool {
    let known = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"];
    known.contains(&name)
}

/// A good token, `Bearer` and all.
pub(crate) fn bearer(claims: &serde_json::Value) -> String {
    let claims = claims.as_object().cloned().unwrap_or_default();
    let description = clouddrop_cases::token::Description { claims, ..Default::default() };
    format!("Bearer {}", description.text().unwrap_or_else(|error| panic!("{error}")))
}
