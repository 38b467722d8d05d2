"""checkov on the transformed templates and on the signer's Dockerfile: what it finds is what exceptions.yaml gives a reason
for, no more and no less. Beside them lie planted faults, which it must find."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import yaml

from templates import FOLDER, ROOT, load, transformed

PLANTED = {
    "planted": {"CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV_AWS_18"},
    "Dockerfile.planted": {"CKV_DOCKER_3", "CKV_DOCKER_4", "CKV_DOCKER_7"},
}


def findings(templates):
    found = _found(templates)
    exceptions = yaml.safe_load((FOLDER / "checks" / "exceptions.yaml").read_text())
    return _compared(found, exceptions) + _survivors(found, exceptions)


def _compared(found, exceptions):
    """What is found and not excepted, and what is excepted and not found."""
    at_planted = {name: {check for check, at in found if at.split(":")[0] == name} for name in PLANTED}
    faults = [f"checkov has not found {sorted(checks - at_planted[name])} in {name}" for name, checks in PLANTED.items() if checks - at_planted[name]]
    ours = {(check, at) for check, at in found if at.split(":")[0] not in PLANTED}
    excused = set()
    for exception in exceptions:
        if len(exception["reason"]) < 20:
            faults.append(f"exceptions.yaml: {exception['check']} has no reason")
        excused |= {(exception["check"], at) for at in exception["at"]}
    faults += [f"{at}: {check}: {found[check, at]}; mend it, or give the reason in infra/checks/exceptions.yaml" for check, at in sorted(ours - excused)]
    return faults + [f"exceptions.yaml: {check} at {at} is needed no more" for check, at in sorted(excused - ours)]


def _survivors(found, exceptions):
    """Changes of the exceptions that are not found."""
    first, *others = exceptions
    changes = {
        "one that is missing": others,
        "one that is needed no more": [{**first, "at": [*first["at"], "storage:Nothing"]}, *others],
        "one without a reason": [{**first, "reason": "so"}, *others],
    }
    usual = len(_compared(found, exceptions))
    return [f"exceptions.yaml: {what} is not found" for what, changed in changes.items() if len(_compared(found, changed)) <= usual]


def _found(templates):
    """What failed: (check, TEMPLATE:RESOURCE), and the check's name."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        planted = transformed(load(FOLDER / "checks/planted/faults.yaml"))
        for name, template in {**templates, "planted": planted}.items():
            (folder / f"{name}.json").write_text(json.dumps(template, indent=1))
        shutil.copy(ROOT / "signer-lambda/Dockerfile", folder / "Dockerfile")
        shutil.copy(FOLDER / "checks/planted/Dockerfile", folder / "Dockerfile.planted")
        command = [os.environ["CHECKOV"], "--directory", folder, "--framework", "cloudformation", "dockerfile", "--skip-download"]
        run = subprocess.run([*command, "--quiet", "--compact", "--output", "json", "--soft-fail"], capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"checkov: exit code {run.returncode}: {run.stderr[:2000]}")
    found, looked = {}, set()
    for report in json.loads(run.stdout):
        looked.add(report["check_type"])
        if report["summary"]["parsing_errors"]:
            raise SystemExit(f"checkov cannot read {report['results']['parsing_errors']}")
        for failed in report["results"]["failed_checks"]:
            file = failed["file_path"].strip("/").removesuffix(".json")
            found[failed["check_id"], f"{file}:{failed['resource'].split('.')[-1]}"] = failed["check_name"]
    if looked != {"cloudformation", "dockerfile"}:
        raise SystemExit(f"checkov has looked at {sorted(looked)} only")
    return found
