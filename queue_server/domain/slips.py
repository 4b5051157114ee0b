"""Appointment slips for results, as the dossier backend knows them: where a dossier stands, and where its citizen goes.

A code names a dossier, not a person; it is never part of an event.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

from msgspec import Struct

from queue_server.domain.configuration import BranchConfig, Desk

SlipState = Literal["ready", "not-ready", "supplement"]

_WHOLE = re.compile(r"(?:\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{1,3}){0,4})-\d{6}-\d{4,5}")
_BARE = re.compile(r"(?:\d{7}[A-Z]\d{2}|[A-Z]\d{2}\d{0,12})\d{6}\d{4,5}")
"""As people type it, without points and dashes."""


class Slip(Struct, frozen=True):
    """A dossier at a branch: the field in which its result is collected, the counter that took it, its agency ("" where
    nobody said) and when the result is due."""

    code: str
    field: str
    state: SlipState
    counter: int | None = None
    agency: str = ""
    due_at: datetime | None = None


def slip_key(code: str) -> str | None:
    """A dossier's code without points and dashes, by which it is kept and found; None where it is no such code.

    The form is that of circular 01/2018/TT-VPCP, article 19, "000.00.19.H26-240105-0123", and the newer shorter one,
    "H26.19-240105-0123".
    """
    said = re.sub(r"\s", "", code).upper()
    bare = re.sub(r"[.-]", "", said)
    form = _BARE if said == bare else _WHOLE
    return bare if form.fullmatch(said) else None


def where_to(config: BranchConfig, slip: Slip) -> tuple[str, int | None]:
    """The field for which its citizen takes a number, and the counter that is wanted best, where that one takes it.

    Who is to complete a dossier goes where that is done; where it has no field of its own, to the field of the counter
    that took the dossier.
    """
    desk = next((desk for desk in config.counters if desk.no == slip.counter and not desk.is_retired), None)
    field = _for_supplement(config, desk) if slip.state == "supplement" else None
    code = field or slip.field
    return code, desk.no if desk is not None and code in (*desk.fields, *desk.helps) else None


def _for_supplement(config: BranchConfig, desk: Desk | None) -> str | None:
    taken = (*desk.fields, *desk.helps) if desk is not None else ()
    offered = [field for field in config.fields if not field.is_retired]
    here = [field for field in offered if field.code in taken]
    own = [field for field in (*here, *offered) if field.service == "supplement"]
    filing = [field for field in here if field.service == "file"]
    return next((field.code for field in (*own, *filing)), None)
