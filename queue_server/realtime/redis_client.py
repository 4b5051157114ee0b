"""A client of Redis or Valkey from its URL: plain, TLS, a socket, or by way of sentinels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from redis.asyncio import Redis

ANSWER_WITHIN_S = 2.0
SENTINEL_PORT = 26379


def redis_of(url: str) -> Redis:
    """A client that connects when it is first used.

    `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, `rediss://…` (TLS; `?ssl_ca_certs=FILE`), `unix:///PATH`, or
    `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]…/SERVICE[/DB][?sentinel_password=…]` (rediss+sentinel for
    TLS to all of them). Other options are those of redis-py.
    """
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    options: dict[str, Any] = {
        "socket_timeout": ANSWER_WITHIN_S,
        "socket_connect_timeout": ANSWER_WITHIN_S,
        "retry": Retry(NoBackoff(), 1),
    }
    parts = urlsplit(url)
    if not parts.scheme.endswith("+sentinel"):
        return Redis.from_url(url, **options)
    return _of_sentinels(parts, options)


def _of_sentinels(parts: SplitResult, options: dict[str, Any]) -> Redis:
    from redis.asyncio.sentinel import Sentinel

    given, _, places = parts.netloc.rpartition("@")
    user, _, password = given.partition(":")
    query = dict(parse_qsl(parts.query))
    service, _, db = parts.path.strip("/").partition("/")
    sentinels: dict[str, Any] = {key: options[key] for key in ("socket_timeout", "socket_connect_timeout")}
    if "sentinel_password" in query:
        sentinels["password"] = query.pop("sentinel_password")
    tls = {"ssl": True} if parts.scheme.startswith("rediss") else {}
    own = {"username": unquote(user) or None, "password": unquote(password) or None, "db": int(db or 0)}
    hosts = [_place(each) for each in places.split(",")]
    found: Any = Sentinel(hosts, sentinel_kwargs=sentinels | tls | query)  # type: ignore[no-untyped-call]
    master: Redis = found.master_for(service, **options, **own, **tls, **query)
    return master


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    return host, int(port or SENTINEL_PORT)
