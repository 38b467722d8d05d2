//! What the derived schemas of calls cannot say by themselves: members that exclude each other, and texts of a form.

use alloc::string::String;
use alloc::vec::Vec;
use schemars::Schema;
use serde_json::{Value, json};

/// No character of control.
pub const PLAIN: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";
/// A note: the same, but that it may have several lines.
pub const NOTE: &str = "^[^\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f]+$";
/// A key or a folder that a link can name.
pub const KEY: &str = "^(?!\\.{1,2}(/|$))[^/\\\\\\u0000-\\u001f\\u007f-\\u009f]+(/(?!\\.{1,2}(/|$))[^/\\\\\\u0000-\\u001f\\u007f-\\u009f]+)*$";
/// Directories of an upload.
pub const DIRECTORY: &str =
    "^(?!\\.{1,2}(/|$))[^/\\u0000-\\u001f\\u007f-\\u009f]+(/(?!\\.{1,2}(/|$))[^/\\u0000-\\u001f\\u007f-\\u009f]+)*/?$";
/// SHA-256 in its one spelling in base64.
pub const SHA256: &str = "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$";
/// CRC-64/NVME in its one spelling in base64.
pub const CRC64: &str = "^[A-Za-z0-9+/]{10}[AEIMQUYcgkosw048]=$";
/// A media type with parameters.
pub const MEDIA_TYPE: &str =
    "^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; [A-Za-z0-9!#$&^_.+-]+=[A-Za-z0-9!#$&^_.+-]+)*$";
/// Media types of an upload link.
pub const TYPE_RANGE: &str = "^([A-Za-z0-9!#$&^_.+-]+/([A-Za-z0-9!#$&^_.+-]+|[*])|[*]/[*])$";
/// A country or a subdivision.
pub const COUNTRY: &str = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$";

/// An end may be told in one of two ways.
pub fn one_end(schema: &mut Schema) {
    not_both(schema, "expires_in", "expires_at");
}

/// As [`one_end`], and one checksum.
pub fn one_end_one_checksum(schema: &mut Schema) {
    let and = [both("expires_in", "expires_at"), both("sha256", "crc64nvme")].map(|both| json!({ "not": both }));
    schema.insert("allOf".into(), Value::from(Vec::from(and)));
}

/// As [`one_end`], and one of a key and a folder.
pub fn share(schema: &mut Schema) {
    one_end(schema);
    let mut key = only("key", ["folder"].into_iter());
    // The names in a folder may be told; of one object there is nothing to tell.
    key["properties"]["list"] = json!({ "not": { "const": true } });
    schema.insert("oneOf".into(), Value::from(Vec::from([key, only("folder", ["key"].into_iter())])));
}

/// One thing to revoke; an issuer beside a key's name is that key's.
pub fn revocation(schema: &mut Schema) {
    let named = ["token_id", "share", "subject", "owner", "object", "sha256", "key_id"];
    let mut ways: Vec<Value> = named
        .iter()
        .map(|name| {
            let others = named.iter().filter(|other| *other != name).copied();
            only(name, others.chain((*name != "key_id").then_some("issuer")))
        })
        .collect();
    ways.push(only("issuer", named.into_iter()));
    schema.insert("oneOf".into(), ways.into());
}

/// Networks and numbers of networks, each as one of them is written.
pub fn networks(schema: &mut Schema) {
    const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    let patterns = [
        "^AS[1-9][0-9]{0,8}$".into(),
        alloc::format!("^{OCTET}([.]{OCTET}){{3}}(/32)?$"),
        alloc::format!("^{OCTET}[.]{OCTET}[.]{OCTET}[.]0/24$"),
        alloc::format!("^{OCTET}[.]{OCTET}[.]0[.]0/16$"),
        alloc::format!("^{OCTET}[.]0[.]0[.]0/8$"),
        String::from("^[1-9a-f][0-9a-f]{0,3}:[1-9a-f][0-9a-f]{0,3}::/32$"),
        String::from("^[1-9a-f][0-9a-f]{0,3}(:[1-9a-f][0-9a-f]{0,3}){2}::/48$"),
        String::from("^[1-9a-f][0-9a-f]{0,3}(:[1-9a-f][0-9a-f]{0,3}){3}::/64$"),
        String::from("^[1-9a-f][0-9a-f]{0,3}(:[1-9a-f][0-9a-f]{0,3}){7}(/128)?$"),
    ];
    let any: Vec<Value> = patterns.iter().map(|pattern| json!({ "pattern": pattern })).collect();
    let items = json!({
        "type": "string",
        "anyOf": any,
        "description": "An address, a network, a number of an autonomous system. Networks of other lengths are taken, too, if no bit behind their prefix is set.",
    });
    *schema = json!({ "type": ["array", "null"], "minItems": 1, "maxItems": 16, "items": items })
        .try_into()
        .unwrap_or_default();
}

fn not_both(schema: &mut Schema, one: &str, other: &str) {
    schema.insert("not".into(), both(one, other));
}

fn both(one: &str, other: &str) -> Value {
    let there = json!({ "not": { "type": "null" } });
    json!({ "required": [one, other], "properties": { one: there, other: there } })
}

/// `name` is there, and the others are absent or null.
fn only<'a>(name: &str, others: impl Iterator<Item = &'a str>) -> Value {
    let mut properties = serde_json::Map::new();
    properties.insert(name.into(), json!({ "not": { "type": "null" } }));
    properties.extend(others.map(|other| (other.into(), json!({ "type": "null" }))));
    json!({ "required": [name], "properties": properties })
}
