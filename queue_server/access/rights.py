"""The rights matrix: which role may give which command and read which channel. Data, to be read like a table.

Rights hold within a branch: an account or device without a branch belongs to the whole organisation.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    CLERK = "clerk"
    HELPER = "helper"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    INTEGRATION = "integration"
    DISPENSER = "dispenser"
    DISPLAY = "display"
    PRINTER = "printer"
    RATING = "rating"
    HOLDER = "holder"
    NOBODY = "nobody"


STAFF = frozenset({Role.CLERK, Role.HELPER, Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR})
DEVICES = frozenset({Role.DISPENSER, Role.DISPLAY, Role.PRINTER, Role.RATING})
MAY_OVERRIDE = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION})
"""Roles that may act on a counter at which somebody else sits."""

_HELPER = {"issue", "amend", "cancel", "void", "postpone", "ready", "reinstate", "reprint", "undo", "note"}
_CLERK = _HELPER | {
    "open", "pause", "close", "call-next", "call", "recall", "start", "finish", "no-show", "return", "hold", "resume",
    "transfer", "next-step", "record-dossiers",
}  # fmt: skip
_SUPERVISOR = _CLERK | {
    "assign",
    "move",
    "end-service",
    "suspend",
    "unsuspend",
    "change-hours",
    "end-day",
    "take-advice",
    "enter-list",
    "answer-help",
}

COMMANDS: dict[Role, frozenset[str]] = {
    Role.CLERK: frozenset(_CLERK),
    Role.HELPER: frozenset(_HELPER | {"enter-list", "answer-help"}),
    Role.SUPERVISOR: frozenset(_SUPERVISOR),
    Role.MANAGER: frozenset(_SUPERVISOR),
    Role.ADMINISTRATOR: frozenset(_SUPERVISOR | {"configure"}),
    Role.INTEGRATION: frozenset(_CLERK),
    Role.DISPENSER: frozenset({"issue", "call-helper"}),
    Role.DISPLAY: frozenset({"report-call"}),
    Role.PRINTER: frozenset({"report-paper"}),
    Role.RATING: frozenset({"rate"}),
    Role.HOLDER: frozenset({"postpone", "cancel", "rate"}),
    Role.NOBODY: frozenset(),
}
"""HOLDER is who has a ticket's token: it may do this to that ticket, and to no other."""

EVERYBODY = frozenset(Role)

CHANNELS: dict[str, frozenset[Role]] = {
    "board": EVERYBODY,
    "live": EVERYBODY,
    "ticket": EVERYBODY,
    "ahead": EVERYBODY,
    "counter": frozenset({Role.CLERK, Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION}),
    "helper": frozenset({Role.HELPER, Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR}),
    "printer": frozenset({Role.PRINTER, Role.ADMINISTRATOR}),
    "rating": frozenset({Role.RATING}),
}

PAGES: dict[str, frozenset[Role]] = {
    "helper": CHANNELS["helper"],
    "clerk": frozenset({Role.CLERK, Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR}),
    "manager": frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR}),
    "devices": frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    "notices": frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    "reports": frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION}),
    "notes": STAFF,
    "slips": STAFF | {Role.DISPENSER, Role.INTEGRATION},
    "ratings-of-staff": frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    "tell-slips": frozenset({Role.INTEGRATION}),
}
