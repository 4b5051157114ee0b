"""Requests that Schemathesis makes out of the OpenAPI document, right ones and wrong ones, by every role."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from msgspec import Struct
from schemathesis import APIOperation, Case, GenerationMode

from queue_server.web.contract import openapi
from tests.contract.asking_rights import SLIP, Hall, Who
from tests.contract.rights_server import FREE, SPARE
from tests.demo_server import BRANCH, NEAR
from tests.printing import job_of
from tests.rights import COMMANDS, ROWS, Row
from tests.server import Refused, Ticket

DELIBERATE = {(503, "unavailable"), (503, "disk-full"), (502, "record-refused")}
"""Answers above 499 that say what is the matter."""
FIELDS = ("ho-tich", "chung-thuc", "dat-dai", "kinh-doanh", "tra-ket-qua")
REAL: dict[str, tuple[Any, ...]] = {
    "field": FIELDS,
    "counter": (1, 2, 3, 4, 5, 6),
    "no": (1, 2, 3, 4, 5, 6),
    "priority": ("NCT75", "NKT", None),
    "channel": ("kiosk", "helper", "clerk", "phone"),
    "fields": (["dat-dai"], ["ho-tich", "chung-thuc"]),
}
"""What there is, put in the place of generated values half of the time: else nothing would ever be carried out."""
EACH = 3
"""So many requests of an operation and a mode are drawn at once."""
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class Answered(Struct):
    """What came of it."""

    requests: int = 0
    statuses: Counter[int] = Counter()
    faults: list[str] = []


class Tickets:
    """The numbers to ask for, of either branch: a fresh one often, since what is done with one ends it."""

    def __init__(self, hall: Hall, seed: int) -> None:
        self._random = Random(seed)
        self._apis = {BRANCH: hall.server.api("dispenser-own"), NEAR: hall.server.api("dispenser-other")}
        self._apis[NEAR].branch = NEAR
        self._known = {BRANCH: [hall.ticket], NEAR: [self._apis[NEAR].issue("ho-tich")]}

    def one(self, branch: str) -> Ticket:
        known = self._known[branch]
        if self._random.random() < 0.04:
            with suppress(Refused):  # somebody of the fuzz has closed it
                known.append(self._apis[branch].issue(self._random.choice(FIELDS)))
        return self._random.choice(known[-8:])


class HttpFuzz:
    """Every operation of the document by every identity: `count` requests in all, or as many as there is time for until
    an instant of the monotonic clock. Of few only some."""

    def __init__(self, hall: Hall, tickets: Tickets, count: int, *, seed: int, until: float) -> None:
        self._hall = hall
        self._count = count
        self._until = until
        self._seed = seed
        self._random = Random(seed)
        self._tickets = tickets
        self.answered = Answered()

    def run(self) -> Answered:
        operations, identities = list(_operations()), list(ROWS[0].signs)
        while self.answered.requests < self._count and time.monotonic() < self._until:
            self._seed += 1
            left = self._count - self.answered.requests
            for operation in self._random.sample(operations, min(len(operations), max(1, left // EACH // 4))):
                if time.monotonic() > self._until:
                    break
                for case in (case for mode in MODES for case in _drawn(operation, mode, EACH, self._seed)):
                    for who in self._random.sample(identities, min(len(identities), max(2, left // 400))):
                        self._send(case, who)
        return self.answered

    def _send(self, case: Case, who: Who) -> None:
        kwargs = case.as_transport_kwargs(base_url="http://x")
        place = BRANCH if "/devices/" in case.operation.path else self._random.choice((BRANCH, NEAR, None))
        path = self._path(case, place)
        body = self._body(kwargs)
        headers = _headers(kwargs["headers"]) | self._hall.headers(who)
        if (case.method, case.operation.path) == ("DELETE", "/session"):
            headers.pop("Cookie", None)  # nobody loses who it is
        target = f"/api/v1{path}" + (f"?{urlencode(kwargs['params'], doseq=True)}" if kwargs.get("params") else "")
        status, code = self._hall.send(case.method, target, body, headers)
        self.answered.requests += 1
        self.answered.statuses[status] += 1
        self._judge(case, who, status, code, place=place, target=target)

    def _path(self, case: Case, place: str | None) -> str:
        """A path of what there is at a place; of what was generated where there is no place."""
        ticket = self._tickets.one(place or BRANCH)
        devices, generated = self._hall.server.devices, case.path_parameters or {}
        if case.operation.path == "/branches/{branch}/end-day":
            place = FREE if place else None  # the others go on
        known = {
            "branch": place, "id": ticket.id, "job": job_of(ticket), "date": self._hall.day, "code": SLIP,
            "field": self._random.choice(REAL["field"]), "no": str(self._random.choice(REAL["no"])),
        }  # fmt: skip
        if case.operation.path.startswith("/devices/"):
            known["id"] = devices[SPARE if case.method == "DELETE" else "display-own"]
        names = re.findall(r"{(\w+)}", case.operation.path)
        made = {name: quote(str(generated.get(name, "x")), safe="%") or "x" for name in names}
        chosen = made if place is None else made | known
        return re.sub(r"{(\w+)}", lambda part: str(chosen[part[1]]), case.operation.path)

    def _body(self, kwargs: Mapping[str, Any]) -> bytes:
        body = kwargs.get("json", kwargs.get("data"))
        if isinstance(body, dict) and "json" in kwargs:
            for name, values in REAL.items():
                if name in body and self._random.random() < 0.5:
                    body[name] = self._random.choice(values)
        if isinstance(body, bytes):
            return body
        return b"" if body is None else json.dumps(body).encode(errors="surrogatepass")

    def _judge(self, case: Case, who: Who, status: int, code: str, *, place: str | None, target: str) -> None:
        what = f"{who} {case.method} {target} → {status} {code}"
        if status >= 500 and (status, code) not in DELIBERATE:
            self.answered.faults.append(what)
        row = _row(case.operation)
        at = _seen(who, place)
        if status < 400 and at is not None and not row.is_let_in(who[0], at):
            self.answered.faults.append(f"let in: {what}")


def _seen(who: Who, place: str | None) -> str | None:
    """Where somebody stands, seen from the place that was asked for; None where the path alone does not tell."""
    role, situation = who
    if place is None or role == "holder":
        return None
    if role == "nobody" or situation == "whole":
        return situation
    return None if place == FREE else "own" if (situation == "own") == (place == BRANCH) else "other"


def _operations() -> Iterator[APIOperation]:
    """All of the document, without its security: who asks is said by us."""
    document = deepcopy(openapi.document())
    del document["components"]["securitySchemes"]
    for methods in document["paths"].values():
        for said in methods.values():
            del said["security"]
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        yield result.ok()  # type: ignore[union-attr]  # our own document is one


def _drawn(operation: APIOperation, mode: GenerationMode, count: int, seed_: int) -> list[Case]:
    """So many requests, right ones or wrong ones; none where nothing can be wrong."""
    cases: list[Case] = []

    @seed(seed_)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def keep(case: Case) -> None:
        cases.append(case)

    with suppress(Unsatisfiable):
        keep()
    return cases[:count]


def _row(operation: APIOperation) -> Row:
    name = operation.path.rpartition("/")[2]
    if operation.path == "/branches/{branch}/tickets":
        name = "issue"
    found = next((row for row in ROWS if str(row) == f"{operation.method.upper()} /api/v1{operation.path}"), None)
    return found or COMMANDS[name]


def _headers(generated: Mapping[str, Any]) -> dict[str, str]:
    """What HTTP itself would not let through, or would take for another message, is left out."""
    own = {"content-length", "transfer-encoding", "connection", "host", "expect", "upgrade", "x-forwarded-for"}
    return {
        name: str(value).encode("latin-1", "replace").decode("latin-1").replace("\n", " ").replace("\r", " ")
        for name, value in generated.items()
        if name.lower() not in own and re.fullmatch(r"[A-Za-z0-9_-]+", name)
    }
