//! Where token keys are kept: a secret of AWS Secrets Manager, or a file that is for its owner only.

use crate::aws::Secrets;
use crate::exit::{Failure, Result};
use clouddrop_core::SecretText;
use clouddrop_core::rotation::Ring;
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::str::FromStr;

/// What is put behind a file's name while it is written.
const NEW: &str = ".new";
/// What names a file.
const FILE: &str = "file:";
/// The member that holds the keys, and the variable.
const MEMBER: &str = "TOKEN_KEYS";

/// See the module.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// A file with the value of a variable.
    File(PathBuf),
    /// A secret, by its name or ARN: a JSON object of such values.
    Secret(String),
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.strip_prefix(FILE) {
            Some("") => Err("file: needs a path behind it".into()),
            Some(path) => Ok(Self::File(path.into())),
            None if text.is_empty() => Err("is empty".into()),
            None => Ok(Self::Secret(text.into())),
        }
    }
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Secret(id) => write!(f, "the secret {id}"),
        }
    }
}

impl Store {
    /// The keys; none, where there are none yet.
    ///
    /// # Errors
    /// They cannot be read, or are not such as an edge would start with.
    pub(crate) fn keys(&self, region: Option<&str>) -> Result<Ring> {
        let text = self.text(MEMBER, region)?;
        if matches!(text.secret_text().trim(), "" | "[]") {
            return Ok(Ring::empty());
        }
        // The faults name places and quote no value.
        Ring::parse(text.secret_text()).map_err(|faults| Failure::failed(format!("{self}: {faults}")))
    }

    /// Makes these the keys.
    ///
    /// # Errors
    /// They cannot be written.
    pub(crate) fn put_keys(&self, ring: &Ring, region: Option<&str>) -> Result<()> {
        self.put_text(MEMBER, &ring.value(), region)
    }

    /// The value of a variable; empty, where there is none.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn text(&self, member: &str, region: Option<&str>) -> Result<SecretText> {
        let text = match self {
            Self::File(path) => match fs::read_to_string(path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
                Err(error) => return Err(Failure::failed(format!("{self}: {error}"))),
            },
            Self::Secret(id) => match Secrets::new(region)?.read(id)?.remove(member) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text,
                Some(other) => other.to_string(),
            },
        };
        Ok(SecretText::new(text))
    }

    /// Makes this the value of a variable, in one step; a secret's other members stay.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn put_text(&self, member: &str, text: &SecretText, region: Option<&str>) -> Result<()> {
        match self {
            Self::File(path) => {
                let mut new = path.as_os_str().to_owned();
                new.push(NEW);
                let mut options = fs::OpenOptions::new();
                // What a crash has left is written over; nobody else may have opened it.
                options.write(true).create(true).truncate(true).mode(0o600);
                let written = options.open(&new).and_then(|mut file| {
                    file.write_all(text.secret_text().as_bytes())?;
                    file.sync_data()?;
                    fs::rename(&new, path)
                });
                written.map_err(|error| Failure::failed(format!("{self}: {error}")))
            }
            Self::Secret(id) => {
                let secrets = Secrets::new(region)?;
                let mut members = secrets.read(id)?;
                members.insert(member.into(), text.secret_text().into());
                secrets.write(id, &members)
            }
        }
    }
}
