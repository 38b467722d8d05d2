//! The claims of RFC 9246 section 2.1, written as the claims of the other format, so that one reader and one policy
//! serve both.

use crate::base64url;
use crate::cbor::Writer;
use crate::json;
use crate::refusal::Refusal;
use crate::token::label;
use crate::token::mint::ClaimWriter;
use alloc::vec::Vec;

/// What a genuine payload says.
#[derive(Debug)]
pub(super) struct Payload {
    /// A CBOR map, as the payload of the other format.
    pub(super) claims: Vec<u8>,
    /// SHA-256 of the one URI that the token opens.
    pub(super) uri_hash: [u8; 32],
}

/// The claims that are implemented. `cdnicrit` may name no other.
const KNOWN: [&str; 9] = ["iss", "aud", "exp", "nbf", "iat", "jti", "cdniv", "cdniuc", "cdnicrit"];
/// Claims that RFC 9246 gives a meaning that is not implemented: what is encrypted (sub, cdniip), tokens that are
/// renewed (cdniets, cdnistt, cdnistd), and the values of cdniv and cdnicrit that [`Payload::read`] does not take. Claims that no document here speaks of are ignored, as RFC 7519 section 4
/// says, unless `cdnicrit` names them.
const REFUSED: [&str; 7] = ["sub", "cdniip", "cdniets", "cdnistt", "cdnistd", "cdniv", "cdnicrit"];

const MALFORMED: Refusal = Refusal::Forbidden("a claim is malformed");

impl Payload {
    /// Reads a payload whose signature has passed.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Refusal> {
        const NOT_JSON: Refusal = Refusal::Forbidden("the claims are no JSON object");
        let text = core::str::from_utf8(payload).map_err(|_| NOT_JSON)?;
        let mut claims = ClaimWriter::default();
        let mut uri_hash = None;
        for (name, value) in json::members(text).map_err(|_| NOT_JSON)? {
            let text = json::text(value);
            let text = text.as_deref().ok_or(MALFORMED);
            let mut item = Writer::default();
            let label = match name.as_str() {
                "iss" => {
                    item.text(text?);
                    label::ISS
                }
                "aud" => {
                    write_audience(&mut item, value)?;
                    label::AUD
                }
                "exp" => {
                    item.unsigned(seconds(value, Rounding::Down)?);
                    label::EXP
                }
                "nbf" => {
                    item.unsigned(seconds(value, Rounding::Up)?);
                    label::NBF
                }
                "iat" => {
                    item.unsigned(seconds(value, Rounding::Down)?);
                    label::IAT
                }
                "jti" => {
                    item.bytes(text.and_then(|id| if id.is_empty() { Err(MALFORMED) } else { Ok(id) })?.as_bytes());
                    label::CTI
                }
                "cdniuc" => {
                    uri_hash = Some(hash_of(text?)?);
                    continue;
                }
                // A list divided by commas (RFC 9246 section 2.1.9).
                "cdnicrit" if text?.split(',').all(|name| KNOWN.contains(&name)) => continue,
                "cdniv" if value == "1" => continue,
                name if REFUSED.contains(&name) => return Err(Refusal::Forbidden("a claim is not implemented")),
                _ => continue,
            };
            claims.add(label, |w| w.raw(&item.into_bytes()));
        }
        let uri_hash = uri_hash.ok_or(Refusal::Forbidden("the token names no URI"))?;
        Ok(Self { claims: claims.into_bytes(), uri_hash })
    }
}

/// One name or an array of them (RFC 7519 section 4.1.3).
fn write_audience(item: &mut Writer, value: &str) -> Result<(), Refusal> {
    let names = if value.starts_with('[') { json::texts(value) } else { json::text(value).map(|one| Vec::from([one])) };
    let names = names.ok_or(MALFORMED)?;
    item.array(names.len());
    for name in &names {
        item.text(name);
    }
    Ok(())
}

/// The URI container in its form as a hash: `hash:sha-256;` and the hash in base64url (RFC 9246 section 2.1.15,
/// RFC 6920 section 5). The other form is a regular expression, which is work that the token's maker would choose.
fn hash_of(container: &str) -> Result<[u8; 32], Refusal> {
    let hash = container.strip_prefix("hash:sha-256;").and_then(base64url::decode);
    hash.and_then(|hash| hash.try_into().ok()).ok_or(Refusal::Forbidden("no hash by which a URI is named"))
}

/// Towards which side a fraction of a second goes: the one that lets less through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Down,
    Up,
}

/// NumericDate (RFC 7519 section 2): seconds, maybe with a fraction. One before 1970 or with an exponent is refused.
fn seconds(value: &str, rounding: Rounding) -> Result<u64, Refusal> {
    let (mut seconds, mut in_fraction, mut up) = (0_u64, false, false);
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' if in_fraction => up |= byte != b'0',
            b'0'..=b'9' => {
                let next = seconds.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(byte - b'0')));
                seconds = next.ok_or(MALFORMED)?;
            }
            // It is a number of JSON, with one point at most.
            b'.' => in_fraction = true,
            _ => return Err(MALFORMED),
        }
    }
    Ok(seconds.saturating_add(u64::from(up && rounding == Rounding::Up)))
}
