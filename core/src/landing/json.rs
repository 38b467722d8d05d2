//! The facts of a page as JSON (RFC 8259), for programs. docs/wire-format.md has the members.

use super::facts::{Facts, Found};
use crate::listing::{Entry, Listing, Place};
use crate::text::json_string;
use crate::time::UnixTime;
use crate::token::Disposition;
use alloc::string::{String, ToString};

/// One file.
pub(super) fn file(facts: &Facts, found: &Found) -> String {
    let mut out = Object::default();
    out.text("name", &facts.name);
    out.literal("size", &found.size.to_string());
    out.text("type", found.media_type.sent);
    terms(&mut out, facts, facts.may_show(&found.media_type));
    out.text("download", &facts.download_path(None));
    out.literal("folder", "false");
    out.end()
}

/// A folder, with what is in it if that may be told.
pub(super) fn folder(facts: &Facts, listed: Option<(&Place, &Listing)>) -> String {
    let mut out = Object::default();
    out.text("name", &facts.name);
    out.literal("size", "null");
    out.literal("type", "null");
    terms(&mut out, facts, facts.disposition == Disposition::Inline);
    out.text("download", &facts.download_path(Some("")));
    out.literal("folder", "true");
    match listed {
        None => out.literal("entries", "null"),
        Some((place, listing)) => {
            out.text("in", place.inside());
            out.literal("entries", &entries(facts, place, listing));
            out.literal("hidden", &listing.hidden.to_string());
            match &listing.next {
                Some(next) => out.text("next", &facts.page_path(&place.query_of_page(Some(next)))),
                None => out.literal("next", "null"),
            }
        }
    }
    out.end()
}

fn terms(out: &mut Object, facts: &Facts, is_inline: bool) {
    out.text("expires_at", &facts.expires.to_string());
    match facts.downloads {
        None => out.literal("downloads", "null"),
        Some(downloads) => {
            let mut counts = Object::default();
            counts.literal("limit", &downloads.limit.to_string());
            match downloads.left {
                Some(left) => counts.literal("left", &left.to_string()),
                None => counts.literal("left", "null"),
            }
            out.literal("downloads", &counts.end());
        }
    }
    out.literal("counted", boolean(facts.downloads.is_some()));
    out.literal("inline", boolean(is_inline));
}

fn entries(facts: &Facts, place: &Place, listing: &Listing) -> String {
    let mut out = String::from("[");
    for entry in &listing.entries {
        if out.len() > 1 {
            out.push(',');
        }
        let mut object = Object::default();
        match entry {
            Entry::Folder { name } => {
                object.text("name", name);
                object.literal("folder", "true");
                object.text("page", &facts.page_path(&place.query_below(name)));
            }
            Entry::File { name, size, modified } => {
                object.text("name", name);
                object.literal("folder", "false");
                object.literal("size", &size.to_string());
                object.text("modified_at", &UnixTime::to_string(modified));
                object.text("download", &facts.download_path(Some(&place.path_of(name))));
            }
        }
        out.push_str(&object.end());
    }
    out.push(']');
    out
}

const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// An object being written; members are named by this program and never twice.
#[derive(Default)]
struct Object(String);

impl Object {
    fn text(&mut self, name: &'static str, value: &str) {
        self.literal(name, &json_string(value));
    }

    /// A value that is JSON already.
    fn literal(&mut self, name: &'static str, json: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&json_string(name));
        self.0.push(':');
        self.0.push_str(json);
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
