"""Alarms against docs/runbook.md: the step that each names is a heading there, and every heading below "Alarms" is named."""

import copy
import re

from templates import resources, text

RUNBOOK = "docs/runbook.md"


def findings(templates, source):
    runbook = source.read(RUNBOOK)
    headings = {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", runbook, re.M)}
    # The part about alarms, up to the next heading of its level.
    part = re.search(r"^## Alarms\n(.*?)(?=^## |\Z)", runbook, re.M | re.S)
    steps = {_anchor(heading) for heading in re.findall(r"^### (.+)$", part[1] if part else "", re.M)}
    found, named = [], set()
    for name, template in templates.items():
        for resource, properties in resources(template, "AWS::CloudWatch::Alarm"):
            step = re.search(r"docs/runbook\.md#([a-z0-9-]+)$", text(properties.get("AlarmDescription", "")))
            if not step:
                found.append(f"{name}.yaml, {resource}: names no step of {RUNBOOK}")
            elif step[1] not in headings:
                found.append(f"{name}.yaml, {resource}: {RUNBOOK} has no heading #{step[1]}")
            else:
                named.add(step[1])
    found += [f"{RUNBOOK}: no alarm leads to the step #{step}" for step in sorted(steps - named)]
    return found


def _anchor(heading):
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def survivors(templates):
    from templates import Source

    source, missed = Source(), []
    if not findings(templates, source.changed(RUNBOOK, "### Signer errors", "### Errors of the signer")):
        missed.append("alarms: a step that is not there is not found")
    mutant = copy.deepcopy(templates)
    del mutant["observability"]["Resources"]["RotationErrors"]
    if not findings(mutant, source):
        missed.append("alarms: a step that no alarm leads to is not found")
    return missed
