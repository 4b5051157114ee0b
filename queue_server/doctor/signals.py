"""Redis or Valkey, by which processes tell each other what they did."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, ResponseError

from queue_server.doctor.findings import Finding, note
from queue_server.realtime.redis_client import FAULTS, redis_at, sentinels_at, service_of
from queue_server.realtime.signals.redis import CHANNEL, SILENT_S, RedisSignals

SENTINELS_LEAST = 3
MEANWHILE = (
    "Numbers are given out and called without it: processes look once a second for what others have done, so that "
    "screens are up to a second late."
)


async def examine(url: str) -> list[Finding]:
    """Whether signals get through, and what would end them."""
    found: list[Finding] = []
    is_watched = urlsplit(url).scheme.endswith("+sentinel")
    if is_watched:
        found += await _sentinels(url)
    async with redis_at(url) as client:
        try:
            await client.ping()
            found += await _server(client, is_watched=is_watched)
        except FAULTS as fault:
            return [*found, Finding(f"{_why(fault, _place(url))} {MEANWHILE}")]
        if not await _hears_itself(client):
            found.append(
                Finding(
                    f"Redis takes connections, but what is said on the channel {CHANNEL} is not heard. Allow it to "
                    f"this user (ACL SETUSER … &{CHANNEL} +publish +subscribe). {MEANWHILE}"
                )
            )
    return found


def _place(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or parts.path


def _why(fault: BaseException, place: str) -> str:
    text = str(fault)
    if isinstance(fault, AuthenticationError | AuthorizationError) or "WRONGPASS" in text or "NOAUTH" in text:
        return f"Redis at {place} does not take the user or password ({text}). Correct LAYSO_REDIS."
    if isinstance(fault, NoPermissionError):
        return f"Redis at {place} lets this user do too little ({text}). Allow it: ACL SETUSER."
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"The certificate of Redis at {place} is not trusted. Name its authority: rediss://…?ssl_ca_certs=FILE."
    return f"Redis at {place} is not reachable ({text or type(fault).__name__}). Is it running, is the address right?"


async def _hears_itself(client: Redis) -> bool:
    """As a server does: by its own sign of life."""
    signals, is_live = RedisSignals(client), asyncio.Event()
    signals.start(lambda _: is_live.set())
    try:
        async with asyncio.timeout(SILENT_S):
            await is_live.wait()
        return True
    except TimeoutError:
        return False
    finally:
        await signals.stop()


async def _server(client: Redis, *, is_watched: bool) -> list[Finding]:
    """What the server says of itself; a user who may not ask gets no answer, and that is no fault."""
    try:
        said: dict[str, Any] = await client.info()
    except (NoPermissionError, ResponseError):
        return []
    found = []
    if said.get("role") == "slave":
        found.append(
            Finding(
                "This Redis is a replica: processes at the primary do not hear what is said here. Name the primary."
            )
        )
    elif is_watched and not said.get("connected_slaves"):
        found.append(
            Finding("The primary has no replica: the sentinels have nobody to promote when it dies. Start one.")
        )
    if said.get("maxmemory") and said.get("maxmemory_policy") != "noeviction":
        found.append(
            note(
                f"Redis throws keys away when it is full ({said['maxmemory_policy']}): Lấy Số keeps none there, but "
                "other programs that share it may crowd it. One of its own costs little."
            )
        )
    return found


async def _sentinels(url: str) -> list[Finding]:
    found, silent, quorum = [], [], None
    service = service_of(url)
    async with sentinels_at(url) as sentinels:
        for place, sentinel in sentinels.items():
            try:
                await sentinel.sentinel_ckquorum(service)
            except ResponseError as fault:
                quorum = str(fault)
            except FAULTS:
                silent.append(place)
    if silent:
        found.append(
            Finding(
                f"These sentinels do not answer: {', '.join(silent)}. Start them; a majority must agree on a failover."
            )
        )
    if quorum is not None:
        found.append(Finding(f"The sentinels could not fail over to a replica: {quorum}."))
    if len(sentinels) < SENTINELS_LEAST:
        found.append(
            Finding(
                f"LAYSO_REDIS names {len(sentinels)} sentinels: name three, on three machines, so that one may die."
            )
        )
    return found
