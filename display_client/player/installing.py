"""What a machine needs to become a screen: said, not done, since it takes an administrator."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from display_client.player.browser import find_chromium
from display_client.player.life import answers
from display_client.player.settings import BadSettings, Settings

STEPS = """
To start by itself, without a desktop (see docs/how-to/screens.md):

    sudo useradd --system --create-home --groups audio,video,render,input layso-screen
    sudo install -d -m 755 /etc/layso
    sudo install -m 644 config/deploy/screen.toml /etc/layso/
    sudo nano /etc/layso/screen.toml
    sudo install -m 644 config/deploy/display-client.service /etc/systemd/system/
    sudo systemctl enable --now display-client

On a machine with a desktop of its own: have its session start
`display-client run --config /etc/layso/screen.toml` instead."""


def lines(settings: Settings) -> Iterator[str]:
    """What is there, what is missing, and what to do."""
    try:
        yield f"browser  {find_chromium(settings)}"
    except BadSettings as fault:
        yield f"browser  missing. {fault}"
    yield f"cage     {shutil.which('cage') or 'missing; a screen without a desktop needs it (Debian, Ubuntu: cage)'}"
    try:
        yield f"page     {settings.address}"
        is_there = answers(settings.origin)
        yield f"server   {'answers' if is_there else 'does not answer now; the screen waits for it'}"
    except BadSettings as fault:
        yield f"page     {fault}"
    yield from STEPS.splitlines()
