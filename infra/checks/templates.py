"""The templates as CloudFormation gets them: intrinsic functions in their long form, and what SAM makes of its own resources."""

import copy
import json
import os
import pathlib

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "infra"
# SAM wants one; no result depends on it.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
# What SAM attaches to the roles that it makes, by their names.
MANAGED = {
    name: f"arn:aws:iam::aws:policy/service-role/{name}"
    for name in ("AWSLambdaBasicExecutionRole", "AWSCodeDeployRoleForLambda", "AWSCodeDeployRoleForLambdaLimited")
}


class _Loader(yaml.SafeLoader):
    pass


def _intrinsic(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def load(path):
    """A template as it is written."""
    return yaml.load(path.read_text(), _Loader)


def transformed(template):
    """What SAM makes of it."""
    if "Transform" not in template:
        return template
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        # `sam deploy` uploads packages; here they are anywhere.
        if "CodeUri" in resource.get("Properties", {}):
            resource["Properties"]["CodeUri"] = "s3://packages/" + pathlib.PurePath(resource["Properties"]["CodeUri"]).name
    made = Translator(MANAGED, Parser()).translate(template, {})
    made.pop("Transform", None)
    return json.loads(json.dumps(made, default=str))


def all_of(folder=FOLDER):
    """Every template by its name, transformed."""
    return {path.stem: transformed(load(path)) for path in sorted(folder.glob("*.yaml"))}


def resources(template, kind):
    """Names and properties of the resources of a type."""
    found = template.get("Resources", {}).items()
    return [(name, it.get("Properties", {})) for name, it in found if it["Type"] == kind]


def text(value):
    """A value as text, `${Name}` in the place of what is known at the deployment only."""
    if isinstance(value, dict):
        ((function, argument),) = value.items()
        if function == "Fn::Sub":
            return argument if isinstance(argument, str) else argument[0]
        if function == "Ref":
            return "${" + argument + "}"
        if function == "Fn::GetAtt":
            return "${" + ".".join(argument) + "}"
        if function == "Fn::If":
            return text(argument[1])
        return json.dumps(value)
    return str(value)


class Source:
    """Files of the repository, some of them replaced."""

    def __init__(self, **replaced):
        self._replaced = replaced.get("replaced", {})

    def read(self, path):
        return self._replaced.get(path, None) or (ROOT / path).read_text()

    def below(self, folder, pattern):
        """Paths of files, relative to the root."""
        return [str(path.relative_to(ROOT)) for path in sorted((ROOT / folder).rglob(pattern))]

    def changed(self, path, old, new):
        """The same with a text of a file replaced, which must be there."""
        before = self.read(path)
        if old not in before:
            raise SystemExit(f"{path} has no {old!r} to be changed for a test: adapt infra/checks")
        return Source(replaced={**self._replaced, path: before.replace(old, new)})
