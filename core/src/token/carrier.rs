//! Finding the token in a request (profile section 3, rule 9): Authorization, header, cookie, query, path.

use crate::refusal::Refusal;
use crate::request::Headers;
use alloc::borrow::Cow;
use alloc::string::String;

/// The name of the header, and of the cookie, that CTA-5007 gives a token.
pub const HEADER: &str = "cta-common-access-token";
/// The query parameter.
pub const QUERY: &str = "CAT";
/// The query parameter, and the parameter at the end of a path, that RFC 9246 section 3 gives a token.
pub const PACKAGE: &str = "URISigningPackage";

/// The one token of a request: `None` if there is none. `in_path` is the one in the path, where the route
/// has one.
///
/// # Errors
/// [`Refusal::BadRequest`] if two places hold different tokens: which of them a reader takes would
/// otherwise be a matter of taste.
pub fn find<'a>(headers: &Headers<'a>, query: &'a str, in_path: Option<&'a str>) -> Result<Option<&'a str>, Refusal> {
    let mut found = None;
    let mut take = |text: &'a str| match found {
        Some(other) if other != text => Err(Refusal::BadRequest("two different tokens")),
        _ => {
            found = Some(text);
            Ok(())
        }
    };
    for (name, value) in headers.iter() {
        if name.eq_ignore_ascii_case("authorization") {
            if let Some(token) = bearer(value) {
                take(token)?;
            }
        } else if name.eq_ignore_ascii_case(HEADER) {
            take(value.trim_matches([' ', '\t']))?;
        } else if name.eq_ignore_ascii_case("cookie") {
            for cookie in value.split(';') {
                match cookie.split_once('=') {
                    Some((name, token)) if name.trim().eq_ignore_ascii_case(HEADER) => take(token.trim())?,
                    _ => {}
                }
            }
        }
    }
    for parameter in query.split('&') {
        if let Some(token) = token_of(parameter) {
            take(token)?;
        }
    }
    if let Some(token) = in_path {
        take(token)?;
    }
    Ok(found)
}

/// The token of `Bearer <token>` (RFC 6750 section 2.1); the scheme's name is case-insensitive.
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim_matches([' ', '\t']).split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

/// The token of a query's parameter.
fn token_of(parameter: &str) -> Option<&str> {
    let value = parameter.strip_prefix(QUERY).or_else(|| parameter.strip_prefix(PACKAGE))?;
    value.strip_prefix('=')
}

/// A raw path and the token in its last parameter (`/f/a;URISigningPackage=<token>`: RFC 9246 section 3, RFC 6570
/// section 3.2.7), if it ends with one.
pub fn split_path(path: &str) -> (&str, Option<&str>) {
    let last = path.bytes().rposition(|byte| matches!(byte, b';' | b'/')).unwrap_or(0);
    let token = path[last..].strip_prefix(';').and_then(|last| last.strip_prefix(PACKAGE)?.strip_prefix('='));
    (if token.is_some() { &path[..last] } else { path }, token)
}

/// `url`, otherwise as it is, without the token that its path or its query holds.
pub fn url_without_token(url: &str) -> String {
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let mut out = String::from(split_path(path).0);
    if let Some(query) = query {
        let rest = without_token(query);
        // A question mark that nothing follows any more was the token's; one that nothing ever followed stays.
        if !rest.is_empty() || query.is_empty() {
            out.push('?');
            out.push_str(&rest);
        }
    }
    out
}

/// `query` without the token's parameter: the rest, if it is one piece, is borrowed.
pub fn without_token(query: &str) -> Cow<'_, str> {
    let is_token = |parameter: &&str| token_of(parameter).is_some();
    if !query.split('&').any(|p| is_token(&p)) {
        return query.into();
    }
    let mut rest = String::new();
    for parameter in query.split('&').filter(|p| !is_token(p)) {
        if !rest.is_empty() {
            rest.push('&');
        }
        rest.push_str(parameter);
    }
    rest.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        headers: &[(&str, &str)],
        query: &str,
        path: Option<&str>,
    ) -> Result<Option<alloc::string::String>, &'static str> {
        find(&Headers::new(headers), query, path).map(|t| t.map(Into::into)).map_err(|r| r.code())
    }

    #[test]
    fn every_carrier_is_read() {
        let token = Ok(Some("abc".into()));
        for header in [
            ("authorization", "Bearer abc"),
            ("Authorization", "bearer  abc "),
            ("CTA-Common-Access-Token", "abc"),
            ("cookie", "a=b; CTA-Common-Access-Token=abc; c=d"),
        ] {
            assert_eq!(found(&[header], "", None), token, "{header:?}");
        }
        assert_eq!(found(&[], "a=b&CAT=abc", None), token);
        assert_eq!(found(&[], "", Some("abc")), token);
        assert_eq!(found(&[("authorization", "Basic abc")], "cat=abc&CATS=abc", None), Ok(None));
    }

    #[test]
    fn the_same_token_twice_is_one_and_two_different_ones_are_refused() {
        let header = [("authorization", "Bearer abc")];
        assert_eq!(found(&header, "CAT=abc", Some("abc")), Ok(Some("abc".into())));
        assert_eq!(found(&header, "CAT=abd", None), Err("bad_request"));
        assert_eq!(found(&header, "", Some("abd")), Err("bad_request"));
        assert_eq!(found(&[], "CAT=a&CAT=b", None), Err("bad_request"));
        assert_eq!(
            found(&[("cookie", "cta-common-access-token=a; CTA-Common-Access-Token=b")], "", None),
            Err("bad_request")
        );
    }

    #[test]
    fn the_token_is_taken_out_of_the_query() {
        assert_eq!(without_token("a=b&CAT=x&c=d"), "a=b&c=d");
        assert_eq!(without_token("CAT=x"), "");
        assert_eq!(without_token("a=b&c"), "a=b&c");
    }
}
