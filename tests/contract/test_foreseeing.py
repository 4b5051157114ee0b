"""The process that plays: it answers, it is replaced when it dies, and it ends with whoever started it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queue_server.domain.foresight import Scene, foresee
from queue_server.domain.scene import scene_of
from queue_server.foreseeing.plays import NotPlayed, Plays
from tests.factories import Branch, moment
from tests.waiting import until

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize(
        "anyio_backend", [("asyncio", {"use_uvloop": is_fast}) for is_fast in (True, False)], ids=["uvloop", "asyncio"]
    ),
]


@pytest.fixture
async def plays(anyio_backend: object) -> AsyncIterator[Plays]:
    made = Plays()
    yield made
    await made.stop()


def scene() -> Scene:
    branch = Branch()
    for clock in ("07:40", "07:41", "07:42"):
        branch.issue("chung-thuc", clock)
    branch.open(1, "07:45")
    found = scene_of(branch.state, moment("08:00"))
    assert found is not None
    return found


def is_alive(pid: int) -> bool:
    """Whether it runs: one that has ended and whom nobody has asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_says_what_the_same_plays_say_here(plays: Plays) -> None:
    asked = scene()
    assert plays.pid is None, "nobody is started before there is something to play"
    assert await plays.play(asked) == foresee(asked, seed=asked.at.isoformat())
    first = plays.pid
    assert await plays.play(asked) == foresee(asked, seed=asked.at.isoformat())
    assert plays.pid == first


async def test_when_it_dies_that_play_fails_and_the_next_one_does_not(plays: Plays) -> None:
    asked = scene()
    await plays.play(asked)
    assert plays.pid is not None
    os.kill(plays.pid, signal.SIGKILL)
    with pytest.raises(NotPlayed):
        await plays.play(asked)
    assert set((await plays.play(asked)).fields) == set(asked.fields)


async def test_an_answer_that_does_not_come_is_not_waited_for(plays: Plays, monkeypatch: pytest.MonkeyPatch) -> None:
    await plays.play(scene())
    stopped = plays.pid
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    monkeypatch.setattr("queue_server.foreseeing.plays.ANSWERS_WITHIN_S", 0.3)
    with pytest.raises(NotPlayed):
        await plays.play(scene())
    await until(lambda: not is_alive(stopped))
    monkeypatch.undo()
    await plays.play(scene())


async def test_who_is_no_longer_asked_for_is_ended(plays: Plays) -> None:
    await plays.play(scene())
    pid = plays.pid
    assert pid is not None
    await plays.stop()
    assert not is_alive(pid)


PARENT = """
import asyncio
from queue_server.foreseeing.plays import Plays
from tests.contract.test_foreseeing import scene

async def main():
    plays = Plays()
    await plays.play(scene())
    print(plays.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_it_ends_with_a_parent_that_was_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert parent.stdout is not None
        pid = int(await parent.stdout.readline())
        assert is_alive(pid)
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: not is_alive(pid))
