//! `cargo xtask infra check`: the templates of `infra/` by cfn-lint, SAM and checkov, their promises by rules of cfn-guard, and
//! whether they fit the code: metrics, runbook, calls. Each check is shown something broken as well, which it must find.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow, ensure};

use crate::stamp::Stamp;
use crate::{run, say, setup};

/// cfn-guard in a package of AWS's own, as a program for this platform: compiling it takes minutes.
const GUARD: &str = "@cdklabs/cdk-validator-cfnguard@0.0.62";
/// The checker of known mistakes; what is none here stands in infra/checks/exceptions.yaml.
const CHECKOV: &str = "checkov==3.3.8";
const FOLDER: &str = "infra";
/// A template with faults; the lines say which.
const PLANTED: &str = "infra/checks/planted/faults.yaml";
/// The region that templates are checked for: what they name must be in all regions, and this one has all.
const REGION: &str = "us-east-1";

/// Checks all that can be known without an account.
///
/// # Errors
/// The first finding.
pub(crate) fn run() -> anyhow::Result<()> {
    setup::aws_programs()?;
    setup::python_tool("checkov", CHECKOV)?;
    let guard = guard()?;
    let checkov = run::root().join(".tools/checkov/bin/checkov");
    let templates = templates()?;
    say::step("templates: cfn-lint", || lint(&templates))?;
    say::step("templates: sam validate", || validate(&templates))?;
    say::step("templates: the signer's image is its package's twin", || {
        run::shown(python().arg(run::root().join("infra/checks/image.py")))
    })?;
    let check = |names: &[&str]| {
        run::shown(python().arg("infra/checks").args(names).env("CFN_GUARD", &guard).env("CHECKOV", &checkov))
    };
    say::step("templates: rules", || check(&["rules"]))?;
    say::step("templates: every rule finds what breaks it", || check(&["mutations"]))?;
    say::step("templates and Dockerfile: checkov", || check(&["checkov"]))?;
    say::step("templates: metrics, runbook and calls are the code's", || {
        check(&["metrics", "alarms", "actions", "nested"])
    })?;
    say::step("templates: changes of the code are found", || check(&["changed-code"]))
}

fn templates() -> anyhow::Result<Vec<PathBuf>> {
    let folder = run::root().join(FOLDER);
    let entries = fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    ensure!(!paths.is_empty(), "there is no template in {FOLDER}");
    Ok(paths)
}

/// cfn-lint, with what is only advice. A linter that was switched off, or looks elsewhere, would find nothing in our own
/// templates either: it looks at planted faults in the same run.
fn lint(templates: &[PathBuf]) -> anyhow::Result<()> {
    let planted = fs::read_to_string(run::root().join(PLANTED)).with_context(|| format!("reading {PLANTED}"))?;
    let mut lint = run::command(setup::aws_program("cfn-lint"));
    lint.args(["--regions", REGION, "--include-checks", "I", "--format", "parseable", "--"])
        .args(templates)
        .arg(PLANTED);
    let output = lint.output().with_context(|| run::spelled(&lint))?;
    let told = String::from_utf8_lossy(&output.stdout);
    judge(&told, &planted)
        .map_err(|fault| anyhow!("{fault}{}\n{}", String::from_utf8_lossy(&output.stderr), run::spelled(&lint)))
}

/// What is found must be what is planted, whose lines name it in a comment: `PATH:LINE:COLUMN:LINE:COLUMN:CODE:TEXT`.
fn judge(told: &str, planted: &str) -> Result<(), String> {
    let (of_planted, ours): (Vec<&str>, Vec<&str>) = told.lines().partition(|line| line.starts_with(PLANTED));
    if !ours.is_empty() {
        return Err(ours.join("\n"));
    }
    let mut codes = planted.lines().filter_map(|line| Some(line.split_once(" # ")?.1)).peekable();
    if codes.peek().is_none() {
        return Err(format!("nothing is planted in {PLANTED}"));
    }
    match codes.find(|code| !of_planted.iter().any(|line| line.contains(&format!(":{code}:")))) {
        Some(code) => Err(format!("{code} is not found in {PLANTED}")),
        None => Ok(()),
    }
}

/// The Python that SAM is in, for it transforms the templates.
fn python() -> Command {
    let mut python = run::command(setup::aws_program("python"));
    python.env("AWS_DEFAULT_REGION", REGION).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// `sam validate` of each that is SAM's, and of the planted faults.
fn validate(templates: &[PathBuf]) -> anyhow::Result<()> {
    let is_sam =
        |path: &&PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("\nTransform: AWS::Serverless"));
    let of_sam: Vec<&PathBuf> = templates.iter().filter(is_sam).collect();
    ensure!(!of_sam.is_empty(), "no template is SAM's");
    let mut sam = python();
    sam.arg("infra/checks/validate.py").env("SAM_CLI_TELEMETRY", "0").env("SAM_CLI_CHECK_FOR_UPDATES", "0");
    run::shown(sam.arg(PLANTED).args(of_sam))
}

/// The program cfn-guard, brought if it is not there.
fn guard() -> anyhow::Result<PathBuf> {
    let system = match std::env::consts::OS {
        "linux" => "ubuntu",
        other => other,
    };
    let folder = run::root().join(".tools/guard");
    let program = folder.join("package/bin").join(system).join(std::env::consts::ARCH).join("cfn-guard");
    let stamp = Stamp::new(folder.join(".clouddrop"), &[GUARD.as_bytes()]);
    if !stamp.fits() {
        say::step("cfn-guard into .tools/guard (12 MB)", || {
            bring(&folder)?;
            stamp.set()
        })?;
    }
    ensure!(program.exists(), "{GUARD} has no cfn-guard for {system} on {}", std::env::consts::ARCH);
    Ok(program)
}

/// The package alone: its dependencies are a framework that cfn-guard does not need.
fn bring(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let mut pack = run::command("npm");
    pack.args(["pack", GUARD, "--silent", "--pack-destination"]).arg(folder);
    let archive = run::output(&mut pack)?;
    let archive = folder.join(archive.lines().last().unwrap_or_default());
    run::shown(run::command("tar").arg("-xzf").arg(&archive).arg("-C").arg(folder).arg("package/bin"))?;
    fs::remove_file(&archive).with_context(|| format!("removing {}", archive.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linter_must_find_what_is_planted_and_nothing_else() {
        let planted = "a: 1 # E1\nb: 2\nc: 3 # E2\n";
        let one = format!("{PLANTED}:1:1:1:2:E1:text\n");
        let both = format!("{one}{PLANTED}:3:1:3:2:E2:text\n");
        assert_eq!(judge(&both, planted), Ok(()));
        assert_eq!(judge(&one, planted), Err(format!("E2 is not found in {PLANTED}")));
        assert_eq!(judge("", planted), Err(format!("E1 is not found in {PLANTED}")));
        assert_eq!(
            judge(&format!("{both}/x/infra/edge.yaml:1:1:1:2:E1:text"), planted),
            Err("/x/infra/edge.yaml:1:1:1:2:E1:text".into())
        );
        assert_eq!(judge("", "a: 1\n"), Err(format!("nothing is planted in {PLANTED}")));
    }
}
