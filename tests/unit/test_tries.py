"""What counts as a try, and that the figures are those that the reasons give."""

from __future__ import annotations

import asyncio

import pytest

from queue_server.access import pairing
from queue_server.access.limits.memory import MemoryLimits
from queue_server.access.limits.port import Limit
from queue_server.access.tries import (
    CODES_ASKED,
    CODES_COLLECTED,
    CODES_CONFIRMED,
    PASSWORDS_FROM_AN_ADDRESS,
    PASSWORDS_OF_A_NAME,
    WRONG_TOKENS,
    Tries,
)
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import JournalUnavailable

pytestmark = pytest.mark.anyio

THREE = Limit("three", burst=3, every_s=60.0)
FIVE = Limit("five", burst=5, every_s=60.0)
WRONG, OTHER = Refusal("wrong-credentials"), Refusal("https-needed")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def tries() -> Tries:
    return Tries(MemoryLimits(lambda: 1000.0))


async def attempt(tries: Tries, outcome: Exception | None = None, name: str = "lan", address: str = "hall") -> str:
    """The code of what came of it, empty when it was right."""
    try:
        async with tries.counted((FIVE, address), (THREE, name)):
            await asyncio.sleep(0)
            if outcome is not None:
                raise outcome
    except (Refusal, JournalUnavailable) as fault:
        return fault.code if isinstance(fault, Refusal) else "unavailable"
    return ""


async def test_wrong_tries_count_and_right_ones_do_not(tries: Tries) -> None:
    for _ in range(20):
        assert await attempt(tries) == ""
    assert [await attempt(tries, WRONG) for _ in range(4)] == ["wrong-credentials"] * 3 + ["too-many-tries"]
    assert await attempt(tries) == "too-many-tries", "nor is a right one looked at then"


async def test_what_fails_for_another_reason_does_not_count(tries: Tries) -> None:
    for _ in range(10):
        assert await attempt(tries, OTHER) == "https-needed"
        assert await attempt(tries, JournalUnavailable("unavailable")) == "unavailable"
    assert await attempt(tries) == ""


async def test_who_is_cut_off_in_the_middle_has_not_tried(tries: Tries) -> None:
    for _ in range(10):
        task = asyncio.create_task(attempt(tries, WRONG))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await attempt(tries) == ""


async def test_of_many_who_guess_at_once_no_more_than_the_burst_are_looked_at(tries: Tries) -> None:
    found = await asyncio.gather(*(attempt(tries, WRONG, address=f"address {number}") for number in range(50)))
    assert sorted(found) == ["too-many-tries"] * 47 + ["wrong-credentials"] * 3


async def test_both_limits_hold_and_what_one_refuses_the_other_does_not_count(tries: Tries) -> None:
    assert [await attempt(tries, WRONG, "lan") for _ in range(4)][-1] == "too-many-tries"
    assert [await attempt(tries, WRONG, "minh") for _ in range(3)] == ["wrong-credentials"] * 2 + ["too-many-tries"]
    assert await attempt(tries, WRONG, "hoa", "elsewhere") == "wrong-credentials"
    assert await attempt(tries, WRONG, "lan", "elsewhere") == "too-many-tries"


async def test_it_says_how_long_to_wait_in_whole_seconds() -> None:
    tries = Tries(MemoryLimits(lambda: 1000.0))
    short = Limit("short", burst=1, every_s=12.2)
    await tries.count(short, "lan")
    with pytest.raises(Refusal) as refused:
        await tries.count(short, "lan")
    assert (refused.value.code, refused.value.data) == ("too-many-tries", {"retry_s": 13})


async def test_where_only_failures_count_a_right_one_is_let_in_whatever_went_before(tries: Tries) -> None:
    async def use(token: str) -> str:
        try:
            async with tries.failures(THREE, "hall"):
                if token == "wrong":
                    raise Refusal("wrong-token")
        except Refusal as refusal:
            return refusal.code
        return "in"

    assert [await use("wrong") for _ in range(5)] == ["wrong-token"] * 3 + ["too-many-tries"] * 2
    assert [await use("right") for _ in range(200)] == ["in"] * 200


# -- the figures -------------------------------------------------------------------------------------------------------

DAY_S = 86_400


def a_day(limit: Limit) -> float:
    return DAY_S / limit.every_s


def test_the_reasons_give_the_figures_that_hold() -> None:
    assert (PASSWORDS_OF_A_NAME.burst, PASSWORDS_OF_A_NAME.every_s, a_day(PASSWORDS_OF_A_NAME)) == (10, 15 * 60, 96)
    assert (PASSWORDS_FROM_AN_ADDRESS.burst, a_day(PASSWORDS_FROM_AN_ADDRESS)) == (300, 8640)
    assert CODES_ASKED.burst + pairing.PAIRING_S / CODES_ASKED.every_s == 50 == pairing.PAIRINGS_MAX / 2
    assert 50 / 1_000_000 == 1 / 20_000
    assert CODES_COLLECTED.burst >= pairing.PAIRINGS_MAX / 2
    assert (CODES_CONFIRMED.burst, a_day(CODES_CONFIRMED)) == (10, 1440)
    assert (WRONG_TOKENS.burst, a_day(WRONG_TOKENS)) == (500, DAY_S)
    assert WRONG_TOKENS.burst > 2 * 200
