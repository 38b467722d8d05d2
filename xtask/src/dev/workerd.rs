//! workerd's configuration: the built edge behind two sockets of loopback, with its Durable Objects on disk and its
//! Rate Limiting bindings in memory.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::dev::limits::Limits;
use crate::dev::state::{make_private, write_private};
use crate::{edge, run, web};

/// The name of the configuration within its folder.
pub(crate) const CONFIG_FILE: &str = "workerd.capnp";
/// The date whose behaviour of the runtime the edge is written for; wrangler.toml says the same.
const COMPATIBILITY_DATE: &str = "2026-07-01";
/// The name that a main module of elsewhere gets.
const MAIN: &str = "main.mjs";
/// Durable Objects: the binding, the class, and the name of the class's folder, which must never change.
const OBJECTS: [(&str, &str, &str); 2] =
    [("LINKS", "LinkCounter", "clouddrop-links"), ("BUCKETS", "TokenBucket", "clouddrop-buckets")];
/// The module that stands for the platform's Rate Limiting service.
const RATE_LIMIT: &str = "ratelimit.mjs";

/// A Worker to be run.
pub(crate) struct Worker {
    /// The modules' files in their folder, the main one first.
    pub(crate) modules: Vec<String>,
    /// A module of elsewhere that is the main one in their place.
    pub(crate) main: Option<PathBuf>,
    /// Variables and secrets.
    pub(crate) bindings: Vec<(String, String)>,
    /// Where its requests go.
    pub(crate) outside: Outside,
    /// What the Rate Limiting bindings let through.
    pub(crate) limits: Limits,
    /// The folder in which Durable Objects are kept.
    pub(crate) objects: PathBuf,
    /// The folder for a copy of the web page, from which it is served.
    pub(crate) page_files: PathBuf,
    /// The port of the page and the API.
    pub(crate) page: u16,
    /// The port of the files.
    pub(crate) files: u16,
}

/// Where the requests of a Worker go.
pub(crate) enum Outside {
    /// Where their URLs say.
    Network,
    /// All of them to one server, `127.0.0.1:PORT`, in plain HTTP: it is told by Host what the URL was.
    Server(String),
}

impl Outside {
    /// The service in the configuration. By itself workerd refuses connections to loopback, where S3 and the signer are.
    fn service(&self) -> anyhow::Result<String> {
        Ok(match self {
            Self::Network => r#"network = (allow = ["public", "private"])"#.into(),
            Self::Server(address) => format!("external = (address = {}, http = ())", literal(address)?),
        })
    }
}

impl Worker {
    /// Writes the configuration and copies of the modules into `folder`: a build meanwhile changes nothing here.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        for name in &self.modules {
            fs::copy(edge::folder().join(name), folder.join(name)).with_context(|| format!("copying {name}"))?;
        }
        if let Some(main) = &self.main {
            fs::copy(main, folder.join(MAIN)).with_context(|| format!("copying {}", main.display()))?;
        }
        fs::copy(run::root().join("worker/dev").join(RATE_LIMIT), folder.join(RATE_LIMIT))
            .with_context(|| format!("copying {RATE_LIMIT}"))?;
        if self.page_files.exists() {
            fs::remove_dir_all(&self.page_files).with_context(|| format!("removing {}", self.page_files.display()))?;
        }
        copy_page(&web::folder(), &self.page_files)?;
        make_private(&self.objects)?;
        let file = folder.join(CONFIG_FILE);
        // It holds secrets.
        write_private(&file, self.config()?.as_bytes())?;
        Ok(file)
    }

    /// The text of the configuration.
    fn config(&self) -> anyhow::Result<String> {
        let mut modules = String::new();
        for name in self.main.iter().map(|_| MAIN).chain(self.modules.iter().map(String::as_str)) {
            let kind = if name.ends_with(".wasm") { "wasm" } else { "esModule" };
            let name = literal(name)?;
            writeln!(modules, "    (name = {name}, {kind} = embed {name}),")?;
        }
        let mut bindings = String::new();
        for (name, value) in &self.bindings {
            writeln!(bindings, "    (name = {}, text = {}),", literal(name)?, literal(value)?)?;
        }
        writeln!(bindings, r#"    (name = "ASSETS", service = "page"),"#)?;
        let mut namespaces = String::new();
        for (binding, class, key) in OBJECTS {
            writeln!(bindings, r#"    (name = "{binding}", durableObjectNamespace = "{class}"),"#)?;
            writeln!(namespaces, r#"    (className = "{class}", uniqueKey = "{key}", enableSql = true),"#)?;
        }
        for limit in self.limits.bindings() {
            writeln!(
                bindings,
                r#"    (name = "{}", wrapped = (moduleName = "clouddrop:ratelimit", innerBindings = [
      (name = "limit", text = "{}"), (name = "period", text = "{}")])),"#,
                limit.name, limit.limit, limit.period
            )?;
        }
        let objects = literal(self.objects.to_str().context("a folder whose name is not UTF-8")?)?;
        let page_files = literal(self.page_files.to_str().context("a folder whose name is not UTF-8")?)?;
        let Self { page, files, .. } = self;
        let outside = self.outside.service()?;
        Ok(format!(
            r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "outside", {outside}),
    (name = "objects", disk = (path = {objects}, writable = true)),
    (name = "page", disk = (path = {page_files})),
  ],
  sockets = [
    (name = "page", address = "127.0.0.1:{page}", http = (), service = "edge"),
    (name = "files", address = "127.0.0.1:{files}", http = (), service = "edge"),
  ],
  extensions = [
    (modules = [(name = "clouddrop:ratelimit", internal = true, esModule = embed "{RATE_LIMIT}")]),
  ],
);
const edge :Workerd.Worker = (
  compatibilityDate = "{COMPATIBILITY_DATE}",
  globalOutbound = "outside",
  modules = [
{modules}  ],
  bindings = [
{bindings}  ],
  durableObjectNamespaces = [
{namespaces}  ],
  durableObjectStorage = (localDisk = "objects"),
);
"#
        ))
    }
}

/// Copies the built web page: its files, and those of its one folder.
fn copy_page(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).context("the web page is not built: run cargo xtask build web")? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_page(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), &copy).with_context(|| format!("copying {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// A text literal of Cap'n Proto's schema language, which has C's escapes.
fn literal(text: &str) -> anyhow::Result<String> {
    ensure!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character in a variable of the Worker");
    Ok(format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn text_is_escaped_or_refused() {
        assert_eq!(literal("{\"a\":\"b\\c\"}\nd").unwrap(), r#""{\"a\":\"b\\c\"}\nd""#);
        assert_eq!(literal("ö'$").unwrap(), "\"ö'$\"");
        assert!(literal("a\0b").is_err());
    }

    #[test]
    fn another_main_module_stands_before_the_edge() {
        let worker = Worker {
            modules: vec!["entry.mjs".into()],
            main: Some("/elsewhere/harness.mjs".into()),
            bindings: Vec::new(),
            outside: Outside::Server("127.0.0.1:83".into()),
            limits: Limits::default(),
            objects: "/data/objects".into(),
            page_files: "/data/page".into(),
            page: 81,
            files: 82,
        };
        let config = worker.config().unwrap();
        assert!(config.find("main.mjs").unwrap() < config.find("entry.mjs").unwrap());
        assert!(config.contains(r#"(name = "outside", external = (address = "127.0.0.1:83", http = ()))"#));
    }

    #[test]
    fn modules_ports_and_variables_stand_in_the_configuration() {
        let worker = Worker {
            modules: vec!["entry.mjs".into(), "a.wasm".into()],
            main: None,
            bindings: vec![("A".into(), "1\"".into())],
            outside: Outside::Network,
            limits: "bad=5".parse().unwrap(),
            objects: "/data/objects".into(),
            page_files: "/data/page".into(),
            page: 81,
            files: 82,
        };
        let config = worker.config().unwrap();
        assert!(config.contains(r#"(name = "entry.mjs", esModule = embed "entry.mjs")"#));
        assert!(config.contains(r#"(name = "a.wasm", wasm = embed "a.wasm")"#));
        assert!(config.contains(r#"(name = "A", text = "1\"")"#));
        assert!(config.contains(r#"(name = "page", address = "127.0.0.1:81""#));
        assert!(config.contains(r#"(name = "files", address = "127.0.0.1:82""#));
        assert!(config.contains(r#"(name = "page", disk = (path = "/data/page"))"#));
        assert!(config.contains(r#"(name = "LINKS", durableObjectNamespace = "LinkCounter")"#));
        assert!(config.contains(r#"(name = "outside", network = (allow = ["public", "private"]))"#));
        assert!(config.contains(r#"(name = "objects", disk = (path = "/data/objects", writable = true))"#));
        assert!(config.contains(r#"(name = "limit", text = "5"), (name = "period", text = "60")"#));
    }
}
