"""Looking something up in the audit trail: journal and trail of one service day together, in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial

from msgspec import Struct

from queue_server.audit import trail
from queue_server.audit.words import actor_name, entry_sentence, sentence
from queue_server.domain import upcast
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.events import Recorded, type_of
from queue_server.domain.hours import boundary
from queue_server.journal.port import Journal
from queue_server.journal.rows import instant, micros
from queue_server.readers.days import events_of_day

ENTRIES_MOST = 10_000
"""Of the trail in one day."""
NAMES_AT_ONCE = 500

Names = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""The names of people and devices, by user name and actor."""


class Wanted(Struct, frozen=True):
    """What is looked for on a day; what is empty may be anything. `person` is part of a user name or a name, `action`
    the type of an event or of an entry."""

    day: date
    person: str = ""
    counter: int | None = None
    number: str = ""
    action: str = ""


class Line(Struct, frozen=True):
    """Something that happened. `place` is its seq in the journal, or (`is_entry`) its number in the trail."""

    at: datetime
    place: int
    is_entry: bool
    action: str
    actor: str
    name: str
    text: str


async def search(
    journal: Journal, config: BranchConfig, wanted: Wanted, names: Names, lang: str, *, sees_all: bool
) -> list[Line]:
    """What fits, in order of time. Entries that belong to no branch are for who `sees_all`."""
    numbers = {row.id: row.number for row in await journal.tickets_of_day(config.branch, wanted.day)}
    events = [item async for item in _events(journal, config.branch, wanted, numbers)]
    entries = await _entries(journal, config, wanted, sees_all=sees_all)
    known = await _named(names, {each for each in _to_be_named(events, entries) if not each.startswith("ticket:")})
    lines = [_of_event(item, config, numbers, known, lang) for item in events]
    lines += [_of_entry(each, known, lang) for each in entries]
    person = wanted.person.strip().casefold()
    fitting = [line for line in lines if person in f"{line.actor} {line.name}".casefold()]
    return sorted(fitting, key=lambda line: (line.at, line.is_entry, line.place))


async def _named(names: Names, wanted: Iterable[str]) -> dict[str, str]:
    """So many at a time as one query takes."""
    known: dict[str, str] = {}
    every = sorted(wanted)
    for first in range(0, len(every), NAMES_AT_ONCE):
        known |= await names(every[first : first + NAMES_AT_ONCE])
    return known


def _to_be_named(events: Iterable[Recorded], entries: Iterable[trail.Kept]) -> Iterator[str]:
    """User names, and actors of devices."""
    for item in events:
        yield item.actor.removeprefix("account:")
        yield getattr(item.event, "clerk", None) or ""
        yield getattr(item.event, "only_clerk", None) or ""
        yield f"device:{getattr(item.event, 'device', '')}"
    for each in entries:
        yield from (each.entry.actor.removeprefix("account:"), each.entry.subject, f"device:{each.entry.subject}")


async def _events(journal: Journal, branch: str, wanted: Wanted, numbers: Mapping[str, str]) -> AsyncIterator[Recorded]:
    number = "".join(wanted.number.split()).upper()
    async for stored in events_of_day(journal, branch, wanted.day):
        if wanted.action and stored.type != wanted.action:
            continue
        item = upcast.load(stored.seq, stored.day, stored.type, stored.v, stored.body)
        if number and _number(item, numbers).upper() != number:
            continue
        if wanted.counter is not None and getattr(item.event, "counter", None) != wanted.counter:
            continue
        yield item


def _number(item: Recorded, numbers: Mapping[str, str]) -> str:
    named = getattr(item.event, "ticket", None) or str(getattr(item.event, "job", "")).rpartition("-")[0]
    return numbers.get(named, "")


async def _entries(journal: Journal, config: BranchConfig, wanted: Wanted, *, sees_all: bool) -> list[trail.Kept]:
    """None where a number or a counter is looked for: the trail has no such."""
    if wanted.number or wanted.counter is not None:
        return []
    first, end = boundary(config, wanted.day), boundary(config, wanted.day + timedelta(days=1))
    found = await journal.run(partial(trail.between, first=micros(first), end=micros(end), limit=ENTRIES_MOST))
    return [
        each
        for each in found
        if (each.entry.branch == config.branch or (sees_all and each.entry.branch is None))
        and wanted.action in ("", each.entry.action)
    ]


def _of_event(
    item: Recorded, config: BranchConfig, numbers: Mapping[str, str], known: Mapping[str, str], lang: str
) -> Line:
    fields = {field.code: (field.name.en if lang == "en" else "") or field.name.vi for field in config.fields}
    text = sentence(
        item.event,
        lang,
        number=_number(item, numbers),
        field=lambda code: fields.get(code, code),
        person=lambda code: known.get(code, code),
    )
    name = actor_name(item.actor, known, lang)
    return Line(item.at, item.seq, False, type_of(item.event), item.actor, name, text)


def _of_entry(each: trail.Kept, known: Mapping[str, str], lang: str) -> Line:
    entry = each.entry
    name, text = actor_name(entry.actor, known, lang), entry_sentence(entry, lang, known)
    return Line(instant(each.at), each.no, True, entry.action, entry.actor, name, text)
