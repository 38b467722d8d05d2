//! The built edge on disk: which of its files are modules.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// The main module.
pub(crate) const MAIN: &str = "entry.mjs";
/// wasm-bindgen's JavaScript side.
const GLUE: &str = "clouddrop.js";
pub(crate) const WASM: &str = "clouddrop_bg.wasm";
/// A build has the three above and perhaps a few snippets; more is another folder given by mistake.
const MOST_MODULES: usize = 100;

/// The names of the modules in `folder`, relative to it, the main one first. wasm-bindgen puts the snippets of other
/// crates into folders of their own.
///
/// # Errors
/// When one of the three that every build has is missing.
pub(crate) fn modules(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    collect(folder, "", &mut names).with_context(|| format!("no edge in {}", folder.display()))?;
    names.sort_by_key(|name| (name != MAIN, name.clone()));
    for wanted in [MAIN, GLUE, WASM] {
        ensure!(names.iter().any(|name| name == wanted), "no {wanted} in {}: build the edge first", folder.display());
    }
    Ok(names)
}

/// Copies the modules `names` from one folder to another.
pub(crate) fn copy(names: &[String], from: &Path, to: &Path) -> anyhow::Result<()> {
    for name in names {
        let target = to.join(name);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(from.join(name), target).with_context(|| format!("copying {name}"))?;
    }
    Ok(())
}

fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), names)?;
        } else if [".js", ".mjs", ".wasm"].iter().any(|ending| name.ends_with(ending)) {
            ensure!(names.len() < MOST_MODULES, "more than {MOST_MODULES} modules");
            names.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;

    #[test]
    fn modules_are_found_in_folders_and_the_main_one_leads() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        for name in ["a/inline0.js", GLUE, "clouddrop.d.ts", WASM] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(modules(folder.path()).unwrap_err().to_string().starts_with("no entry.mjs"));
        fs::write(folder.path().join(MAIN), "").unwrap();
        assert_eq!(modules(folder.path()).unwrap(), [MAIN, "a/inline0.js", GLUE, WASM]);
    }
}
