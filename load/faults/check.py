"""Proves from a history and the database what must hold, or names what did not.

python -m load.faults.check HISTORY DUMP
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from load.faults.dump import Dump, read_dump
from load.faults.history import AnyRecord, read_history
from load.faults.rules import answers, effects, journal, refusals, screens
from load.faults.rules.evidence import Evidence, Violation

Rule = Callable[[Evidence], Iterator[Violation]]

RULES: tuple[Rule, ...] = (*journal.RULES, *answers.RULES, *refusals.RULES, *screens.RULES, *effects.RULES)


def check(records: Iterable[AnyRecord], dump: Dump) -> list[Violation]:
    """All violations; none when everything held."""
    evidence = Evidence(records, dump)
    return [violation for rule in RULES for violation in rule(evidence)]


def main(arguments: Sequence[str]) -> int:
    history, dumped = map(Path, arguments)
    found = check(read_history(history), read_dump(dumped))
    print("\n".join(map(str, found)) or "0 violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
