"""Asks and lints replies with httplint. Reads `[{name, address, method, target, headers, body}]` as JSON from stdin,
writes `[{name, status, bad: [note]}]`."""

import json
import socket
import sys
import time

from httplint import HttpResponseLinter


def ask(case):
    host, port = case["address"].split(":")
    body = case["body"].encode()
    headers = [["Host", case["address"]], ["Connection", "close"], *case["headers"]]
    # A later Host stands in the place of the first.
    headers = list(dict((name.lower(), (name, value)) for name, value in headers).values())
    if body:
        headers.append(("Content-Length", str(len(body))))
    head = f"{case['method']} {case['target']} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers) + "\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + body)
        reply = b""
        while chunk := connection.recv(65536):
            reply += chunk
    return reply


def content_of(lines, body):
    chunked = any(name.lower() == b"transfer-encoding" for name, _ in lines)
    if not chunked:
        return body
    content = b""
    while body:
        length, _, body = body.partition(b"\r\n")
        length = int(length, 16)
        content += body[:length]
        body = body[length + 2 :]
        if length == 0:
            break
    return content


def lint(case):
    reply = ask(case)
    head, _, body = reply.partition(b"\r\n\r\n")
    first, *rest = head.split(b"\r\n")
    _, status, phrase = (first.split(b" ", 2) + [b""])[:3]
    lines = [tuple(part.strip() for part in line.split(b":", 1)) for line in rest]
    linter = HttpResponseLinter(start_time=time.time())
    linter.is_head_response = case["method"] == "HEAD"
    linter.process_response_topline(b"HTTP/1.1", status, phrase)
    linter.process_headers(lines)
    linter.feed_content(content_of(lines, body))
    linter.finish_content(True)
    bad = sorted({type(note).__name__ for note in linter.notes if note.level.name == "BAD"})
    return {"name": case["name"], "status": int(status), "bad": bad}


json.dump([lint(case) for case in json.load(sys.stdin)], sys.stdout)
