"""An append has returned: its bytes are on the disk. Seen from outside, in the child's system calls."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
APPENDS = 5

CHILD = """
import asyncio, os, sys
from queue_server.journal.sqlite import SqliteJournal
from queue_server.journal.sqlite.pace import Pace
from tests.contract.journal_rows import batch

path, control, limit_s = sys.argv[1:]

async def main():
    journal = await SqliteJournal.open(path, pace=Pace(limit_s=float(limit_s)))
    if control:
        journal._writer._connection.execute("PRAGMA synchronous = OFF")
    os.write(1, b"BEGIN")
    for seq in range(5):
        await journal.append(batch("b1", seq, keys=(f"k{seq}",), tickets=(f"t{seq}",)))
        os.write(1, b"APPENDED")
    os.write(1, b"DONE")
    await journal.close()

asyncio.run(main())
"""


def trace(folder: Path, limit_s: float, *, control: str = "") -> list[str]:
    """What the child wrote and synced between BEGIN and DONE: "write", "sync" (of the WAL) or "APPENDED"."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.fail("strace is missing: apt-get install strace")
    log = folder / "trace"
    calls = "write,pwrite64,fsync,fdatasync"
    argv = [strace, "-f", "-y", "-o", str(log), "-e", f"trace={calls}", sys.executable, "-c", CHILD]
    subprocess.run([*argv, str(folder / "journal.db"), control, str(limit_s)], cwd=ROOT, check=True, timeout=60)
    text = log.read_text().split('"BEGIN"')[1].split('"DONE"')[0]
    return [kind for line in text.splitlines() if (kind := kind_of(line))]


def kind_of(line: str) -> str | None:
    if '"APPENDED"' in line:
        return "APPENDED"
    if re.search(r"<\.\.\. f(data)?sync resumed>.* = 0$", line):
        return "sync"  # calls of two threads may overlap in the trace: it counts where it ended
    if "-wal>" not in line or "resumed>" in line:
        return None
    if re.search(r"f(data)?sync\(", line):
        return None if "<unfinished" in line else "sync"
    return "write"


def is_synced_before_each_answer(kinds: list[str]) -> bool:
    """Between the last write to the WAL and the answer lies a sync, each time."""
    answers = " ".join(kinds).split("APPENDED")
    return len(answers) == APPENDS + 1 and all(re.search(r"write( write)* sync *$", one) for one in answers[:-1])


@pytest.mark.parametrize("limit_s", [0.0, 1000.0], ids=["in-thread", "inline"])
def test_the_wal_is_synced_between_the_write_and_the_answer(tmp_path: Path, limit_s: float):
    kinds = trace(tmp_path, limit_s)
    assert is_synced_before_each_answer(kinds), kinds


def test_control_without_synchronous_the_same_check_fails(tmp_path: Path):
    kinds = trace(tmp_path, 0.0, control="without synchronous")
    assert kinds.count("APPENDED") == APPENDS
    assert "write" in kinds
    assert not is_synced_before_each_answer(kinds)
