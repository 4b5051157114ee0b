"""What an agent is told: by a TOML file, and by the command line, which overrules it. Unknown keys are refused."""

from __future__ import annotations

import os
import stat
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from printer_agent.links import FileTarget, NetworkTarget, Target, UsbTarget
from printer_agent.outcome import Confirms, Cut, PrinterOptions, Prints
from printer_agent.serial_line import SerialTarget
from printer_agent.spooler import WindowsTarget

PORT = 9100
LOCK = "agent.lock"
TOKEN = "token"
LEDGER = "ledger.db"
STATUS = "status.json"


class BadSettings(Exception):
    """Settings that cannot be used; the message names the one at fault."""


Width = Literal[576, 512, 384]


def _usual_state() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / "LaySo" / "printer"
    else:
        return Path("/var/lib/layso-printer")


class Fallback(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A printer that is used when those before it cannot print; what is left out is as the first one's."""

    printer: str
    width: Width | None = None
    confirms: Literal["", Confirms] | None = None
    cut: Cut | None = None
    prints: Prints | None = None


class Chosen(Struct, frozen=True):
    """A printer as it is to be used. `name` is its address as it was written."""

    name: str
    target: Target
    options: PrinterOptions


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`server` is the http(s) address; `printer` "network:HOST[:PORT]", "usb:VENDOR:PRODUCT[:IN:OUT]" (hexadecimal),
    "file:PATH", "serial:PORT[:BAUD]" or "windows:NAME"; `fallback` are those that print when it cannot, in order;
    `state` is the folder of the agent's memory. `confirms` "" chooses what the printer's kind allows; `rest` are
    seconds after each paper, for a file that plays a printer and takes no time of its own."""

    server: str = ""
    printer: str = ""
    fallback: tuple[Fallback, ...] = ()
    state: Path = msgspec.field(default_factory=_usual_state)
    token_file: Path | None = None
    width: Width = 576
    confirms: Literal["", Confirms] = ""
    cut: Cut = "partial"
    prints: Prints = "picture"
    job_time: float = 20.0
    rest: float = 0.0

    @property
    def server_address(self) -> str:
        if urlsplit(self.server).scheme not in ("http", "https"):
            raise BadSettings(f"server: {self.server!r} is no http or https address")
        return self.server

    @property
    def token_path(self) -> Path:
        return self.token_file or self.state / TOKEN

    def printers(self) -> list[Chosen]:
        """All of them, the first one first.

        Raises:
            BadSettings: one that cannot be, or that is there twice.
        """
        found = [self._chosen(Fallback(printer=self.printer)), *map(self._chosen, self.fallback)]
        if len({each.target for each in found}) < len(found):
            raise BadSettings("fallback: a printer is there twice")
        return found

    def _chosen(self, given: Fallback) -> Chosen:
        target = parse_target(given.printer)
        confirms = self.confirms if given.confirms is None else given.confirms
        if confirms not in ("", "none") and isinstance(target, WindowsTarget):
            raise BadSettings('confirms: a printer of Windows\' spooler cannot be read; leave it out, or write "none"')
        options = PrinterOptions(
            width=given.width or self.width,
            confirms=confirms or _usual_confirmation(target),
            cut=given.cut or self.cut,
            prints=given.prints or self.prints,
            job_time=self.job_time,
        )
        return Chosen(given.printer, target, options)


def read_settings(file: Path | None, given: Mapping[str, Any]) -> Settings:
    """Settings from a file, overruled by what is `given` (None is not given).

    Raises:
        BadSettings: a file that cannot be read, an unknown key, or a value that cannot be.
    """
    found: dict[str, Any] = {}
    if file is not None:
        try:
            found = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            raise BadSettings(f"{file}: {fault}") from None
    found |= {name: value for name, value in given.items() if value is not None}
    try:
        settings = msgspec.convert(found, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as fault:
        raise BadSettings(str(fault)) from None
    return settings


def parse_target(text: str) -> Target:
    """The printer that `text` names, as in `Settings`.

    Raises:
        BadSettings: it names none.
    """
    kind, _, rest = text.partition(":")
    try:
        match kind:
            case "network" if rest:
                return _network(rest)
            case "usb":
                return UsbTarget(*(int(part, 16) for part in rest.split(":")))
            case "file" if rest:
                return FileTarget(rest)
            case "serial" if rest:
                port, _, baud = rest.partition(":")
                return SerialTarget(port, int(baud)) if baud else SerialTarget(port)
            case "windows" if rest:
                return WindowsTarget(rest)
    except (TypeError, ValueError):
        pass
    raise BadSettings(
        f'printer: {text!r} is none; write "network:192.0.2.1:9100", "usb:04b8:0e15", "file:/dev/usb/lp0", '
        '"serial:COM3:115200" or "windows:NAME". `printer-agent discover` finds it.'
    )


def _network(rest: str) -> NetworkTarget:
    parts = urlsplit(f"//{rest}")
    if not parts.hostname or parts.path:
        raise ValueError(rest)
    return NetworkTarget(parts.hostname, parts.port or PORT)


def _usual_confirmation(target: Target) -> Literal["in_order", "none"]:
    """A plain file, in which papers are collected for a look, has nothing to say, and Windows' spooler lets none in."""
    if isinstance(target, WindowsTarget):
        return "none"
    if not isinstance(target, FileTarget):
        return "in_order"
    try:
        is_device = stat.S_ISCHR(Path(target.path).stat().st_mode)
    except OSError:
        is_device = True
    return "in_order" if is_device else "none"
