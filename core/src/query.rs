//! The query of an API call: decoded once, each name once, and written again in the one form that is signed.

use crate::percent;
use crate::refusal::Refusal;
use crate::sigv4::joined;
use alloc::string::String;
use alloc::vec::Vec;

/// Longest query that is read, in bytes.
pub const MAX_QUERY_BYTES: usize = 6144;
const FAULT: Refusal = Refusal::BadRequest("the query is not name=value pairs, each name once");

/// Names and values of `query`, as a form writes them: a plus sign is a space.
///
/// # Errors
/// [`Refusal::BadRequest`] for a bad escape, a name without a value, a name that stands twice.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    let pairs = read(query)?;
    let is_twice = |place: usize| pairs[..place].iter().any(|(name, _)| *name == pairs[place].0);
    if (0..pairs.len()).any(is_twice) { Err(FAULT) } else { Ok(pairs) }
}

fn read(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|_| !query.is_empty()) {
        let (name, value) = pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or(FAULT)?;
        let decode = |text| percent::decode_form(text).ok_or(FAULT);
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

/// `query` in the form of the signature (S3 API reference, "Canonical Query String").
///
/// # Errors
/// [`Refusal::UriTooLong`]; those of [`pairs`], but that names may stand twice.
pub fn canonical(query: &str) -> Result<String, Refusal> {
    if query.is_empty() {
        return Ok(String::new());
    }
    if query.len() > MAX_QUERY_BYTES {
        return Err(Refusal::UriTooLong);
    }
    let mut pairs = read(query)?;
    for text in pairs.iter_mut().flat_map(|(name, value)| [name, value]) {
        let plain = core::mem::take(text);
        percent::push_query(text, &plain);
    }
    let canonical = joined(pairs);
    // Written so, a query can be three times as long: whoever reads it next has the same limit.
    if canonical.len() > MAX_QUERY_BYTES { Err(Refusal::UriTooLong) } else { Ok(canonical) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_written_again() {
        assert_eq!(canonical("").unwrap(), "");
        assert_eq!(canonical("b=2&a=x+y%2Fz&c=").unwrap(), "a=x%20y%2Fz&b=2&c=");
        assert_eq!(canonical(&canonical("a=%C3%A9&b=~").unwrap()).unwrap(), "a=%C3%A9&b=~");
        for bad in ["a", "&", "a=1&", "a=1&a=2", "a=1&%61=2", "=1", "a=%", "a=%ff"] {
            assert_eq!(pairs(bad).unwrap_err().code(), "bad_request", "{bad}");
        }
        assert_eq!(canonical(&"a".repeat(6145)).unwrap_err(), Refusal::UriTooLong);
        let odd = alloc::format!("a={}", ":".repeat(2048));
        assert_eq!(canonical(&odd).unwrap_err(), Refusal::UriTooLong, "6144 bytes of escapes and two more");
        let fits = canonical(&odd[..odd.len() - 1]).unwrap();
        assert_eq!(canonical(&fits).unwrap(), fits, "who reads it next takes it, too");
    }
}
