"""The public contract on a real server, over HTTP and over WebSocket, on both of its wires."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from msgspec import Struct
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from queue_server.protocol import SUBPROTOCOL, frames
from queue_server.protocol.feed import Channel, View
from queue_server.protocol.frames import MAX_FRAME_BYTES, Close, parse_position
from queue_server.protocol.problems import PROBLEMS, problem
from queue_server.realtime.connection import HIGH_WATER_BYTES
from queue_server.web.asking import BODY_MAX
from queue_server.web.peer import CHANNELS_PER_CONNECTION
from tests.contract.wire_server import CAP, WireServer
from tests.demo_server import BRANCH
from tests.staff import sign_in

BOARD = f"board:{BRANCH}"
DEEP = b"[" * 7000 + b"]" * 7000
"""More than any reader of JSON follows."""
SENTENCE = {"vi": 0, "en": 1}


@pytest.fixture(params=["direct", "asgi"], scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireServer]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    with WireServer(folder, request.param) as found:
        yield found


# -- clients -----------------------------------------------------------------------------------------------------------


class Answer(Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


def ask(
    server: WireServer, method: str, path: str, body: bytes | Iterator[bytes] = b"", **headers: str | None
) -> Answer:
    """One HTTP request, exactly as given; a header of None is left out."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        given = {
            "Authorization": f"Bearer {server.tokens['integration']}",
            "Idempotency-Key": uuid4().hex,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in given.items() if value is not None}
        connection.request(method, path, body, sent, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@contextmanager
def talking(
    server: WireServer, token: str | None = "integration", *, lang: str = "vi", **headers: str
) -> Iterator[ClientConnection]:
    """A WebSocket connection that has been welcomed."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        given["Authorization"] = f"Bearer {server.tokens.get(token, token)}"
    url = f"ws://127.0.0.1:{server.port}/ws/v1?lang={lang}"
    with connect(
        url,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        additional_headers=given,
        proxy=None,
        compression=None,
        max_size=None,
        close_timeout=2,
    ) as line:
        assert line.subprotocol == SUBPROTOCOL
        yield line


def hear(line: ClientConnection, *kinds: str, within_s: float = 10.0) -> dict[str, Any]:
    """The next frame of one of these kinds."""
    until = time.monotonic() + within_s
    while True:
        frame: dict[str, Any] = json.loads(line.recv(timeout=max(0.01, until - time.monotonic())))
        if frame["type"] in kinds:
            return frame


def say(line: ClientConnection, kind: str, **parts: Any) -> None:
    line.send(json.dumps({"type": kind, **parts}))


def command(line: ClientConnection, name: str, args: dict[str, Any], key: str = "", **parts: Any) -> dict[str, Any]:
    """The result or error of one command."""
    say(line, "command", id=key or uuid4().hex, name=name, args=args, **parts)
    return hear(line, "result", "error")


def head(server: WireServer) -> str:
    position: str = ask(server, "GET", f"/api/v1/branches/{BRANCH}").json["position"]
    return position


@contextmanager
def nothing_changes(server: WireServer) -> Iterator[None]:
    before = head(server)
    yield
    assert head(server) == before


def ensure_problem(found: dict[str, Any], code: str, lang: str) -> None:
    """The code, its status, and its sentence in that language with every blank filled."""
    assert found["code"] == code, found
    assert found["status"] == PROBLEMS[code].status
    assert found["type"] == f"/problems/{code}"
    assert found["detail"] == problem(code, found["data"], lang).detail
    assert found["detail"] != problem(code, found["data"], "en" if lang == "vi" else "vi").detail
    assert found["detail"].strip()
    assert "…" not in found["detail"]


# -- refusals ----------------------------------------------------------------------------------------------------------


class Bad(Struct, frozen=True):
    """A command that is refused: its name, its arguments, and where it is sent over HTTP."""

    code: str
    name: str
    args: dict[str, Any]
    path: str = ""
    token: str | None = "integration"


FIELD = f"/branches/{BRANCH}/tickets"
COUNTER = f"/branches/{BRANCH}/counters"
BAD = [
    Bad("unknown-field", "issue", {"field": "khong-co"}, FIELD),
    Bad("cap-reached", "issue", {"field": "het-so"}, FIELD),
    Bad("issuing-closed", "issue", {"field": "ngoai-gio"}, FIELD),
    Bad("field-suspended", "issue", {"field": "tam-ngung"}, FIELD),
    Bad("unknown-class", "issue", {"field": "ho-tich", "priority": "VIP"}, FIELD),
    Bad("malformed", "issue", {"field": "ho-tich", "nonsense": 1}, FIELD),
    Bad("malformed", "issue", {"field": 7}, FIELD),
    Bad("malformed", "issue", {}, FIELD),
    Bad("malformed", "issue", {"field": "ho-tich", "dossiers": 0}, FIELD),
    Bad("malformed", "issue", {"field": "ho-tich", "channel": "pigeon"}, FIELD),
    Bad("unknown-branch", "issue", {"field": "ho-tich"}, "/branches/nowhere/tickets"),
    Bad("unknown-branch", "open", {}, "/branches/nowhere/counters/4/open", "display"),
    Bad("ticket-state", "finish", {}, "/tickets/WAITING/finish"),
    Bad("ticket-state", "recall", {}, "/tickets/WAITING/recall"),
    Bad("ticket-state", "start", {}, "/tickets/CANCELLED/start"),
    Bad("ticket-state", "cancel", {}, "/tickets/CANCELLED/cancel"),
    Bad("unknown-ticket", "finish", {}, "/tickets/nobody/finish"),
    Bad("counter-closed", "call-next", {}, f"{COUNTER}/6/call-next"),
    Bad("unknown-counter", "call-next", {}, f"{COUNTER}/99/call-next"),
    Bad("counter-state", "pause", {}, f"{COUNTER}/6/pause"),
    Bad("cannot-serve", "call", {"counter": 4}, "/tickets/WAITING/call"),
    Bad("unknown-command", "dance", {}, f"{COUNTER}/4/dance"),
    Bad("unknown-command", "dance", {}, "/tickets/WAITING/dance"),
    Bad("unknown-command", "configure", {}, f"/branches/{BRANCH}/configure"),
    Bad("forbidden", "suspend", {"field": "ho-tich", "reason": {"vi": "x"}}, f"/branches/{BRANCH}/suspend"),
    Bad("forbidden", "issue", {"field": "ho-tich"}, FIELD, "display"),
    Bad("forbidden", "open", {}, f"{COUNTER}/4/open", "dispenser"),
    Bad("unauthenticated", "issue", {"field": "ho-tich"}, FIELD, None),
    Bad("unauthenticated", "issue", {"field": "ho-tich"}, "/branches/nowhere/tickets", None),
    Bad("unauthenticated", "finish", {}, "/tickets/nobody/finish", None),
]


def named(bad: Bad) -> str:
    return f"{bad.code}-{bad.name}-{BAD.index(bad)}"


@pytest.fixture(scope="module")
def tickets(server: WireServer) -> dict[str, str]:
    """A ticket that waits and one that was cancelled, by those names."""
    api = server.api()
    found = {"WAITING": api.issue("ho-tich").id, "CANCELLED": api.issue("ho-tich").id}
    api.ticket(found["CANCELLED"], "cancel")
    api.counter(4, "open")
    return found


def addressed(bad: Bad, tickets: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Its path over HTTP, and over WebSocket all its arguments."""
    path, args = bad.path, dict(bad.args)
    for name, ticket in tickets.items():
        path = path.replace(name, ticket)
    parts = path.split("/")
    if parts[1] == "tickets":
        args["ticket"] = parts[2]
    else:
        args["branch"] = parts[2]
        if len(parts) > 4:
            args["counter"] = int(parts[4])
    return f"/api/v1{path}", args


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("bad", BAD, ids=named)
def test_a_refusal_over_http_says_why_and_changes_nothing(
    server: WireServer, tickets: dict[str, str], bad: Bad, lang: str
) -> None:
    path, _ = addressed(bad, tickets)
    bearer = f"Bearer {server.tokens[bad.token]}" if bad.token else None
    with nothing_changes(server):
        body = json.dumps(bad.args).encode()
        answer = ask(server, "POST", path, body, Accept_Language=lang, Authorization=bearer)
    assert answer.status == PROBLEMS[bad.code].status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (answer.status == 401)
    ensure_problem(answer.json, bad.code, lang)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_refusals_over_websocket_say_the_same(server: WireServer, tickets: dict[str, str], lang: str) -> None:
    for token in ("integration", "display", "dispenser", None):
        with talking(server, token, lang=lang) as line, nothing_changes(server):
            for bad in [one for one in BAD if one.token == token]:
                _, args = addressed(bad, tickets)
                frame = command(line, bad.name, args, key := uuid4().hex)
                assert (frame["type"], frame["id"]) == ("error", key), bad
                ensure_problem(frame["problem"], bad.code, lang)


def test_the_path_of_a_fault_is_told(server: WireServer) -> None:
    answer = ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "ho-tich", "dossiers": "two"}')
    assert "“$.dossiers”" in answer.json["detail"]
    assert answer.json["data"]["where"] == "$.dossiers"
    assert answer.json["data"]["fault"] == "Expected `int`, got `str` - at `$.dossiers`"


def test_a_field_is_told_by_its_code_and_its_name(server: WireServer, tickets: dict[str, str]) -> None:
    """Whichever refusal it is."""
    expected = {"cap-reached": "het-so", "issuing-closed": "ngoai-gio", "field-suspended": "tam-ngung"}
    for code, field in expected.items():
        told = ask(server, "POST", f"/api/v1{FIELD}", json.dumps({"field": field}).encode(), Accept_Language="en").json
        assert (told["code"], told["data"]["field"]) == (code, field)
        assert told["data"]["field_name"] == {"vi": field, "en": f"{field} (en)"}
        assert f"{field} (en)" in told["detail"]
    told = ask(server, "POST", f"/api/v1/tickets/{tickets['WAITING']}/call", b'{"counter": 4}').json
    assert (told["code"], told["data"]["field"]) == ("cannot-serve", "ho-tich")
    assert "Hộ tịch" in told["detail"]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_second_finish_is_told_what_to_do_instead(server: WireServer, lang: str) -> None:
    api = server.api()
    ticket = api.issue("kinh-doanh").id
    api.counter(5, "open")
    api.ticket(ticket, "call", counter=5)
    api.ticket(ticket, "start")
    api.ticket(ticket, "finish")
    told = ask(server, "POST", f"/api/v1/tickets/{ticket}/finish", b"{}", Accept_Language=lang).json
    ensure_problem(told, "ticket-state", lang)
    assert {"vi": "hãy lấy số mới", "en": "take a new number"}[lang] in told["detail"]
    api.counter(5, "close")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"nonsense", b'"text"', b"\xff\xfe", b'{"field": "ho-tich"} trailing', DEEP]
)
def test_a_body_that_is_no_command_is_refused(server: WireServer, body: bytes) -> None:
    with nothing_changes(server):
        ensure_problem(ask(server, "POST", f"/api/v1{FIELD}", body).json, "malformed", "vi")


@pytest.mark.parametrize(
    "frame",
    [
        "{", "[]", "nonsense", "{}", '{"type":"dance"}', '{"type":"subscribe"}',
        '{"type":"subscribe","channel":"board:go-vap","extra":1}',
        '{"type":"subscribe","channel":"board:go-vap","since":"nonsense"}',
        '{"type":"command","id":"short","name":"issue","args":{}}',
        '{"type":"command","id":"long-enough","args":{}}',
        '{"type":"command","id":"long-enough","name":"issue","args":{},"deadline":"2026-11-23T08:00:00"}',
        DEEP.decode(),
        f'{{"type":"dance","args":{DEEP.decode()}}}',
    ],
)  # fmt: skip
def test_a_frame_that_is_none_is_refused_and_the_connection_goes_on(server: WireServer, frame: str) -> None:
    with talking(server) as line, nothing_changes(server):
        line.send(frame)
        refused = hear(line, "error")
        ensure_problem(refused["problem"], "malformed", "vi")
        assert ("id" in refused) == ('"id"' in frame)
        say(line, "subscribe", channel=BOARD)
        assert hear(line, "snapshot")["channel"] == BOARD


def test_the_wrong_client_spoils_nobody_elses_batch(server: WireServer) -> None:
    """A deadline without a zone once failed everything that was decided with it."""
    with talking(server) as line:
        for number in range(20):
            deadline = {"deadline": "2020-01-01T00:00:00"} if number % 2 else {}
            args = {"branch": BRANCH, "field": "ho-tich"}
            say(line, "command", id=f"mixed-{uuid4().hex}", name="issue", args=args, **deadline)
        kinds = [hear(line, "result", "error")["type"] for _ in range(20)]
    assert sorted(kinds) == ["error"] * 10 + ["result"] * 10


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_a_body_that_is_too_large_is_refused(server: WireServer, is_chunked: bool) -> None:
    size = BODY_MAX + 1
    body = b'{"field": "ho-tich", "language": "' + b"x" * size + b'"}'
    with nothing_changes(server):
        answer = ask(server, "POST", f"/api/v1{FIELD}", iter([body[:9], body[9:]]) if is_chunked else body)
    assert answer.status == 413
    ensure_problem(answer.json, "too-large", "vi")


@pytest.mark.parametrize("letter", ["x", "Ữ"])
def test_a_frame_that_is_too_large_is_refused(server: WireServer, letter: str) -> None:
    """It counts bytes, not letters."""
    count = MAX_FRAME_BYTES // len(letter.encode()) - 40
    args = {"branch": BRANCH, "field": "ho-tich", "procedures": [letter * count]}
    with talking(server) as line, nothing_changes(server):
        line.send(json.dumps({"type": "command", "id": uuid4().hex, "name": "issue", "args": args}, ensure_ascii=False))
        ensure_problem(hear(line, "error")["problem"], "too-large", "vi")


def test_a_frame_far_too_large_ends_the_connection(server: WireServer) -> None:
    with talking(server) as line, nothing_changes(server):
        line.send("x" * (5 * MAX_FRAME_BYTES))
        with pytest.raises(ConnectionClosed) as closed:
            hear(line, "snapshot")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == Close.TOO_LARGE


@pytest.mark.parametrize(
    ("key", "code"), [(None, "key-missing"), ("", "key-missing"), ("ab", "key-length"), ("x" * 129, "key-length")]
)
def test_a_change_without_a_good_key_is_refused(server: WireServer, key: str | None, code: str) -> None:
    with nothing_changes(server):
        answer = ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "ho-tich"}', Idempotency_Key=key)
    ensure_problem(answer.json, code, "vi")
    assert "8–128 ký tự" in answer.json["detail"]


def test_a_key_used_again_for_something_else_is_refused_on_either_wire(server: WireServer) -> None:
    key = uuid4().hex
    assert ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "ho-tich"}', Idempotency_Key=key).status == 201
    with nothing_changes(server), talking(server) as line:
        other = ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "dat-dai"}', Idempotency_Key=key)
        ensure_problem(other.json, "key-reused", "vi")
        frame = command(line, "issue", {"branch": BRANCH, "field": "dat-dai"}, key)
        ensure_problem(frame["problem"], "key-reused", "vi")


def test_a_press_that_comes_too_late_is_refused(server: WireServer) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    with nothing_changes(server), talking(server, lang="en") as line:
        answer = ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "ho-tich"}', Deadline=past)
        ensure_problem(answer.json, "too-late", "vi")
        for wrong in ("yesterday", "2026-11-23T08:00:00"):
            answer = ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "ho-tich"}', Deadline=wrong)
            ensure_problem(answer.json, "malformed", "vi")
        frame = command(line, "issue", {"branch": BRANCH, "field": "ho-tich"}, deadline=past)
        ensure_problem(frame["problem"], "too-late", "en")


# -- who asks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Bearer ", "Basic dXNlcjpwYXNz", "nonsense"])
def test_a_wrong_token_is_refused(server: WireServer, authorization: str) -> None:
    with nothing_changes(server):
        answer = ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "ho-tich"}', Authorization=authorization)
    assert answer.status == 401
    ensure_problem(answer.json, "wrong-token", "vi")
    assert "đăng nhập" not in answer.json["detail"]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_device_that_signs_in_with_a_wrong_token_is_told_so(server: WireServer, lang: str) -> None:
    body = b'{"token": "nonsense"}'
    answer = ask(server, "POST", "/api/v1/session/device", body, Authorization=None, Accept_Language=lang)
    ensure_problem(answer.json, "wrong-token", lang)


def test_who_has_a_session_that_is_over_signs_in_again(server: WireServer) -> None:
    answer = ask(server, "POST", f"/api/v1{FIELD}", Authorization=None, Cookie="__Host-layso=nonsense")
    ensure_problem(answer.json, "unauthenticated", "vi")
    assert "Hãy đăng nhập lại" in answer.json["detail"]


def closing_code(server: WireServer, **headers: str) -> int:
    with pytest.raises(ConnectionClosed) as closed, talking(server, None, **headers) as line:
        hear(line, "welcome")
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_a_wrong_token_closes_the_connection_for_good(server: WireServer) -> None:
    assert closing_code(server, Authorization="Bearer nonsense") == Close.UNAUTHENTICATED


def test_a_session_that_is_over_is_nobodys(server: WireServer) -> None:
    with talking(server, None, Cookie="__Host-layso=nonsense") as line:
        assert hear(line, "welcome")["actor"] == "nobody"
        frame = command(line, "issue", {"branch": BRANCH, "field": "ho-tich"})
        ensure_problem(frame["problem"], "unauthenticated", "vi")


def test_another_sites_page_cannot_use_somebodys_session(server: WireServer) -> None:
    cookie = sign_in(server.url, "lan")
    foreign = {"Cookie": cookie, "Origin": "https://evil.example"}
    with nothing_changes(server):
        answer = ask(server, "POST", f"/api/v1{FIELD}", b'{"field": "ho-tich"}', Authorization=None, **foreign)
    assert answer.status == 403
    ensure_problem(answer.json, "wrong-origin", "vi")
    assert closing_code(server, **foreign) == Close.FORBIDDEN
    own = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{server.port}"}
    with talking(server, None, **own) as line:
        assert hear(line, "welcome")["actor"] == "account:lan"


def test_addresses_and_methods_that_there_are_not(server: WireServer) -> None:
    for lang in SENTENCE:
        ensure_problem(ask(server, "GET", "/api/v1/nothing", Accept_Language=lang).json, "not-found", lang)
        answer = ask(server, "PUT", f"/api/v1/branches/{BRANCH}", Accept_Language=lang)
        ensure_problem(answer.json, "method-not-allowed", lang)
        assert "PUT" in answer.json["detail"]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_channels_that_one_may_not_read(server: WireServer, tickets: dict[str, str], lang: str) -> None:
    unknown = [
        "nothing", "dance:go-vap", "counter:go-vap/x", "counter:go-vap/", "printer:other", "x" * 200,
        "counter:go-vap/²",
    ]  # fmt: skip
    refused = {
        "board:nowhere": "unknown-branch",
        "board:": "unknown-branch",
        "live:nowhere": "unknown-branch",
        "counter:nowhere/1": "unknown-branch",
        f"ticket:{tickets['WAITING']}.forged": "unknown-ticket",
        "ticket:nonsense": "unknown-ticket",
        f"printer:{server.devices['printer']}": "unknown-channel",
    }
    with talking(server, "display", lang=lang) as line:
        for channel in (*unknown, *refused):
            say(line, "subscribe", channel=channel)
            frame = hear(line, "error")
            assert frame["channel"] == channel
            ensure_problem(frame["problem"], refused.get(channel, "unknown-channel"), lang)
        say(line, "subscribe", channel=f"counter:{BRANCH}/1")
        ensure_problem(hear(line, "error")["problem"], "forbidden", lang)
    with talking(server, None, lang=lang) as line:
        say(line, "subscribe", channel=f"counter:{BRANCH}/1")
        ensure_problem(hear(line, "error")["problem"], "unauthenticated", lang)
        say(line, "subscribe", channel=BOARD)
        assert hear(line, "snapshot")["channel"] == BOARD


def test_a_connection_follows_so_many_channels(server: WireServer) -> None:
    token = server.api().issue("dat-dai").token
    with talking(server) as line:
        for number in range(1, 7):
            say(line, "subscribe", channel=f"counter:{BRANCH}/{number}")
        for _ in range(CHANNELS_PER_CONNECTION - 6):
            say(line, "subscribe", channel=f"ticket:{server.api().issue('dat-dai').token}")
        for _ in range(CHANNELS_PER_CONNECTION):
            hear(line, "snapshot")
        say(line, "subscribe", channel=f"ticket:{token}")
        ensure_problem(hear(line, "error")["problem"], "too-many-channels", "vi")


# -- results -----------------------------------------------------------------------------------------------------------


def test_both_transports_give_the_same_answer_to_the_same_key(server: WireServer) -> None:
    with talking(server) as line:
        for first_over_http in (True, False):
            key = uuid4().hex
            args = {"field": "chung-thuc", "priority": "NKT", "dossiers": 3}

            def over_http(key: str = key, args: dict[str, Any] = args) -> Any:
                return ask(server, "POST", f"/api/v1{FIELD}", json.dumps(args).encode(), Idempotency_Key=key).json

            def over_websocket(key: str = key, args: dict[str, Any] = args) -> Any:
                return command(line, "issue", {"branch": BRANCH, **args}, key)["data"]

            ways: list[Callable[[], Any]] = [over_http, over_websocket]
            first, second = (way() for way in (ways if first_over_http else ways[::-1]))
            assert first["number"].startswith("A")
            assert second == first


def test_a_ticket_goes_its_way_by_either_transport(server: WireServer) -> None:
    """What each command answers, over WebSocket; the last ones over HTTP."""
    field, no = "tra-ket-qua", 6
    with talking(server) as line:
        opened = command(line, "open", {"branch": BRANCH, "counter": no})["data"]
        assert (opened["no"], opened["state"], opened["branch"]) == (no, "open", BRANCH)
        assert command(line, "call-next", {"branch": BRANCH, "counter": no})["data"] is None
        answer = ask(server, "POST", f"/api/v1{COUNTER}/{no}/call-next")
        assert (answer.status, answer.body) == (204, b"")
        issued = command(line, "issue", {"branch": BRANCH, "field": field})["data"]
        assert (issued["state"], issued["field"], issued["people_ahead"]) == ("waiting", field, 0)
        assert issued["wait"]["low_s"] <= issued["wait"]["likely_s"] <= issued["wait"]["high_s"]
        called = command(line, "call-next", {"branch": BRANCH, "counter": no})["data"]
        assert (called["id"], called["counter"], called["times_called"]) == (issued["id"], no, 1)
        assert parse_position(called["position"])[1] > parse_position(issued["position"])[1]
        for name, state in (("recall", "called"), ("start", "serving"), ("hold", "held"), ("resume", "called")):
            assert command(line, name, {"ticket": issued["id"]})["data"]["state"] == state
        followed = ask(server, "GET", f"/api/v1/tickets/{issued['id']}?token={issued['token']}", Authorization=None)
        assert (followed.json["state"], followed.json["number"]) == ("called", issued["number"])
        assert ask(server, "POST", f"/api/v1/tickets/{issued['id']}/start", b"{}").json["state"] == "serving"
        assert ask(server, "POST", f"/api/v1/tickets/{issued['id']}/finish", b"{}").json["state"] == "finished"
        assert command(line, "close", {"branch": BRANCH, "counter": no})["data"]["state"] == "closed"


def test_many_commands_on_one_connection_are_answered_each(server: WireServer) -> None:
    keys = [uuid4().hex for _ in range(200)]
    with talking(server) as line:
        for key in keys:
            say(line, "command", id=key, name="issue", args={"branch": BRANCH, "field": "chung-thuc"})
        found = [hear(line, "result") for _ in keys]
    assert {frame["id"] for frame in found} == set(keys)
    numbers = [frame["data"]["number"] for frame in found]
    assert len(set(numbers)) == len(numbers)


def test_the_cap_was_given_out_and_no_more(server: WireServer) -> None:
    issued = [e for e in server.api().events() if e["type"] == "ticket.issued" and e["field"] == "het-so"]
    assert len(issued) == CAP


# -- channels ----------------------------------------------------------------------------------------------------------


class Reader:
    """Follows one channel by the rules of the feed, over any number of connections."""

    def __init__(self, name: str) -> None:
        self.channel = Channel(name)
        self.snapshots = self.events = 0

    def join(self, line: ClientConnection) -> None:
        line.send(msgspec.json.encode(self.channel.request()), text=True)

    def take(self, line: ClientConnection) -> str:
        """The next frame of this channel; its position."""
        while True:
            frame = frames.server_decoder.decode(line.recv(timeout=10))
            if isinstance(frame, frames.Snapshot) and frame.channel == self.channel.name:
                self.snapshots += 1
                self.channel.on_snapshot(frame)
            elif isinstance(frame, frames.Event) and frame.channel == self.channel.name:
                self.events += 1
                assert self.channel.on_event(frame), "a frame is missing"
            else:
                continue
            assert self.channel.position is not None
            return self.channel.position

    def until(self, line: ClientConnection, position: str) -> View:
        """The view once it is there."""
        while self.channel.position is None or parse_position(self.channel.position)[1] < parse_position(position)[1]:
            self.take(line)
        while self.channel.next() is not None:
            pass
        return self.channel.view


def rows_of(view: View) -> View:
    return {table: rows for table, rows in view.items() if rows}


def board(server: WireServer) -> View:
    data: View = ask(server, "GET", f"/api/v1/branches/{BRANCH}/board").json["data"]
    return rows_of(data)


def a_call(server: WireServer, no: int = 2) -> str:
    """Somebody comes, is called and gone: a position at which the board differs."""
    api = server.api()
    api.counter(no, "open")
    api.issue("chung-thuc")
    called = api.call_next(no)
    assert called is not None
    return api.ticket(called.id, "no-show").position


def test_a_reader_of_the_board_has_what_a_fresh_reader_gets(server: WireServer) -> None:
    reader = Reader(BOARD)
    with talking(server, None) as line:
        reader.join(line)
        reader.take(line)
        for _ in range(10):
            position = a_call(server)
        assert rows_of(reader.until(line, position)) == board(server)
    assert (reader.snapshots, reader.events >= 10) == (1, True)


def test_who_was_away_gets_only_what_was_missed(server: WireServer) -> None:
    reader = Reader(BOARD)
    with talking(server, None) as line:
        reader.join(line)
        reader.until(line, a_call(server))
    position = [a_call(server) for _ in range(5)][-1]
    with talking(server, None) as line:
        reader.join(line)
        assert rows_of(reader.until(line, position)) == board(server)
    assert reader.snapshots == 1


@pytest.mark.parametrize("since", ["0123456789ab.3", "ahead", "long ago"])
def test_a_position_from_which_nothing_leads_on_gets_a_snapshot(server: WireServer, since: str) -> None:
    epoch, seq = parse_position(head(server))
    asked = {"ahead": f"{epoch}.{seq + 100}", "long ago": f"{epoch}.1"}.get(since, since)
    with talking(server, None) as line:
        say(line, "subscribe", channel=BOARD, since=asked)
        frame = hear(line, "snapshot", "event")
        assert (frame["type"], frame["seq"]) == ("snapshot", head(server))


def test_who_unsubscribes_hears_no_more(server: WireServer) -> None:
    with talking(server) as line:
        for channel in (BOARD, f"counter:{BRANCH}/2"):
            say(line, "subscribe", channel=channel)
            hear(line, "snapshot")
        say(line, "unsubscribe", channel=BOARD)
        assert command(line, "open", {"branch": BRANCH, "counter": 2})["type"] == "result"
        a_call(server)
        heard = [hear(line, "event")["channel"] for _ in ("issued", "called", "absent")]
    assert set(heard) == {f"counter:{BRANCH}/2"}


def test_a_citizen_follows_a_ticket_by_its_token(server: WireServer) -> None:
    api = server.api()
    issued = api.issue("dat-dai")
    with talking(server, None) as line:
        say(line, "subscribe", channel=f"ticket:{issued.token}")
        (row,) = hear(line, "snapshot")["data"]["ticket"].values()
        assert (row["number"], row["state"]) == (issued.number, "waiting")
        api.ticket(issued.id, "cancel")
        ((_, _, row),) = hear(line, "event")["changes"]
        assert row["state"] == "cancelled"


def test_a_live_channel_says_the_newest_and_no_more_than_once_a_second(server: WireServer) -> None:
    with talking(server, None) as line:
        say(line, "subscribe", channel=f"live:{BRANCH}")
        first = hear(line, "snapshot")["data"]
        began = time.monotonic()
        for _ in range(30):
            server.api().issue("kinh-doanh")
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["issued"] < first["issued"] + 30:
            heard.append(hear(line, "snapshot")["data"])
        assert len(heard) <= 2 + (time.monotonic() - began)


def test_silence_is_broken_by_a_beat_with_the_newest_positions(server: WireServer) -> None:
    """Looked for every 2.5 s, sent when there was no frame for more than 2.6."""
    with talking(server, None) as line:
        assert hear(line, "welcome")["beat_s"] == 5.0
        say(line, "subscribe", channel=BOARD)
        hear(line, "snapshot")
        began = time.monotonic()
        beat = hear(line, "beat", within_s=6.0)
        assert 2.5 < time.monotonic() - began < 5.5
        assert set(beat["positions"]) == {BOARD}
        assert parse_position(beat["positions"][BOARD])[0] == parse_position(head(server))[0]
        assert abs(datetime.fromisoformat(beat["at"]) - datetime.now(UTC)) < timedelta(seconds=5)


# -- a slow reader -----------------------------------------------------------------------------------------------------


def a_narrow_line(server: WireServer) -> socket.socket:
    """A connection whose reader takes little at a time."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", server.port))
    return narrow


def test_who_reads_too_slowly_is_told_to_come_back_and_resumes(server: WireServer) -> None:
    """It asks and asks, and does not read: unsent frames are not heaped up for it, and nobody else waits."""
    reader = Reader(BOARD)
    url = f"ws://127.0.0.1:{server.port}/ws/v1"
    with connect(
        url, sock=a_narrow_line(server), subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, max_queue=1
    ) as line:
        reader.join(line)
        reader.take(line)
        line.send(json.dumps({"type": "unsubscribe", "channel": BOARD}))
        size = len(json.dumps(board(server)))
        for _ in range(3 * 4 * 1024 * 1024 // size + 4 * HIGH_WATER_BYTES // size):
            line.send(json.dumps({"type": "subscribe", "channel": f"board:{BRANCH}"}))
        began = time.monotonic()
        position = a_call(server)
        assert time.monotonic() - began < 2.0, "somebody else had to wait"
        with suppress(ConnectionClosed):
            while True:
                line.recv(timeout=10)
        code = line.close_code
        assert code in {Close.TOO_SLOW, 1006}, "it may not hear the goodbye, but never that it should stay away"
    with talking(server, None) as again:
        reader.join(again)
        assert rows_of(reader.until(again, position)) == board(server)
    assert reader.snapshots <= 2
