"""From a named command and its arguments, by either transport, to the bus; and what the asker is answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, get_args

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from queue_server.access.identity import Who
from queue_server.access.rights import MAY_OVERRIDE, STAFF
from queue_server.branches.answers import Answer, TicketAnswer
from queue_server.branches.host import BranchHost
from queue_server.branches.personal import Kind, Words, words
from queue_server.domain import commands as c
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.hours import service_day
from queue_server.domain.refusals import Refusal
from queue_server.domain.slips import slip_key
from queue_server.web.asking import TOO_DEEP
from queue_server.web.house import House


def _by_name(union: object) -> dict[str, type[c.Command]]:
    return {str(kind.__struct_config__.tag): kind for kind in get_args(union)}


class IssueAsked(c.Issue, frozen=True, kw_only=True, tag="issue"):
    """What a client sends: with the twelve digits of the identity card that was scanned, where somebody wants that.
    They go no further than this layer."""

    identity: Annotated[str, Meta(pattern="^[0-9]{12}$", max_length=12)] | None = None


class NoteAsked(c.Note, frozen=True, kw_only=True, tag="note"):
    """Something for colleagues about this ticket, kept until the end of the next service day."""

    text: Annotated[str, Meta(min_length=1, max_length=500)]

    def said(self) -> list[tuple[Kind, str]]:
        return [("note", self.text)]

    def plain(self) -> c.Note:
        return c.Note(ticket=self.ticket)


class DossiersAsked(c.RecordDossiers, frozen=True, kw_only=True, tag="record-dossiers"):
    """The codes of dossiers that were taken in or given out in this visit, besides those recorded before."""

    codes: Annotated[tuple[c.Code, ...], Meta(min_length=1, max_length=100)]

    def said(self) -> list[tuple[Kind, str]]:
        """Each once, as it stands on paper."""
        keys = {_slip_key(code): "".join(code.split()).upper() for code in self.codes}
        return [("dossier", code) for code in keys.values()]

    def plain(self) -> c.RecordDossiers:
        return c.RecordDossiers(ticket=self.ticket)


class RateAsked(c.Rate, frozen=True, kw_only=True, tag="rate"):
    """How satisfied the citizen is with a visit that is over, once; `reasons` are codes of the configuration, `comment`
    is in their own words."""

    comment: Annotated[str, Meta(max_length=500)] = ""

    def said(self) -> list[tuple[Kind, str]]:
        words = self.comment.strip()
        return [("comment", words)] if words else []

    def plain(self) -> c.Rate:
        return c.Rate(ticket=self.ticket, level=self.level, reasons=self.reasons)


Wordy = NoteAsked | DossiersAsked | RateAsked
"""Commands with words about a person (`said`), which go no further than this layer: the branch gets what is `plain`."""


def _slip_key(code: str) -> str:
    key = slip_key(code)
    if key is None:
        raise Refusal("wrong-slip-code", slip=code)
    return key


TICKET_COMMANDS: dict[str, type[c.Command]] = {
    **_by_name(c.TicketCommands),
    "note": NoteAsked,
    "record-dossiers": DossiersAsked,
    "rate": RateAsked,
}
COUNTER_COMMANDS = _by_name(c.CounterCommands)
BRANCH_COMMANDS: dict[str, type[c.Command]] = {**_by_name(c.BranchCommands), "issue": IssueAsked}
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
    except RecursionError:
        raise Refusal("malformed", fault=TOO_DEEP) from None


async def branch_of(house: House, command: c.Command) -> str:
    """The branch that a command is for. Which ones there are is no secret: first whether it exists, then who may."""
    if isinstance(command, c.TicketCommand):
        return await house.bus.branch_of(command.ticket)
    assert isinstance(command, c.BranchCommand)
    return (await house.bus.host(command.branch)).branch_id


class Asked(NamedTuple):
    """A command as its branch gets it, on whose behalf, and what goes beside the journal."""

    command: c.Command
    by: c.By
    words: Sequence[Words] = ()


def may_call_chosen(who: Who, config: BranchConfig) -> bool:
    """Whether who may call tickets at all may here call one out of turn."""
    return who.role in MAY_OVERRIDE or config.limits.clerks_call_chosen


def for_the_branch(house: House, who: Who, command: c.Command, host: BranchHost, deadline: datetime) -> Asked:
    """Without an identity number or words about a person, from here on.

    Raises:
        Refusal: `forbidden`, where a device or a program says that staff give this number: what staff say of a citizen
            counts at once; or of the words. `chosen-call-forbidden`, for clerks of a branch that does not let them call
            out of turn.
    """
    by = who.by(deadline)
    if isinstance(command, c.Call) and not may_call_chosen(who, host.state.configured):
        raise Refusal("chosen-call-forbidden")
    if isinstance(command, Wordy):
        keeping, config, now = house.keeping, host.state.configured, house.now()
        said = [words(kind, value, keeping.until(kind, config, now)) for kind, value in command.said()]
        return Asked(command.plain(), replace(by, digests=tuple(each.digest for each in said)), said)
    if not isinstance(command, IssueAsked):
        return Asked(command, by)
    if command.channel in c.STAFFED and who.role not in STAFF:
        raise Refusal("forbidden")
    if command.identity is not None:
        day = service_day(host.state.configured, house.now())
        by = replace(by, person=house.persons.person(command.identity, day))
    return Asked(c.Issue(**{name: getattr(command, name) for name in c.Issue.__struct_fields__}), by)


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
    asked = for_the_branch(house, who, command, await house.bus.host(branch), deadline)
    answer = await house.bus.carry_out(branch, asked.command, asked.by, key, asked.words)
    return with_token(house, asked.command, answer)
