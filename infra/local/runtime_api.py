"""The Lambda Runtime API of one execution environment: a server on loopback that gives its program one call after the
other and takes the answers. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import dataclasses
import http.server
import queue
import socketserver
import sys
import threading
from concurrent.futures import Future

PREFIX = "/2018-06-01/runtime/"


@dataclasses.dataclass
class Call:
    request_id: str
    arn: str
    trace_id: str
    deadline_ms: int
    payload: bytes
    # (whether it is an error, the body)
    answer: Future = dataclasses.field(default_factory=Future)


class RuntimeApi(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        # Done when the program first asks for a call; failed when it says that it cannot start.
        self.ready: Future = Future()
        self.calls: queue.Queue[Call | None] = queue.Queue()
        self.open: dict[str, Call] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def give(self, call: Call) -> None:
        self.open[call.request_id] = call
        self.calls.put(call)

    def fail(self, why: str) -> None:
        """Ends whatever waits for the program."""
        body = b'{"errorType":"Runtime.ExitError","errorMessage":"%s"}' % why.replace('"', "'").encode()
        if not self.ready.done():
            self.ready.set_exception(RuntimeError(why))
        for call in list(self.open.values()):
            self.answer(call.request_id, True, body)

    def answer(self, request_id: str, is_error: bool, body: bytes) -> bool:
        call = self.open.pop(request_id, None)
        if call is None or call.answer.done():
            return False
        call.answer.set_result((is_error, body))
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        # A program that has ended reads no answer: that is no fault. All others are told.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        # A program that waits for a call is let go.
        self.calls.put(None)
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def setup(self) -> None:
        super().setup()
        # Head and body are two writes: without this the second one waits for the reader's acknowledgement.
        self.connection.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY

    def do_GET(self) -> None:
        if self.path != f"{PREFIX}invocation/next":
            return self.reply(404)
        if not self.server.ready.done():
            self.server.ready.set_result(None)
        call = self.server.calls.get()
        if call is None:
            return self.reply(410)
        self.reply(
            200,
            call.payload,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": call.request_id,
                "Lambda-Runtime-Deadline-Ms": str(call.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": call.arn,
                "Lambda-Runtime-Trace-Id": call.trace_id,
            },
        )

    def do_POST(self) -> None:
        body = self.body()
        path = self.path.removeprefix(PREFIX)
        if path == "init/error":
            if not self.server.ready.done():
                self.server.ready.set_exception(RuntimeError(body.decode(errors="replace")))
            return self.reply(202)
        match path.split("/"):
            case ["invocation", request_id, "response" | "error" as kind]:
                known = self.server.answer(request_id, kind == "error", body)
                return self.reply(202 if known else 400)
        return self.reply(404)

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        # Trailers end with an empty line.
        while self.rfile.readline().strip():
            pass
        return whole

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
