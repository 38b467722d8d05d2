//! The programs that are measured, each told to send and fetch in its own way, with its own defaults.

use anyhow::{Context as _, bail};
use clouddrop_tests::stack::Stack;
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One run of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    /// The most memory that was resident, in MiB.
    pub(crate) mebibytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Clouddrop,
    Aws,
    Rclone,
}

/// A program.
#[derive(Debug)]
pub(crate) struct Peer {
    kind: Kind,
    program: PathBuf,
    environment: Vec<(String, String)>,
    bucket: String,
    prefix: String,
}

impl Peer {
    /// Those that are there; clouddrop first.
    pub(crate) fn all(stack: &Stack, clouddrop: &Path, folder: &Path, home: &Path) -> anyhow::Result<Vec<Self>> {
        let state: Value = serde_json::from_slice(&fs::read(&stack.ready.state)?)?;
        let text = |owner: &str, name: &str| state[owner][name].as_str().unwrap_or("").to_string();
        // The peers are given what the edge and the signer have between them: one may read, the other may write.
        let common = |more: &[(&str, String)]| {
            let mut all = vec![("HOME".into(), home.display().to_string()), ("PATH".into(), "/usr/bin:/bin".into())];
            all.extend(more.iter().map(|(name, value)| ((*name).to_string(), value.clone())));
            all
        };
        let s3 = &stack.ready.s3;
        let credentials = |owner: &str| {
            vec![
                ("AWS_ACCESS_KEY_ID", text(owner, "access_key_id")),
                ("AWS_SECRET_ACCESS_KEY", text(owner, "secret_access_key")),
            ]
        };
        let mut peers = vec![Self {
            kind: Kind::Clouddrop,
            program: clouddrop.into(),
            environment: common(&[
                ("CLOUDDROP_URL", stack.ready.page.trim_end_matches('/').into()),
                ("CLOUDDROP_API_KEY", stack.ready.api_key.clone()),
            ]),
            bucket: s3.bucket.clone(),
            prefix: stack.ready.object_prefix.clone(),
        }];
        for (kind, name) in [(Kind::Aws, "aws"), (Kind::Rclone, "rclone")] {
            let program = folder.join(name);
            if !program.exists() {
                continue;
            }
            let mut environment = common(&credentials("signer"));
            environment.extend(
                [
                    ("READ_ACCESS_KEY_ID", text("edge", "access_key_id")),
                    ("READ_SECRET_ACCESS_KEY", text("edge", "secret_access_key")),
                    ("AWS_ENDPOINT_URL_S3", s3.endpoint.clone()),
                    ("AWS_DEFAULT_REGION", s3.region.clone()),
                    ("AWS_REGION", s3.region.clone()),
                    ("RCLONE_CONFIG_S_TYPE", "s3".into()),
                    ("RCLONE_CONFIG_S_PROVIDER", "Other".into()),
                    ("RCLONE_CONFIG_S_ENV_AUTH", "true".into()),
                    ("RCLONE_CONFIG_S_ENDPOINT", s3.endpoint.clone()),
                    ("RCLONE_CONFIG_S_REGION", s3.region.clone()),
                    ("RCLONE_CONFIG_S_NO_CHECK_BUCKET", "true".into()),
                ]
                .map(|(name, value)| (name.to_string(), value)),
            );
            peers.push(Self {
                kind,
                program,
                environment,
                bucket: s3.bucket.clone(),
                prefix: stack.ready.object_prefix.clone(),
            });
        }
        // A benchmark that cannot open enough files measures something else.
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        if files < 256 {
            bail!("only {files} files may be open: ulimit -n 1024");
        }
        Ok(peers)
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self.kind {
            Kind::Clouddrop => "clouddrop",
            Kind::Aws => "aws s3 cp",
            Kind::Rclone => "rclone",
        }
    }

    /// Sends the file; what it is fetched by.
    pub(crate) fn put(&self, file: &Path, round: usize) -> anyhow::Result<(Run, String)> {
        let path = file.display().to_string();
        let key = format!("{}bench/{}-{round}.bin", self.prefix, self.name().replace(' ', "-"));
        let arguments: Vec<String> = match self.kind {
            Kind::Clouddrop => ["put", &path].map(String::from).into(),
            Kind::Aws => ["s3", "cp", "--only-show-errors", &path, &format!("s3://{}/{key}", self.bucket)]
                .map(String::from)
                .into(),
            Kind::Rclone => [
                "copyto",
                "--no-check-dest",
                "--s3-no-head",
                "--multi-thread-streams",
                "0",
                &path,
                &format!("s:{}/{key}", self.bucket),
            ]
            .map(String::from)
            .into(),
        };
        let (run, told) = self.run(&arguments, false)?;
        Ok((run, if self.kind == Kind::Clouddrop { told.trim().into() } else { key }))
    }

    /// Fetches it.
    pub(crate) fn get(&self, key: &str, to: &Path) -> anyhow::Result<Run> {
        let to = to.display().to_string();
        let arguments: Vec<String> = match self.kind {
            Kind::Clouddrop => ["get", key, "-o", &to].map(String::from).into(),
            Kind::Aws => {
                ["s3", "cp", "--only-show-errors", &format!("s3://{}/{key}", self.bucket), &to].map(String::from).into()
            }
            Kind::Rclone => ["copyto", &format!("s:{}/{key}", self.bucket), &to].map(String::from).into(),
        };
        Ok(self.run(&arguments, true)?.0)
    }

    fn run(&self, arguments: &[String], reads: bool) -> anyhow::Result<(Run, String)> {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(self.environment.iter().cloned()).args(arguments).stdin(Stdio::null());
        if reads && self.kind != Kind::Clouddrop {
            for name in ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"] {
                let value = self.environment.iter().find(|(other, _)| *other == format!("READ_{name}"));
                command.env(format!("AWS_{name}"), value.map_or("", |(_, value)| value.as_str()));
            }
        }
        let begun = Instant::now();
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("starting {}", self.program.display()))?;
        let mut most = 0;
        let status = loop {
            most = most.max(resident(child.id()));
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let seconds = begun.elapsed().as_secs_f64();
        let output = child.wait_with_output()?;
        if !status.success() {
            bail!("{} {:?}: {}", self.name(), arguments.first(), String::from_utf8_lossy(&output.stderr));
        }
        Ok((Run { seconds, mebibytes: most / 1024 }, String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}

/// The high-water mark of a process's resident memory so far, in KiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
