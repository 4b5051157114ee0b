"""What is asked over HTTP about queues to come: advice and forecast for managers, and where else a citizen might go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
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


def jam(centre: DemoServer) -> None:
    """Twenty-nine wait for certification at one open counter; another one takes land only."""
    api = centre.api()
    api.counter(4, "open")
    for _ in range(30):
        api.issue("chung-thuc")
    api.counter(1, "open")
    assert api.call_next(1) is not None


def take(manager: StaffApi, each: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Does what was advised, as a program reads it."""
    asked = {"kind": each["kind"], "counter": each["no"], "fields": each["fields"], "foreseen": each["foreseen"]}
    answer: dict[str, Any] = manager.post(f"/branches/{BRANCH}/take-advice", **(asked | changes))
    return answer


def advice_of_day(centre: DemoServer, manager: StaffApi) -> list[dict[str, Any]]:
    day = centre.api().board()["day"]["today"]["date"]
    said: list[dict[str, Any]] = manager.get(f"/branches/{BRANCH}/reports/{day}")["advice"]
    return said


def test_in_a_jam_a_manager_is_advised_to_open_a_counter_and_told_what_it_brings(
    centre: DemoServer, manager: StaffApi
) -> None:
    jam(centre)
    said = manager.get(f"/branches/{BRANCH}/advice")
    advice: list[dict[str, Any]] = said["advice"]
    best = advice[0]
    assert (best["kind"], best["fields"][0]) == ("open", "chung-thuc")
    assert best["no"] in (2, 3, 5)
    assert best["before"]["people"] == best["after"]["people"] >= 29
    assert best["after"]["mean_s"] < 0.7 * best["before"]["mean_s"]
    near = best["foreseen"]
    assert "chung-thuc" in near["fields"]
    assert near["people"] >= 29
    assert near["with_s"] < near["without_s"]
    assert near["at"] == said["at"]
    assert seconds_between(near["at"], near["until"]) == 7200, "its counters work for longer"
    assert manager.get(f"/branches/{BRANCH}/advice") == said, "the same for whoever asks within the minute"


def seconds_between(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()


def test_advice_that_is_taken_is_noted_and_not_given_again(centre: DemoServer, manager: StaffApi) -> None:
    jam(centre)
    said = manager.get(f"/branches/{BRANCH}/advice")
    best = said["advice"][0]
    answer = take(manager, best)
    assert answer.keys() == {"branch", "position"}
    assert centre.api().board()["counters"][str(best["no"])]["state"] == "closed", "its clerk is still on the way"
    anew = manager.get(f"/branches/{BRANCH}/advice")
    assert anew["at"] == said["at"]
    centre.api().counter(best["no"], "open")
    with_it = manager.get(f"/branches/{BRANCH}/advice")
    assert with_it["at"] > said["at"], "with one counter more everything else would bring something else"
    assert (best["kind"], best["no"]) not in [(each["kind"], each["no"]) for each in anew["advice"]]
    (taken,) = advice_of_day(centre, manager)
    assert {name: taken[name] for name in ("kind", "counter", "fields", "came_people", "came_s")} == {
        "kind": "open", "counter": best["no"], "fields": best["fields"], "came_people": None, "came_s": None,
    }  # fmt: skip
    assert {name: taken[name] for name in ("at", "until", "people", "without_s", "with_s")} == {
        name: value for name, value in best["foreseen"].items() if name != "fields"
    }


def test_a_repeat_takes_it_once(centre: DemoServer, manager: StaffApi) -> None:
    jam(centre)
    best = manager.get(f"/branches/{BRANCH}/advice")["advice"][0]
    first = take(manager, best, key="taken-once")
    assert take(manager, best, key="taken-once") == first
    assert len(advice_of_day(centre, manager)) == 1


def test_what_came_is_told_when_the_time_is_over_also_by_a_server_that_began_anew(
    centre: DemoServer, manager: StaffApi
) -> None:
    api = centre.api()
    waiting = api.issue("chung-thuc").id
    now = datetime.now(UTC)
    foreseen = {
        "fields": ["chung-thuc"], "at": now.isoformat(), "until": (now + timedelta(seconds=1)).isoformat(),
        "people": 1.0, "without_s": 600, "with_s": 300,
    }  # fmt: skip
    manager.post(f"/branches/{BRANCH}/take-advice", kind="lend", lender="b", fields=["chung-thuc"], foreseen=foreseen)
    centre.restart()
    staff = StaffApi(centre.url, "quang")
    said = eventually(lambda: [each for each in advice_of_day(centre, staff) if each["came_people"] is not None])
    # Nobody has called anybody: the one who was there has waited all of the second.
    assert [(each["kind"], each["came_people"], each["came_s"]) for each in said] == [("lend", 1, 1)]
    assert centre.api().follow(waiting)["state"] == "waiting"


@pytest.mark.parametrize(("who", "code"), [("lan", "forbidden"), ("hoa", "forbidden")])
def test_only_who_runs_the_branch_takes_advice(centre: DemoServer, manager: StaffApi, who: str, code: str) -> None:
    jam(centre)
    best = manager.get(f"/branches/{BRANCH}/advice")["advice"][0]
    with pytest.raises(Refused) as refused:
        take(StaffApi(centre.url, who), best)
    assert refused.value.code == code
    assert advice_of_day(centre, manager) == []


def test_advice_of_an_hour_ago_is_refused_and_notes_nothing(centre: DemoServer, manager: StaffApi) -> None:
    jam(centre)
    best = manager.get(f"/branches/{BRANCH}/advice")["advice"][0]
    old = datetime.fromisoformat(best["foreseen"]["at"]) - timedelta(hours=1)
    with pytest.raises(Refused) as refused:
        take(manager, best, foreseen=best["foreseen"] | {"at": old.isoformat()})
    assert refused.value.code == "advice-outdated"
    assert advice_of_day(centre, manager) == []


@pytest.mark.parametrize(
    ("foreseen", "where"),
    [({"people": -1}, "$.foreseen.people"), ({"with_s": -1}, "$.foreseen.with_s"),
     ({"at": "2026-11-23T08:00:00"}, "$.foreseen.at")],
)  # fmt: skip
def test_figures_that_cannot_be_are_refused(
    centre: DemoServer, manager: StaffApi, foreseen: dict[str, object], where: str
) -> None:
    known = {"fields": ["dat-dai"], "at": datetime.now(UTC).isoformat(), "until": "2100-01-01T00:00:00Z", "people": 1}
    known |= {"without_s": 2, "with_s": 1}
    with pytest.raises(Refused) as refused:
        manager.post(f"/branches/{BRANCH}/take-advice", kind="lend", fields=["dat-dai"], foreseen=known | foreseen)
    assert refused.value.problem.data["where"] == where


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
