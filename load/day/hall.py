"""The people of the hall, each with a connection of their own, living by the server's clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from load.day.visits import Visit
from queue_server.protocol.client import Client, Refused

WALK_S = 20.0
RECALL_AFTER_S = 45.0
HELD_FOR_S = 300.0
NOBODY_S = 20.0
STRANGER_S = 240.0
OPENS, LUNCH, BACK, CLOSES = time(7, 30), time(11, 30), time(13, 0), time(17, 0)


class Pace:
    """The server's clock and how long its seconds are."""

    def __init__(self, client: Client, speed: float, *, timezone: str = "Asia/Ho_Chi_Minh") -> None:
        self._client = client
        self._speed = speed
        self.zone = ZoneInfo(timezone)

    def now(self) -> datetime:
        return self._client.now()

    def local(self) -> time:
        return self.now().astimezone(self.zone).time()

    def at(self, seconds: float) -> datetime:
        """The instant so many seconds after today's local midnight."""
        midnight = self.now().astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + timedelta(seconds=seconds)).astimezone(UTC)

    async def spend(self, seconds: float) -> None:
        """Let so many seconds of somebody's life pass."""
        await asyncio.sleep(max(0.0, seconds) / self._speed)

    async def until(self, instant: datetime) -> None:
        while (left := (instant - self.now()).total_seconds()) > 0:
            await asyncio.sleep(left / self._speed)


class Log(Struct):
    """What everybody saw."""

    issued: dict[str, Visit] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    turned_away: Counter[str] = field(default_factory=Counter)
    calls_shown: dict[int, str] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)


class Dispenser:
    """Gives every visitor a number when they come."""

    def __init__(self, client: Client, branch: str, pace: Pace, log: Log) -> None:
        self._client = client
        self._branch = branch
        self._pace = pace
        self._log = log

    async def run(self, visits: Iterable[Visit]) -> None:
        for visit in visits:
            await self._pace.until(self._pace.at(visit.arrival_s))
            await self.give(visit)

    async def give(self, visit: Visit) -> None:
        args = {"branch": self._branch, "field": visit.field, "priority": visit.priority, "channel": "kiosk"}
        try:
            ticket = await self._client.command("issue", args)
        except Refused as refusal:
            self._log.turned_away[refusal.problem.code] += 1
            return
        self._log.issued[ticket["id"]] = visit
        self._log.numbers[ticket["id"]] = ticket["number"]


class Clerk:
    """Works at one counter from opening to closing, with lunch, and sends nobody away who has a number. Whoever got one
    by other hands is served for the `usual` seconds of the field."""

    def __init__(
        self, client: Client, branch: str, counter: int, pace: Pace, log: Log, usual: Mapping[str, float] = {}
    ) -> None:
        self._client = client
        self._branch = branch
        self._counter = counter
        self._pace = pace
        self._log = log
        self._usual = usual
        self._held: list[tuple[datetime, str, float]] = []
        self._tickets: dict[str, dict[str, Any]] = {}
        self._stir = asyncio.Event()

    async def run(self, *, closes: time = CLOSES, gives_up: time = time(18, 30)) -> None:
        await self._pace.until(self._pace.at(OPENS.hour * 3600 + OPENS.minute * 60))
        watch = asyncio.create_task(self._watch(), name=f"clerk {self._counter} watches")
        try:
            await self.open()
            while True:
                now = self._pace.local()
                if LUNCH <= now < BACK and not self._held:
                    await self._lunch()
                is_served = await self.serve_one()
                if not is_served and not self._held and self._pace.local() >= closes:
                    break
                if self._pace.local() >= gives_up:
                    break
                if not is_served:
                    await self._wait()
            await self._do("close", counter=self._counter, reason="")
        finally:
            watch.cancel()

    async def work_forever(self) -> None:
        """Without opening or closing times: for a hall that is only watched."""
        watch = asyncio.create_task(self._watch(), name=f"clerk {self._counter} watches")
        try:
            await self.open()
            await self._go_on_with_what_is_there()
            while True:
                if not await self.serve_one():
                    await self._wait()
        finally:
            watch.cancel()

    async def _go_on_with_what_is_there(self) -> None:
        """Numbers that were called, in service or on hold at this counter when an earlier hall was cut off."""
        await self._stir.wait()
        for ticket in list(self._tickets.values()):
            if ticket["counter"] != self._counter:
                continue
            match ticket["state"]:
                case "called":
                    await self._serve(ticket)
                case "serving":
                    await self._end("finish", ticket["id"])
                case "held":
                    self._held.append((self._pace.now(), ticket["id"], self._stranger(ticket).service_s / 2))

    async def open(self) -> None:
        await self._do("open", counter=self._counter)

    async def serve_one(self) -> bool:
        """One citizen, called or come back with their papers; False when there is nobody."""
        ready = next((item for item in self._held if item[0] <= self._pace.now()), None)
        if ready is not None:
            self._held.remove(ready)
            await self._go_on(ready[1], ready[2])
            return True
        ticket = await self._do("call-next", counter=self._counter)
        if ticket is None:
            return False
        await self._serve(ticket)
        return True

    async def _serve(self, ticket: dict[str, Any]) -> None:
        visit = self._log.issued.get(ticket["id"]) or self._stranger(ticket)
        await self._pace.spend(WALK_S)
        if not visit.comes_when_called:
            await self._pace.spend(RECALL_AFTER_S)
            await self._do("recall", ticket=ticket["id"])
            await self._pace.spend(RECALL_AFTER_S)
            await self._end("no-show", ticket["id"])
            return
        await self._do("start", ticket=ticket["id"])
        if visit.is_held and len(self._held) < 2:
            await self._pace.spend(visit.service_s / 2)
            await self._do("hold", ticket=ticket["id"], reason="Bổ sung giấy tờ")
            self._held.append((self._pace.now() + timedelta(seconds=HELD_FOR_S), ticket["id"], visit.service_s / 2))
            return
        await self._pace.spend(visit.service_s)
        await self._finish(ticket, visit)

    async def _finish(self, ticket: dict[str, Any], visit: Visit) -> None:
        goes_on = visit.transfers_to not in (None, ticket.get("field")) and ticket.get("field") == visit.field
        if goes_on:
            await self._do("transfer", ticket=ticket["id"], field=visit.transfers_to, reason="Sai lĩnh vực")
        else:
            await self._end("finish", ticket["id"])

    async def _go_on(self, ticket_id: str, service_s: float) -> None:
        await self._do("resume", ticket=ticket_id, counter=self._counter, quietly=True)
        await self._pace.spend(service_s)
        await self._end("finish", ticket_id)

    async def _end(self, command: str, ticket_id: str) -> None:
        await self._do(command, ticket=ticket_id)
        self._log.ends[command] += 1

    async def _lunch(self) -> None:
        await self._do("pause", counter=self._counter, reason="Nghỉ trưa")
        back = timedelta(hours=BACK.hour, minutes=BACK.minute).total_seconds()
        await self._pace.until(self._pace.at(back))
        await self.open()

    async def _wait(self) -> None:
        """Until somebody comes, or a held citizen may be back."""
        self._stir.clear()
        sleeping = asyncio.create_task(self._pace.spend(NOBODY_S))
        stirring = asyncio.create_task(self._stir.wait())
        await asyncio.wait({sleeping, stirring}, return_when=asyncio.FIRST_COMPLETED)
        sleeping.cancel()
        stirring.cancel()

    async def _watch(self) -> None:
        async for update in self._client.subscribe(f"counter:{self._branch}/{self._counter}"):
            self._tickets = update.view.get("tickets", {})
            self._stir.set()

    def _stranger(self, ticket: dict[str, Any]) -> Visit:
        """Somebody whose number was given by other hands."""
        code = ticket.get("field", "")
        return Visit(0.0, code, None, True, self._usual.get(code, STRANGER_S), False, None)

    async def _do(self, name: str, **args: Any) -> Any:
        try:
            return await self._client.command(name, {"branch": self._branch, **args} if "ticket" not in args else args)
        except Refused as refusal:
            self._log.refusals[f"{name}: {refusal.problem.code}"] += 1
            return None


async def watch_board(client: Client, branch: str, log: Log) -> None:
    """A display: every call that it was ever shown, once. Goes home when the day's books are closed."""
    async for update in client.subscribe(f"board:{branch}"):
        for row in update.view.get("calls", {}).values():
            log.calls_shown.setdefault(row["call"], row["number"])
        day = update.view.get("day", {}).get("today")
        if day is not None and day["ended_at"] is not None and log.issued:
            return


def shares(visits: Sequence[Visit], among: int) -> list[list[Visit]]:
    """The visits dealt out to so many dispensers."""
    return [list(visits[start::among]) for start in range(among)]
