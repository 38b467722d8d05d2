//! The program as a user has it: a home of its own, the stack's address and key in the environment, nothing else.

use clouddrop_tests::stack::Stack;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A user's home.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    page: String,
    key: String,
}

#[allow(dead_code, reason = "each test takes what it needs")]
impl Home {
    pub(crate) fn of(stack: &Stack) -> Self {
        let page = stack.ready.page.trim_end_matches('/').to_string();
        Self { folder: tempfile::tempdir().unwrap(), page, key: stack.ready.api_key.clone() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program in the home's folder. No proxy of this machine is asked.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clouddrop"));
        command.env_clear().env("HOME", self.folder.path()).env("CLOUDDROP_URL", &self.page);
        command.env("CLOUDDROP_API_KEY", &self.key).current_dir(self.folder.path()).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// A command line for a shell, in which `clouddrop` is the program.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_clouddrop"));
        let mut shell = Command::new("sh");
        shell.env_clear().env("HOME", self.folder.path()).env("CLOUDDROP_URL", &self.page);
        shell
            .env("CLOUDDROP_API_KEY", &self.key)
            .current_dir(self.folder.path())
            .args(["-c", line])
            .stdin(Stdio::null());
        let folder = program.parent().unwrap().display();
        shell.env("PATH", format!("{folder}:/usr/bin:/bin"));
        shell
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs with something on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What a run that must succeed prints.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        text(&self.run(arguments))
    }

    /// The same as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend_from_slice(arguments);
        serde_json::from_str(&self.must(&all)).unwrap()
    }

    /// What a run says that must end with `exit`.
    pub(crate) fn fails(&self, exit: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        said
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The names of what is in a folder of the home, hidden ones too, but for what the program keeps for itself.
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = entries(&self.path(folder));
        names.retain(|name| name != ".local");
        names.sort();
        names
    }

    /// Uploads that are written down as unfinished.
    pub(crate) fn unfinished(&self) -> usize {
        entries(&self.path(".local/state/clouddrop/uploads")).iter().filter(|name| name.ends_with(".json")).count()
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// What a run that has succeeded printed.
pub(crate) fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap().trim_end().to_string()
}
