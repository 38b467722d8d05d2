//! What is measured: workers that serve the same objects, prepared once and started again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use tempfile::TempDir;

use crate::args::Args;
use crate::ask::Ask;
use crate::origin::{Origin, empty_list};
use crate::workerd::{Platform, Worker, Workerd};
use crate::{edge, ours, peer, progress};

/// One of the workers compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// JavaScript that fetches and returns: the limit.
    PassThrough,
    /// CloudDrop, asking the origin each time.
    Edge,
    /// CloudDrop, serving what it keeps.
    Hits,
    /// `jose` verifies, `aws4fetch` signs.
    Jose,
}

/// Everything the parts need. Files are in a temporary folder that goes with it.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    /// The workers asked for, in the order of their first round.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) origin: &'a Origin,
    /// The folder of the built edge.
    pub(crate) edge: PathBuf,
    pub(crate) node_modules: PathBuf,
    pub(crate) workerd: PathBuf,
    folder: TempDir,
}

/// Every reply to a token must carry these, from the edge and from its peer: leaving them out would be faster.
const SECURITY_HEADERS: [&str; 9] = [
    "strict-transport-security",
    "x-content-type-options",
    "content-security-policy",
    "cross-origin-resource-policy",
    "cross-origin-opener-policy",
    "referrer-policy",
    "x-robots-tag",
    "cache-control",
    "content-disposition",
];

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::PassThrough, Self::Edge, Self::Hits, Self::Jose];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PassThrough => "pass-through",
            Self::Edge => "edge",
            Self::Hits => "edge, kept",
            Self::Jose => "jose + aws4fetch",
        }
    }

    /// The name on the command line and of the folder.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.folder() == name)
    }

    fn folder(self) -> &'static str {
        match self {
            Self::PassThrough => "passthrough",
            Self::Edge => "edge",
            Self::Hits => "hits",
            Self::Jose => "jose",
        }
    }

    /// Whether it verifies tokens.
    pub(crate) fn guards(self) -> bool {
        self != Self::PassThrough
    }

    /// How many requests reach the origin when the same object was asked for `requests` times, but for the first time.
    pub(crate) fn asks(self, requests: u64) -> u64 {
        if self == Self::Hits { 0 } else { requests }
    }
}

impl<'a> Bench<'a> {
    /// Lays out each worker's folder and its loop's.
    ///
    /// # Errors
    /// What is not there, by name.
    pub(crate) fn prepare(args: &Args, origin: &'a Origin) -> anyhow::Result<Self> {
        let bench = Self {
            kinds: args.only.clone(),
            origin,
            edge: args.edge.clone(),
            node_modules: fs::canonicalize(&args.node_modules).with_context(|| {
                format!("no {}: run npm install, or give --node-modules", args.node_modules.display())
            })?,
            workerd: match &args.workerd {
                Some(path) => fs::canonicalize(path).with_context(|| path.display().to_string())?,
                None => args
                    .node_modules
                    .canonicalize()?
                    .join(format!("@cloudflare/workerd-linux-{}/bin/workerd", arch("64"))),
            },
            folder: tempfile::Builder::new().prefix("clouddrop-bench-").tempdir()?,
        };
        ensure!(bench.workerd.is_file(), "no workerd at {}; give --workerd", bench.workerd.display());
        for kind in &bench.kinds {
            match kind {
                Kind::PassThrough => bench.prepare_passthrough()?,
                Kind::Edge => bench.prepare_edge()?,
                Kind::Hits => bench.prepare_hits()?,
                Kind::Jose => bench.prepare_jose()?,
            }
        }
        Ok(bench)
    }

    /// The workers in the order of round `round`: each goes first equally often.
    pub(crate) fn rotated(&self, round: usize) -> Vec<Kind> {
        let mut kinds = self.kinds.clone();
        let by = round % kinds.len().max(1);
        kinds.rotate_left(by);
        kinds
    }

    pub(crate) fn start(&self, kind: Kind) -> anyhow::Result<Workerd> {
        Workerd::start(&self.workerd, &self.folder(kind.folder()))
    }

    /// Starts the worker whose one request runs the gate many times.
    pub(crate) fn start_loop(&self, kind: Kind) -> anyhow::Result<Workerd> {
        Workerd::start(&self.workerd, &self.folder(&loop_folder(kind)))
    }

    /// A request for `object` that the worker answers with it.
    pub(crate) fn ask(&self, kind: Kind, object: &str) -> anyhow::Result<Ask> {
        match kind {
            Kind::PassThrough => Ok(Ask {
                host: peer::FILE_HOST.into(),
                path: format!("/{}{object}", peer::OBJECT_PREFIX),
                headers: Vec::new(),
                token: None,
            }),
            Kind::Edge | Kind::Hits => ours::ask(object),
            Kind::Jose => peer::ask(object),
        }
    }

    /// Shows, before anything is timed, that the workers do the same job: fetch from the origin each time, signed; send
    /// the security headers; refuse a forged token without asking the origin.
    pub(crate) async fn prove_equal_work(&self) -> anyhow::Result<()> {
        for kind in &self.kinds {
            let name = kind.name();
            progress(&format!("checking {name}"));
            let workerd = self.start(*kind)?;
            let ask = self.ask(*kind, "1k")?;

            let before = self.origin.served();
            workerd.connect().await?.exchange(&ask.wire(), 1024).await.with_context(|| name.to_owned())?;
            let head = workerd.connect().await?.inspect(&ask.wire()).await?;
            let after = self.origin.served();
            let (all, signed) = (after.all - before.all, after.signed - before.signed);
            let wanted = 1 + kind.asks(1);
            ensure!(all == wanted, "{name}: two requests led to {all} at the origin");
            ensure!(signed == if kind.guards() { wanted } else { 0 }, "{name}: {signed} of {all} requests were signed");

            let Some(forged) = ask.forged() else { continue };
            for wanted in SECURITY_HEADERS {
                ensure!(head.headers.iter().any(|(have, _)| have == wanted), "{name}: the reply has no {wanted}");
            }
            let refusal = workerd.connect().await?.inspect(&forged.wire()).await?;
            ensure!(refusal.status == 401, "{name}: a forged token was answered with {}", refusal.status);
            ensure!(self.origin.served() == after, "{name}: a forged token reached the origin");
        }
        Ok(())
    }

    fn prepare_passthrough(&self) -> anyhow::Result<()> {
        let folder = self.new_folder(Kind::PassThrough.folder())?;
        fs::write(folder.join("passthrough.mjs"), include_str!("../workers/passthrough.mjs"))?;
        let bindings = vec![("ORIGIN", format!("http://{}", self.origin.address))];
        Worker { folder, modules: vec!["passthrough.mjs".into()], bindings, platform: Platform::Plain }.write_config()
    }

    fn prepare_hits(&self) -> anyhow::Result<()> {
        let mut bindings = ours::bindings(self.origin.address);
        // The default size; kept for as long as a run may take.
        bindings.retain(|(name, _)| *name != "CACHE_BYTES");
        bindings.push(("CACHE_SECONDS", "3600".into()));
        let folder = self.new_folder(Kind::Hits.folder())?;
        let modules = edge::modules(&self.edge)?;
        edge::copy(&modules, &self.edge, &folder)?;
        Worker { folder, modules, bindings, platform: Platform::Counting }.write_config()
    }

    fn prepare_edge(&self) -> anyhow::Result<()> {
        let bindings = ours::bindings(self.origin.address);
        let folder = self.new_folder(Kind::Edge.folder())?;
        let loop_folder = self.new_folder(&loop_folder(Kind::Edge))?;
        let mut modules = edge::modules(&self.edge)?;
        for folder in [&folder, &loop_folder] {
            edge::copy(&modules, &self.edge, folder)?;
        }
        Worker { folder, modules: modules.clone(), bindings: bindings.clone(), platform: Platform::Counting }
            .write_config()?;

        fs::write(loop_folder.join("loop_gate.mjs"), include_str!("../workers/loop_gate.mjs"))?;
        let vars: serde_json::Map<_, _> =
            bindings.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let bindings = vec![
            ("VARS", serde_json::Value::from(vars).to_string()),
            ("RECORD", ours::record(&ours::ask("1k")?)),
            ("LIST", STANDARD.encode(empty_list()?)),
        ];
        // The loop takes the place of the main module and imports the rest.
        if let Some(main) = modules.first_mut() {
            *main = "loop_gate.mjs".into();
        }
        Worker { folder: loop_folder, modules, bindings, platform: Platform::Plain }.write_config()
    }

    fn prepare_jose(&self) -> anyhow::Result<()> {
        let sources = self.new_folder("sources")?;
        fs::write(sources.join("jose_gate.mjs"), include_str!("../workers/jose_gate.mjs"))?;
        fs::write(sources.join("jose_aws4fetch.mjs"), include_str!("../workers/jose_aws4fetch.mjs"))?;
        fs::write(sources.join("loop_jose.mjs"), include_str!("../workers/loop_jose.mjs"))?;

        let folder = self.new_folder(Kind::Jose.folder())?;
        self.bundle(&sources.join("jose_aws4fetch.mjs"), &folder.join("main.mjs"))?;
        let mut bindings = peer::bindings(self.origin.address);
        Worker { folder, modules: vec!["main.mjs".into()], bindings: bindings.clone(), platform: Platform::Plain }
            .write_config()?;

        let folder = self.new_folder(&loop_folder(Kind::Jose))?;
        self.bundle(&sources.join("loop_jose.mjs"), &folder.join("main.mjs"))?;
        let ask = peer::ask("1k")?;
        bindings.push(("REQUEST_HEADERS", serde_json::to_string(&ask.fields().collect::<Vec<_>>())?));
        bindings.push(("REQUEST_PATH", ask.path));
        Worker { folder, modules: vec!["main.mjs".into()], bindings, platform: Platform::Plain }.write_config()
    }

    /// One module out of a worker and the packages it imports, as a deployment would have it.
    fn bundle(&self, entry: &Path, out: &Path) -> anyhow::Result<()> {
        let esbuild = self.node_modules.join(format!("@esbuild/linux-{}/bin/esbuild", arch("x64")));
        let result = Command::new(&esbuild)
            .arg(entry)
            .arg(format!("--outfile={}", out.display()))
            .args(["--bundle", "--format=esm", "--target=esnext", "--conditions=workerd,worker", "--log-level=warning"])
            // The sources stand outside the folder that holds the packages.
            .env("NODE_PATH", &self.node_modules)
            .output()
            .with_context(|| format!("running {}", esbuild.display()))?;
        ensure!(result.status.success(), "esbuild: {}", String::from_utf8_lossy(&result.stderr).trim());
        Ok(())
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn new_folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder(name);
        fs::create_dir(&folder)?;
        Ok(folder)
    }
}

fn loop_folder(kind: Kind) -> String {
    format!("{}-loop", kind.folder())
}

/// This machine as npm's platform packages name it, given their name for x86-64.
fn arch(x86_64: &str) -> &str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { x86_64 }
}
