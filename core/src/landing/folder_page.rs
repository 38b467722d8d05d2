//! The page of a folder, as HTML: what is in it, or that its sender did not want that told.

use super::facts::{Downloads, Facts};
use super::file_page::{footer, header, terms, time};
use super::human;
use super::markup::{Markup, document};
use super::words as w;
use crate::disposition::visible;
use crate::listing::{Entry, Listing, Place};
use alloc::string::{String, ToString};

/// The document for a folder whose files are not told.
pub(super) fn unlisted(facts: &Facts) -> String {
    document(&facts.name, |out| {
        header(out);
        out.raw("<main><h1>").isolated(&facts.name).raw("</h1>");
        out.around("<p>", w::NOT_LISTED, "</p>");
        about(out, facts);
        out.raw("</main>");
        footer(out, facts, w::REPORT_FOLDER);
    })
}

/// The document for one page of a folder's files.
pub(super) fn listed(facts: &Facts, place: &Place, listing: &Listing) -> String {
    let inner = place.steps().last().map(|step| visible(step.name));
    let title = inner.as_deref().unwrap_or(&facts.name);
    document(title, |out| {
        header(out);
        out.raw("<main>");
        way_here(out, facts, place);
        out.raw("<h1>").isolated(title).raw("</h1>");
        if listing.entries.is_empty() {
            let is_all = listing.next.is_none() && !place.is_later_page() && listing.hidden == 0;
            out.around("<p>", if is_all { w::EMPTY } else { w::NOTHING_ON_THIS_PAGE }, "</p>");
        } else {
            table(out, facts, place, listing, title);
        }
        match listing.hidden {
            0 => {}
            1 => {
                out.around("<p class=\"note\">", w::ONE_HIDDEN, "</p>");
            }
            hidden => {
                out.around("<p class=\"note\">", &hidden.to_string(), "").text(w::HIDDEN).raw("</p>");
            }
        }
        pages(out, facts, place, listing);
        about(out, facts);
        out.raw("</main>");
        footer(out, facts, w::REPORT_FOLDER);
    })
}

fn about(out: &mut Markup, facts: &Facts) {
    out.around("<section aria-labelledby=\"about\"><h2 id=\"about\">", w::ABOUT_FOLDER, "</h2><dl>");
    terms(out, facts);
    out.raw("</dl></section>");
}

/// The folders from the link's own to this one.
fn way_here(out: &mut Markup, facts: &Facts, place: &Place) {
    let mut steps = place.steps().peekable();
    if steps.peek().is_none() {
        return;
    }
    out.raw("<nav aria-label=\"").text(w::WHERE).raw("\"><ol><li><a href=\"").text(&facts.page_path("")).raw("\">");
    out.isolated(&facts.name).raw("</a></li>");
    while let Some(step) = steps.next() {
        if steps.peek().is_none() {
            out.raw("<li aria-current=\"page\">").isolated(&visible(step.name)).raw("</li>");
        } else {
            out.around("<li><a href=\"", &facts.page_path(&step.query), "\">").isolated(&visible(step.name));
            out.raw("</a></li>");
        }
    }
    out.raw("</ol></nav>");
}

fn table(out: &mut Markup, facts: &Facts, place: &Place, listing: &Listing, title: &str) {
    out.raw("<table><caption class=\"unseen\">").text(w::FILES_IN).text(title).raw("</caption><thead><tr>");
    out.around("<th scope=\"col\">", w::NAME, "</th>").around("<th scope=\"col\" class=\"few\">", w::SIZE, "</th>");
    out.around("<th scope=\"col\" class=\"few\">", w::CHANGED, "</th>").raw("</tr></thead>\n<tbody>");
    for entry in &listing.entries {
        out.raw("<tr><th scope=\"row\">");
        match entry {
            Entry::Folder { name } => {
                out.around("<a href=\"", &facts.page_path(&place.query_below(name)), "\">");
                out.isolated(&visible(name)).raw("/</a></th>");
                out.around("<td class=\"few dim\">", w::FOLDER, "</td><td></td>");
            }
            Entry::File { name, size, modified } => {
                file(out, facts, &place.path_of(name), name);
                out.around("</th><td class=\"few\">", &human::size(*size), "</td><td class=\"few\">");
                time(out, *modified, &human::short_date(*modified));
                out.raw("</td>");
            }
        }
        out.raw("</tr>\n");
    }
    out.raw("</tbody></table>");
}

/// A file's name and the way to it, as on its own page.
fn file(out: &mut Markup, facts: &Facts, below: &str, name: &str) {
    let (path, name) = (facts.download_path(Some(below)), visible(name));
    match facts.downloads {
        None => out.around("<a href=\"", &path, "\">").isolated(&name).raw("</a>"),
        Some(Downloads { left: Some(0), .. }) => out.isolated(&name),
        Some(_) => {
            out.isolated(&name).around("<form method=\"post\" action=\"", &path, "\"><button type=\"submit\">");
            out.text(w::DOWNLOAD).raw("<span class=\"unseen\"> ").isolated(&name).raw("</span></button></form>")
        }
    };
}

fn pages(out: &mut Markup, facts: &Facts, place: &Place, listing: &Listing) {
    if listing.next.is_none() && !place.is_later_page() {
        return;
    }
    out.raw("<nav class=\"act\" aria-label=\"").text(w::PAGES).raw("\">");
    if place.is_later_page() {
        out.around("<a href=\"", &facts.page_path(&place.query_of_page(None)), "\">").text(w::FIRST_PAGE).raw("</a>");
    }
    if let Some(next) = &listing.next {
        let query = place.query_of_page(Some(next));
        out.around("<a rel=\"next\" href=\"", &facts.page_path(&query), "\">").text(w::NEXT_PAGE).raw("</a>");
    }
    out.raw("</nav>");
}
