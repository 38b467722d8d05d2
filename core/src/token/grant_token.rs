//! Making a grant from a counted token: a token of purpose 2 for one object in one version, good for a use that
//! was claimed. It keeps every limit of its parent but the count.

use super::claims::Claims;
use super::keys::TokenKey;
use super::label;
use super::mint::{MintFault, seal_claims};
use crate::cbor::{Reader, Writer};
use crate::order::sort_few;
use crate::path::ObjectPath;
use crate::policy::uri;
use crate::refusal::Refusal;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;

/// What every grant made from one token for one object says.
#[derive(Clone, Debug)]
pub struct GrantClaims {
    /// The parent's claims that stay as they are, by label.
    kept: Vec<(i128, Vec<u8>)>,
    /// catu: the parent's tests of scheme, host and port, and the exact path.
    uri: Vec<u8>,
    /// The parent's id.
    parent: Vec<u8>,
    /// When the parent ends.
    expires: UnixTime,
}

/// What one grant adds.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// The grant's own id.
    pub id: [u8; 16],
    /// The entity tag of the version that it is for.
    pub version: &'a str,
    /// When it ends; no later than its parent.
    pub expires: UnixTime,
}

impl GrantClaims {
    /// The claims of `parent` that a grant for `path` keeps.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] if the parent has no id or no end, or a claim in it is malformed.
    pub(crate) fn of(parent: &Claims<'_>, path: &ObjectPath) -> Result<Self, Refusal> {
        // Of a link that was opened with its password: the link.
        let id = parent.link_id().ok_or(Refusal::Forbidden("a counted token without an id"))?;
        let expires = parent.expires.ok_or(Refusal::Forbidden("a token without an end"))?;
        let raw = [
            (label::AUD, parent.audience),
            (label::CATNIP, parent.networks),
            (label::CATM, parent.methods),
            (label::CATH, parent.headers),
            (label::CATGEOISO3166, parent.countries),
        ];
        let mut kept: Vec<(i128, Vec<u8>)> = Vec::new();
        for (label, text) in [(label::ISS, parent.issuer), (label::SUB, parent.subject)] {
            kept.extend(text.map(|text| (label, written(|w| w.text(text)))));
        }
        for (label, value) in raw {
            kept.extend(value.map(|value| (label, value.bytes().into())));
        }
        let name = parent.file_name.unwrap_or_else(|| path.file_name());
        kept.push((label::FILE_NAME, written(|w| w.text(name))));
        kept.push((label::DISPOSITION, written(|w| w.unsigned(parent.disposition as u64))));
        if let Some(share) = parent.share {
            kept.push((label::SHARE, written(|w| w.bytes(share))));
        }
        Ok(Self { kept, uri: exact_uri(parent, path)?, parent: id.into(), expires })
    }

    /// The grant's text, made with `key`.
    ///
    /// # Errors
    /// [`MintFault::TooLong`] if the parent's claims leave no room for the grant's own.
    pub fn mint(&self, session: &Session<'_>, key: &TokenKey) -> Result<String, MintFault> {
        let expires = session.expires.min(self.expires);
        let mut added: Vec<(i128, Vec<u8>)> = self.kept.clone();
        added.extend([
            (label::EXP, written(|w| w.unsigned(expires.as_secs()))),
            (label::CTI, written(|w| w.bytes(&session.id))),
            (label::CATU, self.uri.clone()),
            (label::PURPOSE, written(|w| w.unsigned(2))),
            (label::OBJECT_VERSION, written(|w| w.text(session.version))),
            (label::PARENT, written(|w| w.bytes(&self.parent))),
        ]);
        seal_claims(added, key)
    }
}

/// The parent's tests of scheme, host and port, which hold for the grant's address too, and the path.
fn exact_uri(parent: &Claims<'_>, path: &ObjectPath) -> Result<Vec<u8>, Refusal> {
    let mut parts: Vec<(i128, Vec<u8>)> = Vec::new();
    if let Some(claim) = parent.uri {
        claim.reader().int_map(|part, reader: &mut Reader<'_>| -> Result<(), Refusal> {
            let tests = reader.raw_item()?;
            if (uri::SCHEME..=uri::PORT).contains(&part) {
                parts.push((part, tests.into()));
            }
            Ok(())
        })?;
    }
    let mut exact = String::from(uri::FILE_ROUTE);
    exact.push_str(path.encoded());
    parts.push((uri::PATH, written(|w| w.map(1).int(0).text(&exact))));
    sort_few(&mut parts, |(part, _)| *part);
    let mut out = Writer::default();
    out.map(parts.len());
    for (part, tests) in parts {
        #[expect(clippy::cast_possible_truncation, reason = "0 to 3")]
        out.int(part as i64).raw(&tests);
    }
    Ok(out.into_bytes())
}

fn written(write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut writer = Writer::default();
    write(&mut writer);
    writer.into_bytes()
}
