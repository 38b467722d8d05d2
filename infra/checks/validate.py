"""`sam validate --lint` of each template that is named."""

import os
import sys

from samcli.cli.main import cli

for path in sys.argv[1:]:
    cli(["validate", "--lint", "--region", os.environ["AWS_DEFAULT_REGION"], "--template", path], standalone_mode=False)
