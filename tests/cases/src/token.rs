//! A token from its description. Nothing of core's minting is used but HMAC, which has vectors of its own.

use crate::config::{KEYS, merge};
use crate::{base64url, cbor};
use clouddrop_core::hash::MacKey;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a token is like where it differs from [`default_claims`], the key `demo/a` and the profile's wire form.
#[derive(Clone, Deserialize, Default, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// Put over the default claims; `null` takes one away.
    pub claims: Map<String, Value>,
    /// The whole payload in the place of claims, as [`cbor`] describes it.
    pub payload: Option<Value>,
    /// `issuer/kid` of the key that makes the MAC.
    pub key: Option<String>,
    /// The protected header, if it is not `{1: 5}`.
    pub protected: Option<Value>,
    /// The other header, if it is not `{4: kid}`.
    pub unprotected: Option<Value>,
    /// CBOR tags before the array, if they are not 61 and 17.
    pub tags: Option<Vec<u64>>,
    /// The context in the MAC's input, if it is not `MAC0`.
    pub context: Option<String>,
    /// How many bytes of the tag are kept, if not 32.
    pub tag_bytes: Option<usize>,
    /// Bytes behind the end, in hexadecimal.
    pub trailing: Option<String>,
}

/// Claims that `GET /f/anything` meets at 1,800,000,000 and until 1,900,000,000.
pub fn default_claims() -> Map<String, Value> {
    let claims = json!({
        "1": "demo",
        "4": 1_900_000_000,
        "7": {"hex": "000102030405060708090a0b0c0d0e0f"},
        "310": 1,
        "312": {"3": {"1": "/f/"}},
        "313": ["GET", "HEAD"],
    });
    claims.as_object().cloned().unwrap_or_default()
}

impl Description {
    /// The token as bytes.
    ///
    /// # Errors
    /// Says what in the description means nothing.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        let name = self.key.as_deref().unwrap_or("demo/a");
        let key = KEYS.iter().find(|(issuer, kid, ..)| name == format!("{issuer}/{kid}"));
        let (_, kid, secret, _) = key.ok_or_else(|| format!("no key is called {name}"))?;
        let payload = match &self.payload {
            Some(payload) => cbor::encode(payload)?,
            None => {
                let mut claims = default_claims();
                merge(&mut claims, &self.claims);
                cbor::encode(&Value::Object(claims))?
            }
        };
        let protected = cbor::encode(self.protected.as_ref().unwrap_or(&json!({"1": 5})))?;
        let mut input = vec![0x84];
        input.extend(cbor::encode(&json!(self.context.as_deref().unwrap_or("MAC0")))?);
        cbor::push_bytes(&mut input, &protected);
        cbor::push_bytes(&mut input, &[]);
        cbor::push_bytes(&mut input, &payload);
        let tag = MacKey::new(secret.as_bytes()).tag(&[&input]);

        let mut out = Vec::new();
        for tag in self.tags.as_deref().unwrap_or(&[61, 17]) {
            cbor::head(&mut out, 6, *tag);
        }
        out.push(0x84);
        cbor::push_bytes(&mut out, &protected);
        let kid_only = || json!({"4": {"hex": kid.bytes().map(|b| format!("{b:02x}")).collect::<String>()}});
        out.extend(cbor::encode(&self.unprotected.clone().unwrap_or_else(kid_only))?);
        cbor::push_bytes(&mut out, &payload);
        cbor::push_bytes(&mut out, &tag[..self.tag_bytes.unwrap_or(32).min(32)]);
        out.extend(cbor::unhex(self.trailing.as_deref().unwrap_or(""))?);
        Ok(out)
    }

    /// The token as text.
    ///
    /// # Errors
    /// As [`Description::bytes`].
    pub fn text(&self) -> Result<String, String> {
        self.bytes().map(|bytes| base64url::encode(&bytes))
    }
}
