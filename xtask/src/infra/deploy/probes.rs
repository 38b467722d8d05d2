//! Asks the emulator what it enforces: what [`NOT_ENFORCED`] says must be true, and presigned
//! URLs, by which files are sent, must be verified.

use anyhow::{Context as _, bail, ensure};

use super::account::{Account, Outputs, output};
use super::gaps::{LOST, NOT_ENFORCED};
use super::hands::Hands;

/// Settings of the bucket as S3 calls them, and what is in its answer about each.
const KEPT: [(&str, &str); 6] = [
    ("versioning", "<Status>Enabled</Status>"),
    ("publicAccessBlock", "<RestrictPublicBuckets>true</RestrictPublicBuckets>"),
    ("encryption", "<SSEAlgorithm>AES256</SSEAlgorithm>"),
    ("ownershipControls", "<ObjectOwnership>BucketOwnerEnforced</ObjectOwnership>"),
    ("cors", "<AllowedMethod>PUT</AllowedMethod>"),
    ("policy", "s3:signatureAge"),
];
/// The same for [`LOST`], in its order.
const LOST_SETTINGS: [(&str, &str); 2] = [("lifecycle", "<Rule>"), ("logging", "<LoggingEnabled>")];

/// A deployment to be asked.
pub(crate) struct Deployed<'a> {
    /// Where the emulator listens.
    pub(crate) address: &'a str,
    pub(crate) root: &'a Account,
    pub(crate) outputs: &'a Outputs,
    /// The edge's access key: id and secret.
    pub(crate) edge: (&'a str, &'a str),
}

/// Whether a call was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    LetIn,
    Refused,
}

/// Asks everything.
///
/// # Errors
/// A gap that is there no longer, or one more than is written down.
pub(crate) fn ask(deployed: &Deployed<'_>, hands: &mut dyn Hands) -> anyhow::Result<()> {
    for gap in NOT_ENFORCED {
        let answer = match gap.what {
            "policies of identities" => deployed.edge_writes_a_record(hands, deployed.edge.1)?,
            "the bucket's policy" => deployed.bucket_takes_plain_http(hands)?,
            "signatures in headers" => deployed.edge_writes_a_record(hands, "another-secret")?,
            "IAM authorisation of the Function URL" => deployed.anybody_calls_the_signer()?,
            other => bail!("there is no probe for {other:?}"),
        };
        ensure!(
            answer == Answer::LetIn,
            "the emulator enforces {} now: take it out of NOT_ENFORCED in xtask/src/infra/deploy/gaps.rs",
            gap.what
        );
    }
    deployed.presigned_urls_are_verified(hands)?;
    deployed.bucket_is_as_promised()
}

impl Deployed<'_> {
    /// The edge may read files, and write nothing but counters.
    fn edge_writes_a_record(&self, hands: &mut dyn Hands, secret: &str) -> anyhow::Result<Answer> {
        let edge = Account::emulated_for(self.address, &self.root.region, self.edge.0, secret);
        let bucket = output(self.outputs, "BucketName")?;
        let mut command = edge.command("aws");
        command.args(["s3api", "put-object", "--bucket", bucket, "--key", "records/probe", "--if-none-match", "*"]);
        command.args(["--output", "json"]);
        let answer = match hands.output(&mut command) {
            Ok(_) => Answer::LetIn,
            Err(_) => return Ok(Answer::Refused),
        };
        // The next probe of this kind must find nothing.
        self.root.aws(hands, &["s3api", "delete-object", "--bucket", bucket, "--key", "records/probe"])?;
        Ok(answer)
    }

    /// The policy is there, refuses what does not come by TLS, and this call does not.
    fn bucket_takes_plain_http(&self, hands: &mut dyn Hands) -> anyhow::Result<Answer> {
        let bucket = output(self.outputs, "BucketName")?;
        let answer = self.root.aws(hands, &["s3api", "get-bucket-policy", "--bucket", bucket])?;
        let policy = answer["Policy"].as_str().unwrap_or_default();
        ensure!(policy.contains("aws:SecureTransport"), "the bucket's policy does not ask for TLS: {policy}");
        // Its answer came by plain HTTP.
        Ok(Answer::LetIn)
    }

    /// Without any signature.
    fn anybody_calls_the_signer(&self) -> anyhow::Result<Answer> {
        let url = output(self.outputs, "SignerUrl")?;
        let host = url.split('/').nth(2).with_context(|| format!("SignerUrl is no URL: {url}"))?;
        let (status, _) = self.get(&format!("http://{}/api/v1/openapi.json", self.address), Some(host))?;
        Ok(if status == 403 { Answer::Refused } else { Answer::LetIn })
    }

    /// The URL of an object that is not there finds nothing, and with another signature is refused.
    fn presigned_urls_are_verified(&self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        let object = format!("s3://{}/files/no-such-file", output(self.outputs, "BucketName")?);
        let url = hands.output(self.root.command("aws").args(["s3", "presign", &object]))?;
        let (found, _) = self.get(&url, None)?;
        ensure!(found == 404, "a presigned URL of an object that is not there: status {found}");
        let (refused, _) = self.get(&changed(&url), None)?;
        ensure!(refused == 403, "the emulator takes a presigned URL with another signature: status {refused}");
        Ok(())
    }

    /// The template's settings of the bucket have reached it: all but those that the emulator is known to lose.
    fn bucket_is_as_promised(&self) -> anyhow::Result<()> {
        let bucket = output(self.outputs, "BucketName")?;
        let setting =
            |name: &str| Ok::<_, anyhow::Error>(self.get(&format!("http://{}/{bucket}?{name}", self.address), None)?.1);
        for (name, promised) in KEPT {
            let text = setting(name)?;
            ensure!(text.contains(promised), "the bucket's {name} does not say {promised}: {text}");
        }
        for (gap, (name, made)) in LOST.iter().zip(LOST_SETTINGS) {
            let has_it = setting(name)?.contains(made);
            ensure!(!has_it, "the emulator keeps {} now: check it in KEPT, and take it out of LOST", gap.what);
        }
        Ok(())
    }

    fn get(&self, url: &str, host: Option<&str>) -> anyhow::Result<(u16, String)> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(std::time::Duration::from_secs(20)))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let mut request = ureq::Agent::from(config).get(url);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let mut answer = request.call().with_context(|| format!("asking {}", self.address))?;
        let text = answer.body_mut().read_to_string().with_context(|| format!("asking {}", self.address))?;
        Ok((answer.status().as_u16(), text))
    }
}

/// A URL with another last digit: Signature Version 2 and 4 both end with the signature or an expiry that it covers.
fn changed(url: &str) -> String {
    let (rest, last) = url.split_at(url.len().saturating_sub(1));
    format!("{rest}{}", if last == "1" { "2" } else { "1" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_url_is_another_one() {
        assert_eq!(changed("http://h/k?X-Amz-Signature=0a1"), "http://h/k?X-Amz-Signature=0a2");
        assert_eq!(changed("http://h/k?X-Amz-Signature=0a2"), "http://h/k?X-Amz-Signature=0a1");
    }
}
