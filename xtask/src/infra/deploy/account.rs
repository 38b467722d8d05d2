//! An AWS account, or the emulator in its place: the same commands go to both, and only their environment differs.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::hands::Hands;
use crate::{run, say, setup};

/// Where commands go. Its environment may hold credentials: it has no `Debug`.
pub(crate) struct Account {
    pub(crate) region: String,
    /// Set for the emulator; for an account the user's own environment says who they are.
    emulator: Option<Emulated>,
}

struct Emulated {
    endpoint: String,
    access_key_id: String,
    secret_access_key: String,
}

/// A resource of a stack or of one nested in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) logical_id: String,
    pub(crate) kind: String,
    pub(crate) physical_id: String,
}

/// What a stack tells: names and values.
pub(crate) type Outputs = BTreeMap<String, String>;

/// A stack's output, or what is wrong with the template.
pub(crate) fn output<'a>(outputs: &'a Outputs, name: &str) -> anyhow::Result<&'a str> {
    outputs.get(name).map(String::as_str).with_context(|| format!("the stack has no output {name}"))
}

impl Account {
    /// The account that the user's credentials are for.
    pub(crate) fn of_user(region: &str) -> Self {
        Self { region: region.into(), emulator: None }
    }

    /// The emulator that listens on `address`, as its root.
    pub(crate) fn emulated(address: &str, region: &str) -> Self {
        Self::emulated_for(address, region, "test", "test")
    }

    /// The emulator, as the owner of an access key.
    pub(crate) fn emulated_for(address: &str, region: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        let emulated = Emulated {
            endpoint: format!("http://{address}"),
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
        };
        Self { region: region.into(), emulator: Some(emulated) }
    }

    /// The same account in another region.
    pub(crate) fn in_region(&self, region: &str) -> Self {
        let emulator = self.emulator.as_ref().map(|emulated| Emulated {
            endpoint: emulated.endpoint.clone(),
            access_key_id: emulated.access_key_id.clone(),
            secret_access_key: emulated.secret_access_key.clone(),
        });
        Self { region: region.into(), emulator }
    }

    /// `aws` or `sam`, of the pinned versions, for this account.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = run::command(setup::aws_program(program));
        if let Some(emulated) = &self.emulator {
            // Nothing of the user's account: neither a profile nor a token may reach a command that is meant for here.
            for (name, _) in std::env::vars_os() {
                if name.to_str().is_some_and(|name| name.starts_with("AWS_") || name.to_lowercase().ends_with("_proxy"))
                {
                    command.env_remove(name);
                }
            }
            let nowhere = run::target().join("local-deployment/no-aws-config");
            command.env("AWS_CONFIG_FILE", &nowhere).env("AWS_SHARED_CREDENTIALS_FILE", &nowhere);
            command.env("AWS_ENDPOINT_URL", &emulated.endpoint).env("AWS_EC2_METADATA_DISABLED", "true");
            command.env("AWS_ACCESS_KEY_ID", &emulated.access_key_id);
            command.env("AWS_SECRET_ACCESS_KEY", &emulated.secret_access_key);
            // An account takes minutes, and is not to be asked every second.
            command.env("SAM_CLI_POLL_DELAY", "1");
        }
        // Dozens of calls: what the first compiles the others take.
        command.env_remove("PYTHONDONTWRITEBYTECODE");
        command.env("AWS_REGION", &self.region).env("AWS_DEFAULT_REGION", &self.region);
        command.env("AWS_PAGER", "").env("SAM_CLI_TELEMETRY", "0").env("SAM_CLI_CHECK_FOR_UPDATES", "0");
        command
    }

    /// What `aws SERVICE OPERATION ARGUMENTS` answers, as JSON; null for an empty answer.
    pub(crate) fn aws(&self, hands: &mut dyn Hands, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut command = self.command("aws");
        let text = hands.output(command.args(arguments).args(["--output", "json"]))?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("the answer of aws {}", arguments[..2].join(" ")))
    }

    /// Deploys a template with all that it names, and waits.
    pub(crate) fn deploy(
        &self,
        hands: &mut dyn Hands,
        stack: &str,
        template: &str,
        parameters: &[(String, String)],
    ) -> anyhow::Result<Outputs> {
        let mut sam = self.command("sam");
        sam.args(deploy_arguments(stack, template, &self.region, parameters));
        let deployed = hands.shown(&mut sam);
        if deployed.is_err() {
            self.say_what_failed(hands, stack);
        }
        deployed.with_context(|| match self.emulator {
            Some(_) => {
                format!("{template} was not deployed as {stack}; what failed is told above")
            }
            None => format!(
                "{template} was not deployed as {stack}; its events say why: aws cloudformation describe-stack-events \
                 --stack-name {stack} --region {}; a stack that was never complete (ROLLBACK_COMPLETE) must be deleted \
                 before the next try",
                self.region
            ),
        })?;
        self.outputs(hands, stack)
    }

    /// The resources that failed, with the reason: a nested stack's are not among the events that were shown.
    fn say_what_failed(&self, hands: &mut dyn Hands, stack: &str) {
        // It is a help only: where it fails, too, the first failure is what is told.
        let asked = self.aws(hands, &["cloudformation", "describe-stacks"]);
        let stacks = asked.ok().and_then(|answer| answer["Stacks"].as_array().cloned()).unwrap_or_default();
        let names = stacks.iter().filter_map(|stack| stack["StackName"].as_str());
        let nested = format!("{stack}-");
        for name in names.filter(|name| *name == stack || name.starts_with(&nested)) {
            let asked = self.aws(hands, &["cloudformation", "describe-stack-events", "--stack-name", name]);
            for line in asked.iter().flat_map(failures) {
                say::line(&line);
            }
        }
    }

    /// What a stack tells.
    pub(crate) fn outputs(&self, hands: &mut dyn Hands, stack: &str) -> anyhow::Result<Outputs> {
        let answer = self.aws(hands, &["cloudformation", "describe-stacks", "--stack-name", stack])?;
        let list = answer.pointer("/Stacks/0/Outputs").and_then(Value::as_array).cloned().unwrap_or_default();
        let pair = |output: &Value| {
            let text = |name: &str| Some(output[name].as_str()?.to_owned());
            // A Function URL's own output ends with a slash, the configuration's must not.
            Some((text("OutputKey")?, text("OutputValue")?.trim_end_matches('/').to_owned()))
        };
        Ok(list.iter().filter_map(pair).collect())
    }

    /// All resources of a stack and of those nested in it.
    pub(crate) fn resources(&self, hands: &mut dyn Hands, stack: &str) -> anyhow::Result<Vec<Resource>> {
        let mut open = vec![stack.to_owned()];
        let mut resources = Vec::new();
        while let Some(stack) = open.pop() {
            let answer = self.aws(hands, &["cloudformation", "list-stack-resources", "--stack-name", &stack])?;
            let list = answer["StackResourceSummaries"].as_array().cloned().unwrap_or_default();
            ensure!(!list.is_empty(), "the stack {stack} has no resources");
            for summary in list {
                let text = |name: &str| summary[name].as_str().unwrap_or_default().to_owned();
                let resource = Resource {
                    logical_id: text("LogicalResourceId"),
                    kind: text("ResourceType"),
                    physical_id: text("PhysicalResourceId"),
                };
                // Its condition is not met: it is no part of this deployment.
                if resource.physical_id.is_empty() {
                    continue;
                }
                if resource.kind == "AWS::CloudFormation::Stack" {
                    open.push(resource.physical_id.clone());
                }
                resources.push(resource);
            }
        }
        Ok(resources)
    }
}

/// A line about each resource that failed and is no stack itself.
fn failures(events: &Value) -> Vec<String> {
    let events = events["StackEvents"].as_array().cloned().unwrap_or_default();
    let line = |event: &Value| {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let failed =
            text("ResourceStatus").ends_with("_FAILED") && text("ResourceType") != "AWS::CloudFormation::Stack";
        let (name, kind, reason) = (text("LogicalResourceId"), text("ResourceType"), text("ResourceStatusReason"));
        failed.then(|| format!("    failed: {name} ({kind}): {reason}"))
    };
    events.iter().filter_map(line).collect()
}

/// How a template is deployed: nested templates and packages go to a bucket that SAM keeps for that.
fn deploy_arguments(stack: &str, template: &str, region: &str, parameters: &[(String, String)]) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["deploy", "--stack-name", stack, "--template-file", template, "--region", region].map(Into::into).into();
    let fixed = ["--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"];
    arguments.extend(fixed.map(Into::into));
    let capabilities = ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];
    arguments.extend(capabilities.map(Into::into));
    if !parameters.is_empty() {
        arguments.push("--parameter-overrides".into());
        arguments.extend(parameters.iter().map(|(name, value)| format!("{name}={value}")));
    }
    arguments
}

/// As a person would type it.
pub(crate) fn spelled_deploy(stack: &str, template: &str, region: &str, parameters: &[(String, String)]) -> String {
    let words = deploy_arguments(stack, template, region, parameters);
    let words: Vec<String> = words.iter().map(|word| run::quoted(word)).collect();
    format!("sam {}", words.join(" "))
}

/// Who the user's credentials belong to: `(account, ARN)`.
///
/// # Errors
/// When there are none, or they are not taken.
pub(crate) fn identity(account: &Account, hands: &mut dyn Hands) -> anyhow::Result<(String, String)> {
    let Ok(answer) = account.aws(hands, &["sts", "get-caller-identity"]) else {
        bail!(
            "AWS takes no credentials from this environment, and nothing has been done: sign in (aws sso login, or \
             AWS_PROFILE=NAME, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), then run this again"
        );
    };
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    Ok((text("Account"), text("Arn")))
}

/// The edge's access key: `(id, secret)`.
pub(crate) fn access_key(account: &Account, hands: &mut dyn Hands, user: &str) -> anyhow::Result<(String, String)> {
    let answer = account.aws(hands, &["iam", "create-access-key", "--user-name", user]).with_context(|| {
        format!(
            "a user has two access keys at most: look at aws iam list-access-keys --user-name {}",
            run::quoted(user)
        )
    })?;
    let text = |name: &str| answer["AccessKey"][name].as_str().map(str::to_owned);
    let (id, secret) = (text("AccessKeyId"), text("SecretAccessKey"));
    id.zip(secret).with_context(|| format!("no access key for {user}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_shown_is_the_command_run() {
        let parameters = [("FileHost".to_owned(), "files.example.net".to_owned())];
        assert_eq!(
            spelled_deploy("drop", "infra/template.yaml", "eu-north-1", &parameters),
            "sam deploy --stack-name drop --template-file infra/template.yaml --region eu-north-1 --resolve-s3 \
             --no-confirm-changeset --no-fail-on-empty-changeset --no-progressbar --capabilities CAPABILITY_IAM \
             CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND --parameter-overrides FileHost=files.example.net"
        );
    }

    #[test]
    fn what_failed_is_told_with_its_reason() {
        let event = |kind: &str, status: &str| {
            serde_json::json!({
                "LogicalResourceId": "Key", "ResourceType": kind, "ResourceStatus": status, "ResourceStatusReason": "why",
            })
        };
        let (stack, key) = ("AWS::CloudFormation::Stack", "AWS::KMS::Key");
        let events = [event(stack, "CREATE_FAILED"), event(key, "CREATE_IN_PROGRESS"), event(key, "CREATE_FAILED")];
        let told = failures(&serde_json::json!({ "StackEvents": events }));
        assert_eq!(told, ["    failed: Key (AWS::KMS::Key): why"]);
    }

    #[test]
    fn nothing_of_the_users_account_reaches_the_emulator() {
        let command = Account::emulated("127.0.0.1:1", "us-east-1").command("aws");
        let value = |name: &str| {
            let found = command.get_envs().find(|(key, _)| *key == name);
            found.and_then(|(_, value)| value).map(|value| value.to_string_lossy().into_owned())
        };
        assert_eq!(value("AWS_ENDPOINT_URL").as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(value("AWS_ACCESS_KEY_ID").as_deref(), Some("test"));
        assert!(value("AWS_CONFIG_FILE").is_some_and(|file| file.ends_with("no-aws-config")));
        assert!(value("AWS_PROFILE").is_none());
    }
}
