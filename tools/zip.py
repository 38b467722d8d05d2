"""Packs files into a zip that is the same, byte for byte, whenever they are: `zip.py OUT.zip FOLDER`."""

import pathlib
import sys
import zipfile

# The oldest moment that the format knows.
THEN = (1980, 1, 1, 0, 0, 0)

out, folder = sys.argv[1], pathlib.Path(sys.argv[2])
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), THEN)
        info.create_system = 3
        info.compress_type = zipfile.ZIP_DEFLATED
        mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
        info.external_attr = (0o100000 | mode) << 16
        package.writestr(info, path.read_bytes())
