"""Prints sample tickets on emupos, a printer simulator that is none of ours, and keeps its pictures in docs/images.

    .venv/bin/python scripts/emupos_pictures.py

emupos needs Python 3.13: `$LAYSO_PYTHON313`, or `python3.13` in PATH; it gets a virtual environment of its own,
`.venv-emupos`. Each picture is compared with the server's, dot for dot. Exit status 2: there is no Python 3.13.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from msgspec.structs import replace
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from printer_agent.job import defused, print_picture  # noqa: E402
from printer_agent.links import NetworkTarget  # noqa: E402
from printer_agent.outcome import Printed, PrinterOptions  # noqa: E402
from queue_server.readers.printing.layouts import read_layout  # noqa: E402
from queue_server.readers.printing.paper import Rebooked, TicketPaper, WaitMinutes  # noqa: E402
from queue_server.readers.printing.picture import draw_ticket  # noqa: E402

VENV = ROOT / ".venv-emupos"
PACKAGE = "emupos==0.4.0"
IMAGES = ROOT / "docs" / "images"
READY_WITHIN_S = 30.0
AT = datetime(2026, 11, 23, 8, 5, tzinfo=timezone(timedelta(hours=7)))
STANDARD = TicketPaper(
    organisation="Ủy ban nhân dân phường Gò Vấp",
    branch="Trung tâm Phục vụ hành chính công phường Gò Vấp",
    field="Đất đai, Tài nguyên và Môi trường",
    number="C017",
    ahead=4,
    wait=WaitMinutes(25, 40),
    issued_at=AT,
    counters=(9, 10, 11),
    floor=1,
    url="https://so.example.gov.vn/t/01a204aa181fd97ace603fd985.u3Zk",
)
PAPERS = {
    "emupos-standard": STANDARD,
    "emupos-priority-english": replace(
        STANDARD, field="Chứng thực", field_en="Certification", number="A002", is_priority=True, language="en"
    ),
    "emupos-reprint": replace(STANDARD, is_reprint=True),
    "emupos-rebooked": replace(
        STANDARD, number="C001", ahead=None, wait=None, rebooked=Rebooked(date(2026, 11, 24), "C017")
    ),
}


def main() -> int:
    python = os.environ.get("LAYSO_PYTHON313") or shutil.which("python3.13")
    if python is None:
        print("emupos needs Python 3.13; name it in LAYSO_PYTHON313", file=sys.stderr)
        return 2
    emupos = install(python)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port, api = free_port(), free_port()
        device = {
            "id": "paper",
            "type": "printer",
            "profile": "epson-tm-t20iii",
            "connections": [{"tcp": {"port": port}}],
        }
        config = {"schema": 1, "api": {"host": "127.0.0.1", "port": api}, "devices": [device]}
        (folder / "emupos.yaml").write_text(json.dumps(config))  # JSON is YAML
        with subprocess.Popen([str(emupos), "run"], cwd=folder, stdout=subprocess.DEVNULL) as process:
            try:
                await_port(port)
                same = [keep(name, paper, port, folder / "receipts") for name, paper in PAPERS.items()]
            finally:
                process.terminate()
    return 0 if all(same) else 1


def install(python: str) -> Path:
    if not (VENV / "bin" / "emupos").exists():
        subprocess.run([python, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(VENV / "bin" / "pip"), "install", "--quiet", PACKAGE], check=True)
    return VENV / "bin" / "emupos"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_port(port: int) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def keep(name: str, paper: TicketPaper, port: int, receipts: Path) -> bool:
    """Print one paper and keep what came out; whether that is what was drawn."""
    drawn = draw_ticket(paper, read_layout())
    before = set(receipts.glob("*.png"))
    outcome = print_picture(NetworkTarget("127.0.0.1", port), PrinterOptions(), drawn, on_first_byte=lambda: None)
    assert isinstance(outcome, Printed), outcome
    (came,) = set(receipts.glob("*.png")) - before
    shutil.copy(came, IMAGES / f"{name}.png")
    printed = Image.open(came).convert("1")
    is_same = printed.crop((0, 0, *drawn.size)).tobytes() == defused(drawn).tobytes()
    print(f"{name}.png {printed.width}×{printed.height} {'as drawn' if is_same else 'NOT AS DRAWN'}")
    return is_same


if __name__ == "__main__":
    sys.exit(main())
