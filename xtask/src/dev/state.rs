//! What the development stack keeps between starts: its random credentials, in `state.json`, for the owner only.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The issuer of the stack's tokens.
pub(crate) const ISSUER: &str = "clouddrop";
/// The letters of AWS access key ids (base 32 of RFC 4648).
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The state file's content. Holds secrets: it has no `Debug`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// Of the S3 server at its last start; taken again where it is free.
    pub(crate) s3_port: u16,
    /// The edge's AWS identity.
    pub(crate) edge: AccessKey,
    /// The signer's AWS identity.
    pub(crate) signer: AccessKey,
    /// In the form in which edge and signer read them; the newest first.
    pub(crate) token_keys: Vec<TokenKey>,
    /// What a person calls the API with.
    pub(crate) api_key: String,
}

/// An AWS access key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessKey {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// A key of share tokens.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenKey {
    issuer: String,
    kid: String,
    /// Base64url of 32 random bytes.
    secret: String,
}

impl State {
    /// The state kept in `folder`, or a new one. The flag says whether it is new.
    ///
    /// # Errors
    /// A state file that cannot be read; a new one is not made over it, since that would end every link.
    pub(crate) fn load_or_make(folder: &Path) -> anyhow::Result<(Self, bool)> {
        let file = state_file(folder);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let state = Self::random()?;
                state.save(folder)?;
                return Ok((state, true));
            }
            Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
        };
        // serde's message could quote a secret: only its place is told.
        let state = serde_json::from_str(&text).map_err(|error| {
            anyhow::anyhow!(
                "{} is damaged at line {}, column {}; remove it to get new credentials (files are kept, links end)",
                file.display(),
                error.line(),
                error.column()
            )
        })?;
        Ok((state, false))
    }

    /// Writes the state into `folder`, in one step.
    pub(crate) fn save(&self, folder: &Path) -> anyhow::Result<()> {
        let new = folder.join(".state.json.new");
        write_private(&new, &serde_json::to_vec_pretty(self)?)?;
        fs::rename(&new, state_file(folder)).context("writing state.json")
    }

    /// The value of TOKEN_KEYS.
    pub(crate) fn token_keys_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&self.token_keys)?)
    }

    /// SHA-256 of the API key in hexadecimal: all that the signer knows of it.
    pub(crate) fn api_key_hash(&self) -> String {
        Sha256::digest(&self.api_key).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What webhooks' secrets are made from. It follows from another secret of the stack: a state that an older program
    /// wrote has it, too.
    pub(crate) fn webhook_secret(&self) -> String {
        let mut hash = Sha256::new_with_prefix("webhooks");
        hash.update(&self.signer.secret_access_key);
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    fn random() -> anyhow::Result<Self> {
        let token_key = |kid: &str| -> anyhow::Result<TokenKey> {
            Ok(TokenKey { issuer: ISSUER.into(), kid: kid.into(), secret: random_text()? })
        };
        Ok(Self {
            s3_port: 0,
            edge: AccessKey::random()?,
            signer: AccessKey::random()?,
            token_keys: vec![token_key("dev-2")?, token_key("dev-1")?],
            api_key: format!("cd_{}", random_text()?),
        })
    }
}

impl AccessKey {
    fn random() -> anyhow::Result<Self> {
        let letters = random_bytes::<16>()?.map(|byte| char::from(ID_LETTERS[usize::from(byte % 32)]));
        Ok(Self { access_key_id: format!("AKIA{}", String::from_iter(letters)), secret_access_key: random_text()? })
    }
}

/// The state file in `folder`.
pub(crate) fn state_file(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

/// Makes `folder` for the owner only, where it is missing.
pub(crate) fn make_private(folder: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("making {}", folder.display()))
}

/// Writes a file that only its owner may read, from its first byte on.
pub(crate) fn write_private(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    let _ = fs::remove_file(file);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut file| file.write_all(content))
        .with_context(|| format!("writing {}", file.display()))
}

/// Takes `folder` for this process until the returned file is dropped.
///
/// # Errors
/// When another stack runs on it.
pub(crate) fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            write!(file, "{}", std::process::id())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Its number is a help only.
            let _ = file.read_to_string(&mut owner);
            bail!(
                "another stack uses {} (process {owner}); end it, or give another folder with --data",
                folder.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

/// 32 random bytes in base64url.
fn random_text() -> anyhow::Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

fn random_bytes<const LENGTH: usize>() -> anyhow::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_first_start_makes_random_credentials_and_the_second_keeps_them() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, is_new) = State::load_or_make(one.path()).unwrap();
        assert!(is_new);
        let (again, is_new) = State::load_or_make(one.path()).unwrap();
        assert!(!is_new);
        assert_eq!(serde_json::to_string(&first).unwrap(), serde_json::to_string(&again).unwrap());
        let (different, _) = State::load_or_make(other.path()).unwrap();
        assert_ne!(first.api_key, different.api_key);
        assert_ne!(first.edge.secret_access_key, first.signer.secret_access_key);
        assert_ne!(first.token_keys[0].secret, first.token_keys[1].secret);
        assert_eq!(first.edge.access_key_id.len(), 20);
    }

    #[test]
    fn only_the_owner_reads_the_state() {
        let folder = tempfile::tempdir().unwrap();
        State::load_or_make(folder.path()).unwrap();
        let mode = fs::metadata(state_file(folder.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_state_is_kept_and_its_secrets_are_not_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(state_file(folder.path()), "{\"api_key\": \"cd_secret\", \"other\": \"word\"}").unwrap();
        let error = State::load_or_make(folder.path()).map(drop).unwrap_err().to_string();
        assert!(error.contains("state.json is damaged at line 1"), "{error}");
        assert!(!error.contains("cd_secret") && !error.contains("word"), "{error}");
        assert!(state_file(folder.path()).exists());
    }

    #[test]
    fn a_folder_belongs_to_one_stack() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        let error = lock(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(held);
        // A child that another test starts holds it for a moment more, until its own program begins.
        while lock(folder.path()).is_err() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_signer_gets_the_hash_of_the_key() {
        let mut state = State::random().unwrap();
        state.api_key = "abc".into();
        // SHA-256 of "abc": FIPS 180-2, appendix B.1.
        assert_eq!(state.api_key_hash(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
