"""What is asked over HTTP about queues to come: advice and forecast for managers, and where else a citizen might go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo_server import BRANCH, NEAR
from tests.server import Api, DemoServer, Refused
from tests.staff import StaffApi, eventually


@pytest.fixture
def centre(prepared: Path, tmp_path: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


@pytest.fixture
def manager(centre: DemoServer) -> StaffApi:
    return StaffApi(centre.url, "quang")


def test_in_a_jam_a_manager_is_advised_to_open_a_counter_and_told_what_it_brings(
    centre: DemoServer, manager: StaffApi
) -> None:
    api = centre.api()
    api.counter(4, "open")
    for _ in range(30):
        api.issue("chung-thuc")
    api.counter(1, "open")
    assert api.call_next(1) is not None
    advice: list[dict[str, Any]] = manager.get(f"/branches/{BRANCH}/advice")["advice"]
    best = advice[0]
    assert (best["kind"], best["fields"][0]) == ("open", "chung-thuc")
    assert best["no"] in (2, 3, 5)
    assert best["before"]["people"] == best["after"]["people"] >= 29
    assert best["after"]["mean_s"] < 0.7 * best["before"]["mean_s"]
    assert manager.get(f"/branches/{BRANCH}/advice")["advice"] == advice, "the same for whoever asks within the minute"


def test_staff_may_ask_why_somebody_was_called_and_who_else_might_have_been(
    centre: DemoServer, manager: StaffApi
) -> None:
    """Nobody at the counter is left with “the machine said so”."""
    api = centre.api()
    api.counter(4, "open")
    first, second = api.issue("dat-dai"), api.issue("dat-dai")
    api.issue("dat-dai", priority="NKT")
    urgent = api.call_next(4)
    assert urgent is not None
    found = manager.get(f"/tickets/{urgent.id}/calls")
    (call,) = found["calls"]
    assert (found["number"], call["counter"], call["times"]) == (urgent.number, 4, 1)
    assert (call["reason"], call["candidates"]) == ("priority", 3)
    assert call["rule"].startswith("bounded-")
    assert call["sentence"]["vi"].startswith("Thuộc đối tượng ưu tiên, đã chờ chưa đến 1 phút. Lúc đó, xếp ngay sau là")
    assert first.number in call["sentence"]["vi"]
    assert [(each["number"], each["kind"]) for each in call["considered"]] == [(first.number, "ordinary")]
    assert manager.get(f"/tickets/{second.id}/calls")["calls"] == []
    with pytest.raises(Refused, match="unknown-ticket"):
        manager.get("/tickets/nobody/calls")
    with pytest.raises(Refused, match="forbidden"):
        Api(centre.url, centre.tokens["dispenser"]).get(f"/tickets/{urgent.id}/calls")


def test_before_a_day_was_seen_the_forecast_is_the_last_hour_twice(centre: DemoServer, manager: StaffApi) -> None:
    for _ in range(3):
        centre.api().issue("dat-dai")
    assert manager.get(f"/branches/{BRANCH}/forecast")["fields"] == {"dat-dai": [[7200.0, 6.0]]}


@pytest.mark.parametrize("what", ["advice", "forecast"])
@pytest.mark.parametrize(("who", "code"), [(None, "unauthenticated"), ("dispenser", "forbidden")])
def test_only_who_runs_the_branch_is_told(centre: DemoServer, what: str, who: str | None, code: str) -> None:
    with pytest.raises(Refused) as refused:
        Api(centre.url, centre.tokens[who] if who else None).get(f"/branches/{BRANCH}/{what}")
    assert refused.value.code == code


def test_anybody_may_ask_where_to_go(centre: DemoServer) -> None:
    centre.api().counter(4, "open")
    centre.api().issue("dat-dai")
    anybody = Api(centre.url)

    def suggested() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = anybody.get(f"/branches/suggest?field=dat-dai&from={BRANCH}")["branches"]
        return found

    (here,) = eventually(suggested)
    assert (here["branch"], here["is_advised"], here["travel_s"], here["saves_s"]) == (BRANCH, False, 0, 0)
    assert here["wait"]["low_s"] <= here["wait"]["likely_s"] <= here["wait"]["high_s"]
    assert anybody.get("/branches/suggest?field=dat-dai&latitude=10.8&longitude=106.7")["branches"] == []


def test_a_field_says_that_another_branch_takes_it_too_and_the_answer_where_that_is(tmp_path: Path) -> None:
    with DemoServer(tmp_path, "--has-two") as centre:
        fields = centre.api().board()["fields"]
        assert [code for code, row in fields.items() if row["is_anywhere"]] == ["chung-thuc", "ho-tich"]
        Api(centre.url, centre.tokens["near"], branch=NEAR).counter(1, "open")

        def suggested() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = Api(centre.url).get(f"/branches/suggest?field=ho-tich&from={BRANCH}")[
                "branches"
            ]
            return found

        (there,) = eventually(suggested)
        assert (there["branch"], there["address"]["vi"]) == (NEAR, "12 Nguyễn Văn Nghi, Gò Vấp")
        assert (there["is_advised"], there["saves_s"]) == (False, None), "how long one waits here nobody can say"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("", "malformed"),
        ("field=dat-dai&from=nowhere", "unknown-branch"),
        ("field=dat-dai&latitude=10.8", "malformed"),
        ("field=dat-dai&latitude=north&longitude=106", "malformed"),
        ("field=dat-dai&latitude=nan&longitude=106", "malformed"),
        ("field=dat-dai&latitude=91&longitude=106", "malformed"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(centre: DemoServer, asked: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        Api(centre.url).get(f"/branches/suggest?{asked}")
    assert refused.value.code == code
