//! What is in that which is deployed, as CycloneDX: one list for each program, and one for the npm packages, of which the
//! page is made.

use std::fs;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::reproducible::copy_source;
use crate::setup::{self, Tools, WASM};
use crate::{run, say};

/// The packages that are deployed, where, and for which target.
const SHIPPED: [(&str, &str, &str); 3] = [
    ("clouddrop-worker", "worker", WASM),
    ("clouddrop-lambda-edge", "lambda-edge", WASM),
    ("clouddrop-signer-lambda", "signer-lambda", "aarch64-unknown-linux-gnu"),
];
const NPM: &str = "npm-packages";

/// Writes the lists into `target/sbom`.
pub(super) fn write() -> anyhow::Result<()> {
    setup::npm_packages()?;
    setup::cyclonedx()?;
    let folder = run::target().join("sbom");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    // The tool writes beside every manifest of the workspace: into a copy.
    let copy = folder.join("source");
    copy_source(&copy)?;
    for target in [WASM, "aarch64-unknown-linux-gnu"] {
        let mut cargo = run::command(Tools::program("cargo-cyclonedx"));
        cargo.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--target", target]);
        run::shown(cargo.arg("--override-filename").arg(target).current_dir(&copy))?;
    }
    let list = |name: &str| folder.join(format!("{name}.cdx.json"));
    for (package, place, target) in SHIPPED {
        let from = copy.join(place).join(format!("{target}.json"));
        let text = fs::read_to_string(&from).with_context(|| format!("reading {}", from.display()))?;
        // Our own crates are named by where they lie: that is nobody's concern.
        fs::write(list(package), text.replace(&*copy.to_string_lossy(), "/clouddrop"))?;
    }
    fs::remove_dir_all(&copy)?;
    fs::write(list(NPM), run::output(run::command("npm").args(["sbom", "--sbom-format", "cyclonedx"]))?)?;
    // One name from each, deep in it: a list that lacks it is not of all.
    let deep = ["hmac", "wasm-bindgen", "rustls", "preact"];
    for (name, needed) in SHIPPED.map(|(package, ..)| package).into_iter().chain([NPM]).zip(deep) {
        let text = fs::read_to_string(list(name))?;
        let components = components(&text, needed).with_context(|| format!("target/sbom/{name}.cdx.json"))?;
        say::line(&format!("    target/sbom/{name}.cdx.json: {components} components"));
    }
    Ok(())
}

/// How many components a list has; `needed` must be one of them.
fn components(list: &str, needed: &str) -> anyhow::Result<usize> {
    let list: Value = serde_json::from_str(list).context("it is no JSON")?;
    ensure!(list["bomFormat"] == "CycloneDX" && list["specVersion"] == "1.5", "it is no CycloneDX 1.5");
    let components = list["components"].as_array().context("it has no components")?;
    ensure!(components.iter().any(|component| component["name"] == needed), "{needed} is not among its components");
    Ok(components.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn a_list_without_what_must_be_in_it_is_refused() {
        let list = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"hmac"},{"name":"sha2"}]}"#;
        assert_eq!(components(list, "hmac").unwrap(), 2);
        assert_eq!(components(list, "preact").unwrap_err().to_string(), "preact is not among its components");
        assert!(components(r#"{"bomFormat":"SPDX"}"#, "hmac").is_err());
    }
}
