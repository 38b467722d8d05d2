//! catgeoiso3166: countries (ISO 3166-1 alpha-2) and subdivisions (ISO 3166-2), joined by OR.

use crate::cbor::Item;
use crate::refusal::Refusal;
use crate::request::Place;
use crate::token::claims::Raw;
use alloc::string::String;

/// A country, `SE`, or one of its subdivisions, `US-CA`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region(String);

impl Region {
    /// Two capital letters, or these, a hyphen and one to three capitals or digits; `None` for any other text.
    pub fn new(text: &str) -> Option<Self> {
        let (country, subdivision) = match text.split_once('-') {
            Some((country, subdivision)) => (country, Some(subdivision)),
            None => (text, None),
        };
        let country_fits = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        let subdivision_fits = subdivision.is_none_or(|s| {
            (1..=3).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        });
        (country_fits && subdivision_fits).then(|| Self(text.into()))
    }

    /// As it stands in a token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The client must be in one of the regions; where the platform does not know, it is in none.
pub(super) fn check(claim: Option<Raw<'_>>, place: Option<Place<'_>>) -> Result<(), Refusal> {
    const MALFORMED: Refusal = Refusal::Forbidden("catgeoiso3166 is malformed");
    let Some(claim) = claim else { return Ok(()) };
    let place = place.unwrap_or_default();
    let mut reader = claim.reader();
    let Item::Array(count) = reader.item()? else {
        return Err(MALFORMED);
    };
    let mut inside = false;
    for _ in 0..count {
        let Item::Text(region) = reader.item()? else {
            return Err(MALFORMED);
        };
        inside |= match region.split_once('-') {
            None => place.country == Some(region),
            Some((country, subdivision)) => place.country == Some(country) && place.subdivision == Some(subdivision),
        };
    }
    if inside { Ok(()) } else { Err(Refusal::Forbidden("the client's country is not allowed by the token")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_written_in_one_way() {
        for good in ["SE", "US-CA", "GB-ENG", "AT-9"] {
            assert!(Region::new(good).is_some(), "{good}");
        }
        for bad in ["", "se", "SWE", "US-", "US-CALI", "US-ca", "U1", "US_CA", "ÄÖ"] {
            assert!(Region::new(bad).is_none(), "{bad}");
        }
    }
}
