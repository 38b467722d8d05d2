//! `cargo xtask infra deploy --local`: the template on an emulator of AWS on this machine, the edge in workerd before it,
//! and the live checks against the result. All of it ends with the run; the logs stay.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::account::{self, Account, Outputs, output};
use super::gaps::{self, LeftOut, Made};
use super::hands::{Beside, Hands as _, failed};
use super::probes::{self, Deployed};
use super::secrets;
use super::{REGION_TEMPLATE, TEMPLATE, edge as edge_variables, emulator, parameters, suites, tick};
use crate::dev::api::Api;
use crate::dev::limits::Limits;
use crate::dev::ports::Pair;
use crate::dev::processes::{Interruption, Processes};
use crate::dev::workerd::{Outside, Worker};
use crate::dev::{RunFolder, stack, state};
use crate::{edge, package, run, say, setup, web};

const STACK: &str = "clouddrop";
const REGION: &str = "us-east-1";
/// The processor of this machine, as Lambda calls it: functions run here as programs.
const ARCHITECTURE: &str = if cfg!(target_arch = "x86_64") { "x86_64" } else { "arm64" };
/// How much of what the functions wrote is shown when something failed.
const SHOWN_LINES: usize = 8;
/// Templates that the emulator has nothing for: CloudFront and WAF, and a second region.
const LEFT_OUT: [&str; 5] = [
    "infra/edge.yaml",
    "infra/edge-firewall.yaml",
    "infra/edge-observability.yaml",
    "infra/first-door.yaml",
    "infra/second-region.yaml",
];

/// Builds, deploys, checks, and says what could not be covered.
///
/// # Errors
/// The first step that fails, and where the logs are.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = run::target().join("local-deployment");
    state::make_private(&folder)?;
    let folder = fs::canonicalize(folder)?;
    let _lock = state::lock(&folder)?;
    set_up()?;
    let mut processes = Processes::new(folder.join("log"))?;
    let checked = check(&folder, &mut processes);
    let log = processes.log("emulator");
    drop(processes);
    if checked.is_err() {
        for line in last_of_functions(&fs::read_to_string(log).unwrap_or_default()) {
            say::line(&format!("    {line}"));
        }
    }
    // It holds secrets, and what is deployed there is gone.
    let _ = fs::remove_dir_all(folder.join("emulator"));
    checked.with_context(|| format!("the local deployment failed; all logs are in {}", folder.join("log").display()))
}

/// What the functions wrote last: the emulator puts their names before their lines.
fn last_of_functions(log: &str) -> Vec<&str> {
    let start = format!("[{STACK}-");
    let lines: Vec<&str> =
        log.lines().filter(|line| line.starts_with(&start) || line.starts_with("[lambda]")).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].to_vec()
}

/// Tools and builds: all of it before anything runs.
fn set_up() -> anyhow::Result<()> {
    setup::aws_programs()?;
    setup::emulator()?;
    let tools = setup::everything()?;
    // The emulator's functions are programs of this machine.
    package::build(&package::Options { x86_64: cfg!(target_arch = "x86_64") })?;
    edge::build(&tools)?;
    web::build()?;
    say::step("live checks: compile", || run::shown(run::cargo(None).args(["build", "--package", "clouddrop-ops"])))
}

fn check(folder: &Path, processes: &mut Processes) -> anyhow::Result<()> {
    let ports = Pair::take(0)?;
    let hosts = [format!("127.0.0.1:{}", ports.files()), format!("127.0.0.1:{}", ports.page)];
    let address = emulator::start(&folder.join("emulator"), processes).map_err(failed)?;
    let account = Account::emulated(&address, REGION);

    let parameters = parameters([&hosts[0], &hosts[1]], Some(ARCHITECTURE), &[]);
    let outputs = say::step(&format!("deploy {TEMPLATE} as {STACK}"), || {
        account.deploy(&mut Beside(processes), STACK, TEMPLATE, &parameters)
    })?;
    let region = format!("{STACK}-edge-region");
    say::step(&format!("deploy {REGION_TEMPLATE} as {region}"), || {
        let parameters = [("StackName".to_owned(), format!("{STACK}-edge"))];
        account.deploy(&mut Beside(processes), &region, REGION_TEMPLATE, &parameters)
    })?;
    let mut resources = account.resources(&mut Beside(processes), STACK)?;
    resources.extend(account.resources(&mut Beside(processes), &region)?);
    let made = Made::of(&resources);
    made.check(&gaps::NOT_MADE, &gaps::IDLE)?;

    let api_key = say::step("secrets: the first token keys by the rotation function, and an API key", || {
        let rotation = resources
            .iter()
            .find(|resource| resource.kind == "AWS::Lambda::Function" && resource.logical_id.contains("Rotation"))
            .context("the template has no rotation function: none whose logical id contains Rotation")?;
        let hands = &mut Beside(processes);
        secrets::make_ready(&account, hands, &outputs, Some(&rotation.physical_id))?;
        secrets::first_api_key(&account, hands, &outputs)?.context("a new deployment has an API key already")
    })?;

    let user = output(&outputs, "EdgeUserName")?;
    let key = account::access_key(&account, &mut Beside(processes), user)?;
    let bindings = bindings(&account, &outputs, &key, [&hosts[0], &hosts[1]], &mut Beside(processes))?;
    let edge_pid = start_edge(folder, ports, bindings.clone(), &address, processes).map_err(failed)?;
    let page = format!("http://{}/", hosts[1]);
    let files = format!("http://{}/", hosts[0]);
    stack::wait_until_healthy(&Api::new(&page, &api_key), [&page, &files], processes).map_err(failed)?;

    say::step("live checks: cargo xtask smoke against the deployment", || {
        let mut smoke = run::command(run::target().join("debug/clouddrop-ops"));
        smoke.args(["smoke", "--url", &format!("http://{}", hosts[1])]).env("CLOUDDROP_API_KEY", &api_key);
        Beside(processes).shown(&mut smoke)
    })?;
    say::step("end-to-end tests against the deployment", || {
        let target = suites::Target {
            hosts: [&hosts[1], &hosts[0]],
            api_key: &api_key,
            s3: (&address, output(&outputs, "BucketName")?),
            region: REGION,
            edge_key: (&key.0, &key.1),
            bindings: &bindings,
            edge_log: &processes.log("edge"),
            edge_pid,
        };
        suites::run(&target, folder, &mut Beside(processes))
    })?;
    say::step("the edge on AWS alone: built for this deployment, and packed", || {
        let hands = &mut Beside(processes);
        let variables = edge_variables::variables(&account, hands, &outputs, [&hosts[0], &hosts[1]])?;
        edge_variables::build(&edge_variables::baked(&variables, &outputs, REGION)?)?;
        edge_variables::pack(&account, hands, &format!("{STACK}-packages"))
    })?;
    say::step("the tick, as the schedule would send it", || {
        let schedule = resources.iter().find(|resource| resource.kind == "AWS::Scheduler::Schedule");
        let schedule = schedule.context("the template has no schedule")?;
        tick::send(&account, &mut Beside(processes), &schedule.physical_id, folder)
    })?;
    say::step("what the emulator enforces: asked", || {
        let deployed = Deployed { address: &address, root: &account, outputs: &outputs, edge: (&key.0, &key.1) };
        probes::ask(&deployed, &mut Beside(processes))
    })?;
    let left_out: Vec<LeftOut> = LEFT_OUT
        .iter()
        .map(|file| {
            let text = fs::read_to_string(run::root().join(file)).with_context(|| format!("reading {file}"))?;
            Ok(LeftOut::of(file, &text))
        })
        .collect::<anyhow::Result<_>>()?;
    say::line(&format!("\n{}", gaps::report(&made, &left_out)));
    Ok(())
}

/// The Worker's variables and secrets, as one who deploys it to Cloudflare would set them.
fn bindings(
    account: &Account,
    outputs: &Outputs,
    (access_key_id, secret_access_key): &(String, String),
    hosts: [&str; 2],
    hands: &mut Beside<'_>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut bindings = edge_variables::variables(account, hands, outputs, hosts)?;
    let token_keys = secrets::edge_token_keys(account, hands, outputs)?;
    let secrets = [
        ("TOKEN_KEYS", &token_keys),
        ("AWS_ACCESS_KEY_ID", access_key_id),
        ("AWS_SECRET_ACCESS_KEY", secret_access_key),
    ];
    bindings.extend(secrets.map(|(name, value)| (name.into(), value.into())));
    // All that is asked here comes from one address.
    bindings.extend(["ISSUES_PER_MINUTE", "CLAIMS_PER_MINUTE"].map(|name| (name.into(), "1000000".into())));
    Ok(bindings)
}

/// Starts the Worker in workerd. All that it asks for goes to the emulator: bucket and signer keep their own addresses.
fn start_edge(
    folder: &Path,
    ports: Pair,
    bindings: Vec<(String, String)>,
    emulator: &str,
    processes: &mut Processes,
) -> Result<u32, Interruption> {
    say::line("--> edge: start in workerd");
    let run_folder = RunFolder::make(folder)?;
    let objects = folder.join("objects");
    if objects.exists() {
        fs::remove_dir_all(&objects).context("removing the counters of an earlier deployment")?;
    }
    let worker = Worker {
        modules: edge::modules()?,
        main: None,
        limits: Limits::default(),
        objects,
        page_files: folder.join("page"),
        bindings,
        outside: Outside::Server(emulator.into()),
        page: ports.page,
        files: ports.files(),
    };
    let mut command = stack::workerd(&worker.write(&run_folder.path)?)?;
    drop(ports);
    stack::start_edge(&mut command, processes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_the_functions_last_words_are_shown() {
        let words: String =
            (0..20).map(|n| format!("INFO an emulator's line\n[clouddrop-Signer-1] line {n}\n")).collect();
        let last = last_of_functions(&words);
        assert_eq!((last.len(), last[7]), (SHOWN_LINES, "[clouddrop-Signer-1] line 19"));
        assert!(last_of_functions("nothing of theirs").is_empty());
    }
}
