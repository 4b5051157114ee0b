"""Presence in one process: all there is to know where no other process serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime


class Here:
    """Who is connected to this process. A device may have several connections for a moment, while it comes back."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.devices: Counter[str] = Counter()
        self.reports: dict[str, bytes] = {}
        self.left: dict[str, datetime] = {}
        """When the last connection of each device that was here ended."""
        self.people = 0

    def come(self, device: str | None) -> bool:
        """Whether that changed what others should know."""
        if device is None:
            self.people += 1
            return True
        self.devices[device] += 1
        self.left.pop(device, None)
        return self.devices[device] == 1

    def go(self, device: str | None) -> bool:
        """The same."""
        if device is None:
            self.people -= 1
            return True
        self.devices[device] -= 1
        if self.devices[device] > 0:
            return False
        del self.devices[device]
        self.reports.pop(device, None)
        self.left[device] = self._now()
        return True

    def tell(self, device: str, report: bytes) -> bool:
        """The same."""
        is_news = device in self.devices and self.reports.get(device) != report
        if is_news:
            self.reports[device] = report
        return is_news


class LocalPresence:
    """`is_alone` says that no other process serves; else who is not connected here may be elsewhere."""

    def __init__(self, now: Callable[[], datetime], *, is_alone: bool = True) -> None:
        self._is_alone = is_alone
        self._here = Here(now)

    def come(self, device: str | None) -> None:
        self._here.come(device)

    def go(self, device: str | None) -> None:
        self._here.go(device)

    def tell(self, device: str, report: bytes) -> None:
        self._here.tell(device, report)

    async def reports(self, devices: Iterable[str]) -> dict[str, bytes]:
        return {device: self._here.reports[device] for device in devices if device in self._here.reports}

    async def connected(self, devices: Iterable[str]) -> dict[str, bool | None]:
        absent = False if self._is_alone else None
        return {device: True if device in self._here.devices else absent for device in devices}

    async def gone_since(self, devices: Iterable[str]) -> dict[str, datetime]:
        left = self._here.left if self._is_alone else {}
        return {device: left[device] for device in devices if device in left}

    async def people(self) -> int | None:
        return self._here.people if self._is_alone else None

    def start(self) -> None: ...

    async def stop(self) -> None: ...
