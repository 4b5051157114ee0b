"""The agent's few lines that are Windows' own, run here with its platform's name and a stand-in for its lock."""

from __future__ import annotations

import os
import select
import sys
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from printer_agent.cli import main
from printer_agent.holding import hold, is_held
from printer_agent.job import print_picture
from printer_agent.links import FileTarget
from printer_agent.outcome import Printed, PrinterOptions
from printer_agent.settings import Settings
from tests.contract.printer_jobs import Begin, a_picture


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """What is locked, by inode: file descriptor. Nothing that Windows lacks can be used."""
    locked: dict[int, int] = {}

    def locking(descriptor: int, mode: int, count: int) -> None:
        assert (mode, count, os.lseek(descriptor, 0, os.SEEK_CUR)) == (2, 1, 0)
        inode = os.fstat(descriptor).st_ino
        if locked.get(inode, descriptor) != descriptor and _is_open(locked[inode]):
            raise PermissionError(13, "Permission denied")
        locked[inode] = descriptor

    module: Any = ModuleType("msvcrt")
    module.locking, module.LK_NBLCK = locking, 2
    monkeypatch.setitem(sys.modules, "msvcrt", module)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(sys, "platform", "win32")
    return locked


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_the_lock_of_a_running_agent_is_that_of_windows(tmp_path: Path) -> None:
    file = tmp_path / "agent.lock"
    held = hold(file)
    assert held is not None
    assert is_held(file)
    held.close()
    assert not is_held(file)


def test_a_plain_file_takes_papers_without_being_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_files(*_: object) -> None:
        raise OSError("select takes sockets only")

    monkeypatch.setattr(select, "select", no_files)
    papers = tmp_path / "papers"
    papers.touch()
    options = PrinterOptions(confirms="none")
    assert print_picture(FileTarget(str(papers)), options, a_picture(), on_first_byte=Begin()) == Printed()
    assert papers.stat().st_size > 20_000


def test_the_agents_memory_is_where_programs_of_windows_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROGRAMDATA", "D:/Data")
    assert Settings().state == Path("D:/Data/LaySo/printer")


def test_what_is_said_into_a_log_is_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("wb") as raw, TextIOWrapper(raw, encoding="cp1252") as log:
        monkeypatch.setattr(sys, "stderr", log)
        assert main(["test-page", "--printer", "máy in ở sảnh"]) == 2
        log.flush()
        assert "máy in ở sảnh" in (tmp_path / "log").read_text(encoding="utf-8")
