//! The edge as it is deployed: wasm, its JavaScript, and `entry.mjs` in front of both, in `target/edge`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::setup::{self, Tools, WASM};
use crate::stamp::{Stamp, replace};
use crate::{node, remap, run, say};

/// The module that is the Worker.
pub(crate) const MAIN_MODULE: &str = "entry.mjs";
/// The wasm, as wasm-bindgen names it.
pub(crate) const WASM_MODULE: &str = "clouddrop_bg.wasm";
const GLUE_MODULE: &str = "clouddrop.js";

/// What wasm-bindgen is told. The state can be reset, so that an instance that panicked can be replaced.
const BINDGEN_FLAGS: [&str; 7] = [
    "--target",
    "web",
    "--omit-default-module-path",
    "--no-typescript",
    "--experimental-reset-state-function",
    "--out-name",
    "clouddrop",
];

/// The features that rustc uses, as binaryen's tools are told them.
const FEATURES: [&str; 8] = [
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-exception-handling",
    "--enable-simd",
];
/// What wasm-opt is told beside them: speed. Not -O4: binaryen 132 crashes on exceptions.
/// Functions with one caller are not put into it unless they are small: rustc has done so where it is of use, and what
/// binaryen adds to that costs 2 % of the size and gains no time.
const OPT_FLAGS: [&str; 5] =
    ["-O3", "--converge", "--one-caller-inline-max-function-size=50", "--strip-debug", "--strip-producers"];

/// What esbuild is told: the glue and the snippets that it imports become one module.
const BUNDLE_FLAGS: [&str; 4] = ["--bundle", "--format=esm", "--minify", "--log-level=warning"];

/// The most that the Worker's wasm may have, in bytes of gzip: a new instance loads all of it before it answers.
const MOST_BYTES_GZIPPED: u64 = 150 * 1024;

/// The folder of the built edge.
pub(crate) fn folder() -> PathBuf {
    run::root().join("target/edge")
}

/// Sets up what is missing and builds the edge.
pub(crate) fn set_up_and_build() -> anyhow::Result<Tools> {
    let tools = setup::everything()?;
    build(&tools)?;
    Ok(tools)
}

/// Builds the edge into [`folder`].
///
/// # Errors
/// The first failed command.
pub(crate) fn build(tools: &Tools) -> anyhow::Result<()> {
    let _lock = module(tools, "clouddrop-worker", &folder())?;
    copy_modules(&run::root().join("worker/js"))?;
    say::line(&format!("    target/edge: {} kB of wasm", fs::metadata(folder().join(WASM_MODULE))?.len() / 1000));
    Ok(())
}

/// Fails if the built Worker has become too large.
///
/// # Errors
/// By how much.
pub(crate) fn check_size() -> anyhow::Result<()> {
    let mut gzip = run::command("sh");
    gzip.args(["-c", "gzip -9nc \"$1\" | wc -c", "sh"]).arg(folder().join(WASM_MODULE));
    let bytes: u64 = run::output(&mut gzip)?.trim().parse().context("the size of the gzipped wasm")?;
    say::line(&format!("    {WASM_MODULE}: {bytes} bytes gzipped, of {MOST_BYTES_GZIPPED}"));
    ensure!(bytes > 0 && bytes <= MOST_BYTES_GZIPPED, "the Worker's wasm is too large: what has come into it?");
    Ok(())
}

/// Compiles a crate for wasm, and puts the optimised module and its glue into `folder`. While the file that it gives back
/// is open, no other build writes there.
///
/// # Errors
/// The first failed command.
pub(crate) fn module(tools: &Tools, package: &str, folder: &Path) -> anyhow::Result<File> {
    say::step(&format!("{package}: compile for wasm"), || {
        let mut cargo = run::cargo(Some(&tools.wasm_toolchain));
        cargo.args(["build", "--package", package, "--lib", "--profile", "wasm", "--target", WASM]);
        let rustc = || {
            let mut rustc = run::command("rustc");
            rustc.env("RUSTUP_TOOLCHAIN", &tools.wasm_toolchain);
            rustc
        };
        run::shown(cargo.args(remap::arguments(WASM, rustc)?))
    })?;
    fs::create_dir_all(folder)?;
    // Two builds at once would mix their files.
    let lock = File::create(folder.join(".lock"))?;
    lock.lock()?;
    let compiled = run::target().join(WASM).join(format!("wasm/{}.wasm", package.replace('-', "_")));
    let code = fs::read(&compiled).with_context(|| format!("reading {}", compiled.display()))?;
    let flags = format!("{BINDGEN_FLAGS:?} {OPT_FLAGS:?} {BUNDLE_FLAGS:?}");
    let packages = fs::read(run::root().join("package.json"))?;
    let stamp = Stamp::new(folder.join(".stamp"), &[&code, flags.as_bytes(), &packages]);
    let done = stamp.fits() && folder.join(WASM_MODULE).exists() && folder.join(GLUE_MODULE).exists();
    if !done {
        stamp.clear()?;
        say::step(&format!("{package}: wasm-bindgen, wasm-opt -O3, esbuild"), || bind_and_optimise(&compiled, folder))?;
        stamp.set()?;
    }
    Ok(lock)
}

/// The modules of the built edge, the main one first.
///
/// # Errors
/// When the edge is not built.
pub(crate) fn modules() -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(folder()).context("the edge is not built: run cargo xtask build edge")?;
    let mut names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into()).collect();
    names.retain(|name| !name.starts_with('.') && (is_script(name) || name.ends_with(".wasm")));
    names.sort_by_key(|name| (name != MAIN_MODULE, name.clone()));
    ensure!(
        names.first().is_some_and(|name| name == MAIN_MODULE) && names.iter().any(|name| name == WASM_MODULE),
        "the edge is not built: run cargo xtask build edge"
    );
    Ok(names)
}

/// Measures the edge; the result goes into the documentation unless `arguments` say where.
pub(crate) fn bench(arguments: &[OsString]) -> anyhow::Result<()> {
    set_up_and_build()?;
    let mut cargo = run::cargo(None);
    cargo.args(["run", "--release", "--package", "clouddrop-bench", "--", "--edge"]).arg(folder());
    if !arguments.iter().any(|argument| argument == "--write" || argument == "--help") {
        cargo.args(["--write", "docs/performance.md"]);
    }
    cargo.args(arguments);
    // The benchmark is not what is measured: building it in one unit with the linker's optimisation takes minutes.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    run::shown(&mut cargo)
}

fn bind_and_optimise(compiled: &Path, folder: &Path) -> anyhow::Result<()> {
    // Beside the result: renaming within a file system is one step.
    let stage = folder.join(".stage");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    run::shown(
        run::command(Tools::program("wasm-bindgen")).args(BINDGEN_FLAGS).arg("--out-dir").arg(&stage).arg(compiled),
    )?;
    let (graph, needed) = (stage.join("exports.json"), stage.join("needed.wasm"));
    run::shown(
        run::command(node::binary()?)
            .arg(run::root().join("tools/edge-exports.mjs"))
            .arg(stage.join(WASM_MODULE))
            .arg(&graph),
    )?;
    let mut drop = node::script("binaryen/bin/wasm-metadce")?;
    drop.args(FEATURES).arg("-f").arg(&graph).arg(stage.join(WASM_MODULE)).arg("-o").arg(&needed);
    // It prints what it drops: nobody needs to see that.
    run::output(&mut drop)?;
    let optimised = stage.join("optimised.wasm");
    run::shown(
        node::script("binaryen/bin/wasm-opt")?.args(FEATURES).args(OPT_FLAGS).arg(&needed).arg("-o").arg(&optimised),
    )?;
    let bundle = stage.join("bundle.js");
    run::shown(
        node::script("esbuild/bin/esbuild")?
            .args(BUNDLE_FLAGS)
            .arg(stage.join(GLUE_MODULE))
            .arg(format!("--outfile={}", bundle.display())),
    )?;
    fs::rename(&optimised, folder.join(WASM_MODULE))?;
    fs::rename(&bundle, folder.join(GLUE_MODULE))?;
    fs::remove_dir_all(&stage)?;
    Ok(())
}

/// Copies the scripts that are written by hand, and removes those that are no longer there.
fn copy_modules(from: &Path) -> anyhow::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_script(&name) && name != GLUE_MODULE {
            replace(&folder().join(&name), &fs::read(entry.path())?)?;
            names.push(name);
        }
    }
    for entry in fs::read_dir(folder())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_script(&name) && name != GLUE_MODULE && !names.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_script(name: &str) -> bool {
    !name.starts_with('.') && (name.ends_with(".mjs") || name.ends_with(".js"))
}
