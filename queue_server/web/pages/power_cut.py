"""For power cuts: numbers to print in advance at /helper/numbers, and the form at /helper/list by which the list that
was kept by hand is entered afterwards."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig, Field, Series
from queue_server.domain.numbering import printed
from queue_server.domain.state import BranchState
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.asking import house_of, state_asked
from queue_server.web.pages.staff import page_at_a_branch


async def kept_list(request: Request) -> Response:
    """GET /helper/list?branch=…: the form; it works with a keyboard alone."""
    return await page_at_a_branch(request, "helper", "helper_list.html")


async def numbers(request: Request) -> Response:
    """GET /helper/numbers?branch=…&series=…: slips to cut and lists to fill in, on paper; of all series, or of one."""

    async def context(branch: str) -> dict[str, Any]:
        config = (await house_of(request).bus.host(branch)).state.configured
        wanted = request.query_params.get("series")
        shown = [each for each in config.series if each.emergency and wanted in (None, each.code)]
        return {
            "organisation": name(config.organisation),
            "all_series": [each.code for each in config.series if each.emergency],
            "series": [_on_paper(config, each) for each in shown],
        }

    return await page_at_a_branch(request, "helper", "helper_numbers.html", context)


def _on_paper(config: BranchConfig, series: Series) -> dict[str, Any]:
    block = series.emergency
    ordinals = range(block.first, block.last + 1) if block else ()
    return {
        "code": series.code,
        "numbers": [(series.prefix, printed(series, each).removeprefix(series.prefix)) for each in ordinals],
        "fields": [name(field.name) for field in _fields(config) if field.series == series.code],
    }


def _fields(config: BranchConfig) -> list[Field]:
    return [field for field in config.fields if not field.is_retired]


async def blocks(request: Request) -> Response:
    """GET /helper/blocks?branch=…: which numbers of each field are on paper, and what day it is; for helpers."""
    state = await state_asked(request, "helper")
    config = state.configured
    series = {each.code: each for each in config.series}
    return json(
        {
            "now": house_of(request).now(),
            "midnight": _midnight(state),
            "boundary": config.day_boundary,
            "fields": [_field(field, series[field.series]) for field in _fields(config)],
        }
    )


def _midnight(state: BranchState) -> Any:
    """The local midnight of the open service day, from which its minutes count; None while none is open."""
    day = state.day
    return hours.instant(state.configured, day.date, 0) if day is not None and day.ended_at is None else None


def _field(field: Field, series: Series) -> dict[str, Any]:
    block = series.emergency
    return {
        "code": field.code,
        "name": name(field.name),
        "prefix": series.prefix,
        "width": series.width,
        "first": block.first if block else None,
        "last": block.last if block else None,
    }


routes: list[BaseRoute] = [
    Route("/helper/list", kept_list),
    Route("/helper/numbers", numbers),
    Route("/helper/blocks", blocks),
]
