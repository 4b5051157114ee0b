"""The checker of the fault harness is checked: a history by hand in which all is well, and one mistake at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from load.faults.check import check
from load.faults.dump import CommandRow, CursorRow, Dump, EventRow, HeadRow, TicketRow
from load.faults.history import (
    AnyRecord,
    Attempt,
    Broken,
    Delivered,
    Died,
    Dismissed,
    Fresh,
    LastView,
    Recovered,
    Shown,
)
from load.faults.rules.evidence import Violation

BRANCH, DAY = "b1", "2026-11-23"
BOARD = f"board:{BRANCH}"


class Story:
    """A counter opens, a ticket is issued, called, served and finished; every command takes from N to N + 0.5 s."""

    def __init__(self) -> None:
        self.records: list[AnyRecord] = []
        self.events: list[EventRow] = []
        self.commands: list[CommandRow] = []
        self.tickets: list[TicketRow] = []
        self.seconds = 0.0
        self.do("open", {"counter": 1}, "counter.opened", counter=1, clerk="c")
        self.issue("t1", "A001")
        self.call("t1", "A001")
        self.do("start", {"ticket": "t1"}, "ticket.serving", ticket="t1", counter=1)
        self.do("finish", {"ticket": "t1"}, "ticket.finished", ticket="t1")
        self.move("t1", "finished")

    # -- telling -------------------------------------------------------------------------------------------------------

    def event(self, kind: str, **event: Any) -> EventRow:
        row = EventRow(BRANCH, len(self.events) + 1, DAY, kind, {"event": event})
        self.events.append(row)
        return row

    def accept(self, key: str, row: EventRow) -> None:
        self.commands.append(CommandRow(BRANCH, "device:x", key, row.seq, row.seq))

    def say(self, name: str, args: dict[str, Any], key: str, **said: Any) -> None:
        """An attempt that takes half a second."""
        self.seconds += 1
        given: dict[str, Any] = {"server": "s1", "client": "c", "outcome": "answered", "sent_at": self.seconds}
        given |= said
        given.setdefault("ended_at", given["sent_at"] + 0.5)
        self.records.append(Attempt(branch=BRANCH, key=key, name=name, args=args, **given))

    def do(self, name: str, args: dict[str, Any], kind: str, **event: Any) -> str:
        """A command, its event and its answer; the key."""
        row = self.event(kind, **event)
        key = f"{name}-{row.seq}"
        self.accept(key, row)
        data = {"id": event.get("ticket"), "number": event.get("number"), "position": f"e.{row.seq}"}
        self.say(name, args, key, data={name: value for name, value in data.items() if value is not None})
        return key

    def issue(self, ticket: str, number: str, field: str = "chung-thuc") -> str:
        self.tickets.append(TicketRow(ticket, BRANCH, DAY, number, field, "waiting"))
        return self.do("issue", {"field": field}, "ticket.issued", ticket=ticket, number=number, field=field)

    def call(self, ticket: str, number: str, counter: int = 1) -> str:
        self.move(ticket, "called")
        return self.do(
            "call-next", {"counter": counter}, "ticket.called", ticket=ticket, number=number, counter=counter
        )

    def move(self, ticket: str, state: str) -> None:
        is_final = state == "finished"
        changes = {"revision": 1, "outcome": "done"} if is_final else {}
        self.tickets = [
            replace(row, state=state, **changes) if row.id == ticket else row for row in self.tickets
        ]  # fmt: skip

    # -- the end -------------------------------------------------------------------------------------------------------

    def dump(self) -> Dump:
        seq = len(self.events)
        return Dump(
            self.events, self.commands, self.tickets, [HeadRow(BRANCH, "e", seq)], [CursorRow("dossier", BRANCH, seq)]
        )

    def ending(self) -> list[AnyRecord]:
        """What screens and the backend saw when all was over."""
        at, view = f"e.{len(self.events)}", {"calls": {"0": {"number": "A001"}}}
        told = [record_of(row.id) for row in self.tickets if row.state == "finished"]
        shown = Shown(9.0, "d1", BOARD, "s1", at, True)
        return [shown, LastView("d1", BOARD, at, view), Fresh(BOARD, "s1", at, view), *told]


def record_of(ticket: str, **changes: Any) -> Delivered:
    record = {"id": f"{ticket}/1", "type": "vn.layso.visit.v1", "subject": ticket, "data": {"outcome": "done"}}
    return Delivered({**record, **changes})


def rules_broken(records: list[AnyRecord], dump: Dump) -> set[str]:
    return {violation.rule for violation in check(records, dump)}


def test_control_where_all_is_well_nothing_is_found() -> None:
    story = Story()
    story.issue("t2", "A002")
    story.say("call-next", {"counter": 3}, "key-nobody", data=None)
    story.say("start", {"ticket": "t1"}, "key-refused", outcome="refused", code="ticket-state")
    story.say("issue", {"field": "ho-tich"}, "key-away", outcome="refused", code="unavailable")
    assert check([*story.records, *story.ending()], story.dump()) == []


def test_control_of_two_attempts_on_their_way_together_either_may_come_first() -> None:
    story = Story()
    for hurried, answered in (("t2", 90.0), ("t3", 80.0)):
        story.issue(hurried, f"A{hurried}")
        story.records[-1] = replace(story.records[-1], sent_at=70.0, ended_at=answered)
    assert "position" not in rules_broken([*story.records, *story.ending()], story.dump())


# -- while it is told --------------------------------------------------------------------------------------------------

Mistake = Callable[[Story], None]


def lost(story: Story) -> None:
    story.say("issue", {"field": "ho-tich"}, "key-lost", data={"id": "t9", "number": "B001", "position": "e.9"})


def another_number(story: Story) -> None:
    key = story.issue("t2", "A002")
    story.records[-1] = replace(story.records[-1], data={"id": "t2", "number": "A003", "position": "e.6"})
    assert key


def another_position(story: Story) -> None:
    story.issue("t2", "A002")
    story.records[-1] = replace(story.records[-1], data={"id": "t2", "number": "A002", "position": "e.9"})


def key_twice(story: Story) -> None:
    key = story.issue("t2", "A002")
    row = story.event("ticket.issued", ticket="t3", number="A003", field="chung-thuc")
    story.tickets.append(TicketRow("t3", BRANCH, DAY, "A003", "chung-thuc", "waiting"))
    story.accept(key, row)


def number_twice(story: Story) -> None:
    story.issue("t2", "A001")


def called_twice(story: Story) -> None:
    story.issue("t2", "A002")
    story.call("t2", "A002", counter=1)
    story.call("t2", "A002", counter=2)


def two_at_a_counter(story: Story) -> None:
    story.issue("t2", "A002")
    story.issue("t3", "A003")
    story.call("t2", "A002")
    story.call("t3", "A003")


def finished_without_service(story: Story) -> None:
    story.issue("t2", "A002")
    story.do("finish", {"ticket": "t2"}, "ticket.finished", ticket="t2")
    story.move("t2", "finished")


def gap(story: Story) -> None:
    del story.events[2]


def orphan(story: Story) -> None:
    story.event("counter.opened", counter=2, clerk="c")


def shared_event(story: Story) -> None:
    story.commands.append(CommandRow(BRANCH, "device:x", "key-other", 5, 5))


def stale_projection(story: Story) -> None:
    story.issue("t2", "A002")
    story.call("t2", "A002")
    story.move("t2", "waiting")


def unknown_projection(story: Story) -> None:
    story.tickets.append(TicketRow("t9", BRANCH, DAY, "A009", "chung-thuc", "waiting"))


def two_answers(story: Story) -> None:
    key = story.issue("t2", "A002")
    story.say("issue", {"field": "chung-thuc"}, key, data={"id": "t2", "number": "A002", "position": "e.7"})


def refused_after_the_answer(story: Story) -> None:
    key = story.issue("t2", "A002")
    story.say("issue", {"field": "chung-thuc"}, key, outcome="refused", code="too-late", is_repeat=True)


def nobody_after_the_answer(story: Story) -> None:
    story.issue("t2", "A002")
    key = story.call("t2", "A002")
    story.say("call-next", {"counter": 1}, key, data=None, is_repeat=True)


def position_back(story: Story) -> None:
    story.say("open", {"counter": 1}, "key-open", data={"no": 1, "position": "e.2"})


def other_epoch(story: Story) -> None:
    story.say("open", {"counter": 1}, "key-open", data={"no": 1, "position": "f.5"})


def false_nobody(story: Story) -> None:
    story.issue("t2", "A002")
    story.say("call-next", {"counter": 2}, "key-nobody", data=None)


def false_nobody_and_called_later(story: Story) -> None:
    story.issue("t2", "A002")
    story.say("call-next", {"counter": 2}, "key-nobody", data=None)
    story.call("t2", "A002")


def false_unknown(story: Story) -> None:
    story.issue("t2", "A002")
    story.say("cancel", {"ticket": "t2"}, "key-cancel", outcome="refused", code="unknown-ticket")


def false_state(story: Story) -> None:
    story.issue("t2", "A002")
    story.call("t2", "A002")
    story.say("start", {"ticket": "t2"}, "key-start", outcome="refused", code="ticket-state")


def false_busy(story: Story) -> None:
    story.say("call-next", {"counter": 1}, "key-busy", outcome="refused", code="counter-busy")


def false_closed(story: Story) -> None:
    story.say("call-next", {"counter": 1}, "key-closed", outcome="refused", code="counter-closed")


def false_late(story: Story) -> None:
    story.say("issue", {"field": "ho-tich"}, "key-late", outcome="refused", code="too-late")


def never_to_be_refused(story: Story) -> None:
    story.say("issue", {"field": "ho-tich"}, "key-internal", outcome="refused", code="internal")


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        (lost, "lost"),
        (another_number, "story"),
        (another_position, "story"),
        (key_twice, "key-twice"),
        (number_twice, "number-twice"),
        (called_twice, "called-twice"),
        (two_at_a_counter, "two-at-a-counter"),
        (finished_without_service, "life-cycle"),
        (gap, "seq-gap"),
        (orphan, "orphan"),
        (shared_event, "ranges"),
        (stale_projection, "projection"),
        (unknown_projection, "projection"),
        (two_answers, "repeat"),
        (refused_after_the_answer, "repeat"),
        (nobody_after_the_answer, "repeat"),
        (position_back, "position"),
        (other_epoch, "epoch"),
        (false_nobody, "false-nobody"),
        (false_nobody_and_called_later, "false-nobody"),
        (false_unknown, "false-refusal"),
        (false_state, "false-refusal"),
        (false_busy, "false-refusal"),
        (false_closed, "false-refusal"),
        (false_late, "false-refusal"),
        (never_to_be_refused, "refusal"),
    ],
)
def test_a_mistake_of_the_system_is_found(mistake: Mistake, rule: str) -> None:
    story = Story()
    mistake(story)
    assert rule in rules_broken([*story.records, *story.ending()], story.dump())


# -- in the end --------------------------------------------------------------------------------------------------------

SHOWN, LAST, FRESH, TOLD = 0, 1, 2, 3
STALE_VIEW = {"calls": {"0": {"number": "A000"}}}


@pytest.mark.parametrize(
    ("ending", "rule"),
    [
        (lambda end: [*end, Shown(9.5, "d1", BOARD, "s2", "e.4")], "step-back"),
        (lambda end: [*end, Shown(9.5, "d1", BOARD, "s2", "f.9", True)], "epoch"),
        (lambda end: [*end, replace(end[LAST], view=STALE_VIEW)], "converge"),
        (lambda end: [end[SHOWN], end[LAST], end[TOLD]], "converge"),
        (lambda end: [*end, replace(end[FRESH], server="s2", view=STALE_VIEW)], "fresh"),
        (lambda end: [*end, replace(end[FRESH], server="s2", position="e.4")], "fresh"),
        (lambda end: [*end, Recovered(3, "kill postgres", None)], "recovery"),
        (lambda end: [*end, Dismissed("d1", "s1", 4401)], "dismissed"),
        (lambda end: [*end, Died(3.0, "s1", 1)], "died"),
        (lambda end: end[:TOLD], "untold"),
        (lambda end: [*end, record_of("t1", data={"outcome": "declined"})], "record"),
        (lambda end: [*end[:TOLD], record_of("t1", data={"outcome": "declined"})], "record"),
        (lambda end: [*end, record_of("t9")], "record"),
    ],
)
def test_a_wrong_ending_is_found(ending: Callable[[list[AnyRecord]], list[AnyRecord]], rule: str) -> None:
    story = Story()
    assert rule in rules_broken([*story.records, *ending(story.ending())], story.dump())


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"heads": [HeadRow(BRANCH, "e", 4)]}, "head"),
        ({"cursors": [CursorRow("dossier", BRANCH, 4)]}, "cursor"),
        ({"cursors": []}, "cursor"),
        ({"parked": ["t1/1"]}, "parked"),
    ],
)
def test_a_wrong_database_is_found(changes: dict[str, Any], rule: str) -> None:
    story = Story()
    assert rule in rules_broken([*story.records, *story.ending()], replace(story.dump(), **changes))


def test_records_told_out_of_order_are_found() -> None:
    story = Story()
    story.issue("t2", "A002")
    story.call("t2", "A002")
    story.do("start", {"ticket": "t2"}, "ticket.serving", ticket="t2", counter=1)
    story.do("finish", {"ticket": "t2"}, "ticket.finished", ticket="t2")
    story.move("t2", "finished")
    *rest, first, second = story.ending()
    assert check([*story.records, *rest, first, second], story.dump()) == []
    assert rules_broken([*story.records, *rest, second, first], story.dump()) == {"order"}


# -- what nobody can know is no violation ------------------------------------------------------------------------------


def _found(story: Story) -> list[Violation]:
    return check([*story.records, *story.ending()], story.dump())


def test_somebody_who_may_have_been_called_meanwhile_does_not_count_as_waiting() -> None:
    """The call by which it is taken was under way when the other one was answered."""
    story = Story()
    story.issue("t2", "A002")
    story.say("call-next", {"counter": 2}, "key-nobody", data=None, sent_at=20.2, ended_at=20.4)
    story.call("t2", "A002")
    story.records[-1] = replace(story.records[-1], sent_at=20.0, ended_at=20.6)
    assert _found(story) == []


def test_an_issue_that_was_not_answered_yet_may_be_unknown() -> None:
    story = Story()
    story.issue("t2", "A002")
    story.records[-1] = replace(story.records[-1], sent_at=20.0, ended_at=21.0)
    story.say("call-next", {"counter": 2}, "key-nobody", data=None, sent_at=20.2, ended_at=20.4)
    assert _found(story) == []


def test_a_start_that_time_may_have_implied_is_refused_rightly() -> None:
    story = Story()
    story.issue("t2", "A002")
    story.call("t2", "A002")
    row = story.event("ticket.serving", ticket="t2", counter=1)
    story.commands.append(CommandRow(BRANCH, "timer", "timer/imply-start/t2", row.seq, row.seq))
    story.move("t2", "serving")
    story.say("start", {"ticket": "t2"}, "key-start", outcome="refused", code="ticket-state")
    assert _found(story) == []


def test_a_clock_that_was_set_meanwhile_may_find_a_press_too_late() -> None:
    story = Story()
    story.say("issue", {"field": "ho-tich"}, "key-late", outcome="refused", code="too-late", sent_at=20.0)
    story.records.append(Broken(1, "jump", "clock", 19.0, 25.0, "s1 120"))
    assert _found(story) == []
