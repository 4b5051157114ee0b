"""Files of notices, as screens fetch them: `/media/{sha256}`, public, in parts where they are asked for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from queue_server.directory.media import PIECE, Media, find, piece
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Journal
from queue_server.web.asking import house_of

HEADERS = {
    "accept-ranges": "bytes",
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    "content-security-policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self';"
        " font-src data:; frame-ancestors 'self'"
    ),
}
"""A page that somebody uploaded may look like anything and do nothing: no script, no form, nothing from elsewhere. On a
screen its pictures come from here, and the frame in which it stands counts as another site."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def media(request: Request) -> Response:
    """GET /media/{sha256}: all of a file, or the part that `Range` names."""
    journal, sha256 = house_of(request).journal, request.path_params["sha256"]
    found = await journal.run(partial(find, sha256=sha256))
    if found is None:
        raise Refusal("not-found")
    headers = HEADERS | {"etag": f'"{sha256}"', "content-type": found.mime}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    span = part_asked(request, headers["etag"], found.size)
    if span is None:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{found.size}"})
    start, end = span
    is_part = end - start < found.size
    headers["content-length"] = str(end - start)
    if is_part:
        headers["content-range"] = f"bytes {start}-{end - 1}/{found.size}"
    status = 206 if is_part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_bytes(journal, found, start, end), status, headers)


def part_asked(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """From where to where (half open) is asked for; None where the file has nothing there. What is no single range, or
    of another file, asks for all of it."""
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or not asked[1] + asked[2] or request.headers.get("if-range", etag) != etag:
        return 0, size
    if not asked[1]:
        return (max(0, size - int(asked[2])), size) if int(asked[2]) else None
    start, end = int(asked[1]), min(size, int(asked[2]) + 1 if asked[2] else size)
    return (start, end) if start < end else None


async def _bytes(journal: Journal, found: Media, start: int, end: int) -> AsyncIterator[bytes]:
    """A piece at a time, so that others have their turn at the database in between."""
    for place in range(start // PIECE, -(-end // PIECE)):
        data = await journal.run(partial(piece, media_id=found.id, place=place))
        begins = place * PIECE
        yield data[max(0, start - begins) : end - begins]


routes = [Route("/media/{sha256}", media, methods=["GET"])]
