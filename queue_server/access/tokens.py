"""Random tokens and their hashes, and the tokens by which a citizen follows a ticket."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from msgspec import Struct

from queue_server.domain.refusals import Refusal

MAC_BYTES = 8
"""64 bits: out of reach by guessing over the network, short enough for a QR code."""


def new_token() -> str:
    return secrets.token_urlsafe(32)


def new_device_id(kind: str) -> str:
    return f"{kind}-{new_token()[:8].lower()}"


def hash_of(token: str) -> str:
    """Tokens are random and long, so a plain hash is enough to store them."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


class FormerKey(Struct, frozen=True):
    """The key of another installation, of which a branch was moved here. It is good for tickets up to `last`, the last
    one of that branch there, so that papers and phones stay valid and nobody can sign a later ticket with it."""

    key: bytes
    last: str


def former_key_name(branch: str, last: str) -> str:
    """Under which name such a key lies among the secrets."""
    return f"ticket-token/{branch}/{last}"


class TicketTokens:
    """Signs ticket ids: following and cancelling need the token, an id alone is no right. Nothing is stored."""

    def __init__(self, key: bytes, former: Sequence[FormerKey] = ()) -> None:
        self._key = key
        self.former = former

    def token(self, ticket_id: str) -> str:
        return _signed(self._key, ticket_id)

    def ticket_of(self, token: str) -> str:
        """The ticket id of a genuine token.

        Raises:
            Refusal: `unknown-ticket`.
        """
        ticket_id = token.partition(".")[0]
        keys = [self._key, *(former.key for former in self.former if ticket_id <= former.last)]
        if not token.isascii() or not any(hmac.compare_digest(_signed(key, ticket_id), token) for key in keys):
            raise Refusal("unknown-ticket", ticket="")
        return ticket_id


def _signed(key: bytes, ticket_id: str) -> str:
    mac = hashlib.blake2b(ticket_id.encode(), key=key, digest_size=MAC_BYTES)
    return f"{ticket_id}.{mac.hexdigest()}"
