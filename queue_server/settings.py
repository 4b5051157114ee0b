"""Settings of a server process: typed, from the environment (`LAYSO_*`) and the command line, unknown names refused."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from queue_server.branches.personal import Keeping

PREFIX = "LAYSO_"
OTHERS = frozenset({"CHROMIUM", "VENV", "PYTHON", "COMMIT_DELAY_MS"})
"""Names under our prefix that belong to scripts and benchmarks."""
REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")

_PASSWORD = re.compile(r"(?<=://)[^/]*(?=@)|(?<=password=)[^&]*")


class Settings(BaseModel):
    """Every setting. Times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(default=Path("data"), description="Folder of the database, and of what belongs to this machine.")
    database: str = Field(
        default="", repr=False, description="postgresql://USER:PASSWORD@HOST:PORT/NAME; empty: SQLite in the folder."
    )
    redis: str = Field(
        default="",
        repr=False,
        description="Signals between processes: redis://, rediss:// (TLS), unix:// or redis+sentinel://; empty: none.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="Processes that serve; more than one need PostgreSQL.")
    worker_port: int | None = Field(
        default=None, ge=0, le=65535, description="Each worker listens on a port of its own too, from this one on."
    )
    backups: Path | None = Field(default=None, description="Second folder, best on another disk, for daily backups.")
    day_key: Path | None = Field(
        default=None, description="File of the service day's key, in no backup; by default day.key in the data folder."
    )
    catalogue: Path | None = Field(
        default=None, description="Folder of procedures.csv and spoken.csv; by default the catalogue that is shipped."
    )
    keep_notes_days: int = Field(
        default=1, ge=0, le=30, description="Notes of staff are kept to the end of so many days after their own."
    )
    keep_dossiers_days: int = Field(default=90, ge=0, le=3650, description="The same for codes of dossiers.")
    keep_comments_days: int = Field(default=365, ge=0, le=3650, description="The same for comments of citizens.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Whose X-Forwarded-For and -Proto are believed: addresses and networks, with commas; * is anybody.",
    )
    plain_http: bool = Field(
        default=False, description="Allow sign-in over http on a LAN. Everybody there can listen in."
    )
    public_url: str = Field(default="", description="Address in QR codes on paper, such as https://hangdoi.example.vn.")
    reconnect_window_s: float = Field(default=1.5, ge=0.0, le=600.0, description="Clients come back within this time.")
    clock_start: AwareDatetime | None = Field(default=None, description="Demonstrations: the clock starts here.")
    clock_origin: AwareDatetime | None = Field(
        default=None, description="Demonstrations: when, by the wall, it showed that (now)."
    )
    clock_speed: float = Field(default=1.0, gt=0.0, le=10_000.0, description="Demonstrations: how fast it runs.")
    dossier_url: str = Field(default="", description="Where wait times go, as CloudEvents by POST; empty: nowhere.")
    dossier_token: str = Field(default="", description="Bearer token for that address.", repr=False)

    @field_validator("database")
    @classmethod
    def _is_postgresql(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("postgresql", "postgres"):
            raise ValueError("must begin with postgresql://")
        return url

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        """A phone opens only a whole one."""
        if url and (urlsplit(url).scheme not in ("https", "http") or not urlsplit(url).hostname):
            raise ValueError("must be a whole address, such as https://hangdoi.example.vn")
        return url

    @field_validator("redis")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in REDIS_SCHEMES:
            raise ValueError(f"must begin with one of {', '.join(f'{scheme}://' for scheme in REDIS_SCHEMES)}")
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, proxies: str) -> str:
        """A name would be believed to be nobody's, without a word."""
        for each in proxies.split(",") if proxies not in ("", "*") else ():
            try:
                ip_network(each.strip())
            except ValueError as fault:
                raise ValueError(f"must be addresses, networks, or * alone: {fault}") from None
        return proxies

    @model_validator(mode="after")
    def _are_shared(self) -> Self:
        """What several processes share must be shared."""
        if not self.database and self.workers > 1:
            raise ValueError("several workers need PostgreSQL (LAYSO_DATABASE): SQLite has one process")
        return self

    def shown(self) -> dict[str, object]:
        """Every setting as it may be printed: secrets and passwords masked."""
        shown: dict[str, object] = self.model_dump()
        for name in ("database", "redis"):
            shown[name] = _PASSWORD.sub("********", str(shown[name]))
        if shown["dossier_token"]:
            shown["dossier_token"] = "********"
        return shown

    @property
    def backups_folder(self) -> Path:
        """Where daily backups go."""
        return self.backups or self.data / "backups"

    @property
    def day_key_file(self) -> Path:
        """Where the key is that citizens' cards are told apart by."""
        return self.day_key or self.data / "day.key"

    @property
    def keeping(self) -> Keeping:
        """How long what is personal is kept."""
        return Keeping(self.keep_notes_days, self.keep_dossiers_days, self.keep_comments_days)

    @property
    def is_backed_up_here(self) -> bool:
        """Whether backups are looked for in that folder: of a database server, only where a folder was named."""
        return not self.database or self.backups is not None


class BadSettings(Exception):
    """Settings that cannot be used, a line for each fault."""


def read_settings(environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings from the environment, overruled by what is `given` (None is not given).

    Raises:
        BadSettings: names each setting at fault.
    """
    found: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in OTHERS
    }
    found.update({name: value for name, value in given.items() if value is not None})
    try:
        return Settings(**found)
    except ValidationError as fault:
        lines = (f"{_name(e['loc'])}{e['msg'].removeprefix('Value error, ')}" for e in fault.errors())
        raise BadSettings("\n".join(lines)) from None


def _name(place: tuple[int | str, ...]) -> str:
    """The variable at fault; nothing where several do not go together."""
    return f"{PREFIX}{'.'.join(map(str, place)).upper()}: " if place else ""
