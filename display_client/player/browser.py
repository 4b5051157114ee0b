"""The browser's process: found, started with a profile of its own, measured, ended with all that belongs to it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from display_client.player.devtools import DevToolsError
from display_client.player.settings import PROFILE, BadSettings, Settings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PORT_FILE = "DevToolsActivePort"
START_S = 30.0
POLL_S = 0.05
END_S = 8.0
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096

FLAGS = (
    "--kiosk",
    "--autoplay-policy=no-user-gesture-required",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--hide-crash-restore-bubble",
    "--disable-session-crashed-bubble",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    # A window that something covers for a moment shall go on speaking and keeping its time.
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--password-store=basic",
    "--remote-debugging-address=127.0.0.1",
    "--remote-debugging-port=0",
)
OPENS_NO_WINDOW = ("--headless", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,720")


def find_chromium(settings: Settings) -> str:
    """The browser's program.

    Raises:
        BadSettings: there is none.
    """
    wanted = (settings.chromium,) if settings.chromium else NAMES
    for name in wanted:
        if found := shutil.which(name):
            return found
    raise BadSettings(f"chromium: no {' or '.join(wanted)} on this machine. Install it, or say where it is.")


def arguments(settings: Settings, first_page: str) -> list[str]:
    """Of the command line, after the program. Over plain http the server is told to be as good as https: only so may
    its page keep what it needs to start without it."""
    given = [*FLAGS, f"--user-data-dir={settings.state / PROFILE}"]
    if settings.origin.startswith("http:"):
        given.append(f"--unsafely-treat-insecure-origin-as-secure={settings.origin}")
    if os.environ.get("WAYLAND_DISPLAY"):
        given.append("--ozone-platform=wayland")
    if settings.headless:
        return [*given, *OPENS_NO_WINDOW, *settings.flags, first_page]
    return [*given, *settings.flags, f"--app={first_page}"]


class Browser:
    """A running one, in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process, profile: Path) -> None:
        self._process = process
        self._profile = profile

    @classmethod
    async def start(cls, settings: Settings, first_page: str) -> Browser:
        profile = settings.state / PROFILE
        profile.mkdir(parents=True, exist_ok=True)
        # What a power cut leaves: the last browser's port, and its lock, which holds under another machine's name.
        for left in (profile / PORT_FILE, *profile.glob("Singleton*")):
            left.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            find_chromium(settings),
            *arguments(settings, first_page),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(process, profile)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ended(self) -> int:
        """Its exit status, once it has ended."""
        return await self._process.wait()

    async def devtools_address(self) -> str:
        """Where its DevTools listen, as soon as they do.

        Raises:
            DevToolsError: not within half a minute.
        """
        file = self._profile / PORT_FILE
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                while True:
                    with suppress(OSError, ValueError):
                        port, path = file.read_text().split()
                        return f"ws://127.0.0.1:{port}{path}"
                    await asyncio.sleep(POLL_S)
        raise DevToolsError(f"no {PORT_FILE} in {self._profile}; may the browser write there?")

    async def end(self) -> None:
        """Politely first, so that it writes down what it knows; then whatever is left of it, stopped or not."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()

    def memory_mb(self) -> int:
        return memory_mb(self.pid)


def memory_mb(pid: int) -> int:
    """Memory of a process and its descendants; 0 where no /proc tells. What a file or a neighbour shares is counted
    once, as far as the largest has it: the sum of all resident sizes would be more than twice what they take."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    family, added = {pid}, {pid}
    while added:
        added = {each for each, parent in parents.items() if parent in added} - family
        family |= added
    sizes = [_pages(each) for each in family]
    return (sum(own for own, _ in sizes) + max(shared for _, shared in sizes)) * PAGE // 1_000_000


def _pages(pid: int) -> tuple[int, int]:
    """Its own, and those that it may share."""
    try:
        _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    except OSError:
        return 0, 0
    return resident - shared, shared
