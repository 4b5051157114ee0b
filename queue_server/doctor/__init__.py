"""`queue-server doctor`: what is wrong with an installation, and what to do about it. Nothing is changed by looking."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from queue_server.doctor import cards, entering, machine, paper, sqlite
from queue_server.doctor.findings import Finding, note
from queue_server.settings import Settings


def doctor(settings: Settings, database: Path) -> int:
    """Print what was found; 1 when something is wrong. `database` is the file, where there is no PostgreSQL."""
    findings = asyncio.run(examine(settings, database))
    for finding in findings:
        print(f"{'WRONG' if finding.is_wrong else 'note '}  {finding.sentence}")
    wrong = sum(finding.is_wrong for finding in findings)
    print(f"{wrong} to mend." if wrong else "Nothing is wrong.")
    return 1 if wrong else 0


async def examine(settings: Settings, database: Path) -> list[Finding]:
    """Everything that can be known without changing anything, beside a running server or without one."""
    here = [*machine.examine(settings), *paper.examine(settings.public_url), *entering.examine(settings)]
    if not settings.database:
        return [*sqlite.examine(settings, database, datetime.now(UTC)), *cards.examine(settings), *here]
    from queue_server.doctor import postgres

    found = await postgres.examine(settings)
    return [*found, *(await _signals(settings.redis)), *here]


async def _signals(url: str) -> list[Finding]:
    if not url:
        return [
            note("There is no Redis (LAYSO_REDIS): processes look once a second for what others did. One needs none.")
        ]
    from queue_server.doctor import signals

    return await signals.examine(url)
