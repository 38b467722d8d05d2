//! What an upload token proves to the later calls of its upload.

use super::parts::PartPlan;
use super::upload::METHOD;
use crate::path::ObjectPath;
use crate::policy::uri::{FILE_ROUTE, Uri};
use crate::policy::{self, Ask};
use crate::refusal::Refusal;
use crate::request::{Client, Headers, Request};
use crate::time::UnixTime;
use crate::token::claims::Target;
use crate::token::wire::TokenBytes;
use crate::token::{KeySet, Purpose, verify};

/// What a genuine upload token grants. Only [`UploadGrant::verify`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadGrant {
    path: ObjectPath,
    plan: PartPlan,
    expires: UnixTime,
}

impl UploadGrant {
    /// Verifies an upload token and puts it to the policy of every token.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] up to the MAC, [`Refusal::Expired`] and [`Refusal::Forbidden`] behind it.
    pub fn verify(text: &str, keys: &KeySet, audience: &str, now: UnixTime) -> Result<Self, Refusal> {
        let bytes = TokenBytes::decode(text).map_err(|fault| Refusal::Unauthorized(fault.0))?;
        let parts = bytes.parts().map_err(|fault| Refusal::Unauthorized(fault.0))?;
        let token = verify(&parts, keys, now)?;
        let Target::Exact(target) = token.claims().target()? else {
            return Err(Refusal::Forbidden("an upload token names one object"));
        };
        let request = Request {
            method: METHOD,
            url: "",
            id: "",
            headers: Headers::new(&[]),
            client: Client { address: None, place: None },
        };
        let ask = Ask {
            request: &request,
            uri: Uri {
                scheme: "https",
                // Upload tokens name no host; one that does is not of this signer.
                host: "".into(),
                port: "443",
                path: target.as_str().into(),
                query: "".into(),
            },
            method: METHOD,
            audience,
        };
        policy::check(&token, &ask, now)?;
        if token.claims().purpose() != Purpose::Upload {
            return Err(Refusal::Forbidden("not an upload token"));
        }
        let raw = target.strip_prefix(FILE_ROUTE).ok_or(Refusal::Forbidden("the token names no path of ours"))?;
        let size = token.claims().largest_upload().ok_or(Refusal::Forbidden("an upload token without a size"))?;
        Ok(Self {
            path: ObjectPath::from_target(raw).map_err(Refusal::BadPath)?,
            plan: PartPlan::of(size).ok_or(Refusal::Forbidden("an upload token over the largest object"))?,
            // Policy has refused a token without an end.
            expires: token.claims().expires().unwrap_or(now),
        })
    }

    /// Where the upload goes.
    pub const fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// Its parts; the granted size is theirs.
    pub const fn plan(&self) -> &PartPlan {
        &self.plan
    }

    /// When the grant ends.
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }
}
