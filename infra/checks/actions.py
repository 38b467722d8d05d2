"""What identities may do against what the code does, both ways.

The signer's calls of S3 are read from its source: method and query of each call say which action S3 asks for (Service
Authorization Reference, "Actions, resources, and condition keys for Amazon S3"). Calls of Secrets Manager are the variants of
`secrets_manager::Action` that the source names. The edge's calls are made in core, each in one place: EDGE says where. All of it is held against the
development stack's identities as well (xtask/src/dev/stack.rs): end-to-end tests run with just these rights, enforced."""

import copy
import re

from templates import Source, text

S3 = ["signer-lambda/src/s3/mod.rs", "signer-lambda/src/s3/store.rs"]
STACK = "xtask/src/dev/stack.rs"
# What a query says about a call, the first that is there; then the method alone.
BY_QUERY = {
    ("POST", "uploads"): "s3:PutObject",
    ("POST", "uploadId"): "s3:PutObject",
    ("PUT", "uploadId"): "s3:PutObject",
    ("GET", "uploadId"): "s3:ListMultipartUploadParts",
    ("DELETE", "uploadId"): "s3:AbortMultipartUpload",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", "list-type"): "s3:ListBucket",
}
BY_METHOD = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
# Each right of the edge, where core or the edge uses it, and by what words. The last two are for AWS alone.
FILES, REVOKED, COUNTERS = "files/", "records/revoked", "records/counters/"
EDGE = [
    (("s3:GetObject", FILES), "core/src/grant.rs", 'Self::Get => "GET"'),
    (("s3:ListBucket", FILES), "core/src/listing/question.rs", '("list-type", "2")'),
    (("s3:GetObject", REVOKED), "core/src/revocation/fetch.rs", 'method: "GET"'),
    (("lambda:InvokeFunctionUrl", "signer"), "core/src/config/checked.rs", 'LAMBDA_SERVICE: &str = "lambda"'),
]
EDGE_ON_AWS = [
    (("s3:GetObject", COUNTERS), "core/src/counter/whole.rs", 'signed("GET", link'),
    (("s3:PutObject", COUNTERS), "core/src/counter/whole.rs", 'signed("PUT", link'),
    (("secretsmanager:GetSecretValue", "secret"), "lambda-edge/src/lib.rs", "get_secret_value(id"),
]
# A Function URL asks for this one too, and the condition allows no other way in.
WITH_A_URL = ("lambda:InvokeFunction", "signer")
# Of the platform, not of a call of ours: logs and traces.
OF_THE_PLATFORM = ("logs:", "xray:")


def findings(templates, source):
    signers = _calls_of_signer(source) | {("secretsmanager:GetSecretValue", "secret")}
    if "get_secret_value(" not in source.read("signer-lambda/src/secrets.rs"):
        signers.discard(("secretsmanager:GetSecretValue", "secret"))
    found = []
    for name in ("signer", "signer-image"):
        found += _compared(f"{name}.yaml, SignerRole", _rights(templates[name], "SignerRole"), signers)
    rotation = {(f"secretsmanager:{action}", "secret") for action in _secret_actions(source)}
    found += _compared("secrets.yaml, RotationRole", _rights(templates["secrets"], "RotationRole"), rotation)
    for cases, rights, where in (
        (EDGE, _rights(templates["identity"], "EdgePolicy"), "identity.yaml, EdgePolicy"),
        (EDGE + EDGE_ON_AWS, _rights(templates["edge"], "EdgeRole"), "edge.yaml, EdgeRole"),
    ):
        calls = {right for right, path, words in cases if words in source.read(path)}
        found += _compared(where, rights, calls | {WITH_A_URL})
    return found + _development(source, signers)


def _compared(where, rights, calls):
    found = [f"{where}: may {action} on {place}, and no call needs it" for action, place in sorted(rights - calls)]
    return found + [f"{where}: may not {action} on {place}, which a call needs" for action, place in sorted(calls - rights)]


def _calls_of_signer(source):
    calls = set()
    for path in S3:
        for body in re.split(r"\n    (?:pub\(crate\) )?(?:async )?fn ", source.read(path))[1:]:
            name = body.split("(", 1)[0]
            body = body.split("\n#[cfg(test)]", 1)[0]
            for method in re.findall(r'\b(?:call|ask_patiently|ask)\(\s*"([A-Z]+)"', body):
                queries = set(re.findall(r'\("(uploads|uploadId|list-type)"', body))
                action = _action(method, queries)
                places = ["records/" if "self.records" in body else "files/"]
                # Of records and of files, as its callers are.
                if name == "list_objects":
                    places = ["files/", "records/"]
                calls |= {(action, "bucket" if action.endswith("MultipartUploads") else place) for place in places}
    for path in source.below("signer-lambda/src/calls", "*.rs"):
        for method in re.findall(r'\.presign\(\s*"([A-Z]+)"', source.read(path)):
            calls.add((BY_METHOD[method], "files/"))
    return calls


def _action(method, queries):
    by_query = [action for (its, query), action in BY_QUERY.items() if its == method and query in queries]
    return by_query[0] if by_query else BY_METHOD[method]


def _secret_actions(source):
    return set(re.findall(r"Action::(\w+),", source.read("signer-lambda/src/rotation/manager.rs")))


def _rights(template, identity):
    """Actions and places of a role or a managed policy, without what belongs to the platform."""
    properties = template["Resources"][identity]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])] or [properties["PolicyDocument"]]
    rights = set()
    for statement in (statement for document in documents for statement in document["Statement"]):
        for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
            if not action.startswith(OF_THE_PLATFORM):
                rights |= {(action, place) for place in _places(statement)}
    return rights


def _places(statement):
    conditions = statement.get("Condition", {})
    prefixes = conditions.get("StringLike", {}).get("s3:prefix")
    if prefixes:
        return [prefix.removesuffix("*") for prefix in prefixes]
    resource = statement["Resource"]
    places = []
    for one in resource if isinstance(resource, list) else [resource]:
        # Where there is a second region, its copy of the same folder.
        if isinstance(one, dict) and "Fn::If" in one:
            one = one["Fn::If"][1]
        one = text(one)
        if "Secret" in one:
            places.append("secret")
        elif "Signer" in one:
            places.append("signer")
        else:
            # A bucket, or, of an access point, all that is behind it.
            below = re.search(r"(?:/object)?/((?:files|records)/.*)$", one)
            places.append(below[1].removesuffix("*") if below else "bucket")
    return places


def _development(source, signers):
    stack = source.read(STACK)

    def listed(name):
        (body,) = re.findall(rf"let {name} = \[(.*?)\];", stack, re.S)
        return {f"s3:{action}" for action in re.findall(r'"(\w+)"', body)}

    found = []
    for name, places in (("of_files", {"files/", "bucket"}), ("of_records", {"records/"})):
        calls = {action for action, place in signers if place in places}
        if listed(name) != calls:
            found.append(f"{STACK}: {name} is {sorted(listed(name))}, and the signer's calls are {sorted(calls)}")
    return found


def survivors(templates):
    """Changes of code and templates that are not found."""
    source, missed = Source(), []
    for path, old, new in (
        (S3[1], 'ask_patiently("DELETE"', 'ask_patiently("GET"'),
        (S3[0], 'self.call("DELETE", path, &[("uploadId"', 'self.call("DELETE", path, &[("none"'),
        ("signer-lambda/src/rotation/manager.rs", "Action::DescribeSecret,", "Action::GetSecretValue,"),
        (STACK, '"AbortMultipartUpload",', ""),
        *((path, words, "") for _, path, words in EDGE + EDGE_ON_AWS),
    ):
        if not findings(templates, source.changed(path, old, new)):
            missed.append(f"actions: {path} without {old!r} is not found")
    for name, identity in (("signer", "SignerRole"), ("secrets", "RotationRole"), ("identity", "EdgePolicy"), ("edge", "EdgeRole")):
        for action in ("s3:GetObjectAcl", None):
            mutant = copy.deepcopy(templates)
            properties = mutant[name]["Resources"][identity]["Properties"]
            document = properties.get("PolicyDocument") or properties["Policies"][0]["PolicyDocument"]
            actions = document["Statement"][0]["Action"]
            actions.append(action) if action else actions.pop()
            if not findings(mutant, source):
                missed.append(f"actions: {name}.yaml with a right {'more' if action else 'less'} is not found")
    return missed
