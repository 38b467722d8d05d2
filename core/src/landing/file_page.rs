//! The page of one file, as HTML.

use super::facts::{Downloads, Facts, Found};
use super::human;
use super::markup::{Markup, document};
use super::preview::{MAX_TEXT_BYTES, Preview};
use super::words as w;
use crate::time::UnixTime;
use alloc::string::{String, ToString};

/// The document.
pub(super) fn html(facts: &Facts, found: &Found, preview: &Preview<'_>) -> String {
    let media_type = found.media_type.sent.split(';').next().unwrap_or("");
    document(&facts.name, |out| {
        header(out);
        out.raw("<main><h1>").isolated(&facts.name).raw("</h1>");
        out.raw("<p class=\"sum\">").text(w::kind(media_type)).raw(", ").text(&human::size(found.size)).raw("</p>");
        action(out, facts, found);
        show(out, facts, found, preview);
        out.around("<section aria-labelledby=\"about\"><h2 id=\"about\">", w::ABOUT_FILE, "</h2><dl>");
        out.around("<dt>", w::SIZE, "</dt><dd><data value=\"").text(&found.size.to_string());
        out.around("\">", &human::size(found.size), "</data></dd>");
        out.around("<dt>", w::TYPE, "</dt>").around("<dd>", media_type, "</dd>");
        terms(out, facts);
        out.raw("</dl></section></main>");
        footer(out, facts, w::REPORT_FILE);
    })
}

/// The head of every page.
pub(super) fn header(out: &mut Markup) {
    out.around("<header><p>", w::PRODUCT, "</p></header>\n");
}

/// Until when, and how often; rows of a description list.
pub(super) fn terms(out: &mut Markup, facts: &Facts) {
    out.around("<dt>", w::UNTIL, "</dt><dd>");
    time(out, facts.expires, &human::moment(facts.expires));
    out.raw("</dd>");
    let Some(Downloads { limit, left }) = facts.downloads else { return };
    out.around("<dt>", w::DOWNLOADS, "</dt><dd>");
    match left {
        Some(left) => out.text(&left.to_string()).text(w::OF).text(&limit.to_string()).text(w::LEFT),
        None => out.text(&limit.to_string()).text(w::AT_MOST),
    };
    out.raw("</dd>");
}

/// A moment, for people as `text`.
pub(super) fn time(out: &mut Markup, moment: UnixTime, text: &str) {
    out.around("<time datetime=\"", &moment.to_string(), "\">").text(text).raw("</time>");
}

/// The foot of every page.
pub(super) fn footer(out: &mut Markup, facts: &Facts, report: &'static str) {
    out.around("\n<footer><p>", w::NOT_SCANNED, "</p>");
    if let Some(url) = &facts.report {
        out.around("<p><a href=\"", url, "\">").text(report).raw("</a></p>");
    } else {
        // The operator has no place of its own for reports: they are kept for the admins.
        out.around("<form method=\"post\" action=\"", &facts.page_path(""), "\"><label>").text(report);
        out.raw(" <input name=\"reason\" required></label> <button>").text(w::SEND).raw("</button></form>");
    }
    out.raw("</footer>");
}

/// The way to the file: a link, or for a counted one a form, which no robot and no preview sends.
fn action(out: &mut Markup, facts: &Facts, found: &Found) {
    let path = facts.download_path(None);
    match facts.downloads {
        Some(Downloads { left: Some(0), .. }) => {
            out.around("<p class=\"act\"><strong>", w::USED_UP, "</strong></p>");
        }
        Some(_) => {
            out.around("<form class=\"act\" method=\"post\" action=\"", &path, "\">");
            out.around("<button type=\"submit\">", w::DOWNLOAD, "</button></form>");
            out.around("<p class=\"note\">", w::COUNTED, "</p>");
        }
        None => {
            out.around("<p class=\"act\"><a class=\"button\" href=\"", &path, "\"");
            if facts.may_show(&found.media_type) {
                // The browser would show it: here it is to be saved, and the second link shows it.
                out.around(" download>", w::DOWNLOAD, "</a>");
                out.around("<a href=\"", &path, "\">").text(w::OPEN).raw("</a></p>");
            } else {
                out.around(">", w::DOWNLOAD, "</a></p>");
            }
        }
    }
}

fn show(out: &mut Markup, facts: &Facts, found: &Found, preview: &Preview<'_>) {
    if *preview == Preview::None {
        return;
    }
    let path = facts.download_path(None);
    out.around("<section aria-labelledby=\"preview\"><h2 id=\"preview\">", w::PREVIEW, "</h2>");
    match *preview {
        Preview::None => {}
        Preview::Image => {
            out.around("<img src=\"", &path, "\" alt=\"").text(w::PREVIEW_OF).text(&facts.name).raw("\">");
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
                out.around("<p class=\"note\">", w::BEGINNING, "</p>");
            }
        }
    }
    out.raw("</section>");
}
