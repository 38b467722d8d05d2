# shellcheck shell=bash
# What the scripts share. BEFORE: the folder of the notes about what ran before a deployment.

# wrangler of the npm packages, under the Node.js that came with them.
wrangler() { PATH="$PWD/node_modules/.bin:$PATH" "${WRANGLER:-wrangler}" "$@"; }

# from_json EXPRESSION FILE: a Python expression of the file's value, `v`; a string is printed as it is.
from_json() {
    python3 -c 'import json, sys
with open(sys.argv[2], encoding="utf-8") as file:
    v = json.load(file)
v = eval(sys.argv[1])
print(v if isinstance(v, str) else json.dumps(v))' "$1" "$2"
}

# bucket_in REGION: CloudFormation takes templates and packages from a bucket of its own region.
bucket_in() { echo "$ARTIFACTS_BUCKET-$1"; }

# stack_deploy REGION STACK TEMPLATE [OPTION...]: to have nothing to do is no failure; a stack that fails goes back by itself.
stack_deploy() {
    aws cloudformation deploy --region "$1" --stack-name "$2" --template-file "$3" \
        --s3-bucket "$(bucket_in "$1")" --s3-prefix "$2" --no-fail-on-empty-changeset \
        --capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND "${@:4}"
}
