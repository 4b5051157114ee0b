"""When to stop collecting and write: a commit costs the same for one command as for fifty."""

from __future__ import annotations

QUIET_TURNS = 2
LONGEST_S = 0.002


class Gathering:
    """Says whether to wait one more turn of the loop, so that those who are on their way join the group.

    It waits while turns bring more, at most `longest_s`, until `quiet_turns` in a row have brought nothing. Who was
    alone the last time is not made to wait.
    """

    def __init__(self, *, quiet_turns: int = QUIET_TURNS, longest_s: float = LONGEST_S) -> None:
        self._quiet_turns = quiet_turns
        self._longest_s = longest_s
        self._last_count = 1
        self._began_at: float | None = None
        self._seen = 0
        self._quiet = 0

    def is_worth_a_turn(self, count: int, now: float) -> bool:
        """To be asked once a turn with the number that waits; `now` is monotonic. After False it begins anew."""
        if count < 2 and self._last_count < 2:
            return False
        if self._began_at is None:
            self._began_at, self._seen, self._quiet = now, count, 0
            return True
        self._quiet = self._quiet + 1 if count == self._seen else 0
        self._seen = count
        if self._quiet < self._quiet_turns and now - self._began_at < self._longest_s:
            return True
        self._began_at, self._last_count = None, count
        return False
