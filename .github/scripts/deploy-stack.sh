#!/usr/bin/env bash
# deploy-stack.sh REGION STACK TEMPLATE [NAME=VALUE...]: packs a template with all that it names, and deploys it. More
# parameters come, one in a line, from PARAMETERS.
set -euo pipefail
# shellcheck source=.github/scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

region=$1 stack=$2 template=$3
shift 3
parameters=("$@")
while IFS= read -r line; do
    if [ -n "$line" ]; then parameters+=("$line"); fi
done <<<"${PARAMETERS:-}"
options=()
if [ ${#parameters[@]} -gt 0 ]; then options=(--parameter-overrides "${parameters[@]}"); fi

packed=$(mktemp)
trap 'rm -f "$packed"' EXIT
aws cloudformation package --region "$region" --template-file "$template" --s3-bucket "$(bucket_in "$region")" \
    --s3-prefix "$stack" --output-template-file "$packed" >/dev/null
stack_deploy "$region" "$stack" "$packed" "${options[@]}"
