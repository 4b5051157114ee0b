"""What every answer tells a browser, and whose pages may ask for a change: by a real server, behind TLS and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from queue_server.protocol.frames import Close
from tests.demo_server import BRANCH, PASSWORD
from tests.rights import ROWS
from tests.server import DemoServer

TLS = {"X-Forwarded-Proto": "https"}
ANSWERS = (
    "/", "/sign-in", "/clerk", f"/dispenser/{BRANCH}", f"/display/{BRANCH}", f"/b/{BRANCH}", "/t/nonsense", "/nothing",
    "/metrics", "/healthz", "/static/page.js", "/static/nothing.js", "/api/v1/branches", "/api/v1/devices",
    "/api/v1/nothing", "/media/nothing", "/display/worker.js", "/clerk/people",
)  # fmt: skip
PAGES = ("/", "/sign-in", f"/dispenser/{BRANCH}", f"/display/{BRANCH}", f"/b/{BRANCH}", "/t/nonsense")
CHANGES = [row for row in ROWS if row.kind in ("POST", "PUT", "PATCH", "DELETE")]
ALWAYS = {
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("rules"), data=prepared) as found:
        yield found


def ask(
    server: DemoServer, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, HTTPMessage]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as line:
        line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = line.getresponse()
        answer.read()
        return answer.status, answer.headers


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_keeps_a_browser_to_our_rules(server: DemoServer, path: str) -> None:
    _, plain = ask(server, path)
    assert {name: plain[name] for name in ALWAYS} == ALWAYS
    assert plain["referrer-policy"] == ("no-referrer" if path.startswith("/t/") else "same-origin")
    assert "strict-transport-security" not in plain
    _, safe = ask(server, path, **TLS)
    assert safe["strict-transport-security"] == "max-age=31536000"
    assert safe["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in safe


@pytest.mark.parametrize("path", PAGES)
def test_no_page_runs_what_stands_in_it(server: DemoServer, path: str) -> None:
    policy = dict(part.strip().split(" ", 1) for part in ask(server, path)[1]["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    inline = "'self' 'unsafe-inline'" if path.startswith("/display") else "'self'"
    assert policy["style-src"] == inline, "the frame of a notice's page has the policy of the screen around it"


@pytest.mark.parametrize("path", ["/api/v1/branches", "/api/v1/devices", "/metrics", "/nothing", "/clerk"])
def test_what_is_no_page_may_load_nothing(server: DemoServer, path: str) -> None:
    policy = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
    assert ask(server, path)[1]["content-security-policy"] == policy


@pytest.mark.parametrize("row", CHANGES, ids=str)
def test_no_change_comes_from_another_sites_page(server: DemoServer, row: object) -> None:
    method, path = str(row).split()
    path = path.format(
        branch=BRANCH, id="nobody", field="x", no=1, code="x", date="x", job="x", username="x", session="x"
    )
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{server.port}.evil.example", "http://127.0.0.1"):
        for shown in ({}, {"Authorization": f"Bearer {server.tokens['integration']}"}):
            status, headers = ask(server, path, method, "{}", Origin=origin, **shown)
            assert (status, headers["content-type"]) == (403, "application/problem+json")
            assert headers["x-content-type-options"] == "nosniff"
    assert ask(server, path, method, "{}", Origin=server.url)[0] != 403


def test_no_other_sites_page_opens_a_socket(server: DemoServer) -> None:
    address = f"ws://127.0.0.1:{server.port}/ws/v1"
    with (
        connect(address, origin=Origin("https://evil.example"), proxy=None) as line,
        pytest.raises(ConnectionClosed) as closed,
    ):
        line.recv(10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == Close.FORBIDDEN
    with connect(address, origin=Origin(server.url), proxy=None) as line:
        assert '"welcome"' in str(line.recv(10))


def test_a_session_cookie_is_no_scripts_and_no_other_sites(server: DemoServer) -> None:
    body = f'{{"username": "lan", "password": "{PASSWORD}"}}'
    status, headers = ask(server, "/api/v1/session", "POST", body, Host="layso.example.vn", **TLS)
    assert status == 200
    name, *said = (part.strip() for part in headers["set-cookie"].split(";"))
    assert name.startswith("__Host-layso=")
    assert {part.lower() for part in said} == {"httponly", "path=/", "samesite=lax", "secure"}
    assert ask(server, "/api/v1/session", "POST", body, Host="layso.example.vn")[0] == 403, "https is needed"
