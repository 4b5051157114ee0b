"""From a named command and its arguments, by either transport, to the bus; and what the asker is answered."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import msgspec
from msgspec.structs import replace

from queue_server.access.identity import Who
from queue_server.branches.answers import Answer, TicketAnswer
from queue_server.domain import commands as c
from queue_server.domain.refusals import Refusal
from queue_server.web.house import House


def _by_name(union: object) -> dict[str, type[c.Command]]:
    return {str(kind.__struct_config__.tag): kind for kind in get_args(union)}


TICKET_COMMANDS = _by_name(c.TicketCommands)
COUNTER_COMMANDS = _by_name(c.CounterCommands)
BRANCH_COMMANDS = _by_name(c.BranchCommands)
DECODERS: dict[str, msgspec.json.Decoder[c.Command]] = {
    name: msgspec.json.Decoder(kind)
    for name, kind in {**TICKET_COMMANDS, **COUNTER_COMMANDS, **BRANCH_COMMANDS}.items()
}


def decoder_of(name: str) -> msgspec.json.Decoder[c.Command]:
    decoder = DECODERS.get(name)
    if decoder is None:
        raise Refusal("unknown-command", name=name)
    return decoder


def decode(name: str, args: bytes | msgspec.Raw) -> c.Command:
    """A command out of its JSON arguments.

    Raises:
        Refusal: `unknown-command`, or `malformed` with the path of the fault.
    """
    try:
        return decoder_of(name).decode(args or b"{}")
    except msgspec.DecodeError as fault:
        raise Refusal("malformed", fault=str(fault)) from None
    except UnicodeDecodeError:
        raise Refusal("malformed", fault="UTF-8") from None


async def branch_of(house: House, command: c.Command) -> str:
    """The branch that a command is for. Which ones there are is no secret: first whether it exists, then who may."""
    if isinstance(command, c.TicketCommand):
        return await house.bus.branch_of(command.ticket)
    assert isinstance(command, c.BranchCommand)
    return (await house.bus.host(command.branch)).branch_id


def with_token(house: House, command: c.Command, answer: Answer) -> Answer:
    """A new ticket's answer carries the token by which its citizen follows it."""
    if isinstance(command, c.Issue) and isinstance(answer, TicketAnswer):
        return replace(answer, token=house.access.ticket_tokens.token(answer.id))
    return answer


async def carry_out(house: House, who: Who, command: c.Command, key: str, deadline: datetime) -> Answer:
    """Check the right, have the branch decide, and answer.

    Raises:
        Refusal: nothing changed.
    """
    branch = await branch_of(house, command)
    who.require_command(c.name_of(command), branch)
    answer = await house.bus.carry_out(branch, command, who.by(deadline), key)
    return with_token(house, command, answer)
