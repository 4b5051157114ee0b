"""How the product is started for the benchmarks: the one place that knows its command and tokens.

    .venv/bin/python -m queue_server demo --port P --data DIR --json

prints one line of JSON on stdout: url, branch, pages, accounts and
tokens{dispenser, display, integration}.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from load.measure import PYTHON, Server, free_port, spawn
from load.proof import MORNING

START_SECONDS = 60
COMMIT_DELAY = "LAYSO_COMMIT_DELAY_MS"
FIELD = "ho-tich"  # a procedure field of the demo branch; the first one listed is taken if it has none
AFTER_CALL = "/api/v1/tickets/%I/no-show"  # a counter must clear its ticket before it calls again


def start_product(folder: Path, env: Mapping[str, str]) -> Server:
    port = free_port()
    data = folder / "data"
    argv = [
        PYTHON,
        "-m",
        "queue_server",
        "demo",
        "--port",
        str(port),
        "--data",
        str(data),
        "--json",
        "--clock-start",
        MORNING,
    ]
    process = spawn(argv, folder, env)
    server = Server(process, port, folder, after_call=AFTER_CALL, before_calls=open_counters)
    try:
        said = first_line(server)
        server.branch = said["branch"]
        server.token = said["tokens"]["integration"]
        server.display_token = said["tokens"]["display"]
        server.procedure_field = some_field(server)
    except BaseException:
        server.stop()
        raise
    return server


def first_line(server: Server) -> dict[str, Any]:
    """The line of JSON that says where everything is."""
    until = time.monotonic() + START_SECONDS
    path = server.folder / "stdout.log"
    while not (text := path.read_text()).endswith("\n"):
        if server.process.poll() is not None or time.monotonic() > until:
            log = (server.folder / "stderr.log").read_text()[-2000:]
            raise RuntimeError(f"the product gave no line of JSON in {START_SECONDS} s:\n{log}")
        time.sleep(0.05)
    said: dict[str, Any] = json.loads(text.splitlines()[0])
    return said


def ask(server: Server, method: str, path: str, body: object = None, key: str = "") -> Any:
    """One request outside the measured time."""
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method)
    request.add_header("Authorization", f"Bearer {server.token}")
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Idempotency-Key", key)
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, timeout=10) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as problem:
        raise RuntimeError(f"{method} {path}: {problem.code} {problem.read()[:500]!r}") from problem


def some_field(server: Server) -> str:
    """FIELD, or the first field of the demo branch when it has no such field."""
    branch = ask(server, "GET", f"/api/v1/branches/{server.branch}")
    names = [one if isinstance(one, str) else str(one.get("id") or one["code"]) for one in branch["fields"]]
    return FIELD if FIELD in names else names[0]


def open_counters(server: Server) -> None:
    """Open the eight counters that the call benchmarks use."""
    for number in range(1, 9):
        path = f"/api/v1/branches/{server.branch}/counters/{number}/open"
        ask(server, "POST", path, {}, key=f"benchmark-open-{number}")
