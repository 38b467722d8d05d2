//! The stack's three programs: their arguments, identities and variables, and the order they start in.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};

use super::api::Api;
use super::cloudfront::Package;
use super::ports::{self, Pair};
use super::print::{self, Logs, Pids, Ready, S3};
use super::processes::{Interruption, Processes};
use super::state::{self, AccessKey, ISSUER, State};
use super::workerd::{Outside, Worker};
use super::{Edge, Options, RunFolder, cloudfront};
use crate::{edge, node, run, say};

const BUCKET: &str = "clouddrop";
const REGION: &str = "us-east-1";
/// The part of the bucket that links can reach.
const OBJECT_PREFIX: &str = "files/";
/// The service's own folder, which they cannot.
const RECORDS_PREFIX: &str = "records/";
/// The one record that there is: the list of what is taken back.
const REVOKED: &str = "records/revoked";
/// And the counters of links, where they lie in the bucket.
const COUNTERS: &str = "records/counters/";
const AUDIENCE: &str = "dev";
/// What the upload that is printed at the end sends.
const HELLO: (&str, &str) = ("hello.txt", "Hello from CloudDrop");
/// Longest wait for the first healthy answer.
const HEALTH_LIMIT: Duration = Duration::from_secs(30);

/// Starts everything and waits until it is healthy.
pub(crate) fn start(
    options: &Options,
    data: &Path,
    ports: Pair,
    run_folder: &RunFolder,
    processes: &mut Processes,
) -> Result<Ready, Interruption> {
    let (mut state, is_new) = State::load_or_make(data)?;
    if is_new {
        say::line("    new credentials in state.json");
    }
    let (page, files) = (ports.page, ports.files());
    let hosts = [format!("127.0.0.1:{page}"), format!("127.0.0.1:{files}")];

    say::line("--> S3 server: start");
    let access_log = data.join("log/s3-access.jsonl");
    let s3 = start_s3(options.edge, &state, data, run_folder, &access_log, &format!("http://{}", hosts[0]), processes)?;
    let s3_pid = processes.last_pid().unwrap_or_default();
    if let Some(port) = s3.rsplit(':').next().and_then(|port| port.parse().ok())
        && port != state.s3_port
    {
        state.s3_port = port;
        state.save(data)?;
    }
    let bucket = format!("{s3}/{BUCKET}");

    say::line("--> signer: start");
    let signer = start_signer(options, &state, &hosts, &bucket, processes)?;
    let signer_pid = processes.last_pid().unwrap_or_default();

    say::line(match options.edge {
        Edge::Cloudflare => "--> edge: start in workerd",
        Edge::Aws => "--> edge: start behind a stand-in for CloudFront",
    });
    let bindings = bindings(options, &state, &hosts, &bucket, &signer)?;
    let mut command = match options.edge {
        Edge::Cloudflare => {
            let worker = Worker {
                modules: edge::modules()?,
                main: options.main.clone(),
                limits: options.limit.unwrap_or_default(),
                objects: data.join("objects"),
                page_files: data.join("page"),
                bindings,
                outside: Outside::Network,
                page,
                files,
            };
            workerd(&worker.write(&run_folder.path)?)?
        }
        Edge::Aws => {
            let package = Package { bindings, folder: data.join("package"), ports: [page, files] };
            let (config, identity) = package.write(&run_folder.path)?;
            cloudfront(&config, identity)?
        }
    };
    // Until this moment nobody else could take them.
    drop(ports);
    let edge_pid = start_edge(&mut command, processes)?;

    say::line("--> wait until all are healthy");
    let page = format!("http://{}/", hosts[0]);
    let files = format!("http://{}/", hosts[1]);
    let api = Api::new(&page, &state.api_key);
    wait_until_healthy(&api, [&page, &files], processes)?;
    // Through the edge to the signer and back: the last part that could be ill.
    let refused = |error: anyhow::Error| error.context(format!("see {}", data.join("log").display()));
    let grant = api.grant(HELLO.0, HELLO.1).map_err(refused)?;
    let share = api.share(&grant.key).map_err(refused)?;
    let logs = Logs { s3: processes.log("s3"), signer: processes.log("signer"), edge: processes.log("edge") };
    Ok(Ready {
        curl: print::curl_lines(&page, &state.api_key, HELLO.1, &grant, &share),
        page,
        files,
        api_key: state.api_key,
        s3: S3 { endpoint: s3, bucket: BUCKET, region: REGION },
        signer,
        pids: Pids { s3: s3_pid, signer: signer_pid, edge: edge_pid },
        data: data.into(),
        state: state::state_file(data),
        access_log,
        logs,
        issuer: ISSUER,
        audience: AUDIENCE,
        object_prefix: OBJECT_PREFIX,
    })
}

/// Starts the S3 server; its URL.
fn start_s3(
    edge: Edge,
    state: &State,
    data: &Path,
    run_folder: &RunFolder,
    access_log: &Path,
    page_origin: &str,
    processes: &mut Processes,
) -> Result<String, Interruption> {
    let may = |prefix: &str, actions: &[&str]| {
        let actions: Vec<String> = actions.iter().map(|action| format!("s3:{action}")).collect();
        json!({ "allow": actions, "prefixes": [prefix] })
    };
    let identity = |name: &str, key: &AccessKey, first: Value, also: Value| {
        json!({
            "name": name,
            "access_key_id": key.access_key_id,
            "secret_access_key": key.secret_access_key,
            "allow": first["allow"],
            "prefixes": first["prefixes"],
            "also": also,
        })
    };
    // As in AWS: of files the edge only reads and, by a condition on s3:prefix, lists; the signer writes, deletes and
    // lists them, and reads none. Records are the signer's; the edge reads the list of what is taken back.
    let of_files = [
        "PutObject",
        "DeleteObject",
        "AbortMultipartUpload",
        "ListBucket",
        "ListBucketMultipartUploads",
        "ListMultipartUploadParts",
    ];
    let of_records = ["GetObject", "PutObject", "DeleteObject", "ListBucket"];
    // Counters are the edge's where the platform has no database.
    let of_edge = match edge {
        Edge::Cloudflare => json!([may(REVOKED, &["GetObject"])]),
        Edge::Aws => json!([may(REVOKED, &["GetObject"]), may(COUNTERS, &["GetObject", "PutObject"])]),
    };
    let identities = json!([
        identity("edge", &state.edge, may(OBJECT_PREFIX, &["GetObject", "ListBucket"]), of_edge),
        identity("signer", &state.signer, may(OBJECT_PREFIX, &of_files), json!([may(RECORDS_PREFIX, &of_records)])),
    ]);
    let file = run_folder.path.join("identities.json");
    state::write_private(&file, identities.to_string().as_bytes())?;
    let mut command = Command::new(server("clouddrop-dev-s3")?);
    command
        .current_dir(data)
        .args(["--data", "s3", "--bucket", BUCKET, "--region", REGION, "--cors-origin", page_origin])
        .arg("--listen")
        .arg(format!("127.0.0.1:{}", ports::free_or_any(state.s3_port)))
        .arg("--identities")
        .arg(file)
        .arg("--access-log")
        .arg(access_log);
    processes.start("s3", &mut command)?;
    processes.told(listen_address)
}

/// Starts the signer; its URL.
fn start_signer(
    options: &Options,
    state: &State,
    [page_host, file_host]: &[String; 2],
    bucket: &str,
    processes: &mut Processes,
) -> Result<String, Interruption> {
    let api_keys = json!([{ "name": "dev", "sha256": state.api_key_hash(), "role": "admin" }]).to_string();
    let webhook_secret = state.webhook_secret();
    let token_keys = state.token_keys_json()?;
    let mut command = Command::new(server("clouddrop-signer-serve")?);
    // Nothing of this environment: an AWS variable of the developer must not reach it.
    command.args(["--listen", "127.0.0.1:0"]).env_clear().envs([
        ("FILE_HOST", file_host.as_str()),
        ("PAGE_HOST", page_host),
        ("WEBHOOK_SECRET", &webhook_secret),
        ("AUDIENCE", AUDIENCE),
        ("ISSUER", ISSUER),
        ("ORIGIN", bucket),
        ("REGION", REGION),
        ("OBJECT_PREFIX", OBJECT_PREFIX),
        ("RECORDS_PREFIX", RECORDS_PREFIX),
        ("TOKEN_KEYS", &token_keys),
        ("API_KEYS", &api_keys),
        ("AWS_ACCESS_KEY_ID", &state.signer.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &state.signer.secret_access_key),
        ("EDGE_ACCESS_KEY_ID", &state.edge.access_key_id),
        ("EDGE_SECRET_ACCESS_KEY", &state.edge.secret_access_key),
    ]);
    command.envs(options.set_signer.iter().map(|(name, value)| (name, value)));
    processes.start("signer", &mut command)?;
    processes.told(listen_address)
}

/// The URL in the line that both servers print when they listen.
fn listen_address(line: &Value) -> Option<String> {
    Some(format!("http://{}", line.get("listen")?.as_str()?))
}

/// The Worker's variables and secrets.
fn bindings(
    options: &Options,
    state: &State,
    [page_host, file_host]: &[String; 2],
    bucket: &str,
    signer: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let origin = options.origin.as_deref().unwrap_or(bucket);
    let token_keys = state.token_keys_json()?;
    let mut bindings: Vec<(String, String)> = [
        ("FILE_HOST", file_host.as_str()),
        ("PAGE_HOST", page_host),
        ("AUDIENCE", AUDIENCE),
        ("ORIGIN", origin),
        ("REGION", REGION),
        ("OBJECT_PREFIX", OBJECT_PREFIX),
        // A laptop has one client, and load tests are run here: `--set` gives the limits of a deployment.
        ("ISSUES_PER_MINUTE", "1000000"),
        ("CLAIMS_PER_MINUTE", "1000000"),
        ("RECORDS_PREFIX", RECORDS_PREFIX),
        // Not where --origin points, which is there to fail: that the list is out of reach is a failure of its own.
        ("RECORDS_ORIGIN", bucket),
        ("SIGNER_URL", signer),
        ("TOKEN_KEYS", &token_keys),
        ("AWS_ACCESS_KEY_ID", &state.edge.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &state.edge.secret_access_key),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    for (name, value) in &options.set {
        bindings.retain(|(other, _)| other != name);
        if !value.is_empty() {
            bindings.push((name.clone(), value.clone()));
        }
    }
    Ok(bindings)
}

/// workerd does not watch its standard input; `hold` does it for it. The Worker's own log lines come on workerd's
/// stdout: they go to the log, and workerd's news take another way to our pipe.
pub(crate) fn workerd(config: &Path) -> anyhow::Result<Command> {
    let mut command = held(r#"exec "$0" serve --control-fd=3 "$1" 3>&1 1>&2"#)?;
    command.arg(node::workerd()?).arg(config);
    Ok(command)
}

/// As workerd, with its news on the same way.
fn cloudfront(config: &Path, identity: Vec<(String, String)>) -> anyhow::Result<Command> {
    let mut command = held(r#"exec "$0" "$1" "$2" 3>&1 1>&2"#)?;
    command.arg(node::binary()?).arg(cloudfront::script()).arg(config);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    command.envs(identity);
    Ok(command)
}

fn held(script: &str) -> anyhow::Result<Command> {
    let this = std::env::current_exe().context("the path of this program")?;
    // A build meanwhile has put another file in its place, and Linux says so behind the name: that one holds as well.
    let text = this.to_str().and_then(|text| text.strip_suffix(" (deleted)")).map(PathBuf::from);
    let mut command = Command::new(text.filter(|path| path.exists()).unwrap_or(this));
    command.args(["hold", "--", "sh", "-c", script]);
    Ok(command)
}

/// Starts the edge and waits until both sockets listen; its process id.
pub(crate) fn start_edge(command: &mut Command, processes: &mut Processes) -> Result<u32, Interruption> {
    processes.start("edge", command)?;
    let (mut pid, mut sockets) = (None, 0);
    processes.told(|line| {
        match line.get("event")?.as_str()? {
            "pid" => pid = line.get("pid")?.as_u64().and_then(|pid| u32::try_from(pid).ok()),
            "listen" => sockets += 1,
            _ => {}
        }
        pid.filter(|_| sockets == 2)
    })
}

pub(crate) fn wait_until_healthy(api: &Api, hosts: [&str; 2], processes: &mut Processes) -> Result<(), Interruption> {
    let deadline = Instant::now() + HEALTH_LIMIT;
    for host in hosts {
        let url = format!("{host}healthz");
        while let Err(error) = api.is_healthy(&url) {
            if Instant::now() > deadline {
                let seconds = HEALTH_LIMIT.as_secs();
                let log = processes.log("edge");
                return Err(anyhow!("not healthy after {seconds} s: {error}; see {}", log.display()).into());
            }
            processes.watch(Some(Duration::from_millis(100)))?;
        }
    }
    Ok(())
}

/// A program that cargo built.
fn server(name: &str) -> anyhow::Result<PathBuf> {
    let path = run::target().join("debug").join(name);
    match path.exists() {
        true => Ok(path),
        false => bail!("{} is not built: run cargo xtask dev without --no-build", path.display()),
    }
}
