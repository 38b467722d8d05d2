"""`python infra/checks CHECK...`: checks of the templates that need more than one look at one file. `cargo xtask infra check`
runs them all; CFN_GUARD and CHECKOV are the paths of those programs."""

import logging
import sys

# SAM says what it measured of itself.
logging.disable(logging.CRITICAL)

import actions  # noqa: E402
import alarms  # noqa: E402
import guard  # noqa: E402
import ledger  # noqa: E402
import metrics  # noqa: E402
import nested  # noqa: E402
from templates import Source, all_of  # noqa: E402

CHECKS = {
    "rules": lambda templates: guard.findings(templates),
    "mutations": lambda templates: guard.survivors(templates),
    "checkov": lambda templates: ledger.findings(templates),
    "metrics": lambda templates: metrics.findings(templates, Source()),
    "alarms": lambda templates: alarms.findings(templates, Source()),
    "actions": lambda templates: actions.findings(templates, Source()),
    "nested": lambda templates: nested.findings(nested.all_written()),
    "changed-code": lambda templates: [
        *metrics.survivors(templates),
        *alarms.survivors(templates),
        *actions.survivors(templates),
        *nested.survivors(nested.all_written()),
    ],
}

found = [finding for name in sys.argv[1:] for finding in CHECKS[name](all_of())]
for finding in found:
    print(f"  {finding}", file=sys.stderr)
sys.exit(1 if found else 0)
