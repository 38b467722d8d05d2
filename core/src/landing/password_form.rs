//! The form by which a person gives the password of a link.

use super::markup::Markup;
use super::words::Words;

/// The form: it goes to where the page came from, and no address of it is written here.
pub(crate) fn password_form(out: &mut Markup, w: &Words) {
    out.around("<form class=\"act\" method=\"post\"><label for=\"password\">", w.password, "</label>");
    out.raw("<input type=\"password\" id=\"password\" name=\"password\" required autofocus autocomplete=\"off\">");
    out.around("<button type=\"submit\">", w.open_link, "</button></form>");
}
