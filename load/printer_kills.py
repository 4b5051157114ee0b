"""Kill a printer agent many times and count the papers.

    python -m load.printer_kills [--kills 30] [--between 10] [--printers 1] [--seed 1] [--forget]

With `--printers 2` the second stands in, and the first also runs out of paper and loses its line inside pictures.
`--forget` is the control: the agent loses its memory with each kill. Exit status 0 when no ticket has two unmarked
papers or none; with `--forget` when doubles were found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.printer_kills import Killing, slow_printers
from tests.server import DemoServer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--between", type=int, default=10, help="at least so many between first and last byte")
    parser.add_argument("--printers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--forget", action="store_true", help="the control: no memory")
    asked = parser.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as name,
        DemoServer(Path(name)) as centre,
        slow_printers(asked.printers) as printers,
    ):
        killing = Killing(centre, printers, Path(name), seed=asked.seed, forgets=asked.forget)
        found = killing.run(asked.kills, between=asked.between)
    print(f"kills {found.kills} {dict(found.moments)}, between first and last byte {found.between}")
    print(f"tickets {found.tickets}: unmarked papers {found.unmarked}, marked reprints {found.marked}")
    print(f"torn or cut-off parts {found.parts}, blank pieces {found.blank}, unknown pieces {found.unknown}")
    print(f"tickets with two unmarked {len(found.unmarked_doubles)}, without paper {len(found.without_paper)}")
    print(f"reported wrongly {len(found.misreported)}; {time.monotonic() - began:.0f} s")
    return 0 if (bool(found.unmarked_doubles) if asked.forget else found.is_right()) else 1


if __name__ == "__main__":
    sys.exit(main())
