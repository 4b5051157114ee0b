"""Who tries too often is told to wait, by a real server. Each test comes from an address of its own, by a proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec import Struct

from queue_server.access.tries import CODES_ASKED, CODES_CONFIRMED, PASSWORDS_OF_A_NAME, WRONG_TOKENS
from tests.demo_server import BRANCH, PASSWORD
from tests.server import DemoServer
from tests.staff import StaffApi, sign_in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("tries"), data=prepared) as found:
        yield found


class Answer(Struct, frozen=True):
    status: int
    retry_after: str | None
    said: Any

    @property
    def code(self) -> str:
        return str(self.said["code"]) if self.status >= 400 else ""


class Client:
    """Somebody at an address, on one line."""

    def __init__(self, server: DemoServer, address: str) -> None:
        self._line = HTTPConnection("127.0.0.1", server.port, timeout=10)
        self._address = address

    def ask(self, method: str, path: str, body: dict[str, str] | None = None, **headers: str) -> Answer:
        given = {"X-Forwarded-For": self._address, "Idempotency-Key": uuid4().hex} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        self._line.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), given)
        answer = self._line.getresponse()
        content = answer.read()
        return Answer(answer.status, answer.getheader("retry-after"), json.loads(content) if content else None)

    def sign_in(self, username: str, password: str, **headers: str) -> Answer:
        return self.ask("POST", "/session", {"username": username, "password": password}, **headers)

    def me(self, token: str) -> Answer:
        return self.ask("GET", "/me", Authorization=f"Bearer {token}")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()


def test_a_password_cannot_be_guessed_and_others_can_sign_in_meanwhile(server: DemoServer) -> None:
    with Client(server, "203.0.113.1") as guesser, Client(server, "203.0.113.2") as other:
        for number in range(PASSWORDS_OF_A_NAME.burst):
            assert guesser.sign_in("hoa", f"guess {number}").code == "wrong-credentials"
        refused = guesser.sign_in("hoa", PASSWORD, Accept_Language="vi")
        assert (refused.status, refused.code) == (429, "too-many-tries")
        wait_s = refused.said["data"]["retry_s"]
        assert 0 < wait_s <= PASSWORDS_OF_A_NAME.every_s
        assert refused.retry_after == str(wait_s)
        sentence = "Đã thử quá nhiều lần. Hãy đợi 15 phút rồi thử lại; nếu không nhớ mật khẩu hoặc mã, hãy hỏi"
        assert refused.said["detail"] == f"{sentence} quản trị."
        english = other.sign_in("hoa", PASSWORD, Accept_Language="en")
        assert english.code == "too-many-tries", "from wherever"
        assert "Wait 15 minutes and try again" in english.said["detail"]
        assert guesser.sign_in("lan", PASSWORD).status == 200


def guess(client: Client, username: str, count: int) -> list[tuple[str, int]]:
    answers = [client.sign_in(username, f"guess {number}") for number in range(count)]
    return [(each.code, each.status) for each in answers]


def test_a_lock_tells_nothing_of_whether_there_is_such_an_account(server: DemoServer) -> None:
    with Client(server, "203.0.113.8") as guesser:
        assert guess(guesser, "tam", 12) == guess(guesser, "khong-co", 12)
        assert guesser.sign_in("khong-co", "x").said["data"].keys() == guesser.sign_in("tam", "x").said["data"].keys()


def test_a_right_password_ends_the_row_of_wrong_ones(server: DemoServer) -> None:
    with Client(server, "203.0.113.9") as client:
        for _ in range(3):
            assert {code for code, _ in guess(client, "minh", 9)} == {"wrong-credentials"}
            assert client.sign_in("minh", PASSWORD).status == 200


def test_an_administrator_lifts_a_lock(server: DemoServer) -> None:
    with Client(server, "203.0.113.10") as client:
        guess(client, "quang", 11)
        assert client.sign_in("quang", PASSWORD).code == "too-many-tries"
        StaffApi(server.url, "admin").post("/staff/quang/unlock")
        assert client.sign_in("quang", PASSWORD).status == 200


def test_wrong_tokens_are_told_to_wait_and_right_ones_let_in_from_the_same_address(server: DemoServer) -> None:
    """A hall of 200 devices that come back at once, though somebody there has been guessing."""
    with Client(server, "203.0.113.4") as hall:
        codes = [hall.me(f"wrong {number}").code for number in range(WRONG_TOKENS.burst + 50)]
        assert codes[: WRONG_TOKENS.burst] == ["wrong-token"] * WRONG_TOKENS.burst
        assert "too-many-tries" in codes
        assert {hall.me(server.tokens["display"]).status for _ in range(200)} == {200}
        assert hall.ask("POST", "/session/device", {"token": server.tokens["display"]}).status == 200
    with Client(server, "203.0.113.5") as elsewhere:
        assert elsewhere.me("wrong").code == "wrong-token"


def test_no_address_holds_all_codes(server: DemoServer) -> None:
    with Client(server, "203.0.113.6") as greedy, Client(server, "203.0.113.7") as hall:
        answers = [greedy.ask("POST", "/pairings", {"kind": "display"}) for _ in range(CODES_ASKED.burst + 1)]
        assert [answer.status for answer in answers] == [201] * CODES_ASKED.burst + [429]
        assert answers[-1].retry_after is not None
        wait = hall.ask("POST", "/pairings", {"kind": "display"}).said
        for _ in range(100):
            assert hall.ask("POST", "/pairings/collect", {"code": wait["code"], "secret": wait["secret"]}).status == 204


def test_codes_cannot_be_guessed_by_who_may_confirm_them(server: DemoServer) -> None:
    cookie = sign_in(server.url, "quang")
    body = {"name": "Máy", "branch": BRANCH}
    with Client(server, "203.0.113.8") as manager:
        codes = [
            manager.ask("POST", "/pairings/confirm", body | {"code": f"x{number:05}"}, Cookie=cookie).code
            for number in range(CODES_CONFIRMED.burst + 1)
        ]
    assert codes == ["unknown-pairing"] * CODES_CONFIRMED.burst + ["too-many-tries"]


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("203.0.113.20", "203.0.113.21", False),
        ("6.6.6.6, 203.0.113.22", "7.7.7.7, 203.0.113.22", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:2:2::1", "2001:db8:2:3::1", False),
        ("::ffff:203.0.113.23", "203.0.113.23", True),
    ],
    ids=["another", "what the client itself says", "IPv6 network", "IPv6 networks", "IPv4 in IPv6"],
)
def test_an_address_is_what_the_proxy_says(server: DemoServer, first: str, second: str, is_same: bool) -> None:
    with Client(server, first) as one, Client(server, second) as two:
        for client in (one, two):
            assert client.ask("POST", "/pairings/collect", {"code": "000000", "secret": "wrong"}).status == 404
        while (answer := one.ask("POST", "/pairings/collect", {"code": "000000", "secret": "wrong"})).status == 404:
            pass
        assert answer.code == "too-many-tries"
        again = two.ask("POST", "/pairings/collect", {"code": "000000", "secret": "wrong"})
        assert (again.status == 429) == is_same


# -- from many addresses at once ---------------------------------------------------------------------------------------

MANY = 40


def test_many_addresses_guess_a_password_no_more_often_than_one(server: DemoServer) -> None:
    codes = []
    for number in range(MANY):
        with Client(server, f"192.0.2.{number}") as guesser:
            codes.append(guesser.sign_in("minh", f"guess {number}").code)
    let_through = codes.count("wrong-credentials")
    assert let_through == PASSWORDS_OF_A_NAME.burst, "and one more every two minutes"
    assert codes.count("too-many-tries") == MANY - let_through


def test_who_may_confirm_guesses_no_more_codes_from_many_addresses(server: DemoServer) -> None:
    cookie, body = sign_in(server.url, "admin"), {"name": "Máy", "branch": BRANCH}
    codes = []
    for number in range(MANY):
        with Client(server, f"198.51.100.{number}") as guesser:
            asked = body | {"code": f"y{number:05}"}
            codes.append(guesser.ask("POST", "/pairings/confirm", asked, Cookie=cookie).code)
    assert codes.count("unknown-pairing") == CODES_CONFIRMED.burst


def test_no_guess_at_a_token_gets_through(server: DemoServer) -> None:
    """Of a ticket whose id is known, and of a device: 64 and 256 random bits; nearly right is as wrong as anything."""
    ticket = server.api("dispenser").issue("ho-tich")
    ticket_id, _, mac = ticket.token.partition(".")
    device = server.tokens["display"]
    for number in range(len(mac) * 4):
        place, digit = divmod(number, 4)
        guess = f"{ticket_id}.{mac[:place]}{(int(mac[place], 16) ^ (1 << digit)):x}{mac[place + 1 :]}"
        turned = device[: number % 40] + ("A" if device[number % 40] != "A" else "B") + device[number % 40 + 1 :]
        with Client(server, f"203.0.113.{100 + number}") as guesser:
            assert guesser.ask("GET", f"/tickets/{ticket_id}", Ticket_Token=guess).code == "unknown-ticket"
            assert guesser.me(turned).code == "wrong-token"
    with Client(server, "203.0.113.99") as owner:
        assert owner.ask("GET", f"/tickets/{ticket_id}", Ticket_Token=ticket.token).status == 200
