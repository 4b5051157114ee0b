"""What the doctor finds at a real Valkey, where each fault was really made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_server.doctor import signals
from queue_server.realtime.signals.redis import CHANNEL
from tests.databases.sentinels import SERVICE, Sentinels
from tests.databases.tls import Certificate, tls_in_front_of
from tests.databases.valkey import Valkey, free_port
from tests.staff import eventually


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One whose settings and users may be changed."""
    with Valkey(tmp_path_factory.mktemp("ill")) as running:
        running.ask("ACL SETUSER wary on >right ~* &* +@all")
        running.ask("ACL SETUSER deaf on >right ~* &other +@all")
        running.ask("ACL SETUSER modest on >right ~* &layso:* +publish +subscribe +unsubscribe +ping +client")
        yield running


def look(url: str) -> tuple[list[str], list[str]]:
    """What is wrong, and what is good to know."""
    found = asyncio.run(signals.examine(url))
    return [f.sentence for f in found if f.is_wrong], [f.sentence for f in found if not f.is_wrong]


def as_user(server: Valkey, user: str) -> str:
    return server.url.replace("redis://", f"redis://{user}@")


@pytest.mark.parametrize("user", ["default", "wary:right", "modest:right"])
def test_nothing_is_wrong_with_one_that_lets_us_do_what_we_do(server: Valkey, user: str):
    assert look(as_user(server, user)) == ([], [])


def test_one_that_does_not_answer_is_told_with_what_works_without():
    port = free_port()
    (said,), _ = look(f"redis://:secret@127.0.0.1:{port}")
    assert said.startswith(f"Redis at 127.0.0.1:{port} is not reachable (")
    assert "Numbers are given out and called without it" in said
    assert "secret" not in said


def test_a_wrong_password_is_told(server: Valkey):
    (said,), _ = look(as_user(server, "wary:wrong"))
    assert "does not take the user or password" in said


def test_a_user_who_may_not_use_our_channel_is_told_how_to_allow_it(server: Valkey, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signals, "SILENT_S", 0.5)
    (said,), _ = look(as_user(server, "deaf:right"))
    assert f"ACL SETUSER … &{CHANNEL} +publish +subscribe" in said


def test_a_certificate_that_is_not_trusted_is_told(server: Valkey, tmp_path: Path):
    async def over_tls() -> list[str]:
        async with tls_in_front_of(server.port, Certificate(tmp_path)) as port:
            return [one.sentence for one in await signals.examine(f"rediss://127.0.0.1:{port}")]

    (said,) = asyncio.run(over_tls())
    assert "is not trusted. Name its authority: rediss://…?ssl_ca_certs=FILE." in said


def test_one_that_throws_keys_away_is_worth_a_note(server: Valkey):
    server.ask("CONFIG SET maxmemory 100mb maxmemory-policy allkeys-lru")
    wrong, (said,) = look(server.url)
    server.ask("CONFIG SET maxmemory 0 maxmemory-policy noeviction")
    assert wrong == []
    assert "allkeys-lru" in said


def test_sentinels_that_die_and_a_replica_that_is_asked_directly(tmp_path: Path):
    with Sentinels(tmp_path, "secret") as five:
        eventually(five.are_ready)
        assert look(five.url) == ([], [])
        (said,), _ = look(f"redis://:secret@127.0.0.1:{five.replica.port}")
        assert said.startswith("This Redis is a replica")
        wrong, _ = look(five.url.partition(",")[0] + f"/{SERVICE}")
        assert wrong == ["LAYSO_REDIS names 1 sentinels: name three, on three machines, so that one may die."]
        five.replica.kill()
        for sentinel in five.sentinels[1:]:
            sentinel.kill()
        eventually(lambda: any("could not fail over to a replica: NOQUORUM" in one for one in look(five.url)[0]))
        wrong, _ = look(five.url)
        silent = ", ".join(f"127.0.0.1:{sentinel.port}" for sentinel in five.sentinels[1:])
        assert any(one.startswith(f"These sentinels do not answer: {silent}.") for one in wrong)
        assert any(one.startswith("The primary has no replica") for one in wrong)
