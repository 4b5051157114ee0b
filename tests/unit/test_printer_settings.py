"""What a printer agent is told, and what it refuses to be told."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import IO, Any, cast

import pytest

from printer_agent.board import Board, read_board
from printer_agent.holding import hold, is_held
from printer_agent.links import FileTarget, NetworkTarget, Target, UsbTarget
from printer_agent.outcome import PrinterOptions
from printer_agent.pairing import write_token
from printer_agent.serial_line import SerialTarget
from printer_agent.settings import BadSettings, Fallback, Settings, parse_target, read_settings
from printer_agent.spooler import WindowsTarget

SHIPPED = Path(__file__).parents[2] / "config" / "deploy" / "printer.toml"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("network:192.0.2.1:9100", NetworkTarget("192.0.2.1", 9100)),
        ("network:printer.local", NetworkTarget("printer.local", 9100)),
        ("network:[2001:db8::1]:9101", NetworkTarget("2001:db8::1", 9101)),
        ("usb:04b8:0e15", UsbTarget(0x04B8, 0x0E15)),
        ("usb:0fe6:811e:81:03", UsbTarget(0x0FE6, 0x811E, 0x81, 0x03)),
        ("file:/dev/usb/lp0", FileTarget("/dev/usb/lp0")),
        ("serial:COM3", SerialTarget("COM3", 115_200)),
        ("serial:/dev/ttyUSB0:9600", SerialTarget("/dev/ttyUSB0", 9600)),
        ("windows:POS-80 (Copy 1)", WindowsTarget("POS-80 (Copy 1)")),
    ],
)
def test_a_printer_is_named_by_its_kind_and_address(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        *("", "192.0.2.1", "network:", "network:a:x", "network:a:99999", "usb:04b8", "usb:x:y", "file:", "lpt:1"),
        *("serial:", "serial:COM3:fast", "windows:"),
    ],
)
def test_what_names_no_printer_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadSettings, match=r"network:192\.0\.2\.1:9100"):
        parse_target(text)


def test_the_command_line_overrules_the_file(tmp_path: Path) -> None:
    file = tmp_path / "printer.toml"
    file.write_text('server = "http://a"\nstate = "/var/a"\nwidth = 512\n')
    found = read_settings(file, {"server": "https://b", "printer": None, "width": None})
    assert found == Settings(server="https://b", state=Path("/var/a"), width=512)
    assert found.token_path == Path("/var/a/token")


def test_the_example_that_is_shipped_can_be_used() -> None:
    found = read_settings(SHIPPED, {})
    assert found.server_address == "http://127.0.0.1:8000"
    assert parse_target(found.printer) == NetworkTarget("192.0.2.1", 9100)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour = 3\n", "colour"),
        ("width = 500\n", "width"),
        ('cut = "torn"\n', "cut"),
        ("width = \n", "printer.toml"),
        ("state = 3\n", "state"),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "printer.toml"
    file.write_text(text)
    with pytest.raises(BadSettings, match=named):
        read_settings(file, {})


@pytest.mark.parametrize("server", ["", "192.0.2.1:8000", "ftp://a"])
def test_a_server_has_an_http_address(server: str) -> None:
    with pytest.raises(BadSettings, match="server"):
        _ = Settings(server=server).server_address


def test_a_plain_file_confirms_nothing_and_everything_else_does(tmp_path: Path) -> None:
    (tmp_path / "papers").touch()
    assert confirms(f"file:{tmp_path / 'papers'}") == "none"
    assert confirms("file:/dev/null") == "in_order"
    assert confirms("network:a") == "in_order"
    assert confirms("network:a", confirms="real_time") == "real_time"
    assert confirms("serial:COM3") == "in_order"
    assert confirms("windows:POS-80") == "none"
    with pytest.raises(BadSettings, match="confirms"):
        confirms("windows:POS-80", confirms="in_order")


def confirms(printer: str, **settings: Any) -> str:
    (chosen,) = Settings(printer=printer, **settings).printers()
    return chosen.options.confirms


def test_printers_that_stand_in_are_as_the_first_one_unless_they_say_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "printer.toml"
    file.write_text(
        'printer = "network:a"\nconfirms = "real_time"\ncut = "full"\n'
        '[[fallback]]\nprinter = "network:b"\n'
        '[[fallback]]\nprinter = "serial:/dev/ttyS0:9600"\nwidth = 384\nprints = "text"\nconfirms = ""\ncut = "none"\n'
    )
    first, second, third = read_settings(file, {}).printers()
    assert [each.name for each in (first, second, third)] == ["network:a", "network:b", "serial:/dev/ttyS0:9600"]
    assert second.options == first.options
    assert second.options == PrinterOptions(confirms="real_time", cut="full")
    assert third.options == PrinterOptions(width=384, prints="text", confirms="in_order", cut="none")
    assert third.options.columns == 32


def test_a_printer_does_not_stand_in_for_itself() -> None:
    with pytest.raises(BadSettings, match="twice"):
        Settings(printer="network:a", fallback=(Fallback(printer="network:a:9100"),)).printers()


def test_whether_an_agent_runs_is_told_by_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "agent.lock"
    assert not is_held(lock)
    with closing(cast(IO[bytes], hold(lock))):
        assert is_held(lock)
        assert hold(lock) is None
    assert not is_held(lock)
    assert not is_held(lock), "asking leaves it free"


def test_a_token_is_for_its_owner_only(tmp_path: Path) -> None:
    for token in ("one", "two"):
        write_token(tmp_path / "state" / "token", token)
    file = tmp_path / "state" / "token"
    assert file.read_text() == "two\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_board_is_written_when_something_changes(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    assert read_board(file) is None
    board = Board(file)
    board.show(server="live", owed=2)
    written = file.stat().st_mtime_ns
    board.show(owed=2)
    assert file.stat().st_mtime_ns == written
    shown = read_board(file)
    assert shown is not None
    assert (shown.pid, shown.server, shown.owed) == (os.getpid(), "live", 2)
