//! Calls of AWS Secrets Manager (Secrets Manager API reference): the question for a secret, and what a rotation does.

use crate::hash::{push_hex, sha256};
use crate::origin::Endpoint;
use crate::sigv4::{Credentials, SignedRequest, Signer, ToSign};
use crate::text::json_string;
use crate::time::UnixTime;
use alloc::string::String;

const SERVICE: &str = "secretsmanager";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Where the secrets of `region` are asked for.
pub fn endpoint_of(region: &str) -> String {
    alloc::format!("https://{SERVICE}.{region}.amazonaws.com")
}

/// A signed POST with its body, for the secret that is called `id` (a name or an ARN). The answer holds it as
/// `SecretString`.
pub fn get_secret_value(
    id: &str,
    endpoint: &Endpoint,
    region: String,
    credentials: &Credentials,
    now: UnixTime,
) -> (SignedRequest, String) {
    let body = alloc::format!("{{\"SecretId\":{}}}", json_string(id));
    (call(Action::GetSecretValue, &body, endpoint, region, credentials, now), body)
}

/// What is asked of Secrets Manager.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "as in its API reference")]
pub enum Action {
    DescribeSecret,
    GetSecretValue,
    PutSecretValue,
    UpdateSecretVersionStage,
}

impl Action {
    /// The value of X-Amz-Target.
    pub const fn target(self) -> &'static str {
        match self {
            Self::DescribeSecret => "secretsmanager.DescribeSecret",
            Self::GetSecretValue => "secretsmanager.GetSecretValue",
            Self::PutSecretValue => "secretsmanager.PutSecretValue",
            Self::UpdateSecretVersionStage => "secretsmanager.UpdateSecretVersionStage",
        }
    }
}

/// A signed POST of `body`, the action's JSON.
pub fn call(
    action: Action,
    body: &str,
    endpoint: &Endpoint,
    region: String,
    credentials: &Credentials,
    now: UnixTime,
) -> SignedRequest {
    let mut payload = String::with_capacity(64);
    push_hex(&mut payload, &sha256(body.as_bytes()));
    let (path, url) = endpoint.locate("/");
    let extra = [("content-type", CONTENT_TYPE), ("x-amz-target", action.target())];
    let to_sign =
        ToSign { method: "POST", host: endpoint.host(), path: &path, query: "", extra: &extra, payload: &payload };
    let mut headers = Signer::new(region, SERVICE).sign(credentials, &to_sign, now).into_vec();
    headers.extend(extra.map(|(name, value)| (name, String::from(value))));
    SignedRequest { url, headers }
}
