"""Templates that name each other: a nested stack gets the parameters that it has, and gives the outputs that are asked for. SAM
and CloudFormation look at this during a deployment only."""

import copy
import json
import re

from templates import FOLDER, load

# Those that are deployed by themselves; every other one is a part of one of these.
ROOTS = {"template", "edge", "second-region", "image"}
WRITTEN = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def all_written():
    return {name: load(path) for name, path in WRITTEN.items()}


def findings(written):
    parts = {inner for template in written.values() for _, inner in _stacks(template)}
    found = [f"{name}.yaml belongs to no stack" for name in sorted(set(written) - parts - ROOTS)]
    for name, template in written.items():
        for resource, inner in _stacks(template):
            where = f"{name}.yaml, {resource}"
            if inner not in written:
                found.append(f"{where}: there is no infra/{inner}.yaml")
                continue
            found += _parameters(where, inner, template["Resources"][resource], written[inner])
            found += _outputs(where, inner, resource, template, written[inner])
    return found


def _stacks(template):
    """Names of the nested stacks, and of their templates."""
    for resource, its in template["Resources"].items():
        if its["Type"] == "AWS::Serverless::Application":
            yield resource, its["Properties"]["Location"].removesuffix(".yaml")


def _parameters(where, inner, stack, template):
    known = template.get("Parameters", {})
    given = set(stack["Properties"].get("Parameters", {}))
    needed = {name for name, its in known.items() if "Default" not in its}
    found = [f"{where}: {inner}.yaml has no parameter {name}" for name in sorted(given - set(known))]
    return found + [f"{where}: {inner}.yaml needs the parameter {name}" for name in sorted(needed - given)]


def _outputs(where, inner, resource, template, nested):
    asked = set(re.findall(rf'"Fn::GetAtt": \["{resource}", "Outputs\.(\w+)"\]', json.dumps(template)))
    return [f"{where}: {inner}.yaml has no output {name}" for name in sorted(asked - set(nested.get("Outputs", {})))]


def survivors(written):
    """Changes that are not found."""
    missed = []

    def change(what, perform):
        mutant = copy.deepcopy(written)
        perform(mutant)
        if not findings(mutant):
            missed.append(f"nested: {what} is not found")

    change("an output that is gone", lambda all: all["edge-firewall"]["Outputs"].pop("WebAclArn"))
    change("a parameter that is gone", lambda all: all["storage"]["Parameters"].pop("PageHost"))
    change("a parameter that is new", lambda all: all["signer"]["Parameters"].update(New={"Type": "String"}))
    change("a part that no stack has any more", lambda all: all["edge"]["Resources"].pop("Observability"))
    change("a template that is gone", lambda all: all.pop("identity"))
    return missed
