//! Secrets come by stdin, by the environment or by being typed; never as arguments, which others on the machine can read.

use crate::failure::{Failure, Result};
use anyhow::Context as _;
use std::io::{self, IsTerminal as _, Read as _};

/// The password of a link.
pub(crate) const PASSWORD_VARIABLE: &str = "CLOUDDROP_PASSWORD";
/// The keys that tokens are made and checked with.
pub(crate) const KEYS_VARIABLE: &str = "CLOUDDROP_TOKEN_KEYS";
const MAX_BYTES: u64 = 64 * 1024;

/// A link's password: of the environment, of stdin if that is asked for, or typed if there is somebody to type it.
pub(crate) fn password(from_stdin: bool) -> Result<Option<String>> {
    if let Some(text) = of_environment() {
        return Ok(Some(text));
    }
    if from_stdin || io::stdin().is_terminal() {
        return one("Password: ").map(Some);
    }
    Ok(None)
}

/// The password in the environment.
pub(crate) fn of_environment() -> Option<String> {
    variable(PASSWORD_VARIABLE)
}

/// An API key.
pub(crate) fn api_key() -> Result<String> {
    let key = variable(crate::config::KEY_VARIABLE).map_or_else(|| one("API key: "), Ok)?;
    Ok(key.trim().into())
}

/// Token keys, as `TOKEN_KEYS` of an edge has them.
pub(crate) fn token_keys() -> Result<String> {
    variable(KEYS_VARIABLE).map_or_else(all_of_stdin, Ok)
}

/// All of stdin, without the space around it.
pub(crate) fn all_of_stdin() -> Result<String> {
    Ok(stdin()?.trim().into())
}

fn stdin() -> Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_BYTES + 1).read_to_string(&mut text).context("reading stdin")?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Failure::usage("there is more on stdin than any secret or token has: is it the right file?"));
    }
    Ok(text)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// A secret in one line, not shown while it is typed.
fn one(prompt: &str) -> Result<String> {
    let text = if io::stdin().is_terminal() {
        rpassword::prompt_password(prompt).context("reading the terminal")?
    } else {
        stdin()?
    };
    // Spaces are part of it; only the end of the line is not.
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::usage(format!("no {}was given on stdin", prompt.to_lowercase().replace(':', ""))));
    }
    Ok(text.into())
}
