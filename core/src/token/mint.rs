//! Making a token: the only encoder of the profile. Entropy and time are arguments.

use super::claims::{Disposition, Listing, Purpose, SHARE_ID_BYTES};
use super::keys::TokenKey;
use super::label;
use super::wire::{ALG_HMAC_256_256, MAX_BYTES, with_mac_input};
use crate::base64url;
use crate::cbor::Writer;
use crate::hash::MacKey;
use crate::lock::Lock;
use crate::order::sort_few;
use crate::path::ObjectPath;
use crate::policy::geo::Region;
use crate::policy::network::Network;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;

/// What a token is to say. `None` and empty lists leave the claim out, which means: no limit of that kind.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// Whom the token is about.
    pub subject: Option<&'a str>,
    /// The deployment that it is for.
    pub audience: Option<&'a str>,
    /// When it ends.
    pub expires: UnixTime,
    /// When it begins.
    pub not_before: Option<UnixTime>,
    /// When it is made.
    pub issued_at: Option<UnixTime>,
    /// Its identity: 16 random bytes.
    pub id: [u8; 16],
    /// The only host name that it is good at.
    pub host: Option<&'a str>,
    /// What it opens.
    pub opens: Opens<'a>,
    /// The methods that it allows, as they stand in a request; HEAD is listed by itself.
    pub methods: &'a [&'a str],
    /// Where clients may be.
    pub networks: &'a [Network],
    /// Which countries or subdivisions they may be in.
    pub countries: &'a [Region],
    /// How many downloads there may be, at least one.
    pub max_downloads: Option<u64>,
    /// The name that a download is saved under.
    pub file_name: Option<&'a str>,
    /// Save or show.
    pub disposition: Disposition,
    /// What it is for.
    pub purpose: Purpose,
    /// The most bytes that an upload may have.
    pub largest_upload: Option<u64>,
    /// The entity tag of the only version that it is good for.
    pub object_version: Option<&'a str>,
    /// Whether the names in a folder are told; of one object it says nothing.
    pub listing: Listing,
    /// The share that it belongs to, where that is not named by its own id or its parent's.
    pub share: Option<[u8; SHARE_ID_BYTES]>,
    /// The password that opens it.
    pub lock: Option<Lock>,
    /// The id of the token that it is made from: revoking that one revokes this one.
    pub parent: Option<&'a [u8]>,
}

/// The object or objects below the route `/f/` that a token opens.
#[derive(Clone, Copy, Debug)]
pub enum Opens<'a> {
    /// One object.
    Object(&'a ObjectPath),
    /// All objects below this folder; its name carries no closing slash.
    Folder(&'a ObjectPath),
}

/// Why no token was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MintFault {
    /// The token would be longer than verifiers read ([`MAX_BYTES`]).
    TooLong,
    /// A limit of no downloads at all.
    NoDownloads,
    /// The token would end before it begins, or before it is made.
    EndsBeforeItBegins,
    /// A parent whose id is no byte long: nothing could name it.
    NamelessParent,
    /// The key is for verifying JWTs, which are not made here.
    ForeignKey,
}

impl<'a> NewToken<'a> {
    /// A token that opens `opens` until `expires` for GET and HEAD, with no other limit.
    pub const fn new(id: [u8; 16], opens: Opens<'a>, expires: UnixTime) -> Self {
        Self {
            subject: None,
            audience: None,
            expires,
            not_before: None,
            issued_at: None,
            id,
            host: None,
            opens,
            methods: &["GET", "HEAD"],
            networks: &[],
            countries: &[],
            max_downloads: None,
            file_name: None,
            disposition: Disposition::Attachment,
            purpose: Purpose::Download,
            largest_upload: None,
            object_version: None,
            listing: Listing::Hidden,
            share: None,
            lock: None,
            parent: None,
        }
    }
}

/// Makes the token's text: base64url of a tagged COSE_Mac0 with the key's id outside the protected header.
///
/// # Errors
/// [`MintFault`] when the token could never be accepted.
///
/// # Example
/// ```
/// use clouddrop_core::{KeyId, ObjectPath, Secret, UnixTime};
/// use clouddrop_core::token::{NewToken, TokenKey, mint};
/// use clouddrop_core::token::mint::Opens;
///
/// let secret = Secret::new(vec![7; 32]);
/// let key = TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &secret, None).unwrap();
/// let path = ObjectPath::from_key("report.pdf").unwrap();
/// let new = NewToken::new([1; 16], Opens::Object(&path), UnixTime::from_secs(1_900_000_000));
/// assert!(mint(&new, &key).unwrap().starts_with("2D3RhEOhAQWh"));
/// ```
pub fn mint(new: &NewToken<'_>, key: &TokenKey) -> Result<String, MintFault> {
    if new.max_downloads == Some(0) {
        return Err(MintFault::NoDownloads);
    }
    if new.not_before.is_some_and(|begin| begin >= new.expires) || new.issued_at.is_some_and(|made| made >= new.expires)
    {
        return Err(MintFault::EndsBeforeItBegins);
    }
    if new.parent.is_some_and(<[u8]>::is_empty) {
        return Err(MintFault::NamelessParent);
    }
    let mac = key.mac().ok_or(MintFault::ForeignKey)?;
    seal(&payload(new, key.issuer(), mac), key)
}

/// The COSE_Mac0 of a payload, as text.
///
/// # Errors
/// [`MintFault::TooLong`], [`MintFault::ForeignKey`].
fn seal(payload: &[u8], key: &TokenKey) -> Result<String, MintFault> {
    let mac = key.mac().ok_or(MintFault::ForeignKey)?;
    let mut protected = Writer::default();
    protected.map(1).int(1).int(ALG_HMAC_256_256);
    let protected = protected.into_bytes();
    let tag = with_mac_input(&protected, payload, |input| mac.tag(input));

    let mut message = Writer::default();
    message.tag(61).tag(17).array(4).bytes(&protected).map(1).int(4).bytes(key.id().as_str().as_bytes());
    message.bytes(payload).bytes(&tag);
    let bytes = message.into_bytes();
    if bytes.len() > MAX_BYTES { Err(MintFault::TooLong) } else { Ok(base64url::encode(&bytes)) }
}

/// The token of claims that are written already, in deterministic order (RFC 8949 section 4.2.1): positive labels rising,
/// then negative ones falling.
///
/// # Errors
/// As [`seal`].
pub(super) fn seal_claims(mut claims: Vec<(i128, Vec<u8>)>, key: &TokenKey) -> Result<String, MintFault> {
    sort_few(&mut claims, |(label, _)| (*label < 0, label.unsigned_abs()));
    let mut writer = ClaimWriter::default();
    for (label, value) in &claims {
        writer.add(*label, |w| w.raw(value));
    }
    seal(&writer.into_bytes(), key)
}

/// The claims in deterministic order (RFC 8949 section 4.2.1): positive labels rising, then negative ones.
fn payload(new: &NewToken<'_>, issuer: &str, mac: &MacKey) -> Vec<u8> {
    let mut claims = ClaimWriter::default();
    claims.add(label::ISS, |w| w.text(issuer));
    claims.add_some(label::SUB, new.subject, Writer::text);
    claims.add_some(label::AUD, new.audience, Writer::text);
    claims.add(label::EXP, |w| w.unsigned(new.expires.as_secs()));
    claims.add_some(label::NBF, new.not_before, |w, time| w.unsigned(time.as_secs()));
    claims.add_some(label::IAT, new.issued_at, |w, time| w.unsigned(time.as_secs()));
    claims.add(label::CTI, |w| w.bytes(&new.id));
    claims.add(label::CATV, |w| w.int(1));
    claims.add_list(label::CATNIP, new.networks, |w, network| network.write(w));
    claims.add(label::CATU, |w| write_uri(w, new));
    claims.add_list(label::CATM, new.methods, |w, method| {
        w.text(method);
    });
    claims.add_list(label::CATGEOISO3166, new.countries, |w, region| {
        w.text(region.as_str());
    });
    claims.add_some(label::MAX_DOWNLOADS, new.max_downloads, Writer::unsigned);
    claims.add_some(label::FILE_NAME, new.file_name, Writer::text);
    let inline = (new.disposition == Disposition::Inline).then_some(1);
    claims.add_some(label::DISPOSITION, inline, Writer::unsigned);
    let purpose = match new.purpose {
        Purpose::Download => None,
        Purpose::Upload => Some(1),
        Purpose::Grant => Some(2),
    };
    claims.add_some(label::PURPOSE, purpose, Writer::unsigned);
    claims.add_some(label::LARGEST_UPLOAD, new.largest_upload, Writer::unsigned);
    claims.add_some(label::OBJECT_VERSION, new.object_version, Writer::text);
    claims.add_some(label::PASSWORD, new.lock, |w, lock| w.bytes(&lock.claim(mac)));
    let shown = (new.listing == Listing::Shown).then_some(1);
    claims.add_some(label::MAY_LIST, shown, Writer::unsigned);
    claims.add_some(label::SHARE, new.share.as_ref(), |w, id| w.bytes(id));
    claims.add_some(label::PARENT, new.parent, Writer::bytes);
    claims.into_bytes()
}

/// catu: an exact path, or a prefix that ends in a slash; a host where one is wanted.
fn write_uri<'w>(w: &'w mut Writer, new: &NewToken<'_>) -> &'w mut Writer {
    w.map(1 + usize::from(new.host.is_some()));
    if let Some(host) = new.host {
        w.int(1).map(1).int(0).text(host);
    }
    let mut path = String::from(crate::policy::uri::FILE_ROUTE);
    match new.opens {
        Opens::Object(object) => {
            path.push_str(object.encoded());
            w.int(3).map(1).int(0).text(&path)
        }
        Opens::Folder(folder) => {
            path.push_str(folder.encoded());
            path.push('/');
            w.int(3).map(1).int(1).text(&path)
        }
    }
}

/// Counts the claims while writing them, since a map's head says how many follow.
#[derive(Default)]
pub(super) struct ClaimWriter {
    pairs: usize,
    body: Writer,
}

impl ClaimWriter {
    pub(super) fn add(&mut self, label: i128, value: impl FnOnce(&mut Writer) -> &mut Writer) {
        self.pairs += 1;
        #[expect(clippy::cast_possible_truncation, reason = "labels are constants of at most 17 bits")]
        self.body.int(label as i64);
        value(&mut self.body);
    }

    fn add_some<T>(&mut self, label: i128, value: Option<T>, write: impl FnOnce(&mut Writer, T) -> &mut Writer) {
        if let Some(value) = value {
            self.add(label, |w| write(w, value));
        }
    }

    fn add_list<T>(&mut self, label: i128, items: &[T], write: impl Fn(&mut Writer, &T)) {
        if !items.is_empty() {
            self.add(label, |w| {
                w.array(items.len());
                for item in items {
                    write(w, item);
                }
                w
            });
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut out = Writer::default();
        out.map(self.pairs).raw(&self.body.into_bytes());
        out.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{KeyId, Secret};

    #[test]
    fn what_could_never_be_accepted_or_named_is_not_made() {
        let key = TokenKey::new("demo".into(), KeyId::new("a").unwrap(), &Secret::new([7; 32].into()), None).unwrap();
        let path = ObjectPath::from_key("a").unwrap();
        let good = NewToken::new([1; 16], Opens::Object(&path), UnixTime::from_secs(1_000));
        assert!(mint(&good, &key).is_ok());
        let at = |secs| Some(UnixTime::from_secs(secs));
        for (bad, fault) in [
            (NewToken { max_downloads: Some(0), ..good.clone() }, MintFault::NoDownloads),
            (NewToken { not_before: at(1_000), ..good.clone() }, MintFault::EndsBeforeItBegins),
            (NewToken { issued_at: at(1_000), ..good.clone() }, MintFault::EndsBeforeItBegins),
            (NewToken { parent: Some(&[]), ..good.clone() }, MintFault::NamelessParent),
            (NewToken { parent: Some(&[0; MAX_BYTES]), ..good.clone() }, MintFault::TooLong),
        ] {
            assert_eq!(mint(&bad, &key), Err(fault));
        }
    }
}
