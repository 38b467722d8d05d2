//! Whole numbers as JSON has them: `5`, and `5.0` or `5e0`, which is the same number (JSON Schema, "Numeric types").

use alloc::vec::Vec;
use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A whole number that is not negative.
#[derive(Clone, Copy)]
struct Whole(u64);

/// The largest number that is taken: beyond it a double does not tell whole numbers apart (RFC 8259 section 6).
pub const MAX: u64 = (1 << 53) - 1;

/// The whole number that `number` is, if it is one that a double holds exactly.
pub(super) fn of_double(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    let whole = number as u64;
    #[expect(clippy::cast_precision_loss, reason = "it is no more than 2^53")]
    let is_whole = whole <= MAX && (whole as f64).to_bits() == number.to_bits();
    is_whole.then_some(whole)
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number that is not negative")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
                if number <= MAX { Ok(Whole(number)) } else { Err(E::custom("too large a number")) }
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
                of_double(number).map(Whole).ok_or_else(|| E::custom("not a whole number"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A number that must be there.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Whole::deserialize(deserializer).map(|Whole(number)| number)
}

/// A number that may be absent.
pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::<Whole>::deserialize(deserializer).map(|whole| whole.map(|Whole(number)| number))
}

/// A number that may be `null`, which is told from an absent one.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    optional(deserializer).map(Some)
}

/// Several numbers of 32 bits.
///
/// # Errors
/// What the JSON has in their place.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let wholes = Vec::<Whole>::deserialize(deserializer)?;
    wholes
        .into_iter()
        .map(|Whole(number)| u32::try_from(number).map_err(|_| D::Error::custom("too large a number")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_several_spellings() {
        for (json, number) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("5e0", Some(5)),
            ("1e3", Some(1000)),
            ("5.5", None),
            ("-1", None),
            ("-0.0", None),
            ("1e30", None),
            ("\"5\"", None),
            ("null", None),
            ("9007199254740991", Some(MAX)),
            ("9007199254740992", None),
            ("9007199254740992.0", None),
        ] {
            assert_eq!(serde_json::from_str::<Whole>(json).ok().map(|Whole(number)| number), number, "{json}");
        }
    }
}
