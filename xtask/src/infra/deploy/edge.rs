//! What an edge is told about a deployment: the same for the Worker, for Lambda@Edge and on this machine. Read from the
//! stack and from its signer, so that both sides say the same.

use std::fs;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::EDGE_TEMPLATE;
use super::account::{Account, Outputs, output};
use super::hands::Hands;
use crate::dev::state::make_private;
use crate::{first_door, lambda_edge, run};

/// The configuration that is put into what runs at the edge.
pub(crate) const CONFIG: &str = "deploy/edge-config.json";
/// Variables that the edge has from the stack's outputs, and theirs.
const FROM_OUTPUTS: [(&str, &str); 2] = [("ORIGIN", "BucketUrl"), ("SIGNER_URL", "SignerUrl")];
/// Variables that edge and signer share.
const FROM_SIGNER: [&str; 4] = ["AUDIENCE", "REGION", "OBJECT_PREFIX", "RECORDS_PREFIX"];

/// The edge's variables that are no secrets.
///
/// # Errors
/// An output or a variable of the signer that is not there.
pub(crate) fn variables(
    account: &Account,
    hands: &mut dyn Hands,
    outputs: &Outputs,
    [file_host, page_host]: [&str; 2],
) -> anyhow::Result<Vec<(String, String)>> {
    let function = output(outputs, "SignerFunctionName")?;
    let answer = account.aws(hands, &["lambda", "get-function-configuration", "--function-name", function])?;
    of_signer(outputs, &answer["Environment"]["Variables"], [file_host, page_host])
}

fn of_signer(outputs: &Outputs, signer: &Value, hosts: [&str; 2]) -> anyhow::Result<Vec<(String, String)>> {
    let mut variables: Vec<(String, String)> =
        ["FILE_HOST", "PAGE_HOST"].into_iter().zip(hosts).map(|(name, value)| (name.into(), value.into())).collect();
    for (variable, name) in FROM_OUTPUTS {
        variables.push((variable.into(), output(outputs, name)?.into()));
    }
    for name in FROM_SIGNER {
        let value = signer[name].as_str().with_context(|| format!("the signer's function has no variable {name}"))?;
        variables.push((name.into(), value.into()));
    }
    Ok(variables)
}

/// They and the place of the secrets, as Lambda@Edge has them in its package.
///
/// # Errors
/// An output that is not there.
pub(crate) fn baked(variables: &[(String, String)], outputs: &Outputs, region: &str) -> anyhow::Result<Value> {
    let mut members: serde_json::Map<String, Value> =
        variables.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    members.insert("SECRETS_ID".into(), output(outputs, "EdgeSecretArn")?.into());
    members.insert("SECRETS_REGION".into(), region.into());
    Ok(Value::Object(members))
}

/// Builds what edge.yaml names: the package for Lambda@Edge and the function before the cache, with this configuration.
///
/// # Errors
/// The first failed command.
pub(crate) fn build(config: &Value) -> anyhow::Result<()> {
    let file = run::target().join(CONFIG);
    make_private(file.parent().unwrap_or(&file))?;
    fs::write(&file, config.to_string()).with_context(|| format!("writing {}", file.display()))?;
    lambda_edge::set_up_and_build(&lambda_edge::Options { config: Some(file.clone()) })?;
    // Whose keys count stands in its store.
    first_door::set_up_and_build(&first_door::Options { config: file, issuers: Vec::new() })
}

/// Packs edge.yaml with all that it names into a bucket of the account, as a deployment begins.
///
/// # Errors
/// What is not there, or is not taken.
pub(crate) fn pack(account: &Account, hands: &mut dyn Hands, bucket: &str) -> anyhow::Result<()> {
    account.aws(hands, &["s3api", "create-bucket", "--bucket", bucket])?;
    let packed = run::target().join("deploy/edge-packed.yaml");
    let mut sam = account.command("sam");
    sam.args(["package", "--no-progressbar", "--s3-bucket", bucket, "--template-file", EDGE_TEMPLATE]);
    hands.shown(sam.arg("--output-template-file").arg(&packed))?;
    let text = fs::read_to_string(&packed).with_context(|| format!("reading {}", packed.display()))?;
    for local in ["../target", "Location: edge-", "Location: first-door"] {
        ensure!(!text.contains(local), "{} still names {local}, which nobody has elsewhere", packed.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use serde_json::json;

    #[test]
    fn the_edge_is_told_what_the_signer_is_told() {
        let outputs: Outputs = [
            ("BucketUrl", "https://b.s3.eu-north-1.amazonaws.com"),
            ("SignerUrl", "https://x.lambda-url.eu-north-1.on.aws"),
            ("EdgeSecretArn", "arn:edge"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let mut signer = json!({
            "AUDIENCE": "drop", "REGION": "eu-north-1", "OBJECT_PREFIX": "files/", "RECORDS_PREFIX": "records/",
        });
        let variables = of_signer(&outputs, &signer, ["files.example.net", "share.example.com"]).unwrap();
        let baked = baked(&variables, &outputs, "eu-north-1").unwrap();
        assert_eq!(
            baked,
            json!({
                "FILE_HOST": "files.example.net", "PAGE_HOST": "share.example.com", "AUDIENCE": "drop",
                "ORIGIN": "https://b.s3.eu-north-1.amazonaws.com", "REGION": "eu-north-1", "OBJECT_PREFIX": "files/",
                "RECORDS_PREFIX": "records/", "SIGNER_URL": "https://x.lambda-url.eu-north-1.on.aws",
                "SECRETS_ID": "arn:edge", "SECRETS_REGION": "eu-north-1",
            })
        );
        signer.as_object_mut().unwrap().remove("AUDIENCE");
        let error = of_signer(&outputs, &signer, ["a", "b"]).unwrap_err().to_string();
        assert!(error.contains("AUDIENCE"), "{error}");
    }
}
