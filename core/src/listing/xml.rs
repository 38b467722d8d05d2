//! A reader for the little XML (1.0) that a listing is written in, and for nothing else: elements, text, attributes
//! that are skipped, the five named references and numeric ones. Comments, CDATA, processing instructions, document
//! types and whatever else there is are refused, so there is nothing to expand and nothing to include.

use crate::text::cut;
use alloc::string::String;
use alloc::vec::Vec;

/// Deepest nesting that is read. A listing has three levels, an owner in it four.
const MAX_DEPTH: usize = 8;

/// The text is not XML that is understood here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BadXml;

/// Reads a document from its start to its end; the caller takes the elements in turn.
pub(super) struct Reader<'a> {
    text: &'a str,
    /// The names of the elements that are open.
    open: Vec<&'a str>,
    /// The last tag was `<a/>`: its end is still to be told.
    ends_at_once: bool,
}

impl<'a> Reader<'a> {
    /// A reader of a document whose root is called `root`; it stands behind the root's start tag.
    pub(super) fn new(document: &'a str, root: &str) -> Result<Self, BadXml> {
        let mut text = document;
        if let Some(rest) = text.strip_prefix("<?xml ") {
            let (declaration, rest) = cut(rest, "?>").ok_or(BadXml)?;
            let is_plain = declaration.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'<');
            text = if is_plain { rest } else { return Err(BadXml) };
        }
        let mut reader = Self { text, open: Vec::with_capacity(MAX_DEPTH), ends_at_once: false };
        if reader.child()? == Some(root) { Ok(reader) } else { Err(BadXml) }
    }

    /// Enters the next child of the element that is open, and tells its name; or leaves the element, where there is
    /// no further one. Between children stands white space only.
    pub(super) fn child(&mut self) -> Result<Option<&'a str>, BadXml> {
        if self.take_end() {
            return Ok(None);
        }
        self.skip_space();
        let rest = self.text.strip_prefix('<').ok_or(BadXml)?;
        match rest.strip_prefix('/') {
            Some(rest) => self.close(rest).map(|()| None),
            None => self.start(rest).map(Some),
        }
    }

    /// The text of the element that is open, which has no children, and leaves it.
    pub(super) fn content(&mut self) -> Result<String, BadXml> {
        let mut out = String::new();
        if self.take_end() {
            return Ok(out);
        }
        loop {
            let at = self.text.find(['<', '&']).ok_or(BadXml)?;
            out.push_str(&self.text[..at]);
            let rest = &self.text[at + 1..];
            if self.text[at..].starts_with('<') {
                self.close(rest.strip_prefix('/').ok_or(BadXml)?)?;
                return Ok(out);
            }
            let (reference, rest) = rest.split_once(';').ok_or(BadXml)?;
            out.push(referred(reference)?);
            self.text = rest;
        }
    }

    /// Leaves the element that is open, whatever is in it.
    pub(super) fn skip(&mut self) -> Result<(), BadXml> {
        let depth = self.open.len();
        while self.open.len() >= depth {
            if self.take_end() {
                continue;
            }
            let at = self.text.find(['<', '&']).ok_or(BadXml)?;
            let rest = &self.text[at + 1..];
            if self.text[at..].starts_with('&') {
                let (reference, rest) = rest.split_once(';').ok_or(BadXml)?;
                referred(reference)?;
                self.text = rest;
            } else if let Some(rest) = rest.strip_prefix('/') {
                self.close(rest)?;
            } else {
                self.start(rest)?;
            }
        }
        Ok(())
    }

    /// Whether the document ends here, the root being left.
    pub(super) fn end(mut self) -> Result<(), BadXml> {
        self.skip_space();
        if self.open.is_empty() && self.text.is_empty() { Ok(()) } else { Err(BadXml) }
    }

    /// Tells the end of `<a/>`, once.
    fn take_end(&mut self) -> bool {
        let ends = core::mem::take(&mut self.ends_at_once);
        if ends {
            self.open.pop();
        }
        ends
    }

    /// Reads a start tag behind its `<`.
    fn start(&mut self, text: &'a str) -> Result<&'a str, BadXml> {
        let (name, mut rest) = take_name(text)?;
        if self.open.len() == MAX_DEPTH {
            return Err(BadXml);
        }
        loop {
            let attribute = rest.trim_start_matches(SPACE);
            if let Some(behind) = attribute.strip_prefix('>') {
                self.text = behind;
                break;
            }
            if let Some(behind) = attribute.strip_prefix("/>") {
                self.text = behind;
                self.ends_at_once = true;
                break;
            }
            // An attribute stands apart from what is before it.
            if attribute.len() == rest.len() {
                return Err(BadXml);
            }
            let (_, value) = take_name(attribute)?;
            let value = value.strip_prefix('=').ok_or(BadXml)?;
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or(BadXml)?;
            let (value, behind) = value[1..].split_once(quote).ok_or(BadXml)?;
            if value.contains(['<', '&']) {
                return Err(BadXml);
            }
            rest = behind;
        }
        self.open.push(name);
        Ok(name)
    }

    /// Reads an end tag behind its `</`.
    fn close(&mut self, text: &'a str) -> Result<(), BadXml> {
        let (name, rest) = take_name(text)?;
        let rest = rest.trim_start_matches(SPACE).strip_prefix('>').ok_or(BadXml)?;
        if self.open.pop() != Some(name) {
            return Err(BadXml);
        }
        self.text = rest;
        Ok(())
    }

    fn skip_space(&mut self) {
        self.text = self.text.trim_start_matches(SPACE);
    }
}

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// A name and what is behind it. Those of S3 are plain; a colon parts a name-space from the rest.
fn take_name(text: &str) -> Result<(&str, &str), BadXml> {
    let end = text.find(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, ':' | '_' | '-' | '.')));
    let (name, rest) = text.split_at(end.ok_or(BadXml)?);
    if name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_') {
        Ok((name, rest))
    } else {
        Err(BadXml)
    }
}

/// The character that stands behind `&` and before `;`. S3 writes those that XML has no place for as numbers, so any
/// character is taken here; whether a name may hold it is another's question.
fn referred(reference: &str) -> Result<char, BadXml> {
    let number = |digits: &str, radix: u32| {
        let fits = (1..=7).contains(&digits.len()) && digits.chars().all(|digit| digit.is_digit(radix));
        let code = if fits { u32::from_str_radix(digits, radix).ok() } else { None };
        code.and_then(char::from_u32).ok_or(BadXml)
    };
    match reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => match reference.strip_prefix('#').ok_or(BadXml)? {
            hexadecimal if hexadecimal.starts_with('x') => number(&hexadecimal[1..], 16),
            decimal => number(decimal, 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of `<r><a>..</a>..</r>`, all else skipped.
    fn texts(document: &str) -> Result<Vec<String>, BadXml> {
        let mut reader = Reader::new(document, "r")?;
        let mut texts = Vec::new();
        while let Some(name) = reader.child()? {
            if name == "a" { texts.push(reader.content()?) } else { reader.skip()? }
        }
        reader.end()?;
        Ok(texts)
    }

    #[test]
    fn elements_text_and_references_are_read() {
        for (document, read) in [
            ("<r></r>", &[][..]),
            ("<r/>", &[]),
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r xmlns=\"http://s3/\" b='c' ><a>x</a>\n</r>\n", &["x"]),
            ("<r><a/><a></a><a> x </a></r>", &["", "", " x "]),
            ("<r><a>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F600;&#10;&#x0;</a></r>", &["<&>\"'A\u{1f600}\n\0"]),
            ("<r><b>t<c/>u<d e=\"f\">&#1;</d></b><a>]]></a><b/></r>", &["]]>"]),
            ("<r><a>é</a ></r >", &["é"]),
        ] {
            assert_eq!(texts(document).unwrap(), read, "{document}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for document in [
            "",
            " ",
            "x",
            "<r>",
            "<r",
            "<r><a>",
            "<r><a>x",
            "<r><a>x</a>",
            "<r></r>x",
            "<r></r><r></r>",
            "<s></s>",
            "<r></s>",
            "<r><a></r></a>",
            "<r></a></r>",
            "<r>x</r>",
            "<r><a><b/></a></r>",
            "<r><!-- --></r>",
            "<r><a><!-- --></a></r>",
            "<r><a><![CDATA[x]]></a></r>",
            "<r><b><![CDATA[x]]></b></r>",
            "<!DOCTYPE r [<!ENTITY x \"y\">]><r><a>&x;</a></r>",
            "<r><a>&x;</a></r>",
            "<r><b>&x;</b></r>",
            "<r><a>&</a></r>",
            "<r><a>&amp</a></r>",
            "<r><a>&#;</a></r>",
            "<r><a>&#x;</a></r>",
            "<r><a>&#+65;</a></r>",
            "<r><a>&#xD800;</a></r>",
            "<r><a>&#x110000;</a></r>",
            "<r><a>&#00000065;</a></r>",
            "<r><?php x ?></r>",
            "<?xml version=\"1.0\"<r></r>",
            "<r b></r>",
            "<r b=c></r>",
            "<r b=\"c></r>",
            "<r b=\"<\"></r>",
            "<r b=\"c\"d=\"e\"></r>",
            "<r b = \"c\"></r>",
            "< r></r>",
            "<1></1>",
            "<r><é/></r>",
            "\u{feff}<r></r>",
        ] {
            assert_eq!(texts(document), Err(BadXml), "{document}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| {
            let mut document = String::from("<r>");
            document.push_str(&"<b>".repeat(depth));
            document.push_str(&"</b>".repeat(depth));
            document.push_str("</r>");
            document
        };
        assert!(texts(&nested(MAX_DEPTH - 1)).is_ok());
        assert_eq!(texts(&nested(MAX_DEPTH)), Err(BadXml));
    }
}
