"""Notices of lobby screens: their files come in, and which are shown is set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from uuid import uuid4

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.directory import media as store
from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.importing import save_notices, with_notices
from queue_server.directory.media import LARGEST, PIECE, Format, Media, MediaKind, format_of
from queue_server.domain.commands import SetNotices
from queue_server.domain.configuration import Notice
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.journal.port import Database, Journal
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, body_of, decode, house_of, key_of
from queue_server.web.house import House

NAME_MAX = 200


class NoticeAsked(Notice, frozen=True, forbid_unknown_fields=True):
    """A notice as a client sends it."""


class PutNotices(Struct, frozen=True, forbid_unknown_fields=True):
    """All notices of a branch, in their order. `version` came with those that were there before."""

    version: int
    notices: tuple[NoticeAsked, ...]


class MediaNow(Struct, frozen=True):
    """A file that was uploaded: what its content is, its bytes, its name and who brought it."""

    sha256: str
    kind: MediaKind
    mime: str
    size: int
    name: str
    uploaded_by: str
    uploaded_at: datetime


class NoticesNow(Struct, frozen=True):
    """The notices in force, and those of their files that are here, by their SHA-256."""

    branch: str
    version: int
    notices: Sequence[Notice]
    media: Mapping[str, MediaNow]


_asked = msgspec.json.Decoder(PutNotices)


# -- files -------------------------------------------------------------------------------------------------------------


async def upload(request: Request) -> Response:
    """PUT /media?name=…: the body is the file. The same again is the same file."""
    house, who = house_of(request), await asker_of(request)
    who.require_page("notices")
    key_of(request)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LARGEST:
        raise Refusal("too-large", limit=LARGEST)
    name = request.query_params.get("name", "")[:NAME_MAX]
    return json(_media_now(await _take_in(house, _pieces(request), name, who.actor)))


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of the store's size."""
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    if waiting:
        yield bytes(waiting)


async def _take_in(house: House, pieces: AsyncIterator[bytes], name: str, by: str) -> Media:
    """Store a file as it comes; where it does not come to its end nothing is left of it."""
    first = await anext(pieces, b"")
    found = format_of(first)
    if found is None:
        raise Refusal("media-format")
    journal, media_id = house.journal, uuid4().hex
    await journal.run(partial(store.begin, media_id=media_id, mime=found.mime, name=name, by=by, now=house.now()))
    try:
        media = await _store(journal, media_id, found, first, pieces)
    except Exception:
        await store.discard(journal, media_id)
        raise
    if media.id != media_id:
        await journal.run(partial(store.want, media=media, now=house.now()))
        await store.discard(journal, media_id)
    return media


async def _store(
    journal: Journal, media_id: str, found: Format, piece: bytes, following: AsyncIterator[bytes]
) -> Media:
    digest, size, place = sha256(), 0, 0
    while piece:
        size += len(piece)
        if size > found.limit:
            raise Refusal("too-large", limit=found.limit)
        digest.update(piece)
        await journal.run(partial(store.put_piece, media_id=media_id, place=place, data=piece))
        piece, place = await anext(following, b""), place + 1
    return await journal.run(partial(store.finish, media_id=media_id, sha256=digest.hexdigest(), size=size))


# -- notices -----------------------------------------------------------------------------------------------------------


async def notices(request: Request) -> Response:
    """GET /branches/{branch}/notices: those in force, with what is known of their files."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("notices", branch)
    return json(await _now(house, await host.settled()))


async def put_notices(request: Request) -> Response:
    """PUT /branches/{branch}/notices {version, notices}: they are in force at once, and in the directory: the next
    import keeps them."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("notices", branch)
    key = key_of(request)
    asked = decode(_asked, await body_of(request))
    wanted = tuple(_plain(notice) for notice in asked.notices)
    await house.journal.run(partial(_check, branch=branch, notices=wanted, now=house.now()))
    command = SetNotices(branch=branch, version=asked.version, notices=wanted)
    await house.bus.carry_out(branch, command, who.by(), key)
    state = await host.settled()
    in_force = state.configured.notices
    await house.journal.run(partial(save_notices, branch=branch, notices=in_force, now=house.now()))
    return json(await _now(house, state))


def _plain(asked: NoticeAsked) -> Notice:
    return Notice(**{name: getattr(asked, name) for name in Notice.__struct_fields__})


def _check(connection: Database, branch: str, notices: Sequence[Notice], now: datetime) -> None:
    """They agree with the branch and their files are here, and stay.

    Raises:
        Refusal: `malformed` with the place, `unknown-media`, or `branch-not-configured`.
    """
    try:
        with_notices(connection, branch, notices)
    except InvalidDirectory as invalid:
        fault = invalid.faults[0]
        raise Refusal("malformed", where=f"$.{fault.path}", fault=fault.message) from None
    except KeyError:
        raise Refusal("branch-not-configured") from None
    here = store.find_all(connection, {notice.media for notice in notices if notice.media})
    for notice in notices:
        media = here.get(notice.media)
        if notice.media and (media is None or media.kind != notice.kind):
            raise Refusal("unknown-media", title=notice.title)
    for media in here.values():
        store.want(connection, media, now)


async def _now(house: House, state: BranchState) -> NoticesNow:
    config = state.configured
    wanted = {notice.media for notice in config.notices if notice.media}
    here = await house.journal.run(partial(store.find_all, wanted=wanted))
    files = {each: _media_now(media) for each, media in here.items()}
    return NoticesNow(config.branch, config.version, config.notices, files)


def _media_now(media: Media) -> MediaNow:
    return MediaNow(media.sha256, media.kind, media.mime, media.size, media.name, media.uploaded_by, media.uploaded_at)


routes = [
    Route("/media", upload, methods=["PUT"]),
    Route("/branches/{branch}/notices", notices, methods=["GET"]),
    Route("/branches/{branch}/notices", put_notices, methods=["PUT"]),
]
