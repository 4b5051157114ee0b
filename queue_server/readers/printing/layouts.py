"""Reading `config/layouts/ticket.yaml`. A layout that cannot be used costs its looks, never the paper."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
from msgspec.structs import replace

from queue_server.readers.printing.paper import LayoutConfig

log = logging.getLogger(__name__)

LAYOUT = Path(__file__).parents[3] / "config" / "layouts" / "ticket.yaml"


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


def layout_in_force(path: Path = LAYOUT) -> LayoutConfig:
    """As `read_layout`; a layout that cannot be used is reported, and papers are printed without it."""
    try:
        return read_layout(path)
    except BadLayout as fault:
        log.error("The tickets' layout is not used: %s", fault)
        return LayoutConfig()
