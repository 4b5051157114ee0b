"""All that is kept of one citizen's visit: for whoever asks what is known of him, and for its erasure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from queue_server.audit.trail import Action, Entry, note
from queue_server.audit.words import sentence
from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.events import Recorded, type_of
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Database, Journal, TicketRow
from queue_server.readers.days import config_of_day, events_of_day


class Happened(Struct, frozen=True):
    """An event of the visit: in words, and as it is stored."""

    at: datetime
    type: str
    vi: str
    en: str
    stored: dict[str, Any]


class Said(Struct, frozen=True):
    """What somebody has said of the citizen, or the citizen: "note", "dossier" or "comment"."""

    kind: str
    text: str
    kept_until: datetime


class Visit(Struct, frozen=True):
    """One ticket. `personal` lies beside the journal and can be erased; `rebooked_as` is the ticket that came of it."""

    branch: str
    ticket: str
    number: str
    day: date
    field: str
    state: str
    events: list[Happened]
    personal: list[Said]
    rebooked_as: str | None = None


class Erased(Struct, frozen=True):
    """What was deleted of a visit, by kind, and what stays and why, in words."""

    branch: str
    ticket: str
    number: str
    deleted: dict[str, int]
    stays: list[dict[str, str]]


STAYS = [
    {
        "vi": (
            "Số thứ tự, lĩnh vực, quầy, nhân viên, các mốc thời gian của lượt và lý do chọn sẵn khi chờ bổ sung, chuyển"
            " hoặc hủy: cần để tính thời gian chờ và kiểm tra việc phục vụ; không có số giấy tờ hay điện thoại."
        ),
        "en": (
            "Number, field, counter, staff, times of the visit and the listed reasons for holding, transferring or"
            " cancelling it: needed for waiting times and to account for the service; no card or phone number."
        ),
    },
    {
        "vi": "Mã băm của lời đã xóa: khóa riêng (muối) đã xóa cùng lời nên không còn suy ra được lời.",
        "en": "Digests of the words that were deleted: their salt went with them, and nobody can tell what they were.",
    },
    {
        "vi": "Các bản sao lưu đã có từ trước, cho đến khi bản mới thay thế; khi khôi phục từ bản cũ phải xóa lại.",
        "en": "Backups made before, until newer ones take their place; after restoring one, erase again.",
    },
    {
        "vi": "Phiếu giấy đã in, và thời gian chờ mà hệ thống hồ sơ đã nhận: không thuộc máy chủ này.",
        "en": "The paper that was printed, and the waiting times that the dossier backend got: not on this server.",
    },
]


async def find_visit(journal: Journal, branch: str, day: date, number: str) -> str:
    """The id of the ticket that had this number on that day.

    Raises:
        Refusal: `unknown-visit`
    """
    wanted = "".join(number.split()).upper()
    for row in await journal.tickets_of_day(branch, day):
        if row.number.upper() == wanted:
            return row.id
    raise Refusal("unknown-visit", number=number, day=f"{day:%d/%m/%Y}")


async def visit_of(journal: Journal, ticket_id: str) -> Visit:
    """
    Raises:
        Refusal: `unknown-ticket`
    """
    branch, row = await _row(journal, ticket_id)
    config = await config_of_day(journal, branch)
    events = [item async for item in _events(journal, branch, row)]
    personal = await journal.personal_of(branch, ticket_id)
    rebooked = next((e.event.into.as_ticket for e in events if isinstance(e.event, ev.TicketRebooked)), None)
    return Visit(
        branch,
        ticket_id,
        row.number,
        row.day,
        row.field,
        row.state,
        [_happened(item, row, config) for item in events],
        [Said(each.kind, each.value, each.delete_after) for each in personal],
        rebooked,
    )


async def _row(journal: Journal, ticket_id: str) -> tuple[str, TicketRow]:
    found = await journal.find_ticket(ticket_id)
    if found is None:
        raise Refusal("unknown-ticket", ticket=ticket_id)
    return found


async def _events(journal: Journal, branch: str, row: TicketRow) -> AsyncIterator[Recorded]:
    """Those that name the ticket, or one of its papers, whose jobs begin with its id."""
    mark = row.id.encode()
    async for stored in events_of_day(journal, branch, row.day):
        if mark in stored.body:
            item = upcast.load(stored.seq, stored.day, stored.type, stored.v, stored.body)
            named = str(getattr(item.event, "ticket", "") or getattr(item.event, "job", ""))
            if named == row.id or named.startswith(f"{row.id}-"):
                yield item


def _happened(item: Recorded, row: TicketRow, config: BranchConfig) -> Happened:
    names = {field.code: field.name for field in config.fields}

    def field(lang: str, code: str) -> str:
        name = names.get(code)
        return code if name is None else (name.en if lang == "en" else "") or name.vi

    vi, en = (
        sentence(
            item.event,
            lang,
            number=row.number,
            field=lambda code, lang=lang: field(lang, code),  # type: ignore[misc]
            person=lambda _, somebody=somebody: somebody,  # type: ignore[misc]
        )
        for lang, somebody in (("vi", "một nhân viên"), ("en", "one clerk"))
    )
    return Happened(item.at, type_of(item.event), vi, en, msgspec.to_builtins(item.event))


def _named(number: str, day: date) -> str:
    return f"{number} ({day:%d/%m/%Y})"


async def note_export(journal: Journal, visit: Visit, actor: str) -> None:
    entry = Entry(actor, Action.EXPORTED, _named(visit.number, visit.day), visit.branch, visit.ticket)
    await journal.run(lambda db: note(db, entry))


async def erase(journal: Journal, ticket_id: str, actor: str) -> Erased:
    """Delete what is personal of a visit, and note that in the same transaction; the database is then to be scrubbed.

    Raises:
        Refusal: `unknown-ticket`
    """
    branch, row = await _row(journal, ticket_id)

    def work(db: Database) -> Sequence[Any]:
        kinds = db.execute(
            "SELECT kind, count(*) FROM personal WHERE branch_id = ? AND ticket_id = ? GROUP BY kind ORDER BY kind",
            (branch, ticket_id),
        ).fetchall()
        db.execute("DELETE FROM personal WHERE branch_id = ? AND ticket_id = ?", (branch, ticket_id))
        note(db, Entry(actor, Action.ERASED, _named(row.number, row.day), branch, ticket_id))
        return kinds

    deleted = dict(await journal.run(work))
    return Erased(branch, ticket_id, row.number, deleted, STAYS)
