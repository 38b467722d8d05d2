"""Runs Lambda functions of LocalStack as processes of this machine: the package's own `bootstrap`, unpacked, against a
Runtime API on loopback. LocalStack by itself needs Docker for that.

What Lambda does and this does not: freeze a process between calls, limit memory, keep functions apart, make / read-only.
"""

import collections
import os
import re
import subprocess
import threading
import time
from concurrent.futures import TimeoutError as NoAnswer

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

from runtime_api import Call, RuntimeApi

# Longest start of a function: as Lambda's.
START_SECONDS = 10
# How much of what a function writes is kept.
LOG_LINES = 1000
# The address of a bucket, as the templates give it to functions: with AWS::URLSuffix, which is another one here.
BUCKET_URL = re.compile(r"https://([a-z0-9.-]+?)\.s3\.[a-z0-9-]+\.(?:amazonaws\.com|localhost\.localstack\.cloud)(?=/|$)")


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self, *_args, **_kwargs):
        return ProcessExecutor


class ProcessExecutor(RuntimeExecutor):
    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id=id, function_version=function_version)
        self.api = RuntimeApi()
        self.process: subprocess.Popen | None = None
        self.given: dict[str, str] = {}
        self.lines: collections.deque[str] = collections.deque(maxlen=LOG_LINES)

    def start(self, env_vars: dict[str, str]) -> None:
        folder = self.function_version.config.code.get_unzipped_code_location()
        self.given = env_vars
        process = subprocess.Popen(
            [folder / "bootstrap"],
            cwd=folder,
            env=self.variables(env_vars, str(folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.process = process
        threading.Thread(target=self.follow, args=(process, self.api), daemon=True).start()
        try:
            self.api.ready.result(timeout=START_SECONDS)
        except NoAnswer:
            raise self.failure(f"did not ask for a call within {START_SECONDS} s") from None
        except RuntimeError as error:
            raise self.failure(str(error)) from None

    def start_again(self) -> None:
        """As Lambda does when a program has ended: the next call finds a new one."""
        self.api.close()
        self.api = RuntimeApi()
        self.start(self.given)

    def variables(self, given: dict[str, str], folder: str) -> dict[str, str]:
        """The variables of the function. The names of AWS do not lead here, so its addresses are put in their place."""
        emulator = f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"
        variables = {name: BUCKET_URL.sub(rf"{emulator}/\1", str(value)) for name, value in given.items()}
        return variables | {
            "PATH": os.defpath,
            "LAMBDA_TASK_ROOT": folder,
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "SECRETS_ENDPOINT": emulator,
        }

    def follow(self, process: subprocess.Popen, api: RuntimeApi) -> None:
        """Keeps what the function writes, until it ends."""
        name = self.function_version.id.function_name
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))
            print(f"[{name}] {line}", end="", flush=True)
        api.fail(f"{name} ended: exit status {process.wait()}")

    def failure(self, why: str) -> LambdaRuntimeException:
        message = f"{self.function_version.id.function_name}: {why}"
        print(f"[lambda] {message}", flush=True)
        return LambdaRuntimeException(message)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        seconds = self.function_version.config.timeout
        call = Call(
            request_id=payload["invoke-id"],
            arn=payload["invoked-function-arn"],
            trace_id=payload["trace-id"],
            deadline_ms=int((time.time() + seconds) * 1000),
            payload=payload["payload"].encode(),
        )
        self.lines.clear()
        if self.process.poll() is not None:
            self.start_again()
        self.api.give(call)
        try:
            is_error, body = call.answer.result(timeout=seconds)
        except NoAnswer:
            self.process.kill()
            self.api.open.pop(call.request_id, None)
            is_error, body = True, b'{"errorMessage":"Task timed out after %d seconds"}' % seconds
        return InvocationResult(call.request_id, body, is_error=is_error, logs="\n".join(list(self.lines)))

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.api.close()

    def get_logs(self) -> str:
        return "\n".join(list(self.lines))

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return f"http://{self.api.address}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        pass
