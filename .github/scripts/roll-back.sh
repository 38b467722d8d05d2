#!/usr/bin/env bash
# Brings back what remember.sh wrote down: the Worker first, for it is there in seconds, then the stacks. Every part is
# tried, whatever becomes of the others.
set -uo pipefail
# shellcheck source=.github/scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

failed=0
if [ -e "$BEFORE/worker.old" ]; then
    wrangler versions deploy "$(cat "$BEFORE/worker.old")@100%" --name "$WORKER_NAME" --yes \
        --message "Rolled back from ${GITHUB_SHA:-a deployment}" || failed=1
fi
for note in "$BEFORE"/*.template; do
    [ -e "$note" ] || continue
    stack=$(basename "$note" .template)
    # One that went back by itself, as CodeDeploy has it do, has nothing to do.
    stack_deploy "$(cat "$BEFORE/$stack.region")" "$stack" "$note" \
        --parameter-overrides "file://$BEFORE/$stack.parameters.json" || failed=1
done
[ "$failed" = 0 ] || echo "::error::not everything was rolled back: docs/runbook.md says how to do it by hand"
exit "$failed"
