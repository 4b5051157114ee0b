"""Files for lobby screens, as they lie in the database, by plain statements on the connection that `Journal.run` gives
to its work: every process of a province reads them there. None holds the writer for longer than a few pieces take.

    begin(db, media_id, mime, name, by, now), put_piece(db, media_id, 0, …), …, finish(db, media_id, sha256, size)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from queue_server.journal.port import Database, Journal

PIECE = 256 * 1024
"""Bytes. Some milliseconds of the one writer; a larger one would make a call wait."""
FORGET_PIECES = 32
KEPT = timedelta(days=1)
"""How long a file may be here before a notice names it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MB = 1024 * 1024

MediaKind = Literal["image", "video", "html"]


class Format(NamedTuple):
    """What a file is, by its content; `limit` in bytes."""

    kind: MediaKind
    mime: str
    limit: int


_IMAGE, _VIDEO = 10 * MB, 200 * MB
HTML = Format("html", "text/html; charset=utf-8", 1 * MB)
LARGEST = _VIDEO
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", Format("image", "image/png", _IMAGE)),
    (b"\xff\xd8\xff", Format("image", "image/jpeg", _IMAGE)),
    (b"GIF87a", Format("image", "image/gif", _IMAGE)),
    (b"GIF89a", Format("image", "image/gif", _IMAGE)),
)
_WEBP = Format("image", "image/webp", _IMAGE)
_WEBM = Format("video", "video/webm", _VIDEO)
_MP4 = Format("video", "video/mp4", _VIDEO)
_MP4_BRANDS = (b"M4V ", *b"isom iso2 iso3 iso4 iso5 iso6 mp41 mp42 avc1 dash MSNV".split())
_FORMATS = (*(each for _, each in _BEGINNINGS), _WEBP, _WEBM, _MP4, HTML)
KINDS: dict[str, MediaKind] = {each.mime: each.kind for each in _FORMATS}


class Media(Struct, frozen=True):
    """A file that is here as a whole."""

    id: str
    sha256: str
    mime: str
    size: int
    name: str
    uploaded_by: str
    uploaded_at: datetime

    @property
    def kind(self) -> MediaKind:
        return KINDS[self.mime]


def format_of(beginning: bytes) -> Format | None:
    """What a file is that begins so; None for what no screen shows. Its name is never asked."""
    for sign, found in _BEGINNINGS:
        if beginning.startswith(sign):
            return found
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return _WEBP
    if beginning[:4] == b"\x1aE\xdf\xa3" and b"webm" in beginning[:64]:
        return _WEBM
    if beginning[4:8] == b"ftyp" and beginning[8:12] in _MP4_BRANDS:
        return _MP4
    return HTML if _is_html(beginning) else None


def _is_html(beginning: bytes) -> bool:
    """A page by its first words, in UTF-8; a letter may be cut at the end of what is given."""
    text = beginning.decode("utf-8-sig", errors="ignore")
    lost = len(beginning.removeprefix(b"\xef\xbb\xbf")) - len(text.encode())
    return lost < 4 and "\0" not in text and text.lstrip().lower().startswith(("<!doctype html", "<html"))


# -- coming in ---------------------------------------------------------------------------------------------------------


def begin(connection: Database, media_id: str, mime: str, name: str, by: str, now: datetime) -> None:
    connection.execute(
        "INSERT INTO media (id, sha256, mime, size, name, uploaded_by, uploaded_at, wanted_at)"
        " VALUES (?, NULL, ?, 0, ?, ?, ?, ?)",
        (media_id, mime, name, by, _microseconds(now), _microseconds(now)),
    )


def put_piece(connection: Database, media_id: str, place: int, data: bytes) -> None:
    connection.execute("INSERT INTO media_piece (media_id, place, data) VALUES (?, ?, ?)", (media_id, place, data))


def finish(connection: Database, media_id: str, sha256: str, size: int) -> Media:
    """All of it is here. Where the same content was here before, that stays what is named, and these pieces are for
    `forget`."""
    known = find(connection, sha256)
    if known is None:
        connection.execute("UPDATE media SET sha256 = ?, size = ? WHERE id = ?", (sha256, size, media_id))
        known = find(connection, sha256)
    assert known is not None
    return known


def want(connection: Database, media: Media, now: datetime) -> None:
    """It was uploaded again, or a notice is about to name it: it is kept as if it had come now."""
    connection.execute("UPDATE media SET wanted_at = ? WHERE id = ?", (_microseconds(now), media.id))


# -- going out ---------------------------------------------------------------------------------------------------------

_COLUMNS = "id, sha256, mime, size, name, uploaded_by, uploaded_at"


def find(connection: Database, sha256: str) -> Media | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM media WHERE sha256 = ? ORDER BY id LIMIT 1", (sha256,)).fetchone()
    return _media(row) if row else None


def find_all(connection: Database, wanted: Set[str]) -> dict[str, Media]:
    """Those that are here, by their SHA-256."""
    found = (find(connection, sha256) for sha256 in sorted(wanted))
    return {media.sha256: media for media in found if media is not None}


def piece(connection: Database, media_id: str, place: int) -> bytes:
    row = connection.execute(
        "SELECT data FROM media_piece WHERE media_id = ? AND place = ?", (media_id, place)
    ).fetchone()
    return bytes(row[0]) if row else b""


# -- going away --------------------------------------------------------------------------------------------------------


def named(connection: Database) -> set[str]:
    """What some branch's document names, or a file that was imported."""
    found: set[str] = set()
    for row in connection.execute("SELECT document, imported FROM branch").fetchall():
        found |= {sha256 for text in row if text not in (None, "null") for sha256 in named_in(json.loads(text))}
    return found


def named_in(document: Mapping[str, Any]) -> Iterator[str]:
    """The files that a branch's document names."""
    notices = (notice.get("media") for notice in document.get("notices", ()))
    return (sha256 for sha256 in (*notices, document.get("logo")) if sha256)


def unwanted(connection: Database, wanted: Set[str], now: datetime) -> list[str]:
    """The ids of files that were not wanted for a day, and are none of `wanted` or never came to their end."""
    rows = connection.execute("SELECT id, sha256 FROM media WHERE wanted_at < ?", (_microseconds(now - KEPT),))
    return [media_id for media_id, sha256 in rows if sha256 not in wanted]


def forget(connection: Database, media_id: str, now: datetime) -> bool:
    """Remove some pieces of a file, and the file itself once it has none; whether that is all. To be repeated: what is
    deleted is overwritten, and a film at once would hold everybody up. One that is wanted meanwhile stays."""
    values = media_id, _microseconds(now - KEPT)
    if not connection.execute("UPDATE media SET sha256 = NULL WHERE id = ? AND wanted_at < ?", values).rowcount:
        return True
    places = connection.execute(
        "SELECT place FROM media_piece WHERE media_id = ? ORDER BY place DESC LIMIT ?", (media_id, FORGET_PIECES)
    ).fetchall()
    if not places:
        connection.execute("DELETE FROM media WHERE id = ?", (media_id,))
        return True
    connection.execute("DELETE FROM media_piece WHERE media_id = ? AND place >= ?", (media_id, places[-1][0]))
    return False


async def discard(journal: Journal, media_id: str) -> None:
    """Remove a file of which nobody knows yet."""
    await journal.run(lambda db: db.execute("UPDATE media SET wanted_at = 0 WHERE id = ?", (media_id,)).rowcount)
    await _forget_all(journal, media_id, _EPOCH + 2 * KEPT)


async def forget_unwanted(journal: Journal, wanted: Set[str], now: datetime) -> int:
    """Remove every file that neither a notice in force (`wanted`) nor one of the directory names; how many."""
    for_all = wanted | await journal.run(named)
    ids = await journal.run(partial(unwanted, wanted=for_all, now=now))
    for media_id in ids:
        await _forget_all(journal, media_id, now)
    return len(ids)


async def _forget_all(journal: Journal, media_id: str, now: datetime) -> None:
    while not await journal.run(partial(forget, media_id=media_id, now=now)):
        pass


def _media(row: Any) -> Media:
    media_id, sha256, mime, size, name, by, at = row
    return Media(media_id, sha256, mime, size, name, by, _EPOCH + timedelta(microseconds=at))


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
