"""`printer-agent test-page` and `discover`, at simulated printers and without any server; and the doctor's look at the
address on paper."""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import socket
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from printer_agent import discovery
from printer_agent.cli import main
from printer_agent.job import defused
from printer_agent.settings import BadSettings, Settings
from printer_agent.specimen import specimen
from queue_server.doctor import paper
from tests.simulators.escpos_decoder import picture_digest
from tests.simulators.printer import Fault, PrinterSimulator

LOOPBACK = [ipaddress.IPv4Address("127.0.0.1")]


def address(printer: PrinterSimulator) -> str:
    return "network:{}:{}".format(*printer.address)


# -- the test page -----------------------------------------------------------------------------------------------------


def test_the_test_page_comes_out_as_drawn_and_is_cut(printer, capsys):
    assert main(["test-page", "--printer", address(printer)]) == 0
    (chosen,) = Settings(printer=address(printer)).printers()
    drawn = specimen(chosen)
    assert isinstance(drawn, Image.Image)
    [came] = printer.wait_for_papers(1)
    assert (came.digest(), came.is_cut, printer.complaints) == (picture_digest(defused(drawn)), True, [])
    assert capsys.readouterr().out == "printer  ok\n"


def test_each_printer_prints_one_and_says_how_it_is(printer, capsys):
    with PrinterSimulator() as second:
        second.set(Fault.COVER_OPEN)
        assert main(["test-page", "--printer", address(printer), "--fallback", address(second)]) == 1
        assert capsys.readouterr().out == f"printer  {address(printer)}: ok\nprinter  {address(second)}: cover_open\n"
    assert len(printer.papers) == 1


# -- looking for printers ----------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_host_that_answers_the_status_question_is_named_with_its_line(printer, capsys):
    printer.set(Fault.PAPER_OUT)
    host, port = printer.address
    assert await discovery.on_network(LOOPBACK, seconds=10, port=port) == 1
    assert capsys.readouterr().out == (f'network  127.0.0.1  paper_out\n    printer = "network:{host}:{port}"\n')
    assert printer.papers == []


@pytest.mark.anyio
async def test_a_host_that_takes_a_connection_and_is_silent_is_told_apart(capsys, monkeypatch):
    monkeypatch.setattr(discovery, "ANSWER_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert await discovery.on_network(LOOPBACK, seconds=10, port=silent.getsockname()[1]) == 1
    assert "answers no status question" in capsys.readouterr().out


@pytest.mark.anyio
async def test_a_host_without_such_a_port_is_not_named(capsys):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert await discovery.on_network(LOOPBACK, seconds=10, port=port) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.anyio
async def test_the_look_ends_in_time_and_says_so(capsys, monkeypatch):
    async def never(host: str, port: int) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(discovery, "_about", never)
    assert await discovery.on_network(LOOPBACK, seconds=0.05) == 0
    assert "not all were asked" in capsys.readouterr().out


def test_a_network_that_is_too_large_or_none_is_refused():
    for network in ("10.0.0.0/8", "printer", "192.0.2.0/99"):
        with pytest.raises(BadSettings, match="--network"):
            discovery._network(network, "")


def test_the_network_is_that_of_the_way_to_the_server(monkeypatch):
    ways = {"layso.lan": "192.168.7.23", "192.0.2.1": "10.1.2.3"}
    monkeypatch.setattr(discovery, "own_address", ways.get)
    assert discovery._network(None, "http://layso.lan:8000") == ipaddress.IPv4Network("192.168.7.0/24")
    assert discovery._network(None, "http://127.0.0.1:8000") == ipaddress.IPv4Network("10.1.2.0/24")


def test_usb_devices_are_told_by_class_or_maker(monkeypatch):
    ends = [SimpleNamespace(bEndpointAddress=0x81), SimpleNamespace(bEndpointAddress=0x03)]

    class Interface(list[Any]):
        bInterfaceClass = 7  # noqa: N815

    class Device(list[Any]):
        idVendor, idProduct = 0x1234, 0x0001  # noqa: N815

    class Epson(Device):
        idVendor = 0x04B8  # noqa: N815

    class Mouse(Device):
        idVendor = 0x9999  # noqa: N815

    modules = {
        "usb.core": SimpleNamespace(
            find=lambda find_all: iter([Device([[Interface(ends)]]), Epson([]), Mouse([])]), NoBackendError=OSError
        ),
        "usb.util": SimpleNamespace(ENDPOINT_IN=0x80, ENDPOINT_OUT=0, endpoint_direction=lambda at: at & 0x80),
    }
    monkeypatch.setattr(importlib, "import_module", modules.__getitem__)
    assert [found.printer for found in discovery._usb()] == ["usb:1234:0001:81:03", "usb:04b8:0001"]


def test_device_files_are_found_in_order(tmp_path):
    for name in ("lp1", "lp0", "hiddev0"):
        (tmp_path / name).touch()
    assert [found.printer for found in discovery._devices(tmp_path)] == [f"file:{tmp_path}/lp0", f"file:{tmp_path}/lp1"]


def test_a_name_with_a_backslash_can_be_copied_into_toml():
    found = discovery.Found('windows:\\\\pc\\POS "80"', "")
    assert tomllib.loads(found.setting) == {"printer": 'windows:\\\\pc\\POS "80"'}


# -- the address on paper ----------------------------------------------------------------------------------------------


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_asked = self.path == "/q/healthz"
            self.send_response(status if is_asked else 404)
            self.end_headers()
            self.wfile.write(body if is_asked else b"")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/q/"
        thread.join(10)


def look(url: str) -> list[tuple[bool, str]]:
    return [(found.is_wrong, found.sentence) for found in paper.examine(url)]


def test_an_address_that_answers_is_well():
    with answering(200, b"ok") as url:
        assert look(url) == []


@pytest.mark.parametrize(
    ("status", "body", "why"), [(502, b"ok", "status 502"), (200, b"<html>router</html>", "something else answers")]
)
def test_an_address_that_leads_elsewhere_is_told(status, body, why):
    with answering(status, body) as url:
        [(is_wrong, sentence)] = look(url)
    assert is_wrong
    assert sentence.startswith(f"{url}healthz does not answer as this server ({why}): the code on every paper")


def test_an_address_where_nobody_is_is_told(centre):
    port = centre.port
    assert look(centre.url) == []
    centre.stop()
    [(is_wrong, sentence)] = look(f"http://127.0.0.1:{port}")
    assert is_wrong
    assert "refused" in sentence


def test_without_an_address_there_is_a_note():
    [(is_wrong, sentence)] = look("")
    assert not is_wrong
    assert "LAYSO_PUBLIC_URL" in sentence
