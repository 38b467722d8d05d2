#!/usr/bin/env bash
# watch-alarms.sh MINUTES: fails as soon as an alarm of the deployment is on. PAUSE: seconds between two looks.
set -euo pipefail

end=$((SECONDS + $1 * 60))

# alarms PREFIX REGION: the names of those that are on
alarms() {
    aws cloudwatch describe-alarms --region "$2" --alarm-name-prefix "$1-" --state-value ALARM --output text \
        --alarm-types MetricAlarm CompositeAlarm --query '[MetricAlarms, CompositeAlarms][].AlarmName'
}

while :; do
    on=$(alarms "$STACK" "$AWS_REGION")
    if [ -n "${EDGE_STACK:-}" ]; then
        # Not in one test with the other: a failed call must end this.
        at_the_edge=$(alarms "$EDGE_STACK" us-east-1)
        on="$on $at_the_edge"
    fi
    if [ -n "${on// /}" ]; then
        echo "::error::alarms that are on: $on. docs/runbook.md says of each what to do"
        exit 1
    fi
    if [ "$SECONDS" -ge "$end" ]; then break; fi
    sleep "${PAUSE:-20}"
done
echo "no alarm in $1 minutes"
