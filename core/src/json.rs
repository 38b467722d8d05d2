//! The little JSON (RFC 8259) that configuration and the claims of a JWT need. Strict: a name twice or anything behind
//! the end is refused.
//!
//! Configuration is flat objects of texts and whole numbers, alone or in an array. Claims may be anything, of which
//! most is passed over: [`members`] gives names and the text of each value, and [`text`] and [`texts`] read those.
//!
//! A general reader brings its number formatting and its messages along, which was a fifth of the edge's
//! code; and a message that quotes its input must not meet a secret.

use alloc::string::String;
use alloc::vec::Vec;

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(u64),
    Null,
}

/// Names and values in the order written.
pub(crate) type Object = Vec<(String, Value)>;

/// Where the text stopped being what it should: the byte's place, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BadJson {
    pub(crate) at: usize,
}

/// Reads one flat object.
pub(crate) fn object(text: &str) -> Result<Object, BadJson> {
    let mut object = Vec::new();
    for (name, value) in members(text)? {
        let value = flat(value).ok_or(BadJson { at: offset(value, text) })?;
        object.push((name, value));
    }
    Ok(object)
}

/// Reads an array of flat objects.
pub(crate) fn objects(text: &str) -> Result<Vec<Object>, BadJson> {
    let mut objects = Vec::new();
    for element in Reader::new(text).whole(|reader| reader.array(MAX_DEPTH))? {
        objects.push(object(element).map_err(|bad| BadJson { at: offset(element, text) + bad.at })?);
    }
    Ok(objects)
}

/// The names of one object, and the text of each value without the space around it.
pub(crate) fn members(text: &str) -> Result<Vec<(String, &str)>, BadJson> {
    Reader::new(text).whole(|reader| reader.object(MAX_DEPTH))
}

/// The string that `text` is.
pub(crate) fn text(text: &str) -> Option<String> {
    Reader::new(text).whole(Reader::string).ok()
}

/// The array of strings that `text` is.
pub(crate) fn texts(array: &str) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for element in Reader::new(array).whole(|reader| reader.array(MAX_DEPTH)).ok()? {
        texts.push(text(element)?);
    }
    Some(texts)
}

/// The value that a well-formed text is, if it is one of the three kinds.
fn flat(value: &str) -> Option<Value> {
    match value.as_bytes().first()? {
        b'"' => text(value).map(Value::Text),
        b'n' => Some(Value::Null),
        _ => crate::range::number(value).map(Value::Number),
    }
}

/// Where `part` begins in the text that it was cut from.
fn offset(part: &str, whole: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// How deep arrays and objects may stand in a value that is passed over.
const MAX_DEPTH: usize = 16;

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn whole<T>(mut self, read: impl FnOnce(&mut Self) -> Result<T, BadJson>) -> Result<T, BadJson> {
        let value = read(&mut self)?;
        self.skip_space();
        if self.at == self.text.len() { Ok(value) } else { self.bad() }
    }

    const fn bad<T>(&self) -> Result<T, BadJson> {
        Err(BadJson { at: self.at })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte`, after any space, if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Elements between `open` and `close`, divided by commas.
    fn list<T>(
        &mut self,
        open: u8,
        close: u8,
        mut element: impl FnMut(&mut Self) -> Result<T, BadJson>,
    ) -> Result<Vec<T>, BadJson> {
        let mut elements = Vec::new();
        if !self.take(open) {
            return self.bad();
        }
        if self.take(close) {
            return Ok(elements);
        }
        loop {
            elements.push(element(self)?);
            if self.take(close) {
                return Ok(elements);
            }
            if !self.take(b',') {
                return self.bad();
            }
        }
    }

    /// An object, its values as their texts; `depth` is how much deeper they may be nested.
    fn object(&mut self, depth: usize) -> Result<Vec<(String, &'a str)>, BadJson> {
        let members = self.list(b'{', b'}', |reader| {
            let name = reader.string()?;
            if !reader.take(b':') {
                return reader.bad();
            }
            Ok((name, reader.any(depth)?))
        })?;
        let twice =
            members.iter().enumerate().any(|(place, (name, _))| members[..place].iter().any(|(n, _)| n == name));
        if twice { self.bad() } else { Ok(members) }
    }

    /// An array, as its elements' texts.
    fn array(&mut self, depth: usize) -> Result<Vec<&'a str>, BadJson> {
        self.list(b'[', b']', |reader| reader.any(depth))
    }

    /// Passes over a value of any kind, `depth` more around it at most, and gives its text.
    fn any(&mut self, depth: usize) -> Result<&'a str, BadJson> {
        self.skip_space();
        let start = self.at;
        let Some(inner) = depth.checked_sub(1) else { return self.bad() };
        match self.peek() {
            Some(b'"') => drop(self.string()?),
            Some(b'{') => drop(self.object(inner)?),
            Some(b'[') => drop(self.array(inner)?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => {
                let rest = &self.text[start..];
                let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
                self.at += word.ok_or(BadJson { at: start })?.len();
            }
        }
        Ok(&self.text[start..self.at])
    }

    /// Passes over a number (RFC 8259 section 6).
    fn number(&mut self) -> Result<(), BadJson> {
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        if self.digits()? > 1 && leading_zero {
            return self.bad();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(())
    }

    /// Passes over one digit or more, and counts them.
    fn digits(&mut self) -> Result<usize, BadJson> {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { self.bad() } else { Ok(count) }
    }

    fn string(&mut self) -> Result<String, BadJson> {
        if !self.take(b'"') {
            return self.bad();
        }
        let mut out = String::new();
        loop {
            let Some(char) = self.text[self.at..].chars().next() else { return self.bad() };
            match char {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => out.push(self.escape()?),
                '\0'..='\u{1f}' => return self.bad(),
                char => {
                    self.at += char.len_utf8();
                    out.push(char);
                }
            }
        }
    }

    /// An escape, its backslash included.
    fn escape(&mut self) -> Result<char, BadJson> {
        let letter = self.text.as_bytes().get(self.at + 1).copied();
        let plain = match letter {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.bad(),
        };
        self.at += 2;
        Ok(plain)
    }

    /// `\uXXXX`, or two of them for a character beyond the first plane.
    fn unicode_escape(&mut self) -> Result<char, BadJson> {
        let start = BadJson { at: self.at };
        let high = self.code_unit()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            let low = self.code_unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(start)?;
            0x1_0000 + ((high - 0xd800) << 10) + low
        } else {
            high
        };
        char::from_u32(code).ok_or(start)
    }

    fn code_unit(&mut self) -> Result<u32, BadJson> {
        let bad = BadJson { at: self.at };
        let digits = self.text.get(self.at..).and_then(|rest| rest.strip_prefix("\\u")?.get(..4)).ok_or(bad)?;
        let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let unit = u32::from_str_radix(digits, 16).ok().filter(|_| plain).ok_or(bad)?;
        self.at += 6;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn flat_objects_are_read() {
        let read = objects(" [ {\"a\" : \"x\\u00e9\\ud83d\\ude00\\n\", \"b\":12}, {} , {\"c\":null}] ").ok().unwrap();
        assert_eq!(read.len(), 3);
        assert!(read[0] == [("a".into(), Value::Text("xé\u{1f600}\n".into())), ("b".into(), Value::Number(12))]);
        assert!(read[2] == [("c".into(), Value::Null)]);
    }

    #[test]
    fn members_of_any_kind_are_passed_over_and_read_later() {
        let all = r#"{"a":"x\"}","b":[1,-0.5e+3,[],{}, {"c":[true,false,null]}],"d": 1.50 ,"e":["f","g"]}"#;
        let read = members(all).unwrap();
        let values: Vec<&str> = read.iter().map(|(_, value)| *value).collect();
        assert_eq!(values, [r#""x\"}""#, r#"[1,-0.5e+3,[],{}, {"c":[true,false,null]}]"#, "1.50", r#"["f","g"]"#]);
        assert_eq!(text(values[0]).as_deref(), Some("x\"}"));
        assert_eq!(texts(values[3]).unwrap(), ["f", "g"]);
        assert_eq!((text(values[1]), texts(values[0]), texts(values[1])), (None, None, None));
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":-}"#,
            r#"{"a":1e}"#,
            r#"{"a":+1}"#,
            r#"{"a":tru}"#,
            r#"{"a":NaN}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a":}"#,
            r#"{"a":1}x"#,
            r#"{"a":1"#,
            "[1]",
            "",
        ] {
            assert!(members(bad).is_err(), "{bad}");
        }
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(members(&nested(MAX_DEPTH)).is_ok() && members(&nested(MAX_DEPTH + 1)).is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "[]",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":\"b\",}",
            "{\"a\":\"b\"}x",
            "{\"a\":1,\"a\":2}",
            "{\"a\":01}",
            "{\"a\":-1}",
            "{\"a\":1.5}",
            "{\"a\":1e3}",
            "{\"a\":18446744073709551616}",
            "{\"a\":[]}",
            "{\"a\":{}}",
            "{\"a\":true}",
            "{a:1}",
            "{'a':1}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\\u+123\"}",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{\"a\":\"\\u12é",
            "null",
        ] {
            assert!(object(bad).is_err(), "{bad}");
            assert!(objects(&format!("[{bad}]")).is_err() || bad.is_empty(), "{bad}");
        }
    }
}
