"""Random tokens and their hashes, and the tokens by which a citizen follows a ticket."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from queue_server.domain.refusals import Refusal

MAC_BYTES = 8
"""64 bits: out of reach by guessing over the network, short enough for a QR code."""


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Tokens are random and long, so a plain hash is enough to store them."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


class TicketTokens:
    """Signs ticket ids: following and cancelling need the token, an id alone is no right. Nothing is stored."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, ticket_id: str) -> str:
        mac = hashlib.blake2b(ticket_id.encode(), key=self._key, digest_size=MAC_BYTES)
        return f"{ticket_id}.{mac.hexdigest()}"

    def ticket_of(self, token: str) -> str:
        """The ticket id of a genuine token.

        Raises:
            Refusal: `unknown-ticket`.
        """
        ticket_id = token.partition(".")[0]
        if not hmac.compare_digest(self.token(ticket_id), token):
            raise Refusal("unknown-ticket", ticket="")
        return ticket_id
