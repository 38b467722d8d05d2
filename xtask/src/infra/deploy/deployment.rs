//! A deployment on its way: what its steps do, and what they know of each other.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::account::{self, Account, Outputs, output};
use super::hands::Hands;
use super::secrets;
use super::steps::Step;
use super::{EDGE_REGION, EDGE_TEMPLATE, Options, REGION_TEMPLATE, TEMPLATE, edge, first_door, parameters};
use crate::{node, run, setup};

/// What asks for the Worker's secrets one by one.
const WRANGLER: &str = "wrangler/bin/wrangler.js";

/// A deployment on its way. It holds an API key: it has no `Debug`.
pub(crate) struct Deployment {
    pub(super) account: Account,
    pub(super) stack: String,
    pub(super) hosts: [String; 2],
    /// Parameters of the home stack.
    pub(super) home: Vec<(String, String)>,
    /// Parameters of the edge's.
    pub(super) edge: Vec<(String, String)>,
    /// Of the home stack, once it is there.
    pub(super) outputs: Outputs,
    pub(super) edge_outputs: Outputs,
    /// The id of the Worker's access key, once there is one.
    pub(super) worker_key: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) aws_alone: bool,
    /// Further regions where the edge's readers are.
    pub(super) edge_regions: Vec<String>,
}

impl Deployment {
    pub(crate) fn new(options: &Options, region: &str, hosts: [&str; 2]) -> anyhow::Result<Self> {
        ensure!(
            options.edge_regions.iter().all(|region| region != EDGE_REGION),
            "--edge-region {EDGE_REGION}: the edge's own stack looks after that one; name further regions only"
        );
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
            edge_regions: options.edge_regions.clone(),
        })
    }

    /// The steps, in their order.
    pub(crate) fn steps(&self, worker_secrets: bool) -> Vec<Step> {
        let mut steps = vec![Step::Identity, Step::Signer, Step::Home, Step::Secrets];
        if self.aws_alone {
            steps.extend([Step::EdgePackage, Step::Edge]);
            if self.edge_parameter("FirstDoor").is_none_or(|door| door == "function") {
                steps.push(Step::FirstDoorKeys);
            }
            if !self.edge_regions.is_empty() {
                steps.push(Step::EdgeRegions);
            }
        }
        if worker_secrets {
            steps.push(Step::WorkerSecrets);
        }
        steps.push(Step::Tell);
        steps
    }

    /// What was asked for.
    fn edge_parameter(&self, name: &str) -> Option<&str> {
        self.edge.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn edge_stack(&self) -> String {
        format!("{}-edge", self.stack)
    }

    fn variables(&self, hands: &mut dyn Hands) -> anyhow::Result<Vec<(String, String)>> {
        edge::variables(&self.account, hands, &self.outputs, [&self.hosts[0], &self.hosts[1]])
    }

    pub(super) fn build_edge(&self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        edge::build(&edge::baked(&self.variables(hands)?, &self.outputs, &self.account.region)?)
    }

    pub(super) fn deploy_edge(&mut self, hands: &mut dyn Hands) -> anyhow::Result<()> {
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

    pub(super) fn put_first_door_keys(&self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        let keys = secrets::edge_token_keys(&self.account, hands, &self.outputs)?;
        let store = output(&self.edge_outputs, "FirstDoorStoreArn")?;
        let puts = crate::first_door::store_puts(&keys)?;
        first_door::put_keys(&self.account.in_region(EDGE_REGION), hands, store, &puts)
    }

    pub(super) fn region_stack(&self) -> String {
        format!("{}-region", self.edge_stack())
    }

    /// Of what is like the edge's own region in the others.
    pub(super) fn region_parameters(&self) -> Vec<(String, String)> {
        let mut parameters = vec![("StackName".into(), self.edge_stack())];
        for name in ["FirstDoor", "AlarmEmail", "LogDays"] {
            parameters.extend(self.edge_parameter(name).map(|value| (name.into(), value.into())));
        }
        parameters
    }

    pub(super) fn deploy_edge_regions(&self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        for region in &self.edge_regions {
            let account = self.account.in_region(region);
            account.deploy(hands, &self.region_stack(), REGION_TEMPLATE, &self.region_parameters())?;
        }
        Ok(())
    }

    pub(super) fn give_worker_secrets(&mut self, hands: &mut dyn Hands) -> anyhow::Result<()> {
        setup::npm_packages()?;
        let keys = secrets::edge_token_keys(&self.account, hands, &self.outputs)?;
        let user = output(&self.outputs, "EdgeUserName")?;
        let (id, key) = account::access_key(&self.account, hands, user)?;
        put_worker_secret(node::script(WRANGLER)?, "TOKEN_KEYS", &keys)?;
        put_worker_secret(node::script(WRANGLER)?, "AWS_SECRET_ACCESS_KEY", &key)?;
        self.worker_key = Some(id);
        Ok(())
    }

    pub(super) fn tell(&self, hands: &mut dyn Hands) -> anyhow::Result<()> {
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
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_edges_own_region_is_no_further_one() {
        let made = |region: &str| {
            let hosts = ["files.example.net", "share.example.com"];
            let words =
                ["deploy", "--aws-alone", "--file-host", hosts[0], "--page-host", hosts[1], "--edge-region", region];
            Deployment::new(&Line::parse_from(words).options, "eu-north-1", hosts).map(|made| made.edge_regions)
        };
        assert_eq!(made("eu-west-1").unwrap(), ["eu-west-1"]);
        assert!(made(EDGE_REGION).unwrap_err().to_string().contains("further regions only"));
    }

    #[test]
    fn parameters_are_read_from_a_template() {
        let template = "Description: x\n\nParameters:\n  # Hosts.\n  FileHost:\n    Type: String\n\n  PageHost: {Type: String}\n\
                        Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n";
        assert_eq!(names_in(template), ["FileHost", "PageHost"]);
    }
}
