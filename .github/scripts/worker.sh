#!/usr/bin/env bash
# worker.sh upload PERCENT   a new version of the Worker, with so much of the traffic; the rest stays where it is
# worker.sh promote          all of the traffic for it
# The Worker is uploaded as it was built: wrangler compiles nothing. WORKER_VARS: lines of NAME:VALUE.
set -euo pipefail
# shellcheck source=.github/scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# traffic VERSION@PERCENT%...
traffic() { wrangler versions deploy "$@" --name "$WORKER_NAME" --yes --message "${GITHUB_SHA:-by hand}"; }

upload() {
    # Beside wrangler.toml: paths in it are relative.
    local config=wrangler.deploy.toml
    awk '/^\[/ { build = ($0 == "[build]") } !build' wrangler.toml >"$config"
    local options=(--config "$config" --name "$WORKER_NAME") line
    while IFS= read -r line; do
        if [ -n "$line" ]; then options+=(--var "$line"); fi
    done <<<"${WORKER_VARS:-}"
    if [ ! -e "$BEFORE/worker.old" ]; then
        # Only a Worker that is there has versions.
        wrangler deploy "${options[@]}"
        return
    fi
    export WRANGLER_OUTPUT_FILE_PATH=$BEFORE/wrangler.ndjson
    wrangler versions upload "${options[@]}" --message "${GITHUB_SHA:-by hand}"
    local new old
    # One JSON value in a line.
    grep '"version-upload"' "$WRANGLER_OUTPUT_FILE_PATH" | tail -n 1 >"$BEFORE/upload.json"
    new=$(from_json 'v["version_id"]' "$BEFORE/upload.json")
    old=$(cat "$BEFORE/worker.old")
    echo "$new" >"$BEFORE/worker.new"
    if [ "$1" = 100 ]; then traffic "$new@100%"; else traffic "$new@$1%" "$old@$((100 - $1))%"; fi
}

case ${1:-} in
upload) upload "$2" ;;
promote) if [ -e "$BEFORE/worker.new" ]; then traffic "$(cat "$BEFORE/worker.new")@100%"; fi ;;
*)
    echo "worker.sh upload PERCENT | promote" >&2
    exit 2
    ;;
esac
