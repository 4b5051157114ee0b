"""The dispenser, where people take their numbers, and the printer beside it."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from gevent.queue import Empty, Queue

from load.day.visits import Visit
from load.locust.api import Api
from load.locust.line import Refused, Trouble
from load.locust.person import LOOK_S, Person
from queue_server.protocol.feed import Update

PRESS_S = 4.0
"""From one person's number to the next one's press, when there is a line."""
CUT_SHARE, REPEATED_SHARE = 0.003, 0.003
"""Of presses, so many lose their answer, and so many are sent twice though it came."""
PAPER_S = 0.6
"""Ten centimetres and a cut."""


class Dispenser(Person):
    """Gives each visitor a number as they come; those who came before the doors opened stand in line."""

    def arrive(self) -> None:
        self.line = self.line_with(token=self.hall.notes.dispensers[self.seat])
        self.line.follow(f"board:{self.hall.branch}", _see)
        self.line.follow(f"live:{self.hall.branch}", _see)

    def play(self) -> None:
        self.world.has_begun.wait()
        for visit in self.hall.coming_to(self.seat):
            self.until(visit.arrival_s)
            self.give(visit)
            self.spend(PRESS_S)

    def give(self, visit: Visit) -> None:
        args = {
            "branch": self.hall.branch,
            "field": visit.field,
            "priority": visit.priority,
            "channel": "kiosk",
            "language": "vi",
        }
        chance, key = self.hall.chance.random(), token_hex(16)
        self.world.figures.count("pressed")
        try:
            ticket = self.line.command("issue", args, key=key, is_lost=chance < CUT_SHARE)
            self.hall.has_number(ticket, visit)
            if CUT_SHARE <= chance < CUT_SHARE + REPEATED_SHARE:
                self._repeat(args, key, ticket)
        except (Refused, Trouble):
            self.world.figures.count("no number")

    def _repeat(self, args: dict[str, Any], key: str, ticket: dict[str, Any]) -> None:
        """The same press once more: it must be the same number."""
        again = self.line.command("issue", args, key=key)
        if again["number"] != ticket["number"]:
            fault = Trouble(f"{ticket['number']} became {again['number']} when it was asked for again")
            self.world.fire_ms("WS", "issue", 0.0, fault)


class Printer(Person):
    """Fetches the picture of each paper, prints it, and says so: one after another, as they are asked for."""

    def arrive(self) -> None:
        notes = self.hall.notes.printers[self.seat]
        self.api = Api(self.world, self.hall.number, token=notes.token)
        self.jobs: Queue = Queue()
        self._known: set[str] = set()
        self.line = self.line_with(token=notes.token)
        self.line.follow(f"printer:{notes.device}", self._on_jobs)

    def _on_jobs(self, update: Update) -> None:
        for job in update.view.get("jobs", {}):
            if job not in self._known:
                self._known.add(job)
                self.jobs.put(job)

    def play(self) -> None:
        while not self.world.is_over:
            try:
                job = self.jobs.get(timeout=LOOK_S)
            except Empty:
                continue
            self.api.ask("GET", f"/api/v1/print-jobs/{job}?width=576&marked=0", "/print-jobs/[job]")
            self.spend(PAPER_S)
            self.do("report-paper", job=job, outcome="printed")

    def leave(self) -> None:
        super().leave()
        self.api.close()


def _see(update: Update) -> None:
    """It is on the screen."""
