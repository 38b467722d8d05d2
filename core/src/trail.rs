//! [`Trail`]: what was learnt about a request on the way to its decision, for the log and for limits. It decides
//! nothing.

use crate::hash;
use crate::request::Request;
use crate::text::push_json_string;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::Write;
use core::net::IpAddr;

/// See the module.
#[derive(Debug, Default)]
pub struct Trail {
    pub(crate) route: &'static str,
    pub(crate) token_id: Option<Box<[u8]>>,
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) uses: Uses,
}

/// What a counter is to be asked or told about the request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Uses {
    /// Nothing.
    #[default]
    Free,
    /// How many uses are left of the token's link, which has so many.
    Left(u64),
    /// That a body goes out under a grant of this link.
    Grant {
        /// The parent token's id.
        link: Box<[u8]>,
    },
}

/// How much of a token's hashed id the log shows: enough to tell links apart, nothing to claim them by.
const HASH_BYTES: usize = 8;

impl Trail {
    /// The route that was taken: `file`, `download`, `share`, `api`, `fixed`, or nothing.
    pub const fn route(&self) -> &'static str {
        self.route
    }

    /// The id of the token whose MAC has passed.
    pub fn token_id(&self) -> Option<&[u8]> {
        self.token_id.as_deref()
    }

    /// What a counter is to be asked or told.
    pub const fn uses(&self) -> &Uses {
        &self.uses
    }

    /// The beginning of the request's one log line, an open JSON object: who asked for what, without a path, a
    /// token or a whole address. What came of it is written behind it.
    pub fn log_line(&self, request: &Request<'_>, country: Option<&str>) -> String {
        let mut out = String::with_capacity(256);
        out.push_str("{\"request_id\":");
        push_json_string(&mut out, request.id);
        out.push_str(",\"method\":");
        push_json_string(&mut out, request.method.get(..16).unwrap_or(request.method));
        if !self.route.is_empty() {
            out.push_str(",\"route\":\"");
            out.push_str(self.route);
            out.push('"');
        }
        if let Some(id) = &self.token_id {
            out.push_str(",\"token\":\"");
            hash::push_hex(&mut out, &hash::sha256(id)[..HASH_BYTES]);
            out.push('"');
        }
        if let Some(id) = &self.key_id {
            out.push_str(",\"key\":");
            push_json_string(&mut out, id);
        }
        if let Some(country) = country.filter(|text| text.len() <= 8) {
            out.push_str(",\"country\":");
            push_json_string(&mut out, country);
        }
        if let Some(address) = request.client.address {
            out.push_str(",\"client\":\"");
            push_network(&mut out, address);
            out.push('"');
        }
        out
    }
}

/// The client's network, not its address: /24 of IPv4, /48 of IPv6.
fn push_network(out: &mut String, address: IpAddr) {
    // Writing to a String cannot fail.
    let _ = match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            write!(out, "{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            write!(out, "{a:x}:{b:x}:{c:x}::/48")
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Client, Headers};
    use alloc::format;

    fn line(trail: &Trail, id: &str, address: Option<&str>) -> serde_json::Value {
        let request = Request {
            method: "GET",
            url: "https://files.example.net/d/SECRET",
            id,
            headers: Headers::new(&[("authorization", "Bearer SECRET")]),
            client: Client { address: address.map(|text| text.parse().unwrap()), place: None },
        };
        let text = format!("{}}}", trail.log_line(&request, Some("SE")));
        assert!(!text.contains("SECRET"));
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_line_tells_who_asked_and_no_more_than_it_may() {
        let trail =
            Trail { route: "file", token_id: Some(Box::new([7; 16])), key_id: Some("a\"b".into()), ..Trail::default() };
        let told = line(&trail, "r-1", Some("203.0.113.77"));
        assert_eq!(told["client"], "203.0.113.0/24");
        assert_eq!(told["token"].as_str().unwrap().len(), 16);
        assert_eq!((&told["key"], &told["country"], &told["route"]), (&"a\"b".into(), &"SE".into(), &"file".into()));
        for (address, network) in [("2001:db8:1:2::3", "2001:db8:1::/48"), ("::ffff:198.51.100.9", "198.51.100.0/24")] {
            assert_eq!(line(&Trail::default(), "\n", Some(address))["client"], network);
        }
        assert!(line(&Trail::default(), "r", None).get("route").is_none());
    }
}
