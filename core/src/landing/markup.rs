//! Writing HTML so that what is markup and what is text cannot be mistaken for each other: markup stands in this
//! program, all else is escaped.

use super::style::STYLE;
use super::words::Words;
use alloc::string::String;

/// HTML being written.
#[derive(Debug)]
pub(crate) struct Markup(String);

impl Markup {
    /// Appends markup. It is `'static`: nothing that comes with a request or an answer can be.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Appends text, for content or for a quoted attribute.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(char),
            }
        }
        self
    }

    /// Appends text that may run in another direction than what stands around it, as names do.
    pub(super) fn isolated(&mut self, text: &str) -> &mut Self {
        self.raw("<bdi>").text(text).raw("</bdi>")
    }

    /// Appends `<tag>text</tag>`, each side of the text given as it is.
    pub(super) fn around(&mut self, open: &'static str, text: &str, close: &'static str) -> &mut Self {
        self.raw(open).text(text).raw(close)
    }
}

/// A whole document of ours; `title` is text.
pub(crate) fn document(title: &str, w: &Words, body: impl FnOnce(&mut Markup)) -> String {
    let mut out = Markup(String::with_capacity(STYLE.len() + 2048));
    out.raw("<!DOCTYPE html>\n<html lang=\"").text(w.language);
    out.raw(
        "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\">",
    );
    out.around("<title>", title, "</title>").raw("<style>").raw(STYLE).raw("</style></head>\n<body>");
    body(&mut out);
    out.raw("</body></html>\n");
    out.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let html = document("</title><script>", crate::landing::words::ENGLISH, |out| {
            out.raw("<p title=\"").text("\" onclick='x' & <b>").raw("\">").isolated("</bdi><i>").raw("</p>");
        });
        assert!(html.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"), "{html}");
        assert!(
            html.contains(
                "<p title=\"&quot; onclick=&#39;x&#39; &amp; &lt;b&gt;\"><bdi>&lt;/bdi&gt;&lt;i&gt;</bdi></p>"
            )
        );
        assert_eq!(html.matches("<script").count(), 0);
    }
}
