"""Appointment slips over HTTP: the dossier backend tells them, dispensers and staff ask for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from queue_server.access.tries import SLIPS_ASKED
from tests.demo_server import BRANCH
from tests.server import Api, DemoServer, Refused

SLIPS = f"/api/v1/branches/{BRANCH}/slips"
CODE = "000.00.17.H29-261120-{:04}"
DUE = "2026-11-25T07:00:00Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("slips"), data=prepared) as found:
        yield found


@pytest.fixture
def backend(server: DemoServer) -> Api:
    return server.api("integration")


@pytest.fixture
def dispenser(server: DemoServer) -> Api:
    return server.api("dispenser")


def slip(no: int, state: str = "ready", *, version: int = 1, **changes: object) -> dict[str, Any]:
    told = {"code": CODE.format(no), "version": version, "field": "tra-ket-qua", "state": state, "counter": 6}
    return told | {"agency": "phuong", "due_at": DUE} | changes


def tell(backend: Api, *told: dict[str, Any], gone: list[dict[str, Any]] | None = None) -> tuple[int, int]:
    """How many were taken, how many outdated."""
    answer = backend.request("PUT", SLIPS, {"slips": told, "gone": gone or []})[1]
    return answer["taken"], answer["outdated"]


def ask(api: Api, code: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/branches/{BRANCH}/slips/{code}")
    return found


def refused(work: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(Refused) as refusal:
        work(*given, **named)
    return refusal.value.code


def test_what_the_backend_tells_a_dispenser_finds_by_the_code_as_it_is_typed(backend: Api, dispenser: Api) -> None:
    assert tell(backend, slip(1), slip(2, "supplement", counter=4, agency="dat-dai")) == (2, 0)
    assert ask(dispenser, "0000017h292611200001") == {
        "code": CODE.format(1),
        "state": "ready",
        "field": "tra-ket-qua",
        "counter": None,
        "agency": "phuong",
        "due_at": DUE,
        "wait": None,
    }, "its counter is closed"
    backend.counter(4, "open")
    lacking = ask(dispenser, CODE.format(2))
    assert (lacking["state"], lacking["field"], lacking["counter"]) == ("supplement", "dat-dai", 4)
    assert lacking["wait"]["likely_s"] >= 0
    assert dispenser.look()["has_slips"]


def test_the_newest_version_counts_and_a_repeat_changes_nothing(backend: Api, dispenser: Api) -> None:
    assert tell(backend, slip(3, "not-ready", version=5)) == (1, 0)
    assert tell(backend, slip(3, "ready", version=4)) == (0, 1)
    assert tell(backend, slip(3, "not-ready", version=5)) == (1, 0)
    assert tell(backend, slip(3, version=6), slip(3, "not-ready", version=2)) == (1, 0)
    assert ask(dispenser, CODE.format(3))["state"] == "ready"
    assert tell(backend, gone=[{"code": CODE.format(3), "version": 7}]) == (1, 0)
    assert tell(backend, slip(3, version=6)) == (0, 1)
    assert refused(ask, dispenser, CODE.format(3)) == "unknown-slip"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "261120-0001"}, "wrong-slip-code"),
        ({"field": "thue"}, "unknown-field"),
        ({"counter": 77}, "unknown-counter"),
        ({"agency": "bo"}, "unknown-agency"),
        ({"state": "done"}, "malformed"),
        ({"due_at": "2026-11-25T07:00:00"}, "malformed"),
        ({"owner": "Nguyễn Văn A"}, "malformed"),
    ],
)
def test_of_a_list_with_a_fault_nothing_is_kept(
    backend: Api, dispenser: Api, changes: dict[str, Any], code: str
) -> None:
    assert refused(tell, backend, slip(4), slip(5, **changes)) == code
    assert refused(ask, dispenser, CODE.format(4)) == "unknown-slip"


def test_a_number_for_a_slip_is_bound_to_its_counter_while_that_is_there(server: DemoServer, backend: Api) -> None:
    path = f"/branches/{BRANCH}/tickets"
    assert "only_counter" not in backend.post(path, field="tra-ket-qua", counter=6), "closed"
    backend.counter(6, "open")
    assert backend.post(path, field="tra-ket-qua", counter=6)["only_counter"] == 6
    assert refused(backend.post, path, field="tra-ket-qua", counter=77) == "unknown-counter"


def test_codes_cannot_be_guessed_for_long(server: DemoServer, backend: Api) -> None:
    """A token of its own: who guesses is told to wait, and finds nothing meanwhile."""
    tell(backend, slip(9000))
    printed = [CODE.format(no) for no in range(5000, 5000 + SLIPS_ASKED.burst + 1)]
    codes = [refused(ask, backend, code) for code in printed]
    assert set(codes[: SLIPS_ASKED.burst - 20]) == {"unknown-slip"}
    assert codes[-1] == "too-many-tries"
    assert refused(ask, backend, CODE.format(9000)) == "too-many-tries"
