"""A client of Redis or Valkey from its URL: plain, TLS, a socket, or by way of sentinels.

Imported only where there is one: the library takes as long to load as all of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

ANSWER_WITHIN_S = 2.0
SENTINEL_PORT = 26379
CANCEL_AGAIN_S = 0.1
FAULTS = (RedisError, OSError, TimeoutError)
"""What a call raises while Redis is away."""


@asynccontextmanager
async def redis_at(url: str) -> AsyncIterator[Redis]:
    """A client that connects when it is first used, and closes what it has opened.

    `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, `rediss://…` (TLS; `?ssl_ca_certs=FILE`), `unix:///PATH`, or
    `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]…/SERVICE[/DB][?sentinel_password=…]` (rediss+sentinel for
    TLS to all of them). Other options are those of redis-py.
    """
    parts = urlsplit(url)
    opened = _by_sentinels(parts) if parts.scheme.endswith("+sentinel") else [Redis.from_url(url, **_options())]
    try:
        yield opened[0]
    finally:
        await _close(opened)


@asynccontextmanager
async def sentinels_at(url: str) -> AsyncIterator[dict[str, Redis]]:
    """The sentinels that a URL names, each by its place."""
    parts = urlsplit(url)
    opened = _by_sentinels(parts)
    places = parts.netloc.rpartition("@")[2].split(",")
    try:
        yield dict(zip(places, opened[1].sentinels, strict=True))
    finally:
        await _close(opened)


def service_of(url: str) -> str:
    """What the sentinels call the primary."""
    return urlsplit(url).path.strip("/").partition("/")[0]


async def _close(opened: list[Any]) -> None:
    for each in opened:
        with suppress(*FAULTS):
            await each.aclose()


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel these until they have ended: `asyncio.wait_for` of Python 3.11, by which the library writes, swallows a
    cancellation that comes when the write has just been done."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_AGAIN_S)


def _options() -> dict[str, Any]:
    """One more try at once: a connection that was idle may have been closed meanwhile."""
    return {
        "socket_timeout": ANSWER_WITHIN_S,
        "socket_connect_timeout": ANSWER_WITHIN_S,
        "retry": Retry(NoBackoff(), 1),
    }


def _by_sentinels(parts: SplitResult) -> list[Any]:
    """A client of whoever is primary, and the sentinels, who are asked for it."""
    given, _, places = parts.netloc.rpartition("@")
    service, _, db = parts.path.strip("/").partition("/")
    query = dict(parse_qsl(parts.query))
    sentinel_password = query.pop("sentinel_password", None)
    own = parse_url(urlunsplit(("redis", f"{given}@somewhere", db, urlencode(query), "")))
    del own["host"]
    common = _options() | ({"ssl": True} if parts.scheme.startswith("rediss") else {})
    secure = {name: value for name, value in own.items() if name.startswith("ssl_")}
    asking = common | secure | {"password": sentinel_password}
    hosts = [_place(each) for each in places.split(",")]
    sentinel: Any = Sentinel(hosts, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    return [sentinel.master_for(service, **(common | own)), sentinel]


def _place(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "", parts.port or SENTINEL_PORT
