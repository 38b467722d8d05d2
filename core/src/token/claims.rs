//! The claims of a verified token, typed. Those with a structure of their own (addresses, URI parts,
//! methods, headers, countries) stay as the bytes that `policy` reads; all others are read here.

use super::label;
use crate::cbor::{Item, Malformed, Reader};
use crate::lock::CLAIM_BYTES;
use crate::refusal::Refusal;
use crate::time::UnixTime;
use alloc::string::String;

/// What a token is for (private claim -65540).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Purpose {
    /// Reading objects: the default.
    #[default]
    Download,
    /// Sending objects in.
    Upload,
    /// Reading one object version after a use was claimed.
    Grant,
}

/// How a browser is asked to treat the object (private claim -65539; RFC 6266 section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Disposition {
    /// Save it: the default.
    #[default]
    Attachment,
    /// Show it, if its type is one of the harmless ones.
    Inline,
}

/// Whether the names in a folder are told to whoever has the link (private claim -65544).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Listing {
    /// No: each file must be asked for by its name. The default.
    #[default]
    Hidden,
    /// Yes.
    Shown,
}
/// Length of a share's id.
pub const SHARE_ID_BYTES: usize = 16;

/// What an issuer said, borrowed from the token.
#[derive(Clone, Debug, Default)]
pub struct Claims<'a> {
    /// All of them as they stand in the token; empty for a JWT.
    pub(crate) payload: &'a [u8],
    pub(crate) issuer: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) audience: Option<Raw<'a>>,
    pub(crate) expires: Option<UnixTime>,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) id: Option<&'a [u8]>,
    pub(crate) single_use: bool,
    pub(crate) networks: Option<Raw<'a>>,
    pub(crate) uri: Option<Raw<'a>>,
    /// Of a JWT only: SHA-256 of the URI that it opens.
    pub(crate) uri_hash: Option<[u8; 32]>,
    pub(crate) methods: Option<Raw<'a>>,
    pub(crate) headers: Option<Raw<'a>>,
    pub(crate) countries: Option<Raw<'a>>,
    pub(crate) max_downloads: Option<u64>,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) disposition: Disposition,
    pub(crate) purpose: Purpose,
    pub(crate) largest_upload: Option<u64>,
    pub(crate) object_version: Option<&'a str>,
    pub(crate) share: Option<&'a [u8]>,
    pub(crate) parent: Option<&'a [u8]>,
    pub(crate) listing: Listing,
    pub(crate) password: Option<&'a [u8; CLAIM_BYTES]>,
}

/// A claim's value: one well-formed CBOR item, to be read by the policy of its family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a>(&'a [u8]);

impl<'a> Raw<'a> {
    pub(crate) const fn reader(self) -> Reader<'a> {
        Reader::new(self.0)
    }

    pub(crate) const fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Every way in which a genuine payload is not a set of claims that is implemented.
const MALFORMED: Refusal = Refusal::Forbidden("a claim is malformed or not implemented");

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        MALFORMED
    }
}

impl<'a> Claims<'a> {
    /// Reads a payload whose MAC has passed. Each claim that is not known refuses the whole.
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Refusal> {
        let mut claims = Self { payload, ..Self::default() };
        let mut reader = Reader::new(payload);
        reader.int_map(|key, value| claims.read_one(key, value))?;
        reader.end()?;
        // Only what is opened at the edge can have one: nobody else would ask for it.
        if claims.password.is_some() && claims.purpose != Purpose::Download {
            return Err(MALFORMED);
        }
        Ok(claims)
    }

    fn read_one(&mut self, key: i128, value: &mut Reader<'a>) -> Result<(), Refusal> {
        match key {
            label::ISS => self.issuer = Some(text(value)?),
            label::SUB => self.subject = Some(text(value)?),
            label::AUD => self.audience = Some(raw(value)?),
            label::EXP => self.expires = Some(numeric_date(value, Rounding::Down)?),
            label::NBF => self.not_before = Some(numeric_date(value, Rounding::Up)?),
            label::IAT => self.issued_at = Some(numeric_date(value, Rounding::Down)?),
            label::CTI => self.id = Some(bytes(value)?),
            label::CATREPLAY => self.single_use = one_of(value, &[false, true])?,
            label::CATV => one_of(value, &[None, Some(())])?.ok_or(MALFORMED)?,
            label::CATNIP => self.networks = Some(raw(value)?),
            label::CATU => self.uri = Some(raw(value)?),
            label::CATM => self.methods = Some(raw(value)?),
            label::CATH => self.headers = Some(raw(value)?),
            label::CATGEOISO3166 => self.countries = Some(raw(value)?),
            label::MAX_DOWNLOADS => {
                self.max_downloads = Some(unsigned(value)?).filter(|n| *n >= 1).ok_or(MALFORMED)?.into();
            }
            label::FILE_NAME => self.file_name = Some(text(value)?),
            label::DISPOSITION => self.disposition = one_of(value, &[Disposition::Attachment, Disposition::Inline])?,
            label::PURPOSE => self.purpose = one_of(value, &[Purpose::Download, Purpose::Upload, Purpose::Grant])?,
            label::LARGEST_UPLOAD => self.largest_upload = Some(unsigned(value)?),
            label::OBJECT_VERSION => self.object_version = Some(text(value)?),
            label::MAY_LIST => self.listing = one_of(value, &[Listing::Hidden, Listing::Shown])?,
            label::SHARE => {
                self.share = Some(bytes(value)?).filter(|id| id.len() == SHARE_ID_BYTES).ok_or(MALFORMED)?.into();
            }
            label::PARENT => self.parent = Some(bytes(value)?).filter(|id| !id.is_empty()).ok_or(MALFORMED)?.into(),
            label::PASSWORD => self.password = Some(bytes(value)?.try_into().map_err(|_| MALFORMED)?),
            _ => return Err(Refusal::Forbidden("a claim is not implemented")),
        }
        Ok(())
    }

    /// Who issued the token; if absent, the issuer of the key that made it.
    pub const fn issuer(&self) -> Option<&'a str> {
        self.issuer
    }

    /// Whom it is about. Logged hashed only.
    pub const fn subject(&self) -> Option<&'a str> {
        self.subject
    }

    /// When it ends; a token without an end is refused by policy.
    pub const fn expires(&self) -> Option<UnixTime> {
        self.expires
    }

    /// The token's only identity (RFC 8392 section 3.1.7).
    pub const fn id(&self) -> Option<&'a [u8]> {
        self.id
    }

    /// The share that it belongs to (private claim -65545), where that is not the one that its id names.
    pub const fn share(&self) -> Option<&'a [u8]> {
        self.share
    }

    /// The id of the token that it was made from (private claim -65546): a grant's link.
    pub const fn parent(&self) -> Option<&'a [u8]> {
        self.parent
    }

    /// What its uses are counted by: the link that it was made from, or itself.
    pub const fn link_id(&self) -> Option<&'a [u8]> {
        if self.parent.is_some() { self.parent } else { self.id }
    }

    /// What it says of its password (private claim -65543), if it has one.
    pub(crate) fn password(&self) -> Option<[u8; CLAIM_BYTES]> {
        self.password.copied()
    }

    /// How many downloads it allows: `None` for any number.
    pub const fn download_limit(&self) -> Option<u64> {
        match (self.single_use, self.max_downloads) {
            (true, _) => Some(1),
            (false, limit) => limit,
        }
    }

    /// The name that a download is saved under, where the issuer chose one.
    pub const fn file_name(&self) -> Option<&'a str> {
        self.file_name
    }

    /// Whether it may be shown inline.
    pub const fn disposition(&self) -> Disposition {
        self.disposition
    }

    /// What it is for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The most bytes that an upload may have.
    pub const fn largest_upload(&self) -> Option<u64> {
        self.largest_upload
    }

    /// The entity tag of the only version that it is good for.
    pub const fn object_version(&self) -> Option<&'a str> {
        self.object_version
    }

    /// Whether a folder's names are told.
    pub const fn listing(&self) -> Listing {
        self.listing
    }

    /// When it was issued; it bounds nothing but the token's life.
    pub const fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }

    /// The exact URL path or the prefix of it that the token names, percent-encoded: for the routes that
    /// take the object from the token.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] if it names neither or the claim is malformed.
    pub fn target(&self) -> Result<Target, Refusal> {
        let uri = self.uri.ok_or(Refusal::Forbidden("the token names no path"))?;
        crate::policy::uri::target(uri)?.ok_or(Refusal::Forbidden("the token names no path"))
    }
}

/// What a token's path claim points at, in the canonical encoding, with its leading slash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// One object.
    Exact(String),
    /// All below a prefix.
    Prefix(String),
}

fn raw<'a>(value: &mut Reader<'a>) -> Result<Raw<'a>, Refusal> {
    Ok(Raw(value.raw_item()?))
}

fn text<'a>(value: &mut Reader<'a>) -> Result<&'a str, Refusal> {
    if let Item::Text(text) = value.item()? { Ok(text) } else { Err(MALFORMED) }
}

fn bytes<'a>(value: &mut Reader<'a>) -> Result<&'a [u8], Refusal> {
    if let Item::Bytes(bytes) = value.item()? { Ok(bytes) } else { Err(MALFORMED) }
}

fn unsigned(value: &mut Reader<'_>) -> Result<u64, Refusal> {
    if let Item::Unsigned(number) = value.item()? { Ok(number) } else { Err(MALFORMED) }
}

/// A small number that stands for one of `choices` by its place.
fn one_of<T: Copy>(value: &mut Reader<'_>, choices: &[T]) -> Result<T, Refusal> {
    let place = usize::try_from(unsigned(value)?).map_err(|_| MALFORMED)?;
    choices.get(place).copied().ok_or(MALFORMED)
}

/// Towards which side a fraction of a millisecond goes: always the one that lets less through.
#[derive(Clone, Copy)]
enum Rounding {
    Down,
    Up,
}

/// NumericDate: seconds as an untagged integer or float (RFC 8392 section 2).
fn numeric_date(value: &mut Reader<'_>, rounding: Rounding) -> Result<UnixTime, Refusal> {
    let millis = match value.item()? {
        Item::Unsigned(secs) => return Ok(UnixTime::from_secs(secs)),
        Item::Negative(n) => {
            let secs = -1 - i64::try_from(n).unwrap_or(i64::MAX);
            return Ok(UnixTime::from_millis(secs.saturating_mul(1000)));
        }
        Item::Float(secs) if secs.is_finite() => secs * 1000.0,
        _ => return Err(MALFORMED),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
    let whole = millis as i64; // towards zero; the cast needs no std, unlike floor and ceil
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 there is no fraction to lose")]
    let fraction = millis - whole as f64;
    Ok(UnixTime::from_millis(match rounding {
        Rounding::Down if fraction < 0.0 => whole.saturating_sub(1),
        Rounding::Up if fraction > 0.0 => whole.saturating_add(1),
        _ => whole,
    }))
}
