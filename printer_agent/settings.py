"""What an agent is told: by a TOML file, and by the command line, which overrules it. Unknown keys are refused."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from printer_agent.links import FileTarget, NetworkTarget, Target, UsbTarget
from printer_agent.outcome import PrinterOptions

PORT = 9100
TOKEN = "token"
LEDGER = "ledger.db"
STATUS = "status.json"


class BadSettings(Exception):
    """Settings that cannot be used; the message names the one at fault."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`server` is the http(s) address; `printer` "network:HOST[:PORT]", "usb:VENDOR:PRODUCT[:IN:OUT]" (hexadecimal) or
    "file:PATH"; `state` the folder of the agent's memory. `confirms` "" chooses what the printer's kind allows; `rest`
    are seconds after each paper, for a file that plays a printer and takes no time of its own."""

    server: str = ""
    printer: str = ""
    state: Path = Path("/var/lib/layso-printer")
    token_file: Path | None = None
    width: Literal[576, 512] = 576
    confirms: Literal["", "in_order", "real_time", "none"] = ""
    cut: Literal["partial", "full"] = "partial"
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

    def options(self, target: Target) -> PrinterOptions:
        confirms = self.confirms or _usual_confirmation(target)
        return PrinterOptions(width=self.width, confirms=confirms, cut=self.cut, job_time=self.job_time)


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
    except (TypeError, ValueError):
        pass
    raise BadSettings(
        f'printer: {text!r} is none; write "network:192.0.2.1:9100", "usb:04b8:0e15" or "file:/dev/usb/lp0"'
    )


def _network(rest: str) -> NetworkTarget:
    parts = urlsplit(f"//{rest}")
    if not parts.hostname or parts.path:
        raise ValueError(rest)
    return NetworkTarget(parts.hostname, parts.port or PORT)


def _usual_confirmation(target: Target) -> Literal["in_order", "none"]:
    """A plain file, in which papers are collected for a look, has nothing to say."""
    if not isinstance(target, FileTarget):
        return "in_order"
    try:
        is_device = stat.S_ISCHR(Path(target.path).stat().st_mode)
    except OSError:
        is_device = True
    return "in_order" if is_device else "none"
