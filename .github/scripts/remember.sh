#!/usr/bin/env bash
# Writes down what runs now, for roll-back.sh: templates and parameters of the stacks, the version of the Worker.
# What is not there yet leaves no note: there is nothing to go back to.
set -euo pipefail
# shellcheck source=.github/scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$BEFORE"

# stack NAME REGION
stack() {
    local note=$BEFORE/$1
    if ! aws cloudformation describe-stacks --region "$2" --stack-name "$1" --output json >"$note.json" 2>"$note.error"; then
        grep -q 'does not exist' "$note.error" || { cat "$note.error" >&2; exit 1; }
        echo "$1 is new"
        return
    fi
    # Secret parameters are shown as stars: they are left out, and keep the value that they have.
    from_json '[{"ParameterKey": p["ParameterKey"], "ParameterValue": p["ParameterValue"]}
        for p in v["Stacks"][0].get("Parameters", []) if p["ParameterValue"].strip("*") or not p["ParameterValue"]]' \
        "$note.json" >"$note.parameters.json"
    aws cloudformation get-template --region "$2" --stack-name "$1" --template-stage Original --output json >"$note.json"
    from_json 'v["TemplateBody"]' "$note.json" >"$note.template"
    echo "$2" >"$note.region"
    echo "$1 is known"
}

stack "$STACK" "$AWS_REGION"
if [ -n "${EDGE_STACK:-}" ]; then stack "$EDGE_STACK" us-east-1; fi

if [ -n "${WORKER_NAME:-}" ]; then
    note=$BEFORE/worker
    if wrangler deployments status --name "$WORKER_NAME" --json >"$note.json" 2>"$note.error"; then
        from_json 'max(v["versions"], key=lambda version: version["percentage"])["version_id"]' "$note.json" >"$note.old"
        echo "the Worker is at $(cat "$note.old")"
    else
        # The number of Cloudflare's API for a Worker that is not there.
        grep -q 10007 "$note.json" "$note.error" || { cat "$note.error" >&2; exit 1; }
        echo "the Worker is new"
    fi
fi
