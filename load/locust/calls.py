"""How long a call takes to the screens of its hall."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

CALLS_KEPT = 256


class Calls:
    """From a call being sent to each display having its frame, whichever is known first."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell
        self._sent: OrderedDict[int, float] = OrderedDict()
        self._shown: OrderedDict[int, list[float]] = OrderedDict()

    def sent(self, call: int, began: float) -> None:
        """The answer has come: this call was sent then."""
        self._sent[call] = began
        for at in self._shown.pop(call, ()):
            self._tell((at - began) * 1000)
        _trim(self._sent)

    def shown(self, call: int) -> None:
        """A display has it now."""
        now = time.perf_counter()
        began = self._sent.get(call)
        if began is not None:
            self._tell((now - began) * 1000)
        else:
            self._shown.setdefault(call, []).append(now)
            _trim(self._shown)


def _trim(kept: OrderedDict[int, Any]) -> None:
    while len(kept) > CALLS_KEPT:
        kept.popitem(last=False)
