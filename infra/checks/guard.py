"""The rules of infra/rules against the transformed templates, by cfn-guard; and every rule against a template that breaks
it (mutations.yaml): a rule that nothing can break says nothing."""

import copy
import json
import os
import pathlib
import subprocess
import tempfile

import yaml

from templates import FOLDER

MUTATIONS = FOLDER / "checks" / "mutations.yaml"


def findings(templates):
    """What breaks a rule; and rules that are about nothing."""
    results = _validated(templates)
    found = [f"{name}.yaml breaks the rule {rule}" for name in sorted(results) for rule in sorted(results[name]["failed"])]
    passed = set().union(*(result["passed"] for result in results.values()))
    failed = set().union(*(result["failed"] for result in results.values()))
    found += [f"the rule {rule} is about no template" for rule in sorted(_rules() - passed - failed)]
    return found


def survivors(templates):
    """Rules that no mutation breaks, and mutations that break another rule than they say or do not fit any more."""
    found, mutants, said = [], {}, {}
    for place, mutation in enumerate(yaml.safe_load(MUTATIONS.read_text())):
        name = f"{place:03}"
        try:
            mutants[name] = _mutated(templates[mutation["in"]], mutation)
            said[name] = mutation["rule"]
        except (KeyError, IndexError, TypeError, StopIteration) as error:
            found.append(f"the mutation for {mutation['rule']} does not fit {mutation['in']}.yaml any more: {error!r}")
    results = _validated(mutants)
    for name, rule in said.items():
        if rule not in results[name]["failed"]:
            found.append(f"{rule} is not broken by its mutation, number {int(name)} of mutations.yaml")
    found += [f"{rule} has no mutation that breaks it" for rule in sorted(_rules() - set(said.values()))]
    return found


def _mutated(template, mutation):
    template = copy.deepcopy(template)
    at = template
    *path, last = [_step(step) for step in mutation["at"].split(" ")]
    for step in path:
        at = at[_key(at, step)]
    key = _key(at, last) if "set" not in mutation or isinstance(at, list) or str(last).startswith("~") else last
    if "set" in mutation:
        at[key] = mutation["set"]
    else:
        del at[key]
    return template


def _step(text):
    return int(text) if text.isdigit() else text


def _key(at, step):
    """A key; `~Name` is the first one that begins so, `=Text` the first list item in which that text stands."""
    if isinstance(step, str) and step.startswith("~"):
        return next(key for key in at if key.startswith(step[1:]))
    if isinstance(step, str) and step.startswith("="):
        return next(place for place, item in enumerate(at) if step[1:] in json.dumps(item))
    at[step]
    return step


def _rules():
    lines = [line for path in FOLDER.glob("rules/*.guard") for line in path.read_text().splitlines()]
    return {line.split()[1] for line in lines if line.startswith("rule ")}


def _validated(templates):
    with tempfile.TemporaryDirectory() as folder:
        for name, template in templates.items():
            (pathlib.Path(folder) / f"{name}.json").write_text(json.dumps(template))
        command = [os.environ["CFN_GUARD"], "validate", "--rules", FOLDER / "rules", "--data", folder]
        run = subprocess.run([*command, "--structured", "--output-format", "json", "--show-summary", "none"], capture_output=True, text=True)
    # 19: a rule is broken (cfn-guard validate, "Exit codes"); whatever else is no verdict.
    if run.returncode not in (0, 19):
        raise SystemExit(f"cfn-guard: exit code {run.returncode}: {run.stderr[:2000]}")
    results = {}
    for result in json.loads(run.stdout):
        failed = {rule["Rule"]["name"] for rule in result["not_compliant"]}
        results[pathlib.Path(result["name"]).stem] = {"failed": failed, "passed": set(result["compliant"])}
    if set(results) != set(templates):
        raise SystemExit("cfn-guard has not looked at every template")
    return results
