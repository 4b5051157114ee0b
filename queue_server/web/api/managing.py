"""What who runs a branch asks for besides its queue: a day's report, the house's health, its clock, its printers."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.identity import Who, device_actor
from queue_server.access.rights import PAGES, Role
from queue_server.access.store import DeviceInfo
from queue_server.branches.host import BranchHost
from queue_server.domain.advice import Advice, Effect
from queue_server.domain.commands import CounterNo
from queue_server.domain.configuration import BranchConfig, Text
from queue_server.domain.hours import service_day
from queue_server.domain.refusals import Refusal
from queue_server.domain.scene import expected_of
from queue_server.foreseeing.plays import NotPlayed
from queue_server.journal.backup import last_good
from queue_server.protocol.resources import (
    Forecast,
    ForeseenWaits,
    Health,
    PeopleAsked,
    StaffAdvice,
    StaffAdvices,
    Waits,
)
from queue_server.readers.days import day_before
from queue_server.readers.statistics.course import report_of
from queue_server.readers.statistics.day import DayReport
from queue_server.readers.statistics.ratings import Ratings
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.api.entering import require_printer
from queue_server.web.asking import asker_of, body_of, decode, house_of, key_of
from queue_server.web.house import House

BEHIND = timedelta(seconds=60)
DISK_LOW_BYTES = 1024**3


class DeviceChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The printer beside a dispenser, which of the configured screens a display is, or the counter at which a
    satisfaction device stands, null for none; its name. What is left out stays."""

    printer: str | UnsetType | None = UNSET
    screen: str | UnsetType | None = UNSET
    counter: CounterNo | UnsetType | None = UNSET
    name: Annotated[str, Meta(min_length=1, max_length=120)] | UnsetType = UNSET


_change = msgspec.json.Decoder(DeviceChange)


async def report(request: Request) -> Response:
    """GET /branches/{branch}/reports/{date}: the day's books, waits, estimates, services, counters and hours."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    await house.bus.host(branch)
    who.require_page("reports", branch)
    return json(await find_report(house, who, branch, request.path_params["date"]))


async def find_report(house: House, who: Who, branch: str, day: str) -> DayReport:
    """The report of a day that is named by its date, as this asker may see it.

    Raises:
        Refusal: `unknown-branch`, `no-service-day`, or `training-uncounted`.
    """
    host = await house.bus.host(branch)
    wanted = _date(day)
    state = await host.settled()
    if state.configured.is_training:
        raise Refusal("training-uncounted")
    found = await report_of(house.journal, state, branch, wanted, house.now()) if wanted else None
    if found is None:
        raise Refusal("no-service-day", day=f"{wanted:%d/%m/%Y}" if wanted else day)
    found = replace(found, ratings=await _ratings_for(house, who, found.ratings))
    if not any(each.lender for each in found.advice):
        return found
    names = {listed.config.branch: listed.config.name for listed in await house.listing.all()}
    names |= _teams(state.configured)
    return replace(found, advice=tuple(replace(e, lender_name=names.get(e.lender)) for e in found.advice))


async def _ratings_for(house: House, who: Who, found: Ratings) -> Ratings:
    """A counter has one clerk at a time: who may not see how colleagues were rated sees no counters either."""
    if who.role not in PAGES["ratings-of-staff"]:
        return found.without_staff()
    return found.with_names(await house.access.names(row.code for row in found.clerks if row.code))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def health(request: Request) -> Response:
    """GET /branches/{branch}/health: what may be wrong with the machine itself."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("manager", branch)
    last = last_good(house.settings.backups_folder)
    stepped = house.bus.watch.stepped_by
    return json(
        Health(
            is_plain_http=house.settings.plain_http,
            clock_stepped_s=round(stepped.total_seconds()) if stepped is not None else None,
            clock_behind_s=_behind_s(host, house.now()),
            backup_at=last[1] if last is not None else None,
            is_backup_old=await _is_backup_old(house, host, last[1] if last is not None else None),
            is_disk_low=shutil.disk_usage(house.settings.data).free < DISK_LOW_BYTES,
        )
    )


async def advice(request: Request) -> Response:
    """GET /branches/{branch}/advice: what staff might do about the queues, by plays; at most a minute old."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("manager", branch)
    try:
        configs = [listed.config for listed in await house.listing.all()]
        teams = house.elsewhere.teams(configs, branch, house.now())
        found = await house.foreseer.advise(host, partial(_lenders, house, configs, branch), teams)
    except NotPlayed as fault:
        raise Refusal("unavailable") from fault
    names = {config.branch: config.name for config in configs}
    asking = [(other, each) for other, each in house.elsewhere.asked(house.now()) if each.lender == branch]
    asked = [
        PeopleAsked(other, name(names[other]), list(each.fields), each.at, each.until)
        for other, each in asking
        if each.kind == "lend" and other in names
    ]
    if found is None:
        return json(StaffAdvices(branch, None, [], asked))
    names |= _teams(host.state.configured)
    return json(StaffAdvices(branch, found.at, [_advice(each, found.at, names) for each in found.found], asked))


def _teams(config: BranchConfig) -> dict[str, Text]:
    return {team.code: team.name for team in config.teams}


async def _lenders(house: House, configs: Sequence[BranchConfig], branch: str) -> list[tuple[BranchHost, float]]:
    """Branches from which somebody might come, with the way in seconds. One that cannot be served now is left out."""
    found = []
    for code, way_s in house.elsewhere.lenders(configs, branch, house.now()).items():
        with suppress(Refusal):
            found.append((await house.bus.host(code), way_s))
    return found


def _advice(each: Advice, at: datetime, names: Mapping[str, Text]) -> StaffAdvice:
    near, cost = each.near, each.cost
    before, after = _waits(each.effect)
    lender_before, lender_after = _waits(cost) if cost is not None else (None, None)
    return StaffAdvice(
        each.kind,
        each.no,
        list(each.fields),
        before,
        after,
        ForeseenWaits(
            list(near.fields), at, at + timedelta(seconds=round(near.span_s)), round(near.people, 1),
            round(near.wait_before), round(near.wait_after),
        ),
        each.lender or None,
        name(names[each.lender]) if each.lender in names else None,
        lender_before,
        lender_after,
    )  # fmt: skip


def _waits(effect: Effect) -> tuple[Waits, Waits]:
    people = round(effect.people, 1)
    return (
        Waits(people, round(effect.wait_before), round(effect.unserved_before, 1)),
        Waits(people, round(effect.wait_after), round(effect.unserved_after, 1)),
    )


async def forecast(request: Request) -> Response:
    """GET /branches/{branch}/forecast: who is still to come today, by field and quarter of an hour."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("manager", branch)
    state, now = await host.settled(), house.now()
    fields = expected_of(state, now, state.day.learnt) if state.day is not None and state.day.ended_at is None else {}
    rounded = {code: [(float(round(s)), round(count, 2)) for s, count in spans] for code, spans in fields.items()}
    return json(Forecast(branch, now, rounded))


def _behind_s(host: BranchHost, now: datetime) -> int | None:
    newest = host.state.at
    is_behind = newest is not None and now < newest - BEHIND
    return round((newest - now).total_seconds()) if newest is not None and is_behind else None


async def _is_backup_old(house: House, host: BranchHost, at: datetime | None) -> bool:
    """Whether the last backup is older than the service day before this one; a first day cannot have any yet."""
    if not house.settings.is_backed_up_here:
        return False
    day = host.state.day
    before = await day_before(house.journal, host.branch_id, day.date) if day is not None else None
    return before is not None and (at is None or service_day(host.state.configured, at) < before)


async def confirm_clock(request: Request) -> Response:
    """POST /clock/confirm: an administrator has looked at the server's clock, and it is right."""
    if (await asker_of(request)).role is not Role.ADMINISTRATOR:
        raise Refusal("forbidden")
    key_of(request)
    house_of(request).bus.watch.confirm()
    return Response(status_code=204)


async def change_device(request: Request) -> Response:
    """PATCH /devices/{id} {printer?, screen?, counter?, name?}: what belongs to a device."""
    house, who = house_of(request), await asker_of(request)
    who.require_page("devices")
    asked = decode(_change, await body_of(request))
    known = {
        device.id: device
        for device in await house.access.devices(who.branch, with_training=True)
        if device.revoked_at is None
    }
    device = known.get(request.path_params["id"])
    if device is None:
        raise Refusal("not-found")
    if asked.printer is not UNSET:
        await _set_printer(house, who, known, device, asked.printer)
    if asked.screen is not UNSET:
        await _set_screen(house, who, device, asked.screen)
    if asked.counter is not UNSET:
        await _set_counter(house, who, device, asked.counter)
    if asked.name is not UNSET:
        await house.access.rename_device(device.id, asked.name, by=who.actor)
    return Response(status_code=204)


async def _set_printer(
    house: House, who: Who, known: Mapping[str, DeviceInfo], device: DeviceInfo, printer_id: str | None
) -> None:
    require_printer(known.values(), printer_id, device.branch)
    await house.access.set_printer(device.id, printer_id, by=who.actor)


async def _set_screen(house: House, who: Who, device: DeviceInfo, code: str | None) -> None:
    if device.kind != Role.DISPLAY or device.branch is None:
        raise Refusal("not-found")
    if code is not None:
        (await house.bus.host(device.branch)).state.screen(code)
    await house.access.set_screen(device.id, code, by=who.actor)


async def _set_counter(house: House, who: Who, device: DeviceInfo, no: int | None) -> None:
    """The device begins anew at its other counter: what it follows was settled when its connection opened."""
    if device.kind != Role.RATING or device.branch is None:
        raise Refusal("not-found")
    if no is not None:
        (await house.bus.host(device.branch)).state.counter(no)
    await house.access.set_counter(device.id, no, by=who.actor)
    house.hub.expel({device_actor(device.id)})


routes = [
    Route("/branches/{branch}/reports/{date}", report, methods=["GET"]),
    Route("/branches/{branch}/advice", advice, methods=["GET"]),
    Route("/branches/{branch}/forecast", forecast, methods=["GET"]),
    Route("/branches/{branch}/health", health, methods=["GET"]),
    Route("/clock/confirm", confirm_clock, methods=["POST"]),
    Route("/devices/{id}", change_device, methods=["PATCH"]),
]
