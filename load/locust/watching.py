"""Those who look: displays in the hall, managers, and citizens with their phones."""

from __future__ import annotations

import re
import time
from secrets import token_hex
from typing import Any

from gevent.event import Event
from gevent.queue import Empty

from load.locust.api import Api
from load.locust.line import Line
from load.locust.person import LOOK_S, Person
from queue_server.protocol.feed import Update

REPORT_EVERY_S = 600.0
STAYS_S = 300.0
"""A phone is put away after so long on average, and looked at again in half of all cases."""
BACK_AFTER_S = 240.0
COMES_BACK_SHARE = 0.5
CANCELS_SHARE = 0.02
DONE = frozenset({"finished", "no_show", "cancelled", "voided", "rebooked", "expired"})
FILES = re.compile(rb'(?:href|src)="(/static/[^"]+)"')


class Display(Person):
    """Shows the board as long as the run lasts, and notes when each call comes."""

    def arrive(self) -> None:
        self.line = self.line_with(token=self.hall.notes.displays[self.seat])
        self.line.follow(f"board:{self.hall.branch}", self._on_board)
        self.line.follow(f"live:{self.hall.branch}", lambda update: None)

    def _on_board(self, update: Update) -> None:
        for table, _, row in update.changes or ():
            if table == "calls" and row is not None:
                self.hall.calls.shown(row["call"])


class Manager(Person):
    """Has the branch on the screen, and asks for the day's report now and then."""

    def arrive(self) -> None:
        session = self.hall.notes.managers[self.seat]
        self.day = ""
        self.api = Api(self.world, self.hall.number, session=session)
        self.api.ask("GET", f"/manager?branch={self.hall.branch}", "/manager")
        self.line = self.line_with(session=session)
        self.line.follow(f"board:{self.hall.branch}", self._on_board)
        self.line.follow(f"live:{self.hall.branch}", lambda update: None)

    def _on_board(self, update: Update) -> None:
        self.day = update.view.get("day", {}).get("today", {}).get("date", "")

    def play(self) -> None:
        self.world.has_begun.wait()
        self.spend(self.hall.chance.uniform(0.0, REPORT_EVERY_S))
        while True:
            self.api.ask("GET", f"/api/v1/branches/{self.hall.branch}/reports/{self.day}", "/reports/[day]")
            self.spend(REPORT_EVERY_S * self.hall.chance.uniform(0.5, 1.5))

    def leave(self) -> None:
        super().leave()
        self.api.close()


class Phone(Person):
    """Somebody who scanned the paper's code: page, files, own ticket and people ahead. One citizen after another."""

    def play(self) -> None:
        while not self.world.is_over:
            try:
                ticket = self.hall.offers.get(timeout=LOOK_S)
            except Empty:
                continue
            self._follow(ticket["id"], ticket["token"])

    def _follow(self, ticket_id: str, token: str) -> None:
        api = Api(self.world, self.hall.number)
        try:
            self._open_page(api, token)
            if self.hall.chance.random() < CANCELS_SHARE:
                self.spend(self.hall.chance.uniform(20.0, STAYS_S))
                self._cancel(api, ticket_id, token)
                return
            self._watch(token)
            while self.hall.chance.random() < COMES_BACK_SHARE:
                self.spend(BACK_AFTER_S)
                self._watch(token)
        finally:
            api.close()

    def _open_page(self, api: Api, token: str) -> None:
        """A phone that was never here before fetches the page's files too."""
        status, page = api.ask("GET", f"/t/{token}", "/t/[token]")
        if status == 200:
            for file in dict.fromkeys(FILES.findall(page)):
                api.ask("GET", file.decode(), "/static/[file]")

    def _watch(self, token: str) -> None:
        """Until it is over, or the phone is put away."""
        is_done = Event()

        def on_ticket(update: Update) -> None:
            rows: Any = update.view.get("ticket", {}).values()
            if any(row["state"] in DONE for row in rows):
                is_done.set()

        line = Line(self.world, self.hall.number)
        line.open()
        line.follow(f"ticket:{token}", on_ticket)
        line.follow(f"ahead:{token}", lambda update: None)
        until = time.monotonic() + self.hall.chance.expovariate(1 / STAYS_S) / self.world.pace.hurry
        try:
            while not is_done.is_set() and time.monotonic() < until and not self.world.is_over:
                is_done.wait(min(LOOK_S, max(0.0, until - time.monotonic())))
        finally:
            line.close()

    def _cancel(self, api: Api, ticket_id: str, token: str) -> None:
        """Too late when the service has begun: then the server must say so."""
        self.hall.is_cancelled(ticket_id)
        status, _ = api.ask(
            "POST",
            f"/api/v1/tickets/{ticket_id}/cancel",
            "/tickets/[id]/cancel",
            body={},
            expected=(200, 409),
            ticket_token=token,
            idempotency_key=token_hex(16),
        )
        if status == 200:
            self.hall.has_left(ticket_id, "cancelled")

    def leave(self) -> None:
        """The line was closed when the phone was put away."""
