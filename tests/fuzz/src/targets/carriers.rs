//! Finding the token: the first line is the query, the second the token in the path, the others are fields.

use super::fields;
use crate::seeds;
use clouddrop_core::Headers;
use clouddrop_core::token::carrier::{find, without_token};
use std::collections::BTreeSet;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let (query, in_path, rest) = (lines.next().unwrap_or(""), lines.next(), lines.next().unwrap_or(""));
    let in_path = in_path.filter(|text| !text.is_empty());
    let mut fields = fields(rest);

    let all = every_token(&fields, query, in_path);
    let found = find(&Headers::new(&fields), query, in_path);
    match all.len() {
        0 => assert_eq!(found, Ok(None)),
        1 => assert_eq!(found.as_ref().ok().copied().flatten(), all.first().copied()),
        _ => assert!(found.is_err(), "{all:?}"),
    }
    // The order of fields is nothing to go by.
    let verdict = found.is_ok();
    fields.reverse();
    assert_eq!(find(&Headers::new(&fields), query, in_path).is_ok(), verdict);

    // Nothing of the token is left in the query, and nothing else is lost.
    let rest = without_token(query);
    assert_eq!(find(&Headers::new(&[]), &rest, None), Ok(None));
    assert_eq!(without_token(&rest), rest);
    let others = |query: &str| {
        query.split('&').filter(|p| value_of(p).is_none() && !p.is_empty()).map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(others(query), others(&rest));
}

/// The token of a parameter, by either of its names.
fn value_of(parameter: &str) -> Option<&str> {
    ["CAT=", "URISigningPackage="].iter().find_map(|name| parameter.strip_prefix(name))
}

/// The profile's section 3, rule 9, read once more.
fn every_token<'a>(fields: &[(&'a str, &'a str)], query: &'a str, in_path: Option<&'a str>) -> BTreeSet<&'a str> {
    const NAME: &str = "cta-common-access-token";
    let mut out = BTreeSet::new();
    for (name, value) in fields {
        match name.to_ascii_lowercase().as_str() {
            "authorization" => {
                let value = value.trim_matches([' ', '\t']);
                if let Some((scheme, token)) = value.split_once(' ')
                    && scheme.eq_ignore_ascii_case("bearer")
                {
                    out.insert(token.trim_start_matches(' '));
                }
            }
            NAME => {
                out.insert(value.trim_matches([' ', '\t']));
            }
            "cookie" => {
                let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
                out.extend(
                    pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(NAME)).map(|(_, value)| value.trim()),
                );
            }
            _ => {}
        }
    }
    out.extend(query.split('&').filter_map(value_of));
    out.extend(in_path);
    out
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let of_case = |case: &clouddrop_cases::case::Case| {
        let token = seeds::token_text(case).unwrap_or_else(|| "abc".into());
        let query = case.url.split_once('?').map_or("", |(_, query)| query).replace("{token}", &token);
        let in_path = if case.url.starts_with("/d/") { token.as_str() } else { "" };
        format!("{query}\n{in_path}\n{}", seeds::fields(case)).into_bytes()
    };
    seeds::distinct(seeds::cases().iter().map(of_case).collect())
}
