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
/// Claims that RFC 9246 gives a meaning that is not implemented: what is encrypted (sub, cdniip), and tokens that are
/// renewed (cdniets, cdnistt, cdnistd). Claims that no document here speaks of are ignored, as RFC 7519 section 4
/// says, unless `cdnicrit` names them.
const REFUSED: [&str; 5] = ["sub", "cdniip", "cdniets", "cdnistt", "cdnistd"];

const MALFORMED: Refusal = Refusal::Forbidden("a claim is malformed");

impl Payload {
    /// Reads a payload whose signature has passed.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Refusal> {
        const NOT_JSON: Refusal = Refusal::Forbidden("the claims are no JSON object");
        let text = core::str::from_utf8(payload).map_err(|_| NOT_JSON)?;
        let mut claims = ClaimWriter::default();
        let mut uri_hash = None;
        for (name, value) in json::members(text).map_err(|_| NOT_JSON)? {
            match name.as_str() {
                "iss" => {
                    let issuer = json::text(value).ok_or(MALFORMED)?;
                    claims.add(label::ISS, |w| w.text(&issuer));
                }
                "aud" => {
                    // One name or an array of them (RFC 7519 section 4.1.3).
                    let names = json::text(value).map(|one| Vec::from([one])).or_else(|| json::texts(value));
                    let names = names.ok_or(MALFORMED)?;
                    claims.add(label::AUD, |w| names.iter().fold(w.array(names.len()), |w, name| w.text(name)));
                }
                "exp" => write_date(&mut claims, label::EXP, value, Rounding::Down)?,
                "nbf" => write_date(&mut claims, label::NBF, value, Rounding::Up)?,
                "iat" => write_date(&mut claims, label::IAT, value, Rounding::Down)?,
                "jti" => {
                    let id = json::text(value).filter(|id| !id.is_empty()).ok_or(MALFORMED)?;
                    claims.add(label::CTI, |w| w.bytes(id.as_bytes()));
                }
                "cdniv" if value == "1" => {}
                "cdniuc" => uri_hash = Some(read_container(value)?),
                "cdnicrit" => {
                    // A list divided by commas (RFC 9246 section 2.1.10).
                    let names = json::text(value).ok_or(MALFORMED)?;
                    if names.split(',').any(|name| !KNOWN.contains(&name)) {
                        return Err(Refusal::Forbidden("a critical claim that is not implemented"));
                    }
                }
                name if name == "cdniv" || REFUSED.contains(&name) => {
                    return Err(Refusal::Forbidden("a claim is not implemented"));
                }
                _ => {}
            }
        }
        let uri_hash = uri_hash.ok_or(Refusal::Forbidden("the token names no URI"))?;
        Ok(Self { claims: claims.into_bytes(), uri_hash })
    }
}

/// The URI container in its form as a hash: `hash:sha-256;` and the hash in base64url (RFC 9246 section 2.1.15,
/// RFC 6920 section 5). The other form is a regular expression, which is work that the token's maker would choose.
fn read_container(value: &str) -> Result<[u8; 32], Refusal> {
    let text = json::text(value).ok_or(MALFORMED)?;
    let hash = text.strip_prefix("hash:sha-256;").ok_or(Refusal::Forbidden("no hash by which a URI is named"))?;
    base64url::decode(hash).and_then(|bytes| bytes.try_into().ok()).ok_or(MALFORMED)
}

/// Towards which side a fraction of a second goes: the one that lets less through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Down,
    Up,
}

/// NumericDate (RFC 7519 section 2): seconds, maybe with a fraction. One before 1970 or with an exponent is refused.
fn write_date(claims: &mut ClaimWriter, label: i128, value: &str, rounding: Rounding) -> Result<(), Refusal> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let seconds = crate::range::number(whole).ok_or(MALFORMED)?;
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(MALFORMED);
    }
    let up = rounding == Rounding::Up && fraction.bytes().any(|digit| digit != b'0');
    claims.add(label, |w: &mut Writer| w.unsigned(seconds.saturating_add(u64::from(up))));
    Ok(())
}
