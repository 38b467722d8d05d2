"""`sam validate --lint` of templates: of the first, which has planted faults and must be refused, and of the others. All in one
process, for to start it takes most of the time."""

import os
import sys

from samcli.cli.main import cli
from samcli.commands.validate.lib.exceptions import InvalidSamDocumentException
from samcli.commands.exceptions import LinterRuleMatchedException

planted, *templates = sys.argv[1:]


def validate(path):
    cli(["validate", "--lint", "--region", os.environ["AWS_DEFAULT_REGION"], "--template", path], standalone_mode=False)


try:
    validate(planted)
    sys.exit(f"sam validate has found nothing in {planted}")
except (LinterRuleMatchedException, InvalidSamDocumentException):
    print(f"{planted} is refused, as it must be")
for template in templates:
    validate(template)
