"""The rules of infra/rules against the transformed templates, by cfn-guard; and every rule against a template that breaks
it (mutations.yaml): a rule that nothing can break says nothing."""

import copy
import json
import os
import pathlib
import re
import subprocess
import tempfile

import yaml

from templates import FOLDER

MUTATIONS = FOLDER / "checks" / "mutations.yaml"


def findings(templates):
    """What breaks a rule; and rules that are about nothing."""
    results, places = _validated(templates), _rules()
    found = [
        f"{name}.yaml breaks {rule} ({places[rule]}): {fault}"
        for name in sorted(results)
        for rule in sorted(results[name]["failed"])
        for fault in results[name]["failed"][rule]
    ]
    about = set().union(*(set(result["failed"]) | result["passed"] for result in results.values()))
    return found + [f"the rule {rule} ({places[rule]}) is about no template" for rule in sorted(set(places) - about)]


def survivors(templates):
    """Rules that no mutation breaks, and mutations that break less or more than they say or do not fit any more."""
    found, mutants, said = [], {}, {}
    for place, mutation in enumerate(yaml.safe_load(MUTATIONS.read_text())):
        name = f"{place:03}"
        try:
            mutants[name] = _mutated(templates[mutation["in"]], mutation)
            said[name] = {mutation["rule"], *mutation.get("also", [])}
        except (KeyError, IndexError, TypeError, StopIteration) as error:
            found.append(f"the mutation for {mutation['rule']} does not fit {mutation['in']}.yaml any more: {error!r}")
    results = _validated(mutants)
    for name, rules in said.items():
        broken = set(results[name]["failed"])
        found += [f"{rule} is not broken by mutation {int(name)} of mutations.yaml" for rule in sorted(rules - broken)]
        found += [f"{rule} is broken by mutation {int(name)} of mutations.yaml, too: say so by also" for rule in sorted(broken - rules)]
    return found + [f"{rule} has no mutation that breaks it" for rule in sorted(set(_rules()) - set().union(*said.values()))]


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
    """Where each rule is."""
    places = {}
    for path in sorted(FOLDER.glob("rules/*.guard")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("rule "):
                places[line.split()[1]] = f"infra/rules/{path.name}:{number}"
    return places


def _faults(rule):
    """What a broken rule asks for, and where what is there instead stands."""
    faults = []
    for clause in _clauses(rule["checks"]):
        asked = clause.get("context") or ""
        resolved = clause.get("check", {}).get("Resolved") or clause.get("check", {}).get("InResolved") or {}
        at = resolved.get("from", {})
        unresolved = re.search(r"\[?Path=(/[^\[\s,]+)|retrieve[^/]*(/[^\[\s,]+)", str(clause.get("messages", {}).get("error_message")))
        place = at.get("path") or (unresolved and (unresolved[1] or unresolved[2])) or ""
        value = f" is {json.dumps(at['value'])[:80]}" if "value" in at and at.get("path") else ""
        where = f", for {place}{value}" if value else f", below {place}" if place else ""
        faults.append(f"{' '.join(asked.split())} does not hold{where}")
    return list(dict.fromkeys(faults)) or ["it does not hold"]


def _clauses(node):
    """The clauses in it, however deep: comparisons and questions of one value."""
    if isinstance(node, list):
        for one in node:
            yield from _clauses(one)
    elif isinstance(node, dict):
        for name, inner in node.items():
            if name in ("Binary", "Unary"):
                yield inner
            else:
                yield from _clauses(inner)


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
        failed = {rule["Rule"]["name"]: _faults(rule["Rule"]) for rule in result["not_compliant"]}
        results[pathlib.Path(result["name"]).stem] = {"failed": failed, "passed": set(result["compliant"])}
    if set(results) != set(templates):
        raise SystemExit("cfn-guard has not looked at every template")
    return results
