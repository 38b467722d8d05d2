//! Where the service is and who calls it: the environment, or a file that only its owner can read.

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use anyhow::Context as _;
use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The page's address.
pub(crate) const URL_VARIABLE: &str = "CLOUDDROP_URL";
/// For opening files whose names others can foresee: a link that they have put there leads nowhere.
#[expect(clippy::cast_possible_wrap, reason = "flags are bits")]
pub(crate) const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
/// The API key.
pub(crate) const KEY_VARIABLE: &str = "CLOUDDROP_API_KEY";

/// The file: one service for each profile.
#[derive(Serialize, Deserialize, Default, Debug)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// A service and a key of it.
#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The page's address.
    pub(crate) url: String,
    /// The API key.
    pub(crate) api_key: String,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("url", &self.url).field("api_key", &"..").finish()
    }
}

/// The configuration file.
pub(crate) fn path() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy().context("no home directory is known: set HOME")?;
    Ok(base.config_dir().join("clouddrop/config.toml"))
}

/// The folder of uploads that are not finished.
pub(crate) fn state_folder() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy().context("no home directory is known: set HOME")?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Ok(state.join("clouddrop/uploads"))
}

/// The file as it is; empty where there is none.
pub(crate) fn read() -> Result<File> {
    let path = path()?;
    match fs::read_to_string(&path) {
        // toml's own message quotes the line, which may hold the key.
        Ok(text) => toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(String::new(), |span| format!(" at byte {}", span.start));
            Failure::failed(format!(
                "{} is no configuration{at}: mend it, or remove it and log in again",
                path.display()
            ))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(Failure::failed(format!("{}: {error}", path.display()))),
    }
}

/// Writes the file in one step.
pub(crate) fn write(file: &File) -> Result<PathBuf> {
    let path = path()?;
    let text = toml::to_string(file).context("writing the configuration")?;
    write_private(&path, text.as_bytes())?;
    Ok(path)
}

/// The profile to call with: what the environment says stands before the file.
pub(crate) fn profile(name: &str) -> Result<Profile> {
    let set = |variable: &str| std::env::var(variable).ok().filter(|text| !text.is_empty());
    let (url, key) = (set(URL_VARIABLE), set(KEY_VARIABLE));
    let (url, api_key) = match (url, key) {
        (Some(url), Some(key)) => (url, key),
        (url, key) => {
            let kept = read()?.profiles.get(name).cloned();
            let missing = || {
                let message = format!("not signed in: run clouddrop login, or set {URL_VARIABLE} and {KEY_VARIABLE}");
                Failure::new(Exit::SignIn, message)
            };
            let (kept_url, kept_key) = kept.map(|kept| (kept.url, kept.api_key)).unzip();
            // A key is only ever sent to the service that it was given for.
            if url.is_some() && key.is_none() && url.as_deref().map(trimmed) != kept_url.as_deref().map(trimmed) {
                return Err(missing());
            }
            (url.or(kept_url).ok_or_else(missing)?, key.or(kept_key).ok_or_else(missing)?)
        }
    };
    check_url(&url)?;
    Ok(Profile { url: trimmed(&url).into(), api_key })
}

fn trimmed(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// Keys travel by https, or to this machine.
pub(crate) fn check_url(url: &str) -> Result<()> {
    let host = url.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or(""));
    // `http://localhost:x@example.com` leads to example.com.
    let authority = url.split('/').nth(2).unwrap_or("");
    if authority.contains(['@', '\\']) {
        return Err(Failure::usage("an address has no user name and no backslash: write https:// and the host"));
    }
    if url.starts_with("https://") || matches!(host, Some("127.0.0.1" | "localhost")) {
        return Ok(());
    }
    Err(Failure::usage(format!("{url} is no address of a service: it begins with https://")))
}

/// Writes a file for its owner only, in one step: it is whole or not there, after a crash, too.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().context("a file without a folder")?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let new = beginning_of(path);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).custom_flags(NO_LINK);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_data()?;
        fs::rename(&new, path)
    });
    written.with_context(|| format!("writing {}", path.display()))?;
    // Not every file system can make a name last.
    let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Removes a file that was written so, and what a crash has left of it. What cannot be removed is in nobody's way: it
/// belongs to one upload or download only.
pub(crate) fn remove_private(path: &Path) {
    for file in [path, &beginning_of(path)] {
        let _ = fs::remove_file(file);
    }
}

/// The file as long as it is being written. One name for each: what a crash leaves is written over.
fn beginning_of(path: &Path) -> PathBuf {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    new.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_by_https_or_to_this_machine() {
        for good in ["https://share.example.com", "http://127.0.0.1:8787/", "http://localhost"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in ["share.example.com", "http://share.example.com", "http://127.0.0.1.evil.example/", "ftp://a", ""]
            .into_iter()
            .chain(["http://localhost:x@evil.example/", "https://share.example.com@evil.example", "https://a\\b/"])
        {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_profile_shows_no_key() {
        let profile = Profile { url: "https://a".into(), api_key: "cd_secret".into() };
        assert!(!format!("{profile:?}").contains("secret"));
    }
}
