"""Why PostgreSQL does not let us in."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

import asyncpg

from queue_server.doctor.findings import Finding

ANSWER_WITHIN_S = 5.0
"""For the connection, and for each question."""


async def connect(url: str) -> asyncpg.Connection | Finding:
    """A connection that can only read, or why there is none."""
    try:
        return await asyncpg.connect(
            url,
            timeout=ANSWER_WITHIN_S,
            command_timeout=2 * ANSWER_WITHIN_S,
            server_settings={
                "application_name": "layso doctor",
                "default_transaction_read_only": "on",
                "statement_timeout": f"{ANSWER_WITHIN_S:.0f}s",
            },
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError) as fault:
        return Finding(_why(fault, url))


def _why(fault: BaseException, url: str) -> str:
    parts = urlsplit(url)
    where, name = parts.netloc.rpartition("@")[2] or "this machine", parts.path.lstrip("/")
    user = parts.username or "(the system's user)"
    match fault:
        case asyncpg.ClientConfigurationError():
            return f"LAYSO_DATABASE cannot be used: {fault}."
        case socket.gaierror():
            return f"No machine is called {where} ({fault.strerror}). Correct the host in LAYSO_DATABASE, or the DNS."
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of {where} is not trusted: {fault.verify_message}. Name the authority that signed "
                "it: LAYSO_DATABASE=…?sslmode=verify-full&sslrootcert=FILE."
            )
        case ssl.SSLError():
            return (
                f"TLS with {where} fails: {fault.reason or fault}. Look at sslmode in LAYSO_DATABASE and at ssl there."
            )
        case TimeoutError():
            return (
                f"{where} says nothing within {ANSWER_WITHIN_S:.0f} s. Look at the network and at firewalls in between."
            )
        case ConnectionError() if "SSL" in str(fault):
            return (
                f"{where} speaks no TLS, which LAYSO_DATABASE asks for (sslmode). Turn it on there (ssl = on, with a "
                "certificate), or ask for none."
            )
        case asyncpg.InvalidPasswordError():
            return f"PostgreSQL at {where} does not take the password of {user}. Correct it in LAYSO_DATABASE."
        case asyncpg.InvalidAuthorizationSpecificationError():
            return (
                f"PostgreSQL at {where} does not let {user} in from here: {fault}. Make the role (createuser), and let "
                "it in from this address in pg_hba.conf."
            )
        case asyncpg.InvalidCatalogNameError():
            return f"PostgreSQL at {where} has no database {name}. Make it: createdb --owner {user} {name}"
        case asyncpg.TooManyConnectionsError():
            return f"PostgreSQL at {where} takes no more connections. Raise max_connections there: {fault}."
        case asyncpg.CannotConnectNowError():
            return f"PostgreSQL at {where} is starting up or shutting down: {fault}. Ask again in a minute."
        case asyncpg.TargetServerAttributeNotMatched():
            return (
                f"None of {where} is what LAYSO_DATABASE asks for (target_session_attrs): is there no primary? {fault}"
            )
        case OSError():
            return (
                f"Nobody answers at {where} ({fault.strerror or fault}). Is PostgreSQL running there, and does it "
                "listen on that address (listen_addresses, port)?"
            )
    return f"PostgreSQL at {where} does not let us in: {fault}."
