"""What a numbered channel keeps for those who come back. How frames lead on is proved by `test_hub_property.py`."""

from __future__ import annotations

import pytest

from queue_server.domain.state import BranchState, Change
from queue_server.realtime.channels import NumberedChannel


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of channels, to be set."""
    now = [1000.0]
    monkeypatch.setattr("queue_server.realtime.channels.time.monotonic", lambda: now[0])
    return now


class Rows:
    """A view with one row, which is the state's position."""

    def keys(self, state: object) -> list[tuple[str, str]]:
        return [("t", "seq")]

    def row(self, state: object, key: tuple[str, str]) -> object:
        return getattr(state, "seq", 0)

    def touched(self, state: object, change: Change) -> list[tuple[str, str]]:
        return [("t", "seq")]


def test_who_was_away_for_seconds_resumes_and_who_was_longer_takes_a_snapshot(seconds: list[float]) -> None:
    state = BranchState()
    channel = NumberedChannel("board:x", Rows(), "e", state)  # type: ignore[arg-type]
    begun = state.seq
    change = Change("tickets", "t", None, None)
    for wait in (0.0, 30.0, 30.0):
        seconds[0] += wait
        state.seq += 1
        assert channel.advance(state, [change]) is not None
    assert len(channel.resume("e", begun) or ()) == 3
    seconds[0] += 1.0
    state.seq += 1
    channel.advance(state, [change])
    assert channel.resume("e", begun) is None
    assert len(channel.resume("e", begun + 1) or ()) == 3
