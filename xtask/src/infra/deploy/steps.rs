//! The steps of a deployment to an account: what is printed by `--plan` is what is performed.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::account::{self, Account, Outputs, output, spelled_deploy};
use super::hands::Hands;
use super::secrets::{self, Secret};
use super::{EDGE_REGION, EDGE_TEMPLATE, Options, TEMPLATE, edge, parameters};
use crate::{lambda_edge, node, package, run, say, setup};

/// The configuration that is put into the package for Lambda@Edge.
const EDGE_CONFIG: &str = "deploy/edge-config.json";
/// What asks for the Worker's secrets one by one.
const WRANGLER: &str = "wrangler/bin/wrangler.js";

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
    /// The package for Lambda@Edge, with its configuration.
    EdgePackage,
    /// The stack of the edge.
    Edge,
    /// The Worker's access key and secrets.
    WorkerSecrets,
    /// What is left for a person.
    Tell,
}

impl Step {
    /// The steps, in their order.
    pub(crate) fn of(aws_alone: bool, worker_secrets: bool) -> Vec<Self> {
        let mut steps = vec![Self::Identity, Self::Signer, Self::Home, Self::Secrets];
        if aws_alone {
            steps.extend([Self::EdgePackage, Self::Edge]);
        }
        if worker_secrets {
            steps.push(Self::WorkerSecrets);
        }
        steps.push(Self::Tell);
        steps
    }

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
                "build target/lambda-edge/edge.zip with the stack's addresses: cargo xtask build lambda-edge --config \
                 target/{EDGE_CONFIG}"
            ),
            Self::Edge => format!(
                "{}, with those of its parameters that are outputs of {stack}",
                spelled_deploy(&deployment.edge_stack(), EDGE_TEMPLATE, EDGE_REGION, &deployment.edge)
            ),
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

/// A deployment on its way. It holds an API key: it has no `Debug`.
pub(crate) struct Deployment {
    account: Account,
    stack: String,
    hosts: [String; 2],
    /// Parameters of the home stack.
    home: Vec<(String, String)>,
    /// Parameters of the edge's.
    edge: Vec<(String, String)>,
    /// Of the home stack, once it is there.
    outputs: Outputs,
    edge_outputs: Outputs,
    /// The id of the Worker's access key, once there is one.
    worker_key: Option<String>,
    api_key: Option<String>,
    aws_alone: bool,
}

impl Deployment {
    pub(crate) fn new(options: &Options, region: &str, hosts: [&str; 2]) -> anyhow::Result<Self> {
        let edge_names = if options.aws_alone { parameter_names(EDGE_TEMPLATE)? } else { Vec::new() };
        let home_names = parameter_names(TEMPLATE)?;
        // On AWS alone there is no user for a Worker.
        let whose: &[_] = if options.aws_alone { &[("Edge".to_owned(), "aws".to_owned())] } else { &[] };
        let (mut home, mut edge) = (parameters(hosts, None, whose), Vec::new());
        for (name, value) in [("FileHost", hosts[0]), ("PageHost", hosts[1])] {
            if edge_names.iter().any(|known| known == name) {
                edge.push((name.into(), value.into()));
            }
        }
        for (name, value) in &options.parameters {
            let pair = (name.clone(), value.clone());
            match (home_names.contains(name), edge_names.contains(name)) {
                (false, false) => bail!("no parameter is called {name}; there are {}", home_names.join(", ")),
                (is_home, is_edge) => {
                    home.extend(is_home.then(|| pair.clone()));
                    edge.extend(is_edge.then_some(pair));
                }
            }
        }
        Ok(Self {
            account: Account::of_user(region),
            stack: options.stack.clone(),
            hosts: hosts.map(Into::into),
            home,
            edge,
            outputs: Outputs::new(),
            edge_outputs: Outputs::new(),
            worker_key: None,
            api_key: None,
            aws_alone: options.aws_alone,
        })
    }

    fn edge_stack(&self) -> String {
        format!("{}-edge", self.stack)
    }

    fn variables(&self, hands: &mut dyn Hands) -> anyhow::Result<Vec<(String, String)>> {
        edge::variables(&self.account, hands, &self.outputs, [&self.hosts[0], &self.hosts[1]])
    }

    fn build_edge(&self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        let config = edge::baked(&self.variables(hands)?, &self.outputs, &self.account.region)?;
        let file = run::target().join(EDGE_CONFIG);
        fs::create_dir_all(file.parent().unwrap_or(&file))?;
        fs::write(&file, config.to_string()).with_context(|| format!("writing {}", file.display()))?;
        lambda_edge::set_up_and_build(&lambda_edge::Options { config: Some(file) })
    }

    fn deploy_edge(&mut self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        let mut parameters = self.edge.clone();
        for name in parameter_names(EDGE_TEMPLATE)? {
            if let Some(value) = self.outputs.get(&name)
                && !parameters.iter().any(|(known, _)| *known == name)
            {
                parameters.push((name, value.clone()));
            }
        }
        let account = self.account.in_region(EDGE_REGION);
        self.edge_outputs = account.deploy(hands, &self.edge_stack(), EDGE_TEMPLATE, &parameters)?;
        Ok(())
    }

    fn give_worker_secrets(&mut self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        setup::npm_packages()?;
        let secret = Secret::read(&self.account, hands, output(&self.outputs, "EdgeSecretArn")?)?;
        let keys = secret.token_keys().context("the edge's secret has no token keys")?;
        let user = output(&self.outputs, "EdgeUserName")?;
        let (id, key) = account::access_key(&self.account, hands, user)?;
        put_worker_secret(node::script(WRANGLER)?, "TOKEN_KEYS", keys)?;
        put_worker_secret(node::script(WRANGLER)?, "AWS_SECRET_ACCESS_KEY", &key)?;
        self.worker_key = Some(id);
        Ok(())
    }

    fn tell(&self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        let mut text = String::new();
        if let Some(key) = &self.api_key {
            writeln!(text, "The first API key, an admin's. It is shown this once:\n\n  {key}\n")?;
        }
        let page = format!("https://{}", self.hosts[1]);
        if self.aws_alone {
            writeln!(
                text,
                "The edge is deployed as {}. Lead both hosts to it, by CNAME or alias:\n",
                self.edge_stack()
            )?;
            for (name, value) in &self.edge_outputs {
                writeln!(text, "  {name}: {value}")?;
            }
        } else {
            writeln!(text, "Put this into wrangler.toml:\n\n[vars]")?;
            for (name, value) in self.variables(hands)? {
                writeln!(text, "{name} = {}", Value::from(value))?;
            }
            let id = self.worker_key.as_deref().unwrap_or("the AccessKeyId of the key below");
            writeln!(text, "AWS_ACCESS_KEY_ID = {}\n\nThen:\n", Value::from(id))?;
            if self.worker_key.is_none() {
                text.push_str(&self.secrets_by_hand()?);
            }
            writeln!(text, "  npx wrangler deploy")?;
        }
        writeln!(text, "\nAnd look whether it works:\n\n  cargo xtask smoke --url {page}\n")?;
        std::io::stdout().write_all(text.as_bytes()).context("printing")
    }

    fn secrets_by_hand(&self) -> anyhow::Result<String> {
        let region = &self.account.region;
        let (user, secret) = (output(&self.outputs, "EdgeUserName")?, output(&self.outputs, "EdgeSecretArn")?);
        Ok(format!(
            "  aws iam create-access-key --user-name {}\n  npx wrangler secret put AWS_SECRET_ACCESS_KEY\n  aws \
             secretsmanager get-secret-value --region {region} --secret-id {} --query SecretString --output text \\\n    | \
             python3 -c 'import json,sys; sys.stdout.write(json.load(sys.stdin)[\"TOKEN_KEYS\"])' \\\n    | npx wrangler \
             secret put TOKEN_KEYS\n",
            run::quoted(user),
            run::quoted(secret)
        ))
    }
}

/// `wrangler secret put`, which reads the value from standard input.
fn put_worker_secret(mut wrangler: Command, name: &str, value: &str) -> anyhow::Result<()> {
    let mut child = wrangler
        .args(["secret", "put", name])
        .env("WRANGLER_SEND_METRICS", "false")
        .stdin(Stdio::piped())
        .spawn()
        .context("wrangler cannot be started")?;
    let mut stdin = child.stdin.take().context("wrangler without standard input")?;
    stdin.write_all(value.as_bytes()).context("writing to wrangler")?;
    drop(stdin);
    let status = child.wait()?;
    if !status.success() {
        bail!("wrangler secret put {name}: {status}; sign in by npx wrangler login, or set CLOUDFLARE_API_TOKEN");
    }
    Ok(())
}

/// The names of a template's parameters: the keys of its section `Parameters`, which are indented by two.
fn parameter_names(file: &str) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(run::root().join(file)).with_context(|| format!("reading {file}"))?;
    Ok(names_in(&text))
}

fn names_in(template: &str) -> Vec<String> {
    let section = template.lines().skip_while(|line| *line != "Parameters:").skip(1);
    let section = section.take_while(|line| line.starts_with([' ', '#']) || line.is_empty());
    let name = |line: &str| {
        let name = line.strip_prefix("  ")?.split_once(':')?.0;
        (!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| name.to_owned())
    };
    section.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
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
        }
    }

    #[test]
    fn the_plan_names_every_step_in_its_order() {
        let plan = plan(&Step::of(true, false), &deployment(true));
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
        assert!(!Step::of(false, false).contains(&Step::WorkerSecrets));
        assert!(Step::of(false, true).contains(&Step::WorkerSecrets));
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
            assert_eq!(Step::of(aws_alone, worker_secrets)[0], Step::Identity);
        }
    }

    #[test]
    fn parameters_are_read_from_a_template() {
        let template = "Description: x\n\nParameters:\n  # Hosts.\n  FileHost:\n    Type: String\n\n  PageHost: {Type: String}\n\
                        Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n";
        assert_eq!(names_in(template), ["FileHost", "PageHost"]);
    }
}
