//! Which form of a page a client wants: the Accept header (RFC 9110 section 12.5.1), as far as it tells HTML and
//! JSON apart.

use crate::grant::Method;
use crate::reply::Reply;
use crate::request::{Headers, Request};

/// The forms that a page has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Html,
    /// The same facts for programs.
    Json,
}

impl Form {
    /// The form that is preferred: JSON where it has the greater weight, or the same one and is named more exactly,
    /// as in `application/json, */*`. In every other case, also where neither is wanted, it is HTML: a person who is
    /// shown a page is better off than one who is refused it.
    pub fn preferred(headers: &Headers<'_>) -> Self {
        let html = Preference::of("text", "html", headers);
        let json = Preference::of("application", "json", headers);
        if json.weight > 0 && json > html { Self::Json } else { Self::Html }
    }
}

/// How much a type is wanted. Compares by weight, then by exactness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Preference {
    /// In thousandths.
    weight: u16,
    exactness: u8,
}

impl Preference {
    /// The most exact range that holds the type counts; of two equally exact ones, the greater weight.
    fn of(family: &str, subtype: &str, headers: &Headers<'_>) -> Self {
        let mut best = Self::default();
        let fields = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("accept"));
        for range in fields.flat_map(|(_, value)| value.split(',')) {
            let mut parts = range.split(';').map(|part| part.trim_matches([' ', '\t']));
            let Some((of_family, of_type)) = parts.next().and_then(|name| name.split_once('/')) else { continue };
            let exactness = match (of_family, of_type) {
                ("*", "*") => 1,
                (of_family, "*") if of_family.eq_ignore_ascii_case(family) => 2,
                (of_family, of_type)
                    if of_family.eq_ignore_ascii_case(family) && of_type.eq_ignore_ascii_case(subtype) =>
                {
                    3
                }
                _ => continue,
            };
            let Some(weight) = weight(parts) else { continue };
            let is_better = (exactness, weight) > (best.exactness, best.weight);
            if is_better {
                best = Self { weight, exactness };
            }
        }
        best
    }
}

/// The weight among a range's parameters (RFC 9110 section 12.4.2): 1 unless told, `None` if it is malformed.
pub(super) fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let told = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("q").then_some(value)
    });
    let Some(text) = told else { return Some(1000) };
    let (whole, thousandths) = text.split_once('.').unwrap_or((text, ""));
    if thousandths.len() > 3 || !thousandths.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut fraction = 0;
    for place in 0..3 {
        let digit = thousandths.as_bytes().get(place).map_or(0, |digit| u16::from(digit - b'0'));
        fraction = fraction * 10 + digit;
    }
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// How a page is to be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) form: Form,
    pub(super) method: Method,
}

impl Wanted {
    pub(super) fn by(request: &Request<'_>) -> Self {
        let method = Method::from_name(request.method).unwrap_or(Method::Get);
        Self { form: Form::preferred(&request.headers), method }
    }

    /// The reply with what it varies by, and without its body for HEAD.
    pub(super) fn finish(self, mut reply: Reply) -> Reply {
        reply.headers.push(("vary", "accept, accept-language".into()));
        match self.method {
            Method::Get => reply,
            Method::Head => reply.without_body(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(accept: &[&str]) -> Form {
        let fields: alloc::vec::Vec<(&str, &str)> = accept.iter().map(|value| ("Accept", *value)).collect();
        Form::preferred(&Headers::new(&fields))
    }

    #[test]
    fn json_is_for_those_who_prefer_it() {
        for accept in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json, text/plain, */*",
            "application/*",
            "text/html;q=0.5, application/json;q=0.501",
            "text/html; q=0, */*",
            "*/*;q=0.1, application/json",
            "text/html;level=1;q=0.2,application/json;Q=0.3",
            "text/html;q=0.9, application/*;q=1.000",
        ] {
            assert_eq!(preferred(&[accept]), Form::Json, "{accept}");
        }
        assert_eq!(preferred(&["text/html;q=0.5", "application/json"]), Form::Json);
    }

    #[test]
    fn everybody_else_gets_a_page() {
        for accept in [
            "",
            "*/*",
            "text/html",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
            "application/json, text/html",
            "text/*, application/*",
            "application/json;q=0",
            "application/json;q=0, text/html;q=0",
            "application/json;q=0.4, text/html;q=0.5",
            "application/json;q=0.4, */*;q=0.5, text/html",
            // Malformed weights count for nothing.
            "application/json;q=2",
            "application/json;q=1.001",
            "application/json;q=0.1234",
            "application/json;q=",
            "application/json;q=-1",
            "application/json;q=1.x",
            "json",
            "*/json",
            "application/problem+json",
            "application/jsonx",
        ] {
            assert_eq!(preferred(&[accept]), Form::Html, "{accept}");
        }
        assert_eq!(preferred(&[]), Form::Html);
    }
}
