//! The page of a folder, as HTML: what is in it, or that its sender did not want that told.

use super::facts::{Downloads, Facts};
use super::file_page::{footer, header, terms, time};
use super::human;
use super::markup::{Markup, document};
use crate::disposition::visible;
use crate::listing::{Entry, Listing, Place};
use alloc::string::{String, ToString};

/// The document for a folder whose files are not told.
pub(super) fn unlisted(facts: &Facts) -> String {
    let w = facts.words;
    document(&facts.name, w, |out| {
        header(out, w);
        out.raw("<main><h1>").isolated(&facts.name).raw("</h1>");
        out.around("<p>", w.not_listed, "</p>");
        about(out, facts);
        out.raw("</main>");
        footer(out, facts, w.report_folder);
    })
}

/// The document for one page of a folder's files.
pub(super) fn listed(facts: &Facts, place: &Place, listing: &Listing) -> String {
    let w = facts.words;
    let inner = place.steps().last().map(|step| visible(step.name));
    let title = inner.as_deref().unwrap_or(&facts.name);
    document(title, w, |out| {
        header(out, w);
        out.raw("<main>");
        way_here(out, facts, place);
        out.raw("<h1>").isolated(title).raw("</h1>");
        if listing.entries.is_empty() {
            let is_all = listing.next.is_none() && !place.is_later_page() && listing.hidden == 0;
            out.around("<p>", if is_all { w.empty } else { w.nothing_on_this_page }, "</p>");
        } else {
            table(out, facts, place, listing, title);
        }
        match listing.hidden {
            0 => {}
            1 => {
                out.around("<p class=\"note\">", w.one_hidden, "</p>");
            }
            hidden => {
                out.around("<p class=\"note\">", &hidden.to_string(), "").text(w.hidden).raw("</p>");
            }
        }
        pages(out, facts, place, listing);
        about(out, facts);
        out.raw("</main>");
        footer(out, facts, w.report_folder);
    })
}

fn about(out: &mut Markup, facts: &Facts) {
    let w = facts.words;
    out.around("<section aria-labelledby=\"about\"><h2 id=\"about\">", w.about_folder, "</h2><dl>");
    terms(out, facts);
    out.raw("</dl></section>");
}

/// The folders from the link's own to this one.
fn way_here(out: &mut Markup, facts: &Facts, place: &Place) {
    let w = facts.words;
    let mut steps = place.steps().peekable();
    if steps.peek().is_none() {
        return;
    }
    out.raw("<nav aria-label=\"").text(w.folders).raw("\"><ol><li><a href=\"").text(&facts.page_path("")).raw("\">");
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
    let w = facts.words;
    out.raw("<table><caption class=\"unseen\">").text(w.files_in).text(title).raw("</caption><thead><tr>");
    out.around("<th scope=\"col\">", w.name, "</th>").around("<th scope=\"col\" class=\"few\">", w.size, "</th>");
    out.around("<th scope=\"col\" class=\"few\">", w.changed, "</th>").raw("</tr></thead>\n<tbody>");
    for entry in &listing.entries {
        out.raw("<tr><th scope=\"row\">");
        match entry {
            Entry::Folder { name } => {
                out.around("<a href=\"", &facts.page_path(&place.query_below(name)), "\">");
                out.isolated(&visible(name)).raw("/</a></th>");
                out.around("<td class=\"few dim\">", w.folder, "</td><td></td>");
            }
            Entry::File { name, size, modified } => {
                file(out, facts, &place.path_of(name), name);
                out.around("</th><td class=\"few\">", &human::size(*size, w), "</td><td class=\"few\">");
                time(out, *modified, &human::short_date(*modified, w));
                out.raw("</td>");
            }
        }
        out.raw("</tr>\n");
    }
    out.raw("</tbody></table>");
}

/// A file's name and the way to it, as on its own page.
fn file(out: &mut Markup, facts: &Facts, below: &str, name: &str) {
    let w = facts.words;
    let (path, name) = (facts.download_path(Some(below)), visible(name));
    match facts.downloads {
        None => out.around("<a href=\"", &path, "\">").isolated(&name).raw("</a>"),
        Some(Downloads { left: Some(0), .. }) => out.isolated(&name),
        Some(_) => {
            out.isolated(&name).around("<form method=\"post\" action=\"", &path, "\"><button type=\"submit\">");
            out.text(w.download).raw("<span class=\"unseen\"> ").isolated(&name).raw("</span></button></form>")
        }
    };
}

fn pages(out: &mut Markup, facts: &Facts, place: &Place, listing: &Listing) {
    let w = facts.words;
    if listing.next.is_none() && !place.is_later_page() {
        return;
    }
    out.raw("<nav class=\"act\" aria-label=\"").text(w.pages).raw("\">");
    if place.is_later_page() {
        out.around("<a href=\"", &facts.page_path(&place.query_of_page(None)), "\">").text(w.first_page).raw("</a>");
    }
    if let Some(next) = &listing.next {
        let query = place.query_of_page(Some(next));
        out.around("<a rel=\"next\" href=\"", &facts.page_path(&query), "\">").text(w.next_page).raw("</a>");
    }
    out.raw("</nav>");
}
