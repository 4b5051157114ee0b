"""The clerk: one at each counter, who looks at the list before pressing, as people do."""

from __future__ import annotations

from collections import deque
from typing import Any

from gevent.event import Event

from load.day.visits import Visit
from load.locust.person import Person
from queue_server.protocol.feed import Update

WALK_S = 20.0
RECALL_AFTER_S = 45.0
HELD_FOR_S = 300.0
HELD_MOST = 2
REACTION_S = (1.0, 6.0)
"""From somebody being in the list to the press."""
LOOK_AGAIN_S = 20.0
OPENS_S, LUNCH_S, BACK_S = 7.5 * 3600, 11.5 * 3600, 13 * 3600
CITIZEN_WAS_FASTER = frozenset({"ticket-state"})
"""Expected of a number that its citizen has cancelled a moment ago."""


class Clerk(Person):
    """Calls, waits for people to walk, serves them; no-shows, holds, transfers and lunch as in `config/demand`."""

    def arrive(self) -> None:
        notes = self.hall.notes.counters[self.seat]
        self.no = notes.no
        self.desk: dict[str, Any] = {}
        self.news = Event()
        self.held: deque[tuple[float, str, float]] = deque()
        self.unfinished: str | None = None
        self.line = self.line_with(session=notes.session)
        self.line.follow(f"board:{self.hall.branch}", lambda update: None)
        self.line.follow(f"counter:{self.hall.branch}/{self.no}", self._on_desk)
        self.do("open", counter=self.no)

    def _on_desk(self, update: Update) -> None:
        self.desk = update.view
        self.news.set()

    def play(self) -> None:
        self._go_on_with_what_is_there()
        self.world.has_begun.wait()
        self.until(OPENS_S)
        while not self.world.is_over:
            self._lunch()
            ticket = self._called_back() or self._call_next()
            if ticket is None:
                self._finish_if_any()
                self._wait()
            else:
                self._serve(ticket)

    def _go_on_with_what_is_there(self) -> None:
        """Numbers that an earlier run left at this counter."""
        self.news.wait(1.0)
        for ticket in list(self.desk.get("tickets", {}).values()):
            if ticket["counter"] == self.no:
                match ticket["state"]:
                    case "called":
                        self.do("no-show", ticket=ticket["id"])
                    case "serving":
                        self.do("finish", ticket=ticket["id"])

    # -- one citizen after another -------------------------------------------------------------------------------------

    def _call_next(self) -> dict[str, Any] | None:
        """When the list shows somebody. The press also ends the service before, as the console's one button does."""
        if not self.desk.get("queue"):
            return None
        self.spend(self.hall.chance.uniform(*REACTION_S))
        if not self.desk.get("queue"):
            return None
        ticket = self._call("call-next", counter=self.no)
        if ticket is not None and self.unfinished is not None:
            self.hall.has_left(self.unfinished, "finished")
            self.unfinished = None
        if ticket is not None:
            self.hall.is_called(ticket)
        return ticket

    def _call(self, name: str, **args: Any) -> dict[str, Any] | None:
        """A call or recall, timed to the displays."""
        began = self.line.clock()
        expected = CITIZEN_WAS_FASTER if self._may_be_gone(args.get("ticket")) else frozenset()
        ticket: dict[str, Any] | None = self.do(name, expected=expected, **args)
        if ticket is not None:
            self.hall.calls.sent(int(ticket["position"].rpartition(".")[2]), began)
        return ticket

    def _may_be_gone(self, ticket_id: str | None) -> bool:
        return ticket_id in self.hall.cancelled

    def _finish_if_any(self) -> None:
        ticket_id, self.unfinished = self.unfinished, None
        if ticket_id is not None:
            self.do("finish", ticket=ticket_id)
            self.hall.has_left(ticket_id, "finished")

    def _serve(self, ticket: dict[str, Any]) -> None:
        ticket_id = ticket["id"]
        visit = self.hall.visits.get(ticket_id) or _stranger(ticket)
        self.spend(WALK_S)
        if not visit.comes_when_called:
            self._call_in_vain(ticket_id)
            return
        if self._at_hand("start", ticket_id) is None:
            self.hall.has_left(ticket_id, "cancelled at the counter")
            return
        if visit.is_held and len(self.held) < HELD_MOST:
            self.spend(visit.service_s / 2)
            self._hold(ticket_id, visit.service_s / 2)
            return
        self.spend(visit.service_s)
        if visit.transfers_to not in (None, ticket.get("field")) and ticket.get("field") == visit.field:
            self.do("transfer", ticket=ticket_id, field=visit.transfers_to, reason="Sai lĩnh vực")
            self.hall.waits_again(ticket_id)
            self.world.figures.count("transferred")
        else:
            self.unfinished = ticket_id

    def _call_in_vain(self, ticket_id: str) -> None:
        self.spend(RECALL_AFTER_S)
        self._call("recall", ticket=ticket_id)
        self.spend(RECALL_AFTER_S)
        self._at_hand("no-show", ticket_id)
        self.hall.has_left(ticket_id, "no-show")

    def _at_hand(self, name: str, ticket_id: str) -> Any:
        """A command about a number that its citizen may cancel meanwhile."""
        if self._may_be_gone(ticket_id):
            return self.do(name, ticket=ticket_id, expected=CITIZEN_WAS_FASTER)
        return self.do(name, ticket=ticket_id)

    # -- papers that are missing ---------------------------------------------------------------------------------------

    def _hold(self, ticket_id: str, rest_s: float) -> None:
        self.do("hold", ticket=ticket_id, reason="Bổ sung giấy tờ")
        self.world.figures.count("held")
        self.held.append((self.world.pace.now_s() + HELD_FOR_S, ticket_id, rest_s))

    def _called_back(self) -> dict[str, Any] | None:
        """Whoever is back with their papers goes on quietly; returns nobody: they are served at once."""
        while self.held and self.held[0][0] <= self.world.pace.now_s():
            self._finish_if_any()
            _, ticket_id, rest_s = self.held.popleft()
            if self.do("resume", ticket=ticket_id, counter=self.no, quietly=True) is not None:
                self.spend(rest_s)
                self.unfinished = ticket_id
        return None

    # -- nobody there --------------------------------------------------------------------------------------------------

    def _lunch(self) -> None:
        if LUNCH_S <= self.world.pace.now_s() < BACK_S and not self.held:
            self._finish_if_any()
            self.do("pause", counter=self.no, reason="Nghỉ trưa")
            self.until(BACK_S)
            self.do("open", counter=self.no)

    def _wait(self) -> None:
        """Until the list changes, somebody on hold may be back, or one looks again anyway."""
        self.news.clear()
        self.news.wait(LOOK_AGAIN_S / self.world.pace.hurry)


def _stranger(ticket: dict[str, Any]) -> Visit:
    """Somebody whose number was given by other hands."""
    return Visit(0.0, ticket.get("field", ""), None, True, 240.0, False, None)
