"""The signer as a container image: signer-image.yaml is signer.yaml with another package. SAM wants a package's type
literally, so it is a file of its own, made from the other one: `image.py --write` makes it, without that it is held
against what would be made."""

import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent
AS_ZIP = """      PackageType: Zip
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: ../target/lambda/signer.zip
"""
AS_IMAGE = """      PackageType: Image
      ImageUri: !Ref ImageUri
"""
PARAMETERS = "Parameters:\n"
IMAGE_PARAMETER = "Parameters:\n  ImageUri:\n    Type: String\n"
HEAD = "# Made from signer.yaml by checks/image.py --write.\n"

signer = (FOLDER / "signer.yaml").read_text()
if signer.count(AS_ZIP) != 1 or signer.count(PARAMETERS) != 1:
    sys.exit("infra/signer.yaml: the lines of its package have changed; adapt infra/checks/image.py")
image = HEAD + signer.replace(AS_ZIP, AS_IMAGE).replace(PARAMETERS, IMAGE_PARAMETER)
target = FOLDER / "signer-image.yaml"
if "--write" in sys.argv[1:]:
    target.write_text(image)
elif not target.exists() or target.read_text() != image:
    sys.exit("infra/signer-image.yaml: not what signer.yaml makes; run python3 infra/checks/image.py --write")
