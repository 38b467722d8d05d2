//! A signed request, for a host to send as it is.

use crate::request::Names;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A signed request but for its method and body, which its maker tells. Who has its headers can send it: `Debug` shows
/// their names.
pub struct SignedRequest {
    /// Where to. No URL parser changes it.
    pub url: String,
    /// Names in lower case; Host is the URL's.
    pub headers: Vec<(&'static str, String)>,
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest").field("url", &self.url).field("headers", &Names(&self.headers)).finish()
    }
}
