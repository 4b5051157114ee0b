"""A training copy: what is the same, what cannot leave it, and who may go in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.cli import main
from queue_server.domain import commands as c
from queue_server.domain.configuration import Cap, Position, Screen, Text, Voice
from queue_server.domain.learning import Learnt
from queue_server.domain.refusals import Refusal
from queue_server.domain.scene import lessons_of
from queue_server.domain.training import home_of, training_code, training_copy
from queue_server.journal.memory import MemoryJournal
from queue_server.readers.dossier.delivery import Delivered
from queue_server.readers.dossier.reader import DossierReader
from queue_server.readers.reader import Progress
from queue_server.realtime.views import day_row
from tests.factories import Branch, config, moment


def test_it_has_the_same_fields_counters_and_rule_and_says_what_it_is() -> None:
    home = config()
    copy = training_copy(home)
    assert copy.branch == "go-vap-tap-huan"
    assert copy.name == Text("Trung tâm Phục vụ hành chính công phường Gò Vấp (TẬP HUẤN)", "Go Vap ward (TRAINING)")
    assert (copy.counters, copy.series, copy.rule, copy.classes) == (
        home.counters, home.series, home.rule, home.classes,
    )  # fmt: skip
    assert [field.code for field in copy.fields] == ["chung-thuc", "ho-tich", "dat-dai", "tra-ket-qua"]
    assert copy.is_training
    assert not home.is_training


@pytest.mark.parametrize(
    ("code", "home"), [("go-vap-tap-huan", "go-vap"), ("go-vap", None), ("-tap-huan", None), ("tap-huan-x", None)]
)
def test_the_code_says_of_which_branch_it_is_a_copy(code: str, home: str | None) -> None:
    assert home_of(code) == home


def test_it_gives_numbers_at_any_hour_and_without_a_cap() -> None:
    home = config()
    capped = replace(home, fields=tuple(replace(each, cap=Cap(day=1)) for each in home.fields))
    branch = Branch(training_copy(capped), at="05:00")
    assert [branch.issue("chung-thuc", at) for at in ("05:10", "05:11", "22:50")] == ["t1", "t2", "t3"]
    row = day_row(branch.state)
    assert row is not None
    assert row.is_training


def test_no_branch_sends_anybody_there_and_its_screens_are_silent() -> None:
    home = replace(config(), place=Position(10.8, 106.6), screens=(Screen("cua", voice=Voice()),))
    home = replace(home, fields=tuple(replace(each, is_anywhere=True) for each in home.fields))
    copy = training_copy(home)
    assert copy.place is None
    assert not any(field.is_anywhere for field in copy.fields)
    assert [screen.voice for screen in copy.screens] == [None]
    assert [screen.voice for screen in training_copy(config()).screens] == [None]  # without one, all would speak


def test_it_teaches_the_next_day_nothing() -> None:
    branch = Branch(training_copy(config()))
    branch.open(1, "07:30")
    branch.issue("chung-thuc", "07:31")
    branch.served(1, "07:32")
    assert lessons_of(branch.state) == Learnt()


@pytest.mark.parametrize(
    ("role", "own", "may"),
    [
        (Role.CLERK, "go-vap", True),
        (Role.HELPER, "go-vap", True),
        (Role.CLERK, "thu-duc", False),
        (Role.DISPENSER, "go-vap", False),
        (Role.INTEGRATION, "go-vap", False),
        (Role.ADMINISTRATOR, None, True),
    ],
)
def test_who_may_go_in(role: Role, own: str | None, may: bool) -> None:
    assert Who("somebody", role, branch=own).is_at(training_code("go-vap")) is may


def test_a_clerk_of_the_copy_alone_does_not_reach_the_branch() -> None:
    with pytest.raises(Refusal):
        Who("account:x", Role.CLERK, branch="go-vap-tap-huan").require_command("call-next", "go-vap")


def test_the_command_makes_renews_and_removes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path)]
    assert main(["import", "config/organisations/go-vap.yaml", "--yes", *data]) == 0
    assert main(["training", "nowhere", *data]) == 1
    assert main(["training", "go-vap", *data]) == 0
    assert main(["training", "go-vap", *data]) == 0  # once more changes nothing
    assert "go-vap-tap-huan" in capsys.readouterr().out
    assert main(["training", "go-vap-tap-huan", *data]) == 1  # no copy of a copy
    assert main(["training", "go-vap", "--end", *data]) == 0
    assert main(["training", "go-vap", "--end", *data]) == 1
    assert main(["training", "go-vap", *data]) == 0  # and begins anew


class Silent:
    """A dossier backend that must not hear anything."""

    async def send(self, body: bytes) -> Delivered:
        raise AssertionError(body)


async def test_the_dossier_backend_hears_nothing_of_it() -> None:
    branch = Branch(training_copy(config()))
    branch.open(1, "07:30")
    ticket = branch.issue("chung-thuc", "07:31")
    branch.served(1, "07:32")
    branch.do(c.Finish(ticket=ticket), "07:40")

    async def undo_time(_: str) -> timedelta:
        return timedelta()

    reader = DossierReader(MemoryJournal(), Silent(), lambda: moment("09:00"), undo_time)
    progress = await reader.handle("go-vap-tap-huan", branch.records)
    assert progress == Progress(branch.records[-1].seq)
