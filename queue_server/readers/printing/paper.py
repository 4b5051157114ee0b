"""What stands on one ticket, as plain values.

A `TicketPaper` is filled from the journal's events only: what was told at the press (number, people ahead, range) is
what is printed, also when the paper is printed again an hour later. Nothing here leads to a person: no name, no
identity number, and a priority ticket says that it is one, never why.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

Language = Literal["vi", "en"]
Width = Literal[576, 512, 384]


class WaitMinutes(Struct, frozen=True, tag="minutes"):
    """A wait told as a range of minutes, already rounded: "khoảng 15–25 phút"."""

    low: int
    high: int


class WaitClock(Struct, frozen=True, tag="clock"):
    """A wait told by the clock, in the branch's zone: "Dự kiến đến lượt: 13:20–13:50"."""

    start: datetime
    end: datetime


Wait = WaitMinutes | WaitClock
"""A wait that could be told; `None` in its place is "Chưa dự tính được"."""


class Rebooked(Struct, frozen=True):
    """A turn on another day, in place of the number that was not served: "Hẹn lại: 24/11/2026 số A 001"."""

    day: date
    instead_of: str


class TicketPaper(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One printed ticket. `issued_at` and the times in `wait` are aware and in the branch's zone.

    `number` is the text that was issued ("A012"); the paper sets letter and digits apart. `counters` are those that
    take the field, in any order; none leaves the line out. `floor` (below zero: basements) and `zone` are how to
    get there, where the branch has several. `url` is where the ticket can be followed; without one, or with a layout
    that shows no QR code, the paper has none. `ahead` None: nobody has told how many, and the paper says nothing of
    people and waits; the same where it is `rebooked`. `further` names the fields in which the visit goes on.
    """

    organisation: str
    branch: str
    field: str
    number: str
    ahead: int | None
    issued_at: datetime
    wait: Wait | None = None
    counters: tuple[int, ...] = ()
    floor: int | None = None
    zone: str = ""
    is_priority: bool = False
    url: str | None = None
    language: Language = "vi"
    field_en: str = ""
    further: tuple[str, ...] = ()
    further_en: tuple[str, ...] = ()
    is_reprint: bool = False
    is_training: bool = False
    rebooked: Rebooked | None = None


class LayoutConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a branch's tickets look; read from `config/layouts/ticket.yaml`, for 58 mm from `ticket-58.yaml`.

    `width` is in printer dots: 576 on 203 dpi heads (72 mm), 512 on 180 dpi ones, 384 on paper of 58 mm (48 mm at
    203 dpi). `logo` is a picture file, drawn in black and white at most 96 dots high at width 576. `rules` is the
    sentence at the foot, `rules_en` its English.
    """

    width: Width = 576
    show_qr: bool = True
    logo: str | None = None
    rules: str = ""
    rules_en: str = ""
