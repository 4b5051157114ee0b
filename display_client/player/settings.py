"""What a player is told: by a TOML file, and by the command line, which overrules it. Unknown keys are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

LOCK = "player.lock"
LOG = "player.log"
PROFILE = "profile"
STATUS = "status.json"
TOKEN = "token"


class BadSettings(Exception):
    """Settings that cannot be used; the message names the one at fault."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`server` is the http(s) address; `page` which of its pages at `branch`; `screen` the code of a configured screen;
    `query` more for the address, such as "muted=1". `chromium` is its program where it is not found by itself, `flags`
    more for its command line. `state` is the folder of the browser's profile, the device's token and the log. Above
    `memory_mb` the browser is started anew in a quiet moment. `headless` shows nothing: for trials without a screen."""

    server: str = ""
    branch: str = ""
    page: Literal["display", "dispenser", "rating"] = "display"
    screen: str = ""
    query: str = ""
    chromium: str = ""
    flags: tuple[str, ...] = ()
    state: Path = Path("/var/lib/layso-screen")
    memory_mb: int = 1200
    headless: bool = False

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server.

        Raises:
            BadSettings: it is no such address.
        """
        parts = urlsplit(self.server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise BadSettings(f'server: {self.server!r} is no address like "http://192.0.2.10:8000"')
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def address(self) -> str:
        """The page's address. A lobby screen is told to be let in, so that staff see when it is dark."""
        if not self.branch:
            raise BadSettings("branch: which one is not said")
        asked = "pair=1" if self.page == "display" else ""
        query = "&".join(part for part in (asked, self.query.lstrip("?&")) if part)
        path = "/".join(quote(part, safe="") for part in (self.page, self.branch, self.screen) if part)
        return f"{self.origin}/{path}{'?' if query else ''}{query}"


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
        return msgspec.convert(found, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as fault:
        raise BadSettings(str(fault)) from None
