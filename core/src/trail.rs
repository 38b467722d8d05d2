//! [`Trail`]: what was learnt about a request on the way to its decision, for the log and for limits. It decides
//! nothing.

use crate::access::owner::{is_tag, owner_of};
use crate::hash;
use crate::limit::token_key;
use crate::path::ObjectPath;
use crate::request::Request;
use crate::text::push_json_string;
use crate::token::claims::{Claims, SHARE_ID_BYTES};
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
    pub(crate) event: Option<EventOf>,
}

/// What the owner of a share is told of a read or a claim.
#[derive(Debug)]
pub(crate) struct EventOf {
    share: [u8; SHARE_ID_BYTES],
    owner: Box<str>,
    /// The object's, encoded.
    path: Box<str>,
}

impl EventOf {
    /// The share's id in hexadecimal.
    pub(crate) fn share(&self) -> String {
        token_key(&self.share)
    }

    /// The object's encoded key.
    pub(crate) fn path(&self) -> String {
        (*self.path).into()
    }

    /// Of a token that was made here: its share and its owner are known.
    pub(crate) fn of(claims: &Claims<'_>, path: &ObjectPath) -> Option<Self> {
        let share = claims.share().or(claims.parent()).or(claims.id())?;
        let owner = claims.subject().filter(|name| is_tag(name)).or(owner_of(path.encoded()))?;
        Some(Self { share: share.try_into().ok()?, owner: owner.into(), path: path.encoded().into() })
    }
}

/// What a counter is to be asked or told about the request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Uses {
    /// Nothing.
    #[default]
    Free,
    /// How many uses are left of a link.
    Left {
        /// Its token's id.
        link: Box<[u8]>,
        /// How many it has.
        limit: u64,
    },
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
    /// token or a whole address. What came of it is written behind it. Behind a tab follow the members of the event that
    /// the owner is told, if it comes to one.
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
        push_place(&mut out, country, ",\"client\":\"", request.client.address);
        if let Some(event) = &self.event {
            // Behind a tab, which no JSON text holds.
            out.push_str("\t\"share\":\"");
            hash::push_hex(&mut out, &event.share);
            for part in ["\",\"owner\":\"", &event.owner, "\",\"path\":\"", &event.path, "\""] {
                out.push_str(part);
            }
            push_place(&mut out, country, ",\"network\":\"", request.client.address);
        }
        out
    }
}

/// Where the client is: its country, and behind `name` its network.
fn push_place(out: &mut String, country: Option<&str>, name: &str, address: Option<IpAddr>) {
    if let Some(country) = country.filter(|text| text.len() <= 8) {
        out.push_str(",\"country\":");
        push_json_string(out, country);
    }
    if let Some(address) = address {
        out.push_str(name);
        push_network(out, address);
        out.push('"');
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
    fn an_event_follows_behind_a_tab() {
        let path = ObjectPath::from_key("000000000000000000000000/a \"b").unwrap();
        let claims = Claims { id: Some(&[7; 16]), ..Claims::default() };
        let event = |claims: &Claims<'_>, path: &ObjectPath| EventOf::of(claims, path);
        let trail = Trail { event: event(&claims, &path), ..Trail::default() };
        let request = Request {
            method: "GET",
            url: "",
            id: "r",
            headers: Headers::new(&[]),
            client: Client { address: Some("203.0.113.7".parse().unwrap()), place: None },
        };
        let line = trail.log_line(&request, Some("SE"));
        let (_, event_members) = line.split_once('\t').unwrap();
        let told: serde_json::Value = serde_json::from_str(&format!("{{{event_members}}}")).unwrap();
        let expected = serde_json::json!({
            "share": "07".repeat(16), "owner": "0".repeat(24), "path": "000000000000000000000000/a%20%22b",
            "country": "SE", "network": "203.0.113.0/24",
        });
        assert_eq!(told, expected);
        // A grant tells of the share that it comes from; a token of nobody's tells nothing.
        let grant = Claims { parent: Some(&[9; 16]), ..claims.clone() };
        assert_eq!(event(&grant, &path).unwrap().share, [9; 16]);
        assert!(event(&claims, &ObjectPath::from_key("a/b").unwrap()).is_none());
        let named = Claims { subject: Some("111111111111111111111111"), ..claims };
        assert_eq!(&*event(&named, &ObjectPath::from_key("a/b").unwrap()).unwrap().owner, "111111111111111111111111");
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
