"""Reading `config/layouts/ticket.yaml` and `ticket-58.yaml`. One that cannot be used costs its looks only."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
from msgspec.structs import replace

from queue_server.readers.printing.paper import LayoutConfig, Width

log = logging.getLogger(__name__)

LAYOUT = Path(__file__).parents[3] / "config" / "layouts" / "ticket.yaml"
NARROW: Width = 384


class BadLayout(Exception):
    """The file is there and cannot be used."""


def read_layout(path: Path = LAYOUT) -> LayoutConfig:
    """The layout in a file, its logo found beside it; the default where there is no file.

    Raises:
        BadLayout: says what is wrong with it.
    """
    try:
        layout = msgspec.yaml.decode(path.read_bytes(), type=LayoutConfig)
    except FileNotFoundError:
        return LayoutConfig()
    except (OSError, msgspec.DecodeError) as fault:
        raise BadLayout(f"{path}: {fault}") from fault
    if layout.logo is None:
        return layout
    logo = path.parent / layout.logo
    if not logo.is_file():
        raise BadLayout(f"{path}: there is no logo {logo}")
    return replace(layout, logo=str(logo))


def layout_in_force(width: Width, path: Path = LAYOUT) -> LayoutConfig:
    """The layout for papers of this width: that of 58 mm is a file of its own, where there is one. One that cannot be
    used is reported, and papers are printed without it."""
    narrow = path.with_name(f"{path.stem}-58{path.suffix}")
    file = narrow if width == NARROW and narrow.is_file() else path
    try:
        return replace(read_layout(file), width=width)
    except BadLayout as fault:
        log.error("The tickets' layout is not used: %s", fault)
        return LayoutConfig(width=width)
