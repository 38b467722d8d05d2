//! Making the token of an opened link: all that the link says, but its password.

use super::claims::Claims;
use super::keys::TokenKey;
use super::label;
use super::mint::{MintFault, seal_claims};
use crate::cbor::{Reader, Writer};
use crate::refusal::Refusal;
use crate::time::UnixTime;
use alloc::vec::Vec;

/// The claims of an opened link, but for its own id.
#[derive(Clone, Debug)]
pub struct UnlockedClaims {
    /// The link's, as they are.
    kept: Vec<(i128, Vec<u8>)>,
    parent: Vec<u8>,
    expires: UnixTime,
}

impl UnlockedClaims {
    /// Those of `link`, which ends at `latest` if not before.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] if the link has no id or no end, or is an opened one already.
    pub(crate) fn of(link: &Claims<'_>, latest: UnixTime) -> Result<Self, Refusal> {
        if link.parent.is_some() {
            return Err(Refusal::Forbidden("a token with a password that was made from another"));
        }
        let parent = link.id.ok_or(Refusal::Forbidden("a token with a password and without an id"))?;
        let expires = link.expires.ok_or(Refusal::Forbidden("a token without an end"))?;
        let mut kept: Vec<(i128, Vec<u8>)> = Vec::new();
        Reader::new(link.payload).int_map(|key, value: &mut Reader<'_>| -> Result<(), Refusal> {
            let value = value.raw_item()?;
            if !matches!(key, label::EXP | label::CTI | label::PASSWORD) {
                kept.push((key, value.into()));
            }
            Ok(())
        })?;
        Ok(Self { kept, parent: parent.into(), expires: expires.min(latest) })
    }

    /// What an id may be made of.
    pub(crate) fn seed(&self) -> Vec<u8> {
        let mut seed = Vec::from(*b"unlocked\0");
        seed.extend_from_slice(&self.expires.as_secs().to_be_bytes());
        seed.extend_from_slice(&self.parent);
        seed
    }

    /// The token's text, made with `key`.
    ///
    /// # Errors
    /// [`MintFault::TooLong`].
    pub(crate) fn mint(&self, id: &[u8], key: &TokenKey) -> Result<alloc::string::String, MintFault> {
        let bytes = |bytes: &[u8]| {
            let mut writer = Writer::default();
            writer.bytes(bytes);
            writer.into_bytes()
        };
        let mut all = self.kept.clone();
        let mut expires = Writer::default();
        expires.unsigned(self.expires.as_secs());
        all.extend([(label::EXP, expires.into_bytes()), (label::CTI, bytes(id)), (label::PARENT, bytes(&self.parent))]);
        seal_claims(all, key)
    }
}
