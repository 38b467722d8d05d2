"""Dashboards and alarms against the metrics that are written: by the code (Embedded Metric Format), by filters of logs, by AWS.
What is shown is written, and what is written is shown."""

import copy
import json
import re

from templates import resources, text

LOG = "signer-lambda/src/log.rs"
# Metrics of AWS that may be used, from the user guides of the services ("CloudWatch metrics").
OF_AWS = {
    "AWS/Billing": {"EstimatedCharges"},
    "AWS/CertificateManager": {"DaysToExpiry"},
    "AWS/CloudFront": {
        "Requests", "BytesDownloaded", "BytesUploaded", "4xxErrorRate", "5xxErrorRate", "TotalErrorRate", "OriginLatency",
        "LambdaExecutionError", "LambdaValidationError", "LambdaLimitExceededError", "FunctionInvocations",
        "FunctionExecutionErrors", "FunctionValidationErrors", "FunctionComputeUtilization",
    },
    "AWS/Lambda": {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"},
    "AWS/S3": {
        "BucketSizeBytes", "NumberOfObjects", "AllRequests", "GetRequests", "PutRequests", "ListRequests", "PostRequests", "HeadRequests",
        "DeleteRequests", "BytesDownloaded", "BytesUploaded", "4xxErrors", "5xxErrors", "FirstByteLatency", "TotalRequestLatency",
        "ReplicationLatency", "BytesPendingReplication", "OperationsPendingReplication", "OperationsFailedReplication",
    },
    "AWS/Scheduler": {"InvocationAttemptCount", "TargetErrorCount", "InvocationDroppedCount"},
    "AWS/WAFV2": {"AllowedRequests", "BlockedRequests", "CountedRequests"},
}

# What dashboards must show of AWS's own metrics: traffic, errors, cost. Our own are all on one.
PROMISED = [
    ("AWS/CloudFront", "Requests"), ("AWS/CloudFront", "BytesDownloaded"), ("AWS/CloudFront", "5xxErrorRate"),
    ("AWS/S3", "BucketSizeBytes"), ("AWS/S3", "BytesDownloaded"), ("AWS/Lambda", "Duration"), ("AWS/Billing", "EstimatedCharges"),
]


def findings(templates, source):
    written = {**_of_code(source), **_of_filters(templates)}
    shown, used, found = _shown(templates), _used(templates), []
    for namespace, name, where, dimensions in shown + used:
        if namespace.startswith("AWS/"):
            if name not in OF_AWS.get(namespace, ()):
                found.append(f"{where}: {namespace} has no metric {name}, or infra/checks/metrics.py does not know it")
        elif (namespace, name) not in written:
            found.append(f"{where}: nobody writes the metric {name} of {namespace}")
        elif frozenset(dimensions) not in written[namespace, name]:
            found.append(f"{where}: {name} of {namespace} has no dimensions {sorted(dimensions)}, so nothing is found")
    on_dashboards = {(namespace, name) for namespace, name, _, _ in shown}
    for namespace, name in written:
        if (namespace, name) not in on_dashboards:
            found.append(f"the metric {name} of {namespace} is written and on no dashboard")
    for namespace, name in PROMISED:
        if (namespace, name) not in on_dashboards:
            found.append(f"no dashboard shows the metric {name} of {namespace}")
    fields = _fields(source)
    for where, field in _filtered(templates):
        if field not in fields:
            found.append(f"{where}: no line of a log has the field {field}")
    return found


def _of_code(source):
    """Metrics and their sets of dimensions, as log.rs and those who call it name them."""
    log = source.read(LOG)
    (namespace,) = re.findall(r'NAMESPACE: &str = "([^"]+)"', log)
    measured = log[log.index("pub fn call(") : log.index("pub fn metric(")]
    sets = {frozenset(re.findall(r'"(\w+)"', one)) for one in re.findall(r"\[((?:\"\w+\")(?:, \"\w+\")*)\]", measured)}
    names = re.findall(r'"Name": "(\w+)"', measured)
    # EMF names what the line must hold.
    renamed = set(re.findall(r'rename = "(\w+)"', measured))
    if set(names) - renamed or not sets:
        raise SystemExit(f"{LOG} is not as infra/checks/metrics.py reads it")
    written = {(namespace, name): sets for name in names}
    for path in source.below("signer-lambda/src", "*.rs"):
        for name in re.findall(r'\.metric\(\s*"(\w+)"', source.read(path)):
            written[namespace, name] = {frozenset()}
    return written


def _of_filters(templates):
    written = {}
    for template in templates.values():
        for _, properties in resources(template, "AWS::Logs::MetricFilter"):
            for made in properties["MetricTransformations"]:
                written[text(made["MetricNamespace"]), _plain(made["MetricName"])] = {frozenset()}
    return written


def _fields(source):
    """Fields of log lines: of the signer's and of the edge's."""
    fields = set(re.findall(r"pub (\w+):", source.read(LOG)))
    return fields | set(re.findall(r'\\"(\w+)\\":', source.read("core/src/reply.rs")))


def _filtered(templates):
    for name, template in templates.items():
        for resource, properties in resources(template, "AWS::Logs::MetricFilter"):
            for field in re.findall(r'\$\.(\w+)|"(\w+)\\":', properties["FilterPattern"]):
                yield f"{name}.yaml, {resource}", field[0] or field[1]


def _plain(value):
    """A metric's name without the stack's, which stands before it."""
    return re.sub(r"^\$\{[\w:]+\}-", "", text(value))


def _shown(templates):
    """(namespace, name, where, dimensions) of each metric."""
    shown = []
    for name, template in templates.items():
        for resource, properties in resources(template, "AWS::CloudWatch::Dashboard"):
            where = f"{name}.yaml, {resource}"
            for widget in json.loads(text(properties["DashboardBody"]))["widgets"]:
                for metric in widget["properties"].get("metrics", []):
                    shown += _of_widget(metric, where)
    return shown


def _of_widget(metric, where):
    if isinstance(metric[0], dict):
        return _of_expression(metric[0].get("expression", ""), where)
    plain = [part for part in metric if not isinstance(part, dict)]
    return [(plain[0], _plain(plain[1]), where, set(plain[2::2]))]


def _of_expression(expression, where):
    found = []
    for schema, name in re.findall(r"\{([^}]*)\}\s*MetricName=\\?\"(\w+)", expression):
        namespace, *dimensions = schema.replace('"', "").split(",")
        found.append((namespace, name, where, set(dimensions)))
    for name, namespace, dimensions in re.findall(r'\((\w+)\) FROM SCHEMA\("([^"]+)"((?:, *\w+)*)\)', expression):
        found.append((namespace, name, where, set(re.findall(r"\w+", dimensions))))
    return found


def _used(templates):
    used = []
    for name, template in templates.items():
        for resource, properties in resources(template, "AWS::CloudWatch::Alarm"):
            where = f"{name}.yaml, {resource}"
            asked = [properties] if "MetricName" in properties else []
            asked += [one["MetricStat"]["Metric"] for one in properties.get("Metrics", []) if "MetricStat" in one]
            for metric in asked:
                dimensions = {dimension["Name"] for dimension in metric.get("Dimensions", [])}
                used.append((text(metric["Namespace"]), _plain(metric["MetricName"]), where, dimensions))
            for one in properties.get("Metrics", []):
                used += _of_expression(text(one.get("Expression", "")), where)
    return used


def survivors(templates):
    """Changes of the code and of a dashboard that are not found."""
    from templates import Source

    source, missed = Source(), []
    changes = [
        ("signer-lambda/src/calls/shares.rs", '"SharesIssued"', '"SharesMade"'),
        (LOG, '"Name": "Faults"', '"Name": "Calls"'),
        (LOG, '[["operation"], ["code"]]', '[["operation", "code"]]'),
        (LOG, "pub alarm: bool", "pub alert: bool"),
    ]
    for path, old, new in changes[:3]:
        if not findings(templates, source.changed(path, old, new)):
            missed.append(f"metrics: {new} in {path} is not found")
    path, old, new = changes[3]
    both = source.changed(path, old, new).changed("core/src/reply.rs", '\\"alarm\\"', '\\"alert\\"')
    if not findings(templates, both):
        missed.append("metrics: a log field without its name is not found")
    mutant = copy.deepcopy(templates)
    properties = mutant["observability"]["Resources"]["Dashboard"]["Properties"]
    properties["DashboardBody"] = {"Fn::Sub": text(properties["DashboardBody"]).replace('"UploadedBytes"', '"Bytes"')}
    if len(findings(mutant, source)) != 2:
        missed.append("metrics: a metric that nobody writes, and one that nobody shows, are not both found")
    mutant = copy.deepcopy(templates)
    properties = mutant["observability"]["Resources"]["Dashboard"]["Properties"]
    properties["DashboardBody"] = {"Fn::Sub": text(properties["DashboardBody"]).replace('"AWS/Billing", "EstimatedCharges"', '"AWS/S3", "AllRequests"')}
    if len(findings(mutant, source)) != 1:
        missed.append("metrics: a cost that is not shown is not found")
    return missed
