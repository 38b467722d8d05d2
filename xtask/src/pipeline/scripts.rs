//! The scripts of the deployment, with programs in the place of `aws` and `wrangler` that write down how they were
//! called and answer as told.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::run;

/// An environment to deploy to.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.path("before")).unwrap();
        fs::create_dir(place.path("work")).unwrap();
        fs::copy(run::root().join("wrangler.toml"), place.path("work/wrangler.toml")).unwrap();
        place.program("aws", "");
        place.program("wrangler", "");
        place
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A program that writes down its arguments and goes on with `script`.
    fn program(&self, name: &str, script: &str) {
        let calls = self.path("calls");
        let text = format!("#!/bin/bash\necho \"{name} $*\" >>{}\n{script}\n", calls.display());
        let file = self.path(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn note(&self, name: &str, text: &str) {
        fs::write(self.path("before").join(name), text).unwrap();
    }

    fn noted(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path("before").join(name)).ok().map(|text| text.trim().to_owned())
    }

    /// Whether a script succeeded, what it printed, and what was called.
    fn run(&self, script: &str, arguments: &[&str]) -> (bool, String, Vec<String>) {
        let _ = fs::remove_file(self.path("calls"));
        let rest = std::env::var("PATH").unwrap();
        let output = Command::new(run::root().join(".github/scripts").join(script))
            .args(arguments)
            .current_dir(self.path("work"))
            .env("PATH", format!("{}:{rest}", self.folder.path().display()))
            .env("WRANGLER", self.path("wrangler"))
            .env("BEFORE", self.path("before"))
            .envs([
                ("STACK", "drop"),
                ("EDGE_STACK", "drop-edge"),
                ("WORKER_NAME", "drop"),
                ("AWS_REGION", "eu-central-1"),
            ])
            .envs([("ARTIFACTS_BUCKET", "bucket"), ("GITHUB_SHA", "abc"), ("PAUSE", "0")])
            .env("WORKER_VARS", "REGION:eu-central-1\nFILE_HOST:files.example.net\n")
            .env("PARAMETERS", "FirstDoor=lambda\nNote=two words\n")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        (output.status.success(), said, calls.lines().map(str::to_owned).collect())
    }
}

/// What the programs answer for a deployment that is there.
const KNOWN_AWS: &str = r#"case "$2" in
describe-stacks) echo '{"Stacks":[{"Parameters":[{"ParameterKey":"A","ParameterValue":"1"},
    {"ParameterKey":"Empty","ParameterValue":""},{"ParameterKey":"Hidden","ParameterValue":"****"}]}]}' ;;
get-template) echo '{"TemplateBody":"Resources:\n  A: b\n"}' ;;
esac"#;
const KNOWN_WORKER: &str = r#"case "$1 $2" in
"deployments status") echo '{"versions":[{"version_id":"few","percentage":10},{"version_id":"most","percentage":90}]}' ;;
"versions upload") echo '{"type":"wrangler-session"}' >"$WRANGLER_OUTPUT_FILE_PATH"
    echo '{"type":"version-upload","version_id":"new"}' >>"$WRANGLER_OUTPUT_FILE_PATH" ;;
esac"#;

#[test]
fn what_runs_is_written_down() {
    let place = Place::new();
    place.program("aws", KNOWN_AWS);
    place.program("wrangler", KNOWN_WORKER);
    let (succeeded, said, _) = place.run("remember.sh", &[]);
    assert!(succeeded, "{said}");
    assert_eq!(place.noted("worker.old").unwrap(), "most");
    assert_eq!(place.noted("drop.template").unwrap(), "Resources:\n  A: b");
    assert_eq!(place.noted("drop-edge.region").unwrap(), "us-east-1");
    let parameters = place.noted("drop.parameters.json").unwrap();
    assert!(
        parameters.contains(r#""A""#) && parameters.contains("Empty") && !parameters.contains("Hidden"),
        "{parameters}"
    );
}

#[test]
fn what_is_not_there_yet_leaves_no_note_and_any_other_failure_ends_it() {
    let place = Place::new();
    place.program("aws", "echo 'Stack with id drop does not exist' >&2; exit 254");
    place.program("wrangler", "echo 'This Worker does not exist on your account. [code: 10007]' >&2; exit 1");
    let (succeeded, said, _) = place.run("remember.sh", &[]);
    assert!(succeeded && said.contains("the Worker is new"), "{said}");
    assert_eq!((place.noted("worker.old"), place.noted("drop.template")), (None, None));
    place.program("wrangler", "echo 'Authentication error [code: 10000]' >&2; exit 1");
    assert!(!place.run("remember.sh", &[]).0);
    place.program("wrangler", KNOWN_WORKER);
    assert!(place.run("remember.sh", &[]).0);
    place.program("aws", "echo 'ExpiredToken' >&2; exit 254");
    assert!(!place.run("remember.sh", &[]).0);
}

#[test]
fn a_stack_is_packed_and_deployed_with_all_parameters() {
    let place = Place::new();
    let (succeeded, said, calls) =
        place.run("deploy-stack.sh", &["us-east-1", "drop-edge", "infra/edge.yaml", "PageHost=share.example.com"]);
    assert!(succeeded, "{said}");
    assert!(
        calls[0].starts_with("aws cloudformation package --region us-east-1 --template-file infra/edge.yaml"),
        "{calls:?}"
    );
    assert!(calls[0].contains("--s3-bucket bucket-us-east-1"), "{calls:?}");
    assert!(calls[1].contains("cloudformation deploy --region us-east-1 --stack-name drop-edge"), "{calls:?}");
    assert!(
        calls[1].ends_with("--parameter-overrides PageHost=share.example.com FirstDoor=lambda Note=two words"),
        "{calls:?}"
    );
    place.program("aws", "[ \"$2\" = package ]");
    assert!(!place.run("deploy-stack.sh", &["us-east-1", "drop-edge", "infra/edge.yaml"]).0);
}

#[test]
fn a_new_version_of_the_worker_gets_its_part_of_the_traffic_and_then_all() {
    let place = Place::new();
    place.program("wrangler", KNOWN_WORKER);
    place.note("worker.old", "old");
    let (succeeded, said, calls) = place.run("worker.sh", &["upload", "10"]);
    assert!(succeeded, "{said}");
    assert!(calls[0].contains("--var REGION:eu-central-1 --var FILE_HOST:files.example.net"), "{calls:?}");
    assert!(calls[1].starts_with("wrangler versions deploy new@10% old@90% --name drop --yes"), "{calls:?}");
    let (_, _, calls) = place.run("worker.sh", &["promote"]);
    assert!(calls[0].starts_with("wrangler versions deploy new@100% "), "{calls:?}");
    let (_, _, calls) = place.run("worker.sh", &["upload", "100"]);
    assert!(calls[1].starts_with("wrangler versions deploy new@100% --name"), "{calls:?}");
    // What is uploaded is what was built before.
    let config = fs::read_to_string(place.path("work/wrangler.deploy.toml")).unwrap();
    assert!(!config.contains("cargo xtask build") && config.contains("[assets]") && config.contains("[[migrations]]"));
}

#[test]
fn a_worker_that_is_not_there_is_deployed_whole() {
    let place = Place::new();
    let (succeeded, said, calls) = place.run("worker.sh", &["upload", "10"]);
    assert!(succeeded && calls.len() == 1, "{said}");
    assert!(calls[0].starts_with("wrangler deploy --config wrangler.deploy.toml --name drop"), "{calls:?}");
    assert!(place.run("worker.sh", &["promote"]).2.is_empty());
}

#[test]
fn an_alarm_in_either_region_ends_the_watch() {
    let place = Place::new();
    let (succeeded, said, calls) = place.run("watch-alarms.sh", &["0"]);
    assert!(succeeded && calls.len() == 2, "{said}");
    for region in ["eu-central-1", "us-east-1"] {
        place.program("aws", &format!("case \"$*\" in *{region}*) echo drop-Faults ;; esac"));
        let (succeeded, said, _) = place.run("watch-alarms.sh", &["0"]);
        assert!(!succeeded && said.contains("drop-Faults"), "{said}");
    }
    // Not to know is not to be well.
    place.program("aws", "exit 254");
    assert!(!place.run("watch-alarms.sh", &["0"]).0);
}

#[test]
fn everything_is_brought_back_even_if_one_part_fails() {
    let place = Place::new();
    assert!(place.run("roll-back.sh", &[]).2.is_empty(), "there was nothing to go back to");
    place.note("worker.old", "old");
    for (stack, region) in [("drop", "eu-central-1"), ("drop-edge", "us-east-1")] {
        place.note(&format!("{stack}.template"), "Resources: {}");
        place.note(&format!("{stack}.region"), region);
    }
    let (succeeded, said, calls) = place.run("roll-back.sh", &[]);
    assert!(succeeded && calls.len() == 3, "{said}");
    assert!(calls[0].starts_with("wrangler versions deploy old@100% --name drop --yes"), "{calls:?}");
    let back = |call: &str, stack: &str| {
        let file = Path::new("before").join(format!("{stack}.parameters.json"));
        call.contains(&format!("--stack-name {stack} ")) && call.ends_with(file.to_str().unwrap())
    };
    assert!(
        calls.iter().any(|call| back(call, "drop")) && calls.iter().any(|call| back(call, "drop-edge")),
        "{calls:?}"
    );
    place.program("wrangler", "exit 1");
    let (succeeded, said, calls) = place.run("roll-back.sh", &[]);
    assert!(!succeeded && calls.len() == 3 && said.contains("not everything was rolled back"), "{said}");
}
