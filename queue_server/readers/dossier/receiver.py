"""A small dossier backend to see records arrive: `python -m queue_server.readers.dossier.receiver --port 8099`.

It keeps, for each subject, the record of the highest revision, like a real one must. GET / shows what it has. Answers
can be ordered for tests by POST /answers with a JSON list of statuses for the next records.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Inbox:
    """What has arrived: every delivery in order, and the newest revision of each subject."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.deliveries: list[dict[str, Any]] = []
        self.newest: dict[str, dict[str, Any]] = {}
        self.answers: list[int] = []

    def take(self, record: dict[str, Any]) -> int:
        """Keep a record; the status to answer with."""
        with self._lock:
            status = self.answers.pop(0) if self.answers else 202
            if status < 300:
                self.deliveries.append(record)
                known = self.newest.get(record["subject"])
                if known is None or _revision(record) >= _revision(known):
                    self.newest[record["subject"]] = record
            return status

    def summary(self) -> dict[str, Any]:
        with self._lock:
            return {"deliveries": len(self.deliveries), "subjects": len(self.newest), "records": self.deliveries}


def _revision(record: dict[str, Any]) -> int:
    return int(str(record["id"]).rpartition("/")[2])


def make_server(inbox: Inbox, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """A receiver on `port` (0 takes a free one); run it with `serve_forever`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))))
            if self.path == "/answers":
                inbox.answers = list(body)
                self._answer(200, {})
            else:
                self._answer(inbox.take(body), {})

        def do_GET(self) -> None:
            self._answer(200, inbox.summary())

        def _answer(self, status: int, value: dict[str, Any]) -> None:
            body = json.dumps(value, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer((host, port), Handler)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    server = make_server(Inbox(), parser.parse_args(arguments).port)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
