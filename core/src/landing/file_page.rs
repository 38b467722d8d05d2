//! The page of one file, as HTML.

use super::facts::{Downloads, Facts, Found};
use super::human;
use super::markup::{Markup, document};
use super::preview::{MAX_TEXT_BYTES, Preview};
use super::words::Words;
use crate::time::UnixTime;
use alloc::string::{String, ToString};

/// The document.
pub(super) fn html(facts: &Facts, found: &Found, preview: &Preview<'_>) -> String {
    let w = facts.words;
    let media_type = found.media_type.sent.split(';').next().unwrap_or("");
    document(&facts.name, w, |out| {
        header(out, w);
        out.raw("<main><h1>").isolated(&facts.name).raw("</h1>");
        out.raw("<p class=\"sum\">").text(w.kind(media_type)).raw(", ").text(&human::size(found.size, w)).raw("</p>");
        action(out, facts, found);
        show(out, facts, found, preview);
        out.around("<section aria-labelledby=\"about\"><h2 id=\"about\">", w.about_file, "</h2><dl>");
        out.around("<dt>", w.size, "</dt><dd><data value=\"").text(&found.size.to_string());
        out.around("\">", &human::size(found.size, w), "</data></dd>");
        out.around("<dt>", w.media_type, "</dt>").around("<dd>", media_type, "</dd>");
        terms(out, facts);
        out.raw("</dl></section></main>");
        footer(out, facts, w.report_file);
    })
}

/// The head of every page.
pub(super) fn header(out: &mut Markup, w: &Words) {
    out.around("<header><p>", w.product, "</p></header>\n");
}

/// Until when, and how often; rows of a description list.
pub(super) fn terms(out: &mut Markup, facts: &Facts) {
    let w = facts.words;
    out.around("<dt>", w.until, "</dt><dd>");
    time(out, facts.expires, &human::moment(facts.expires, w));
    out.raw("</dd>");
    let Some(Downloads { limit, left }) = facts.downloads else { return };
    out.around("<dt>", w.downloads, "</dt><dd>");
    match left {
        Some(left) => out.text(&left.to_string()).text(w.of).text(&limit.to_string()).text(w.left),
        None => out.text(&limit.to_string()).text(w.at_most),
    };
    out.raw("</dd>");
}

/// A moment, for people as `text`.
pub(super) fn time(out: &mut Markup, moment: UnixTime, text: &str) {
    out.around("<time datetime=\"", &moment.to_string(), "\">").text(text).raw("</time>");
}

/// The foot of every page.
pub(super) fn footer(out: &mut Markup, facts: &Facts, report: &'static str) {
    let w = facts.words;
    out.around("\n<footer><p>", w.not_scanned, "</p>");
    if let Some(url) = &facts.report {
        out.around("<p><a href=\"", url, "\">").text(report).raw("</a></p>");
    } else {
        // The operator has no place of its own for reports: they are kept for the admins.
        out.around("<form method=\"post\" action=\"", &facts.page_path(""), "\"><label>").text(report);
        out.raw(" <input name=\"reason\" required></label> <button>").text(w.send).raw("</button></form>");
    }
    out.raw("</footer>");
}

/// The way to the file: a link, or for a counted one a form, which no robot and no preview sends.
fn action(out: &mut Markup, facts: &Facts, found: &Found) {
    let w = facts.words;
    let path = facts.download_path(None);
    match facts.downloads {
        Some(Downloads { left: Some(0), .. }) => {
            out.around("<p class=\"act\"><strong>", w.used_up, "</strong></p>");
        }
        Some(_) => {
            out.around("<form class=\"act\" method=\"post\" action=\"", &path, "\">");
            out.around("<button type=\"submit\">", w.download, "</button></form>");
            out.around("<p class=\"note\">", w.counted, "</p>");
        }
        None => {
            out.around("<p class=\"act\"><a class=\"button\" href=\"", &path, "\"");
            if facts.may_show(&found.media_type) {
                // The browser would show it: here it is to be saved, and the second link shows it.
                out.around(" download>", w.download, "</a>");
                out.around("<a href=\"", &path, "\">").text(w.open).raw("</a></p>");
            } else {
                out.around(">", w.download, "</a></p>");
            }
        }
    }
}

fn show(out: &mut Markup, facts: &Facts, found: &Found, preview: &Preview<'_>) {
    let w = facts.words;
    if *preview == Preview::None {
        return;
    }
    let path = facts.download_path(None);
    out.around("<section aria-labelledby=\"preview\"><h2 id=\"preview\">", w.preview, "</h2>");
    match *preview {
        Preview::None => {}
        Preview::Image => {
            out.around("<img src=\"", &path, "\" alt=\"").text(w.preview_of).text(&facts.name).raw("\">");
        }
        Preview::Audio => {
            out.around("<audio controls preload=\"metadata\" src=\"", &path, "\" aria-label=\"");
            out.text(&facts.name).raw("\"></audio>");
        }
        Preview::Video => {
            out.around("<video controls playsinline preload=\"metadata\" src=\"", &path, "\" aria-label=\"");
            out.text(&facts.name).raw("\"></video>");
        }
        Preview::Text(text) => {
            // The first newline of a <pre> is not content. Focusable, so that the keyboard can scroll it.
            out.around("<pre tabindex=\"0\" dir=\"auto\">\n", text, "</pre>");
            if found.size > MAX_TEXT_BYTES as u64 {
                out.around("<p class=\"note\">", w.beginning, "</p>");
            }
        }
    }
    out.raw("</section>");
}
