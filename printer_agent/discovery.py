"""Looking for printers: on USB, as device files, at serial ports, in Windows' list, and on the network at port 9100.

On the network only a host that answers the status question is called a printer; one that takes the connection and is
silent may be busy with another job, or something else.
"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from printer_agent import serial_line, spooler
from printer_agent.job import ask_status
from printer_agent.links import NetworkTarget
from printer_agent.outcome import PrinterOptions
from printer_agent.settings import PORT, BadSettings
from printer_agent.status import Status

HOSTS_MOST = 1024
AT_ONCE = 128
CONNECT_S, ANSWER_S = 1.0, 1.0
PRINTER_CLASS = 7
MAKERS = {
    0x04B8: "Epson", 0x0519: "Star", 0x1504: "Bixolon", 0x0DD4: "Custom", 0x2730: "Citizen", 0x0416: "Winbond",
    0x0483: "STMicroelectronics", 0x0FE6: "ICS", 0x1FC9: "NXP", 0x6868: "Zjiang", 0x28E9: "GigaDevice",
    0x4B43: "Caysn", 0x0456: "Analog Devices", 0x1A86: "QinHeng",
}  # fmt: skip
"""By their USB numbers: makers of ticket printers, and of the chips in nameless ones."""


@dataclass(frozen=True, slots=True)
class Found:
    """`setting` is the line for printer.toml."""

    printer: str
    about: str

    @property
    def setting(self) -> str:
        text = self.printer.replace("\\", "\\\\").replace('"', '\\"')
        return f'printer = "{text}"'


async def discover(server: str, network: str | None, seconds: float) -> bool:
    """Print what there is; whether anything is. The network takes `seconds` at most."""
    here = [*_usb(), *_devices(), *_serial(), *_windows()]
    for found in here:
        _say(found)
    net = _network(network, server)
    if net is None:
        print("network  no address of this machine is known; name one: --network 192.0.2.0/24")
        return bool(here)
    print(f"network  asking {net}, port {PORT}, {seconds:g} s at most", flush=True)
    count = await on_network(net.hosts(), seconds=seconds)
    if not here and not count:
        print("No printer was found.")
    return bool(here or count)


def _say(found: Found) -> None:
    print(f"{found.about}\n    {found.setting}", flush=True)


def _network(given: str | None, server: str) -> ipaddress.IPv4Network | None:
    """What was given, else the /24 of the address by which this machine reaches the server, or anybody."""
    try:
        if given:
            net = ipaddress.IPv4Network(given, strict=False)
            if net.num_addresses > HOSTS_MOST:
                raise BadSettings(f"--network: {given} has more than {HOSTS_MOST} addresses; name a part of it")
            return net
    except ValueError as fault:
        raise BadSettings(f"--network: {fault}") from None
    own = own_address(urlsplit(server).hostname or "") or own_address("192.0.2.1")
    return ipaddress.IPv4Network(f"{own}/24", strict=False) if own else None


def own_address(other: str) -> str | None:
    """By which this machine would speak to `other`; no packet leaves. None where there is no way, or only to itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((other, PORT))
            address: str = probe.getsockname()[0]
        except OSError:
            return None
    return None if ipaddress.IPv4Address(address).is_loopback else address


async def on_network(hosts: Iterable[ipaddress.IPv4Address], *, seconds: float, port: int = PORT) -> int:
    """Ask every host, many at once; each that answers is said as it is found. Returns how many did."""
    room = asyncio.Semaphore(AT_ONCE)
    count = 0

    async def ask(host: str) -> None:
        nonlocal count
        async with room:
            about = await _about(host, port)
        if about is not None:
            count += 1
            _say(Found(f"network:{host}" if port == PORT else f"network:{host}:{port}", f"network  {host}  {about}"))

    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for host in hosts:
                group.create_task(ask(str(host)))
    except TimeoutError:
        print(f"network  not all were asked within {seconds:g} s")
    return count


async def _about(host: str, port: int) -> str | None:
    """What answers there; None: nothing takes a connection."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, line = await asyncio.open_connection(host, port)
    except OSError:
        return None
    line.close()
    options = PrinterOptions(connect_time=CONNECT_S, answer_time=ANSWER_S)
    found = await asyncio.to_thread(ask_status, NetworkTarget(host, port), options, within=3 * ANSWER_S)
    if isinstance(found, Status):
        return found.warning or "ok"
    return "takes a connection and answers no status question: busy, or no ticket printer"


# -- at this machine ---------------------------------------------------------------------------------------------------


def _usb() -> Iterator[Found]:
    """Devices that call themselves printers, or whose maker makes them."""
    try:
        core: Any = importlib.import_module("usb.core")
        util: Any = importlib.import_module("usb.util")
    except ImportError:
        print("USB      not looked at: pip install pyusb (device files below need nothing)")
        return
    try:
        devices = list(core.find(find_all=True))
    except core.NoBackendError:
        print("USB      not looked at: pyusb needs libusb")
        return
    for device in devices:
        ends = _ends(device, util)
        if ends or device.idVendor in MAKERS:
            name = f"usb:{device.idVendor:04x}:{device.idProduct:04x}{ends or ''}"
            yield Found(name, f"USB      {MAKERS.get(device.idVendor, 'a printer')} {name}")


def _ends(device: Any, util: Any) -> str | None:
    """`:IN:OUT` of a device's printer interface, for the setting; None where it has none."""
    for configuration in device:
        for interface in configuration:
            if interface.bInterfaceClass == PRINTER_CLASS:
                ends = {util.endpoint_direction(end.bEndpointAddress): end.bEndpointAddress for end in interface}
                into, out = ends.get(util.ENDPOINT_IN), ends.get(util.ENDPOINT_OUT)
                return f":{into:02x}:{out:02x}" if into is not None and out is not None else ""
    return None


def _devices(folder: Path = Path("/dev/usb")) -> Iterator[Found]:
    for path in sorted(folder.glob("lp*")):
        yield Found(f"file:{path}", f"device   {path}")


def _serial() -> Iterator[Found]:
    for port in serial_line.ports():
        yield Found(f"serial:{port}:{serial_line.BAUD}", f"serial   {port} (what is there is not known)")


def _windows() -> Iterator[Found]:
    names = spooler.printers()
    if sys.platform == "win32" and not names:
        print(f"Windows  no printer in its list. {spooler.NEEDS}")
    for name in names:
        yield Found(f"windows:{name}", f"Windows  {name}")
