"""Settings of a server process: typed, from the environment (`LAYSO_*`) and the command line, unknown names refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

PREFIX = "LAYSO_"
OTHERS = frozenset({"CHROMIUM", "VENV", "PYTHON", "COMMIT_DELAY_MS"})
"""Names under our prefix that belong to scripts and benchmarks."""


class Settings(BaseModel):
    """Every setting. Times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(default=Path("data"), description="Folder of the database.")
    backups: Path | None = Field(default=None, description="Second folder, best on another disk, for daily backups.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
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

    @property
    def backups_folder(self) -> Path:
        """Where daily backups go."""
        return self.backups or self.data / "backups"


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
        lines = (f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in fault.errors())
        raise BadSettings("\n".join(lines)) from None
