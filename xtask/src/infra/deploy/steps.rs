//! The steps of a deployment to an account: what is printed by `--plan` is what is performed.

use std::fmt::Write as _;

use super::account::{self, spelled_deploy};
use super::deployment::Deployment;
use super::edge::CONFIG as EDGE_CONFIG;
use super::hands::Hands;
use super::{EDGE_REGION, EDGE_TEMPLATE, REGION_TEMPLATE, TEMPLATE, secrets};
use crate::{package, say, setup};

/// A step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Whose credentials are these? Before anything else.
    Identity,
    /// The signer's packages.
    Signer,
    /// The stack of the home region.
    Home,
    /// The first token keys and the first API key.
    Secrets,
    /// The package for Lambda@Edge and the function before the cache, with their configuration.
    EdgePackage,
    /// The stack of the edge.
    Edge,
    /// The token keys of the function before the cache.
    FirstDoorKeys,
    /// What the edge writes in further regions.
    EdgeRegions,
    /// The Worker's access key and secrets.
    WorkerSecrets,
    /// What is left for a person.
    Tell,
}

impl Step {
    /// What it does, for a person.
    fn text(self, deployment: &Deployment) -> String {
        let Deployment { account, stack, .. } = deployment;
        let region = &account.region;
        match self {
            Self::Identity => "ask AWS whose credentials these are: aws sts get-caller-identity".into(),
            Self::Signer => "build target/lambda/signer.zip and rotation.zip: cargo xtask build signer".into(),
            Self::Home => spelled_deploy(stack, TEMPLATE, region, &deployment.home),
            Self::Secrets => {
                "wait for the first token keys, which the stack's rotation makes; put the hash of a new API key \
                              into the signer's secret, if there is none, and print the key once"
                    .into()
            }
            Self::EdgePackage => format!(
                "build target/lambda-edge/edge.zip and first-door.js with the stack's addresses: cargo xtask build \
                 lambda-edge --config target/{EDGE_CONFIG}, cargo xtask build first-door --config target/{EDGE_CONFIG}"
            ),
            Self::Edge => format!(
                "{}, with those of its parameters that are outputs of {stack}",
                spelled_deploy(&deployment.edge_stack(), EDGE_TEMPLATE, EDGE_REGION, &deployment.edge)
            ),
            Self::FirstDoorKeys => {
                "put the token keys into the first door's key value store: aws cloudfront-keyvaluestore \
                                    update-keys"
                    .into()
            }
            Self::EdgeRegions => {
                let parameters = deployment.region_parameters();
                let spelled = |region| spelled_deploy(&deployment.region_stack(), REGION_TEMPLATE, region, &parameters);
                let commands: Vec<_> = deployment.edge_regions.iter().map(|region| spelled(region)).collect();
                commands.join("; ")
            }
            Self::WorkerSecrets => {
                "aws iam create-access-key for the edge's user; wrangler secret put, by stdin: TOKEN_KEYS, \
                                    AWS_SECRET_ACCESS_KEY"
                    .into()
            }
            Self::Tell => "print what is left to do".into(),
        }
    }

    fn perform(self, deployment: &mut Deployment, hands: &mut dyn Hands) -> anyhow::Result<()> {
        match self {
            Self::Identity => {
                setup::aws_programs()?;
                let (number, arn) = account::identity(&deployment.account, hands)?;
                say::line(&format!("    account {number}, as {arn}, region {}", deployment.account.region));
                Ok(())
            }
            Self::Signer => package::build(&package::Options { x86_64: false }),
            Self::Home => {
                let Deployment { account, stack, home, .. } = deployment;
                deployment.outputs = account.deploy(hands, stack, TEMPLATE, home)?;
                Ok(())
            }
            Self::Secrets => {
                let Deployment { account, outputs, .. } = deployment;
                secrets::make_ready(account, hands, outputs, None)?;
                deployment.api_key = secrets::first_api_key(account, hands, outputs)?;
                Ok(())
            }
            Self::EdgePackage => deployment.build_edge(hands),
            Self::Edge => deployment.deploy_edge(hands),
            Self::FirstDoorKeys => deployment.put_first_door_keys(hands),
            Self::EdgeRegions => deployment.deploy_edge_regions(hands),
            Self::WorkerSecrets => deployment.give_worker_secrets(hands),
            Self::Tell => deployment.tell(hands),
        }
    }
}

/// The text of all steps.
pub(crate) fn plan(steps: &[Step], deployment: &Deployment) -> String {
    let mut text = String::new();
    for (place, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "{}. {}", place + 1, step.text(deployment));
    }
    text
}

/// Performs all steps.
///
/// # Errors
/// The first that fails.
pub(crate) fn perform(steps: &[Step], deployment: &mut Deployment, hands: &mut dyn Hands) -> anyhow::Result<()> {
    for (place, step) in steps.iter().enumerate() {
        say::line(&format!("\n=== [{}/{}] {}", place + 1, steps.len(), step.text(deployment)));
        step.perform(deployment, hands)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::super::account::{Account, Outputs};
    use super::super::parameters;
    use super::*;
    use anyhow::bail;
    use std::process::Command;
    use std::time::Duration;

    fn deployment(aws_alone: bool) -> Deployment {
        Deployment {
            account: Account::of_user("eu-north-1"),
            stack: "drop".into(),
            hosts: ["files.example.net".into(), "share.example.com".into()],
            home: parameters(["files.example.net", "share.example.com"], None, &[]),
            edge: vec![("FirstDoor".into(), "lambda".into())],
            outputs: Outputs::new(),
            edge_outputs: Outputs::new(),
            worker_key: None,
            api_key: None,
            aws_alone,
            edge_regions: Vec::new(),
        }
    }

    #[test]
    fn the_plan_names_every_step_in_its_order() {
        let deployment = deployment(true);
        let plan = plan(&deployment.steps(false), &deployment);
        let lines: Vec<&str> = plan.lines().collect();
        assert_eq!(lines.len(), 7, "{plan}");
        assert!(lines[0].starts_with("1. ask AWS whose credentials these are"));
        assert!(lines[1].contains("signer.zip"));
        assert!(
            lines[2]
                .starts_with("3. sam deploy --stack-name drop --template-file infra/template.yaml --region eu-north-1")
        );
        assert!(lines[2].ends_with("FileHost=files.example.net PageHost=share.example.com"));
        assert!(lines[5].contains("--stack-name drop-edge --template-file infra/edge.yaml --region us-east-1"));
        assert!(lines[5].contains("FirstDoor=lambda"));
        assert!(!plan.contains("wrangler"));
    }

    #[test]
    fn the_worker_gets_secrets_only_when_that_is_asked_for() {
        assert!(!deployment(false).steps(false).contains(&Step::WorkerSecrets));
        assert!(deployment(false).steps(true).contains(&Step::WorkerSecrets));
    }

    #[test]
    fn the_first_door_gets_its_keys_where_it_is_a_function() {
        let mut deployment = deployment(true);
        assert!(!deployment.steps(false).contains(&Step::FirstDoorKeys));
        deployment.edge.clear();
        assert!(deployment.steps(false).contains(&Step::FirstDoorKeys));
    }

    #[test]
    fn a_further_region_is_told_what_the_edge_is_told() {
        let mut deployment = deployment(true);
        deployment.edge_regions = vec!["eu-west-1".into(), "ap-south-1".into()];
        deployment.edge.push(("AlarmEmail".into(), "ops@example.com".into()));
        let plan = plan(&deployment.steps(false), &deployment);
        let line = plan.lines().nth(6).unwrap();
        for region in ["eu-west-1", "ap-south-1"] {
            let command =
                format!("sam deploy --stack-name drop-edge-region --template-file {REGION_TEMPLATE} --region {region}");
            assert!(line.contains(&command), "{plan}");
        }
        assert!(line.ends_with("StackName=drop-edge FirstDoor=lambda AlarmEmail=ops@example.com"), "{plan}");
    }

    /// Refuses whatever is asked, and counts.
    struct NoCredentials(u32);

    impl Hands for NoCredentials {
        fn shown(&mut self, _: &mut Command) -> anyhow::Result<()> {
            self.output(&mut Command::new("none")).map(drop)
        }

        fn output(&mut self, _: &mut Command) -> anyhow::Result<String> {
            self.0 += 1;
            bail!("Unable to locate credentials")
        }

        fn pause(&mut self, _: Duration) -> anyhow::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn without_credentials_nothing_is_done() {
        let mut hands = NoCredentials(0);
        let error = account::identity(&deployment(false).account, &mut hands).unwrap_err().to_string();
        assert!(error.contains("nothing has been done: sign in"), "{error}");
        assert_eq!(hands.0, 1);
        // It is the first step of every deployment.
        for (aws_alone, worker_secrets) in [(true, false), (false, false), (false, true)] {
            assert_eq!(deployment(aws_alone).steps(worker_secrets)[0], Step::Identity);
        }
    }
}
