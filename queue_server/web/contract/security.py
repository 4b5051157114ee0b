"""What an asker can show, whom it proves, and how the two documents say so; derived from the rights matrix."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, NamedTuple

from queue_server.access.rights import ACCOUNTS, DEVICES, EVERYBODY, Role
from queue_server.web.asking import COOKIE, PLAIN_COOKIE

TOKENS = DEVICES | {Role.INTEGRATION}
PUBLIC = EVERYBODY - {Role.HOLDER}
"""Who may read what everybody may; a ticket's token says nothing there."""


class Scheme(NamedTuple):
    """One way to say who asks: the roles that it can prove, and its OpenAPI security scheme."""

    roles: Set[Role]
    openapi: dict[str, Any]


SCHEMES = {
    "bearer": Scheme(
        TOKENS,
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of a device or an integration; any other `Authorization` is `wrong-token`.",
        },
    ),
    "session": Scheme(
        ACCOUNTS | TOKENS,
        {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": (
                "The cookie that `POST /session` (staff) or `POST /session/device` (a device's browser) sets; "
                f"`{PLAIN_COOKIE}` where signing in without https is allowed. A session that has ended is nobody's. "
                "Not looked at beside an `Authorization`."
            ),
        },
    ),
    "ticketToken": Scheme(
        {Role.HOLDER},
        {
            "type": "apiKey",
            "in": "header",
            "name": "Ticket-Token",
            "description": (
                "The token that came with a ticket: for that ticket only, where it goes before all others. Of another "
                "ticket it is as none; a forged one is 404 `unknown-ticket`."
            ),
        },
    ),
    "ticketTokenInQuery": Scheme(
        {Role.HOLDER},
        {"type": "apiKey", "in": "query", "name": "token", "description": "The same, for what cannot send headers."},
    ),
}


def needs(who: Set[Role]) -> str:
    """Who may, as a person reads it."""
    if Role.NOBODY in who:
        return "nobody in particular"
    *most, last = [role.value for role in Role if role in who and role is not Role.HOLDER]
    named = f"{', '.join(most)} or {last}" if most else last
    return f"{named}; or who has the ticket's token" if Role.HOLDER in who else named


def security(who: Set[Role]) -> list[dict[str, list[str]]]:
    """The alternatives that are accepted; an empty one where nobody may, too, and none where nothing is looked at."""
    shown: list[dict[str, list[str]]] = [{name: []} for name, scheme in SCHEMES.items() if scheme.roles & who]
    return [{}, *shown] if shown and Role.NOBODY in who else shown


def asyncapi_scheme(name: str) -> dict[str, Any]:
    """As AsyncAPI says it: its `apiKey` is another thing."""
    said = SCHEMES[name].openapi
    return said | ({"type": "httpApiKey"} if said["type"] == "apiKey" else {})
