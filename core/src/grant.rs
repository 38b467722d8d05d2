//! [`Grant`]: one method on one path, made by policy alone. Nothing else can be signed for.

use crate::path::ObjectPath;
use crate::token::{Claims, Verified};

/// How an object is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// With its content.
    Get,
    /// Without.
    Head,
}

impl Method {
    /// The method's name; `None` for any other than the two.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "GET" => Some(Self::Get),
            "HEAD" => Some(Self::Head),
            _ => None,
        }
    }

    /// As it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
        }
    }
}

/// Permission to read one object now. Only [`crate::policy::check`] makes one.
#[derive(Debug)]
pub struct Grant<'a> {
    pub(crate) method: Method,
    pub(crate) path: ObjectPath,
    pub(crate) token: Verified<'a>,
}

impl<'a> Grant<'a> {
    /// What it opens.
    pub const fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// How.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The claims that it was made from.
    pub const fn claims(&self) -> &Claims<'a> {
        self.token.claims()
    }

    /// The token that it was made from.
    pub(crate) const fn token(&self) -> &Verified<'a> {
        &self.token
    }

    /// Whose token it is: the issuer of the key that made it.
    pub fn issuer(&self) -> &str {
        self.token.key().issuer()
    }

    /// The public name of the key that made the token.
    pub const fn key_id(&self) -> &crate::secret::KeyId {
        self.token.key().id()
    }
}
