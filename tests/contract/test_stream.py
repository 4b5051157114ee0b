"""The stream of events at /sse/v1 on a real server: the frames of a WebSocket, for whom a proxy lets none through."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from queue_server.protocol.frames import Close
from queue_server.web.peer import CHANNELS_PER_CONNECTION
from tests.demo_server import BRANCH
from tests.server import DemoServer
from tests.staff import StaffApi, eventually

BOARD, LIVE = f"board:{BRANCH}", f"live:{BRANCH}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("stream"), data=prepared) as found:
        yield found


Query = list[tuple[str, str]]


class Stream:
    """What an EventSource hears."""

    def __init__(self, answer: HTTPResponse) -> None:
        self.answer = answer

    def frame(self) -> dict[str, Any] | None:
        """The next frame; None at the end."""
        line = self.answer.readline()
        if not line:
            return None
        assert line.startswith(b"data: "), line
        assert self.answer.readline() == b"\n"
        found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
        return found

    def hear(self, *kinds: str) -> dict[str, Any]:
        """The next frame of one of these kinds."""
        while True:
            frame = self.frame()
            assert frame is not None, f"ended before {kinds}"
            if frame["type"] in kinds:
                return frame


@contextmanager
def asked(server: DemoServer, query: Query, token: str | None = None) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {} if token is None else {"Authorization": f"Bearer {server.tokens.get(token, token)}"}
    try:
        connection.request("GET", f"/sse/v1?{urlencode(query)}", headers=headers)
        yield connection.getresponse()
    finally:
        connection.close()


@contextmanager
def listening(server: DemoServer, *query: tuple[str, str], token: str | None = None) -> Iterator[Stream]:
    """A stream that has been welcomed."""
    with asked(server, list(query), token) as answer:
        assert answer.status == 200
        stream = Stream(answer)
        first = stream.frame()
        assert first is not None
        assert first["type"] == "welcome"
        assert first["actor"] == ("nobody" if token is None else f"device:{server.devices[token]}")
        yield stream


def board(server: DemoServer) -> Any:
    return server.api().get(f"/branches/{BRANCH}/board")


def a_call(server: DemoServer, no: int = 2) -> str:
    """Somebody comes, is called and gone; the branch's position then."""
    api = server.api()
    api.counter(no, "open")
    api.issue("chung-thuc")
    called = api.call_next(no)
    assert called is not None
    return api.ticket(called.id, "no-show").position


def rows_of(view: dict[str, Any]) -> dict[str, Any]:
    return {table: rows for table, rows in view.items() if rows}


def applied(view: dict[str, Any], event: dict[str, Any]) -> None:
    for table, key, row in event["changes"]:
        view.setdefault(table, {}).pop(key, None)
        if row is not None:
            view[table][key] = row


def test_no_proxy_may_keep_it(server: DemoServer) -> None:
    with asked(server, [("channel", BOARD)]) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"


def test_every_change_comes_once_and_leads_to_what_a_fresh_reader_gets(server: DemoServer) -> None:
    with listening(server, ("channel", BOARD), ("since", ""), ("channel", LIVE)) as stream:
        first, other = stream.hear("snapshot"), stream.hear("snapshot")
        assert (first["channel"], other["channel"]) == (BOARD, LIVE)
        position = [a_call(server) for _ in range(5)][-1]
        seq, view = first["seq"], first["data"]
        while seq != position:
            event = stream.hear("event")
            assert (event["channel"], event["prev"]) == (BOARD, seq)
            seq = event["seq"]
            applied(view, event)
        assert rows_of(view) == rows_of(board(server)["data"])


def test_who_was_away_gets_only_what_was_missed_on_the_channel_that_says_since_when(server: DemoServer) -> None:
    since = a_call(server)
    a_call(server)
    with listening(server, ("channel", LIVE), ("since", ""), ("channel", BOARD), ("since", since)) as stream:
        assert stream.hear("snapshot", "event")["channel"] == LIVE
        missed = stream.hear("snapshot", "event")
        assert (missed["type"], missed["channel"], missed["prev"]) == ("event", BOARD, since)


def test_a_channel_that_one_may_not_read_spoils_no_other(server: DemoServer) -> None:
    names = ["board:nowhere", f"counter:{BRANCH}/1", BOARD]
    with listening(server, *(("channel", name) for name in names)) as stream:
        refused = [stream.hear("error"), stream.hear("error")]
        told = [(one["channel"], one["problem"]["code"]) for one in refused]
        assert told == [(names[0], "unknown-branch"), (names[1], "unauthenticated")]
        assert stream.hear("snapshot")["channel"] == BOARD


@pytest.mark.parametrize(
    ("query", "token", "status", "code"),
    [
        ([("channel", BOARD)], "nonsense", 401, "wrong-token"),
        ([("channel", "x")], None, 400, "malformed"),
        ([("channel", BOARD), ("since", "nonsense")], None, 400, "malformed"),
        ([("channel", BOARD), ("since", ""), ("since", "e.1")], None, 400, "malformed"),
        ([("channel", BOARD), ("report", "{")], "display", 400, "malformed"),
        ([("channel", BOARD)] * (CHANNELS_PER_CONNECTION + 1), None, 409, "too-many-channels"),
    ],
)
def test_what_is_no_good_request_is_refused(
    server: DemoServer, query: Query, token: str | None, status: int, code: str
) -> None:
    with asked(server, query, token) as answer:
        assert answer.status == status
        assert json.loads(answer.read())["code"] == code


def test_a_screen_is_connected_and_says_how_it_is(server: DemoServer) -> None:
    report = {"type": "report", "screen": "", "audio": "on", "size": "1920x1080"}

    def known() -> tuple[bool, Any]:
        devices = StaffApi(server.url, "admin").get("/devices")["devices"]
        found = next(each for each in devices if each["id"] == server.devices["display"])
        return found["is_connected"], found["report"]

    with listening(server, ("channel", BOARD), ("report", json.dumps(report)), token="display") as stream:
        stream.hear("snapshot")
        is_connected, said = known()
        assert is_connected
        assert (said["audio"], said["size"]) == ("on", "1920x1080")
    eventually(lambda: not known()[0])
    with listening(server, ("report", json.dumps(report)), token="dispenser") as stream:
        assert stream.hear("error")["problem"]["code"] == "forbidden"


def test_silence_is_broken_by_a_beat_with_the_newest_positions(server: DemoServer) -> None:
    with listening(server, ("channel", BOARD)) as stream:
        assert set(stream.hear("beat")["positions"]) == {BOARD}


def test_a_device_that_is_removed_is_told_to_stay_away(server: DemoServer) -> None:
    with listening(server, ("channel", BOARD), token="display") as stream:
        stream.hear("snapshot")
        StaffApi(server.url, "admin").request("DELETE", f"/api/v1/devices/{server.devices['display']}")
        assert stream.hear("goodbye")["code"] == Close.UNAUTHENTICATED
        assert stream.frame() is None


def test_a_server_that_stops_says_come_back_and_does_not_wait(server: DemoServer) -> None:
    with listening(server, ("channel", BOARD)) as stream:
        stream.hear("snapshot")
        began = time.monotonic()
        server.stop()
        assert stream.hear("goodbye")["code"] == Close.COME_BACK
        assert stream.frame() is None
        assert time.monotonic() - began < 4.0
    server.restart()
