"""When a branch is foreseen again without a change."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from queue_server.branches.host import BranchHost
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.foresight import Outlook, Scene, foresee
from queue_server.foreseeing.foreseer import AGAIN_S, Foreseer
from queue_server.foreseeing.plays import Plays
from tests.factories import Branch, config, limited, moment

pytestmark = pytest.mark.anyio


class PlaysHere:
    async def play(self, scene: Scene) -> Outlook:
        return foresee(scene, plays=2)


async def again_in(whole: BranchConfig, *, waiting: int) -> float:
    """After so many seconds."""
    branch = Branch(whole)
    branch.open(1, "07:30")
    for _ in range(waiting):
        branch.issue("chung-thuc", "07:31")
    host: Any = SimpleNamespace(branch_id="go-vap", state=branch.state, is_settled=True, outlook=None)
    foreseer = Foreseer(cast(Plays, PlaysHere()), lambda: moment("08:00"), lambda *_: None)
    made = foreseer._branch(cast(BranchHost, host))
    await foreseer._make(made)
    assert isinstance(host.outlook, Outlook)
    return made.due_at - made.made_at


async def test_a_branch_is_foreseen_again_while_somebody_waits() -> None:
    assert await again_in(config(), waiting=1) == pytest.approx(AGAIN_S)
    assert await again_in(config(), waiting=0) == math.inf


async def test_a_forecast_by_which_issuing_ends_never_grows_old() -> None:
    """All are busy and nobody waits: who comes now is refused, and still in five minutes."""
    assert await again_in(limited(ends_by_forecast=True), waiting=0) == pytest.approx(AGAIN_S)
