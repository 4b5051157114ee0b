"""A recorded day, read out of a journal and played again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from load import told
from load.simulate.__main__ import main
from load.simulate.calendar import Calendar
from load.simulate.centre import Centre
from load.simulate.metrics import Metrics, waits
from load.simulate.people import Day, Hall, Shift
from load.simulate.recorded import RecordedDay, day_of, read_day
from load.simulate.replay import play_again, with_counter, without_counter
from load.simulate.rules import Product
from load.simulate.sites import FIRST_DAY, read_site
from load.simulate.visits import draw_day
from queue_server.app import DATABASE
from queue_server.domain import commands as c
from queue_server.journal.port import Batch
from queue_server.journal.sqlite import SqliteJournal
from tests.factories import CHIEF, HOA, LAN, MINH, MONDAY, Branch, moment

SITE = "binhdinh"
SPELLS = ((7.5 * 3600, 11.5 * 3600), (13.5 * 3600, 17 * 3600.0))


def recorded_by(branch: Branch) -> RecordedDay:
    return day_of(branch.records)


def waited(day: Day) -> list[float | None]:
    return [None if turn.wait_s is None else round(turn.wait_s, 3) for turn in day.turns]


def a_morning() -> Branch:
    """Two counters, and everything that happens to people: priority, a transfer, a hold, no-shows, somebody who goes
    and somebody who is put back."""
    branch = Branch()
    first = branch.issue("chung-thuc", "07:05:00")
    second = branch.issue("ho-tich", "07:06:10")
    third = branch.issue("chung-thuc", "07:20:00")
    branch.open(1, "07:30:00", LAN)
    assert branch.call_next(1, "07:30:00", LAN) == first
    branch.do(c.Start(ticket=first), "07:30:20", LAN)
    branch.open(2, "07:31:00", MINH)
    assert branch.call_next(2, "07:31:00", MINH) == second
    branch.do(c.Start(ticket=second), "07:31:25", MINH)
    gone = branch.issue("ho-tich", "07:32:00")
    old = branch.issue("ho-tich", "07:33:00", priority="NCT75")
    branch.do(c.Hold(ticket=first), "07:35:00", LAN)
    assert branch.call_next(1, "07:35:40", LAN) == third
    branch.do(c.NoShow(ticket=third), "07:36:50", LAN)
    branch.do(c.Cancel(ticket=gone), "07:38:00", CHIEF)
    branch.do(c.Finish(ticket=second), "07:41:00", MINH)
    assert branch.call_next(2, "07:41:00", MINH) == old
    branch.do(c.Start(ticket=old), "07:41:15", MINH)
    late = branch.issue("chung-thuc", "07:42:00")
    assert branch.call_next(1, "07:42:00", LAN) == late
    branch.do(c.Start(ticket=late), "07:42:30", LAN)
    branch.do(c.Ready(ticket=first), "07:43:00", LAN)
    branch.do(c.Transfer(ticket=old, field="chung-thuc"), "07:44:00", MINH)
    assert branch.call_next(2, "07:44:00", MINH) == old
    branch.do(c.Start(ticket=old), "07:44:10", MINH)
    branch.do(c.Finish(ticket=late), "07:50:00", LAN)
    assert branch.call_next(1, "07:50:00", LAN) == first
    branch.do(c.Start(ticket=first), "07:50:05", LAN)
    branch.do(c.Finish(ticket=old), "07:52:00", MINH)
    branch.do(c.Finish(ticket=first), "07:55:00", LAN)
    branch.do(c.CloseCounter(counter=1), "08:00:00", LAN)
    branch.do(c.CloseCounter(counter=2), "08:00:00", MINH)
    branch.wait(moment("23:00"))
    return branch


def test_a_day_is_read_as_it_was():
    recorded = recorded_by(a_morning())
    assert recorded.date == MONDAY
    assert {no: shift.spells for no, shift in recorded.shifts.items()} == {
        1: ((7.5 * 3600, 8 * 3600),),
        2: ((7.5 * 3600 + 60, 8 * 3600),),
    }
    first, second, third, gone, old, late = recorded.visits
    assert [(part.service_s, part.walk_s, part.then, part.away_s) for part in first.course] == [
        (280, 20, "hold", 480),
        (295, 5, "finish", 0),
    ]
    assert second.course[0].service_s == 575
    assert third.course[0].service_s is None
    assert third.course[0].walk_s == 70
    assert gone.patience_s == 360
    assert gone.course[0].service_s == (575 + 165) / 2, "the field's mean of the day"
    assert old.priority == "NCT75"
    assert [(part.field, part.then) for part in old.course] == [("ho-tich", "transfer"), ("chung-thuc", "finish")]
    assert late.arrival_s == 7.7 * 3600
    assert first.course[0].pause_s == 40


def test_a_day_that_is_played_again_has_the_recorded_waits():
    recorded = recorded_by(a_morning())
    again = play_again(recorded, Product())
    assert waited(again) == waited(recorded.day)
    assert [turn.outcome for turn in again.turns] == [
        "finished", "finished", "no_show", "cancelled", "finished", "finished"
    ]  # fmt: skip


def test_with_one_counter_more_nobody_waits_longer_on_the_mean():
    recorded = recorded_by(a_morning())
    more = with_counter(recorded, 6, ("chung-thuc", "ho-tich"))
    again, changed = (waits(play_again(day, Product()).turns) for day in (recorded, more))
    assert again is not None
    assert changed is not None
    assert changed.mean < again.mean


def test_without_a_counter_its_fields_wait_longer():
    recorded = recorded_by(a_morning())
    day = play_again(without_counter(recorded, 2), Product())
    assert day.turns[1].called_s is None, "nobody else takes the field"
    assert {turn.counter for turn in day.turns} == {1, None}
    with pytest.raises(LookupError, match="counter 5 was not open; open were 1, 2"):
        without_counter(recorded, 5)


def test_a_counter_is_not_opened_for_a_field_that_there_is_not():
    with pytest.raises(LookupError, match="no field xay-dung; there are chung-thuc"):
        with_counter(recorded_by(a_morning()), 6, ("xay-dung",))


def test_what_managers_changed_happens_again():
    branch = Branch()
    branch.open(4, "07:30", HOA)
    branch.do(c.AssignCounter(counter=4, fields=("chung-thuc",)), "08:00", CHIEF)
    branch.issue("chung-thuc", "08:10")
    ticket = branch.served(4, "08:10", HOA)
    branch.do(c.Finish(ticket=ticket), "08:15", HOA)
    branch.do(c.CloseCounter(counter=4), "08:20", HOA)
    recorded = recorded_by(branch)
    assert recorded.changes == ((8 * 3600.0, c.AssignCounter(counter=4, fields=("chung-thuc",))),)
    (turn,) = play_again(recorded, Product()).turns
    assert (turn.counter, turn.wait_s) == (4, 0.0)


# -- a whole day of many people ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a Monday of a site with 200 visits."""
    site, calendar = read_site(SITE), Calendar()
    centre = Centre(site.config, FIRST_DAY)
    hall = Hall(centre, calendar, Product(), 0.0, opens_s=SPELLS[0][0])
    hall.expect(draw_day(site.demand, FIRST_DAY, 1))
    hall.staff({desk.no: Shift(SPELLS) for desk in site.config.counters})
    calendar.run()
    hall.close()
    folder = tmp_path_factory.mktemp("data")
    asyncio.run(copy(centre, folder / DATABASE))
    return folder


async def copy(centre: Centre, file: Path) -> None:
    branch = centre.state.configured.branch
    head = await centre.journal.head(branch)
    assert head is not None
    events = await centre.journal.read(branch, 0, head.seq)
    written = await SqliteJournal.open(file)
    await written.append(Batch(branch, 0, events, day_seq=head.day_seq))
    await written.close()


def test_a_whole_monday_out_of_a_data_folder_has_its_waits_again(journal: Path):
    recorded = read_day(journal, SITE, FIRST_DAY)
    again = play_again(recorded, Product())
    was = [turn.wait_s for turn in recorded.day.turns]
    assert len(was) > 200
    assert {turn.outcome for turn in recorded.day.turns} >= {"done", "no_show"}
    assert [turn.wait_s for turn in again.turns] == pytest.approx(was, abs=0.001)


def test_the_command_shows_the_tables_beside_each_other(
    journal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    asked = ["--recorded", str(journal), "--branch", SITE, "--date", FIRST_DAY.isoformat()]
    field = read_site(SITE).config.fields[0].code
    monkeypatch.setattr(sys, "argv", ["simulate", *asked, "--open", f"99:{field}", "--json"])
    assert main() == 0
    columns = msgspec.json.decode(capsys.readouterr().out, type=dict[str, Metrics])
    assert list(columns) == ["again", "changed", "recorded"]
    recorded, again, changed = (columns[name].all for name in ("recorded", "again", "changed"))
    assert recorded is not None
    assert again is not None
    assert changed is not None
    assert again.mean == pytest.approx(recorded.mean, abs=1e-4)
    assert changed.mean <= again.mean
    monkeypatch.setattr(sys, "argv", ["simulate", *asked])
    assert main() == 0
    head, *_ = capsys.readouterr().out.splitlines()
    assert head == (
        "| of whom | recorded: called | mean | p95 | longest | > 30 | again: called | mean | p95 | longest | > 30 |"
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--branch", "nowhere", "--date", "2026-11-30"], f"has no branch nowhere, only {SITE}"),
        (["--branch", SITE, "--date", "2026-12-24"], "was not open on 2026-12-24; its journal goes from 2026-11-30"),
        (["--branch", SITE], "--recorded needs --branch and --date"),
        (["--branch", SITE, "--date", "2026-11-30", "--close", "99"], "counter 99 was not open"),
    ],
)
def test_what_there_is_not_is_said(
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: list[str],
    said: str,
):
    monkeypatch.setattr(sys, "argv", ["simulate", "--recorded", str(journal), *asked])
    with pytest.raises(SystemExit):
        main()
    assert said in " ".join(capsys.readouterr().err.split())


def test_told_waits_of_the_last_day_are_held_against_what_came(
    journal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["told", str(journal), "--branch", SITE])
    assert told.main() == 0
    said = capsys.readouterr().out
    assert said.startswith("\n## Who came in minutes 15–30\n"), "before any counter was open nothing was told"
    assert f"| {read_site(SITE).config.fields[0].code} |" in said
