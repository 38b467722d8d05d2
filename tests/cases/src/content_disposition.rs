//! A strict reader of Content-Disposition (RFC 6266 section 4.1, RFC 8187 section 3.2), and what must hold of every
//! value that core writes.

use clouddrop_core::disposition::{MAX_NAME_BYTES, harmless, header};
use clouddrop_core::token::Disposition;

/// Names that have misled browsers, people and file systems.
pub const AWKWARD: &[&str] = &[
    "",
    ".",
    "..",
    "../../etc/passwd",
    "C:\\Windows\\win.ini",
    "CON",
    "CON.",
    "con.tar.gz",
    "AUX .txt",
    "COM\u{b9}",
    "LPT\u{b2}.txt",
    "COM0",
    ".htaccess",
    "name. . .",
    "a\"; filename=\"b.exe",
    "a\\\"b",
    "a%22b",
    "UTF-8''a.exe",
    "a\r\nSet-Cookie: a=b",
    "a\u{0}.exe",
    "gpj.\u{202e}exe.scr",
    "a\u{200b}b\u{feff}.txt",
    "invoice.pdf                                        .exe",
    "invoice.pdf\u{a0}\u{2003}\u{3000}.exe",
    "\u{301}\u{302}",
    "e\u{301}.txt",
    "naïve €.txt",
    "日本語.pdf",
    "\u{1f468}\u{200d}\u{1f469}.png",
    "\u{e0041}.txt",
    "\u{fffe}",
];

/// What is wrong with the value that core writes for `name`, or with the name in it.
///
/// # Errors
/// The property that does not hold, and the value.
pub fn check(disposition: Disposition, name: &str) -> Result<(), String> {
    let value = header(disposition, name);
    let told = |problem: &str| Err(format!("{problem}: {value:?}"));
    if !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) || value.len() > 4 * MAX_NAME_BYTES + 60 {
        return told("not short printable ASCII");
    }
    let Some(read) = Read::new(&value) else {
        return told("not of the grammar");
    };
    let kind = match disposition {
        Disposition::Attachment => "attachment",
        Disposition::Inline => "inline",
    };
    if read.kind != kind {
        return told("another kind");
    }
    let safe = harmless(name);
    let plain = |char: char| if matches!(char, ' '..='~') && !"\"\\%".contains(char) { char } else { '_' };
    let fallback: String = safe.chars().map(plain).collect();
    if read.filename != fallback || read.extended.clone().unwrap_or_else(|| read.filename.clone()) != safe {
        return told("another name");
    }
    match harm(name, &safe) {
        Some(problem) => told(problem),
        None => Ok(()),
    }
}

/// What of `safe` may still mislead.
fn harm(name: &str, safe: &str) -> Option<&'static str> {
    let stem = safe.split('.').next().unwrap_or("").trim_end().to_uppercase();
    let numbered = ["COM", "LPT"].iter().filter_map(|device| stem.strip_prefix(device));
    let device = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || numbered
            .into_iter()
            .any(|rest| "0123456789\u{b9}\u{b2}\u{b3}".chars().any(|digit| rest == digit.to_string()));
    let hidden = |char: char| {
        matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    let edge = |char: char| char == '.' || char.is_whitespace();
    [
        (safe.is_empty() || safe.len() > MAX_NAME_BYTES, "empty or too long"),
        (safe.chars().any(char::is_control), "a control character"),
        (safe.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*']), "a reserved character"),
        (safe.chars().any(hidden), "an invisible character"),
        (safe.starts_with(edge) || safe.ends_with(edge), "a dot or space at an end"),
        (safe.contains("  ") || safe.chars().any(|char| char != ' ' && char.is_whitespace()), "a hidden ending"),
        (device, "a device"),
        (harmless(safe) != safe, "not harmless by its own measure"),
        (extension(name).is_some_and(|extension| !safe.ends_with(extension)), "the ending is lost"),
    ]
    .into_iter()
    .find_map(|(harmful, problem)| harmful.then_some(problem))
}

/// A plain ending behind a name.
fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    let plain = (1..=10).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain && stem.contains(|char: char| char.is_ascii_alphanumeric())).then(|| &name[stem.len()..])
}

/// A value taken apart.
#[derive(Debug)]
struct Read<'a> {
    kind: &'a str,
    filename: String,
    /// Of `filename*`.
    extended: Option<String>,
}

impl<'a> Read<'a> {
    /// `None` for anything that the grammar does not have, for a parameter that is not one of the two, or one twice.
    fn new(value: &'a str) -> Option<Self> {
        let end = value.find(';')?;
        let kind = Some(&value[..end]).filter(|kind| is_token(kind))?;
        let (filename, rest) = quoted(value[end..].strip_prefix("; filename=")?)?;
        let extended = match rest {
            "" => None,
            rest => Some(ext_value(rest.strip_prefix("; filename*=")?)?),
        };
        Some(Self { kind, filename, extended })
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A quoted string (RFC 9110 section 5.6.4), and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let (mut out, mut chars) = (String::new(), text.char_indices());
    loop {
        match chars.next()? {
            (at, '"') => return Some((out, &text[at + 1..])),
            (_, '\\') => out.push(chars.next()?.1),
            (_, char @ (' '..='~' | '\t')) => out.push(char),
            _ => return None,
        }
    }
}

/// RFC 8187 section 3.2.1, UTF-8 without a language.
fn ext_value(text: &str) -> Option<String> {
    let (mut out, mut bytes) = (Vec::new(), text.strip_prefix("UTF-8''")?.bytes());
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            _ if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) => out.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::Read;

    #[test]
    fn the_reader_is_strict() {
        let read = |value| Read::new(value).map(|read| (read.filename, read.extended));
        assert_eq!(read("attachment; filename=\"a\\\"b\""), Some(("a\"b".into(), None)));
        assert_eq!(
            read("inline; filename=\"_\"; filename*=UTF-8''%e2%82%ac"),
            Some(("_".into(), Some("\u{20ac}".into())))
        );
        for bad in [
            "attachment",
            "attachment; filename=a b",
            "attachment; filename=\"a",
            "attachment; filename=\"a\"; filename*=utf-8''a",
            "attachment; filename=\"a\"; filename*=UTF-8''%ff",
            "attachment; filename=\"a\"; filename*=UTF-8''a b",
            "attachment; filename=\"a\"; filename*=UTF-8''a'",
            "attachment; filename=\"é\"",
            "attachment; filename=\"a\"; filename=\"b\"",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
