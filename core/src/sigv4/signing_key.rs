//! The signing key of one day, region and service, kept prepared: deriving it costs four HMACs, using it
//! two compressions less than an unprepared key.

use crate::hash::MacKey;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// A derived key and the credential scope that it is good for.
#[derive(Debug)]
pub struct SigningKey {
    day: i64,
    scope: String,
    mac: MacKey,
}

impl SigningKey {
    /// Derives the key of the day of `now`: HMAC over date, region, service and `aws4_request` in turn.
    pub fn derive(secret: &Secret, now: UnixTime, region: &str, service: &str) -> Self {
        let amz_date = now.amz_date();
        let date = core::str::from_utf8(&amz_date[..8]).unwrap_or_default(); // digits
        let mut first = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret.secret_bytes());
        let mut key = Zeroizing::new(MacKey::new(&first).tag(&[date.as_bytes()]));
        for step in [region, service, "aws4_request"] {
            key = Zeroizing::new(MacKey::new(&*key).tag(&[step.as_bytes()]));
        }
        let mut scope = String::with_capacity(48);
        for part in [date, "/", region, "/", service, "/aws4_request"] {
            scope.push_str(part);
        }
        Self { day: now.day(), scope, mac: MacKey::new(&*key) }
    }

    /// Whether the key is of the day of `now`.
    pub const fn is_of_day(&self, now: UnixTime) -> bool {
        self.day == now.day()
    }

    /// `date/region/service/aws4_request`.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The signature of a string to sign, as bytes; it is sent in hexadecimal.
    pub fn signature(&self, string_to_sign: &str) -> [u8; 32] {
        self.mac.tag(&[string_to_sign.as_bytes()])
    }
}
