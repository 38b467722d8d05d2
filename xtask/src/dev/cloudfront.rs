//! The edge as Lambda@Edge functions behind a stand-in for CloudFront: their package, and what the stand-in is told.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::dev::state::{make_private, write_private};
use crate::{lambda_edge, run};

/// The script that stands in.
pub(crate) fn script() -> PathBuf {
    run::root().join("lambda-edge/dev/cloudfront.mjs")
}

/// The function's own identity, which Lambda gives by these variables and no configuration holds.
const IDENTITY: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// A package to be run.
pub(crate) struct Package {
    /// The Worker's variables and secrets.
    pub(crate) bindings: Vec<(String, String)>,
    /// The folder for the package, which is made anew.
    pub(crate) folder: PathBuf,
    /// The ports of the page and of the files.
    pub(crate) ports: [u16; 2],
}

impl Package {
    /// Makes the package and writes what the stand-in is told into `folder`: the file, and the variables of the process.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<(PathBuf, Vec<(String, String)>)> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| format!("removing {}", self.folder.display()))?;
        }
        // It holds the token keys: here is no Secrets Manager.
        make_private(&self.folder)?;
        lambda_edge::copy_folder(&lambda_edge::folder(), &self.folder)?;
        let is_identity = |name: &str| IDENTITY.contains(&name);
        let baked: Map<String, Value> = self
            .bindings
            .iter()
            .filter(|(name, _)| !is_identity(name))
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        write_private(&self.folder.join("config.json"), Value::Object(baked).to_string().as_bytes())?;
        let file = folder.join("cloudfront.json");
        let config = json!({ "package": self.folder, "ports": self.ports });
        write_private(&file, config.to_string().as_bytes())?;
        let identity = self.bindings.iter().filter(|(name, _)| is_identity(name)).cloned().collect();
        Ok((file, identity))
    }
}
