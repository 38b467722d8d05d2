//! `cargo xtask infra deploy`: the templates of `infra/`, with all that they need, to an account of AWS or, with
//! `--local`, to an emulator on this machine.

mod account;
mod deployment;
mod edge;
mod emulator;
mod first_door;
mod gaps;
mod hands;
mod local;
mod probes;
mod secrets;
mod steps;
mod suites;
mod tick;

use anyhow::{Context as _, ensure};

use deployment::Deployment;
use hands::Plain;

/// The template of the home region.
const TEMPLATE: &str = "infra/template.yaml";
/// The edge's, where AWS is alone.
const EDGE_TEMPLATE: &str = "infra/edge.yaml";
/// What the edge's functions write in one more region.
const REGION_TEMPLATE: &str = "infra/edge-region.yaml";
/// The region of CloudFront's certificates, functions and web ACLs.
const EDGE_REGION: &str = "us-east-1";

/// What `cargo xtask infra deploy` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Deploy to an emulator on this machine, run the live checks against that, and end all of it
    #[arg(long, conflicts_with_all = ["file_host", "page_host", "region", "aws_alone", "worker_secrets", "parameters"])]
    local: bool,
    /// Print what would be done, and do nothing
    #[arg(long, conflicts_with = "local")]
    plan: bool,
    /// The name of the stack
    #[arg(long, value_name = "NAME", default_value = "clouddrop", value_parser = stack_name, conflicts_with = "local")]
    stack: String,
    /// The host that serves files, such as files.example.net
    #[arg(long, value_name = "HOST", required_unless_present = "local")]
    file_host: Option<String>,
    /// The host of the page and the API, such as share.example.com
    #[arg(long, value_name = "HOST", required_unless_present = "local")]
    page_host: Option<String>,
    /// The region of bucket and signer [default: that of AWS_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The edge on AWS as well: Lambda@Edge and CloudFront instead of Cloudflare
    #[arg(long, conflicts_with = "worker_secrets")]
    aws_alone: bool,
    /// A further region where readers are: what the edge's functions write there is kept for as long, and has its alarm
    #[arg(long = "edge-region", value_name = "REGION", requires = "aws_alone")]
    edge_regions: Vec<String>,
    /// Make an access key for the Worker and give it its secrets, by wrangler
    #[arg(long)]
    worker_secrets: bool,
    /// A further parameter of infra/template.yaml, or of infra/edge.yaml if it is one of that; may be given several times
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
}

/// Deploys.
///
/// # Errors
/// The first step that fails. Without credentials nothing is done at all.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.local {
        return local::run();
    }
    let (file_host, page_host) = options.file_host.as_ref().zip(options.page_host.as_ref()).context("two hosts")?;
    ensure!(
        file_host != page_host,
        "--file-host and --page-host must differ: files never share an origin with the page"
    );
    for host in [file_host, page_host] {
        ensure!(is_host(host), "{host:?} is no host: a name in lower case without scheme, port and path");
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let region = options.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    let region = region.context("which region? --region NAME, or AWS_REGION: bucket and signer will be there")?;
    let mut deployment = Deployment::new(options, &region, [file_host, page_host])?;
    let steps = deployment.steps(options.worker_secrets);
    if options.plan {
        use std::io::Write as _;
        return write!(std::io::stdout(), "{}", steps::plan(&steps, &deployment)).context("printing");
    }
    steps::perform(&steps, &mut deployment, &mut Plain)
}

/// The parameters of the home stack: its hosts, the processor that is built for where it is not the usual one, and what was
/// asked for.
fn parameters(
    [file_host, page_host]: [&str; 2],
    architecture: Option<&str>,
    further: &[(String, String)],
) -> Vec<(String, String)> {
    let mut parameters = vec![("FileHost".into(), file_host.into()), ("PageHost".into(), page_host.into())];
    parameters.extend(architecture.map(|name| ("Architecture".into(), name.into())));
    parameters.extend(further.iter().cloned());
    parameters
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

fn stack_name(text: &str) -> Result<String, String> {
    let fits = text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(text.into()) } else { Err("letters, digits and hyphens, a letter first, at most 60".into()) }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_name { Ok((name.into(), value.into())) } else { Err(format!("{name:?} is no name of a parameter")) }
}
