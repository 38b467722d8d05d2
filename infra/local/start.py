"""Starts LocalStack on a port of loopback, in a folder of its own, for as long as standard input is open.

Usage: start.py FOLDER. Once it serves, one line of JSON on stdout: {"listen": "127.0.0.1:PORT"}. All that LocalStack
itself says goes to stderr. Run it by the Python that LocalStack is installed for.
"""

import hashlib
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
import threading
import time
import uuid


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def environment(folder: pathlib.Path, port: int) -> dict[str, str]:
    """All variables of the emulator. Those of the caller do not reach it: an AWS profile or a proxy of theirs could."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "FILESYSTEM_ROOT": str(folder / "filesystem"),
        # The usual server binds every address, whatever it is told.
        "GATEWAY_SERVER": "hypercorn",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        # In the addresses that it makes. Nobody resolves the name: who calls one connects to the port above.
        "LOCALSTACK_HOST": f"localhost.localstack.cloud:{port}",
        # The plugin beside this file: functions are processes, and there is no Docker.
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        # An environment that is not called for so long ends: the time of a whole run.
        "LAMBDA_KEEPALIVE_MS": "3600000",
        # Presigned URLs are checked; signatures in headers cannot be.
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        # S3 answers preflights by the bucket's own rules.
        "DISABLE_CUSTOM_CORS_S3": "0",
        # The new engine does not end where a function's deployment is watched by an alarm on the function itself: it looks
        # for what a resource needs before SAM's transformation has taken the two apart.
        "PROVIDER_OVERRIDE_CLOUDFORMATION": "engine-legacy",
        # Resource types without a provider are passed over; the deployment compares them with what it expects.
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
        # Nothing is asked for or told outside this machine.
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "NO_PROXY": "*",
        "AWS_EC2_METADATA_DISABLED": "true",
        "DEBUG": "0",
    }


def let_uuid5_take_bytes() -> None:
    """LocalStack's KMS calls it with bytes, which it takes from Python 3.12 on; Debian 12 has 3.11."""
    uuid5 = uuid.uuid5

    def of_text_or_bytes(namespace: uuid.UUID, name: str | bytes) -> uuid.UUID:
        if isinstance(name, str):
            return uuid5(namespace, name)
        digest = hashlib.sha1(namespace.bytes + name).digest()
        return uuid.UUID(bytes=digest[:16], version=5)

    if sys.version_info < (3, 12):
        uuid.uuid5 = of_text_or_bytes


def end_with_input() -> None:
    while os.read(0, 4096):
        uuid.uuid5 = of_text_or_bytes
    os.kill(os.getpid(), signal.SIGTERM)
    # A thread that is busy must not keep the process alive when nobody is there to end it.
    time.sleep(5)
    os._exit(1)


def main() -> None:
    folder, port = pathlib.Path(sys.argv[1]), free_port()
    # LocalStack prints, and its printing must not be taken for news.
    news = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    variables = environment(folder, port)
    os.environ.clear()
    os.environ.update(variables)
    # Unpacked functions lie below it.
    tempfile.tempdir = str(folder / "tmp")
    os.makedirs(tempfile.tempdir, exist_ok=True)

    let_uuid5_take_bytes()

    # Only now: what is imported reads the variables.
    from localstack.runtime import events
    from localstack.runtime import main as localstack

    def tell() -> None:
        events.infra_ready.wait()
        print(json.dumps({"listen": f"127.0.0.1:{port}"}), file=news, flush=True)

    for act in (tell, end_with_input):
        threading.Thread(target=act, daemon=True).start()
    localstack.main()


if __name__ == "__main__":
    main()
