//! The web page: `web/build.mjs` makes it out of `web/` into `target/web`, where the edge's platform takes it from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::stamp::Stamp;
use crate::{node, run, say, setup};

/// The folder of the built page.
pub(crate) fn folder() -> PathBuf {
    run::root().join("target/web")
}

/// Sets up what is missing and builds the page.
pub(crate) fn set_up_and_build() -> anyhow::Result<()> {
    setup::everything()?;
    build()
}

/// Builds the page into [`folder`], unless it is made of just these sources already.
///
/// # Errors
/// Where a source cannot be read, or the first failed command.
pub(crate) fn build() -> anyhow::Result<()> {
    let root = run::root();
    let mut sources = Vec::new();
    read_sources(&root.join("web"), &mut sources)?;
    sources.push(fs::read(root.join("package.json"))?);
    let inputs: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
    // Beside the folder, not in it: what is in it is served.
    let stamp = Stamp::new(root.join("target/.web.stamp"), &inputs);
    if stamp.fits() && folder().join("index.html").exists() {
        return Ok(());
    }
    stamp.clear()?;
    say::step("web: esbuild", || {
        run::shown(run::command(node::binary()?).arg(root.join("web/build.mjs")).arg(folder()))
    })?;
    stamp.set()
}

/// The names and contents of all files below `folder`, in the order of their names.
fn read_sources(folder: &Path, sources: &mut Vec<Vec<u8>>) -> anyhow::Result<()> {
    let reading = || format!("reading {}", folder.display());
    let mut entries =
        fs::read_dir(folder).with_context(reading)?.collect::<Result<Vec<_>, _>>().with_context(reading)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        sources.push(entry.file_name().into_encoded_bytes());
        if entry.file_type()?.is_dir() {
            read_sources(&entry.path(), sources)?;
        } else {
            sources.push(fs::read(entry.path()).with_context(|| format!("reading {}", entry.path().display()))?);
        }
    }
    Ok(())
}
