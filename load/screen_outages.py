"""What a real screen does when its line is cut for minutes or its lid is closed: when it says so, and is right again.

    python -m load.screen_outages [--cut 300] [--lid 90]

The demonstration and its paired screen in a real chromium (`LAYSO_CHROMIUM`), a TCP proxy between them. Counters call
before, during and after each outage; the clips are real. Printed are the seconds until the screen said that its line is
lost and until it showed the newest call after the return, and what it spoke of what.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from typing import Any

from msgspec import Struct

from load import measure
from load.busy_hall import LOG, SCREEN, chromium_pids
from load.faults.processes import Proxy
from load.measure import Server, free_port
from load.product import ask, start_product

SAYS_WITHIN_S, RIGHT_WITHIN_S = 10.0, 3.0
STALE = "() => document.body.classList.contains('is-stale')"
SHOWN = "number => document.querySelector('#main').textContent.replace(/\\s/g, '').includes(number)"


class Outage(Struct):
    """`missed` were called at its beginning, `after` once it was over. Seconds."""

    name: str
    says_s: float | None
    right_s: float
    missed: list[str]
    after: str


class Hall:
    """Counters that call, one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._path = f"/api/v1/branches/{server.branch}"
        counters = ask(server, "GET", self._path)["counters"]
        self._fields = {each["no"]: each["fields"][0] for each in counters}
        self._made = 0
        for no in self._fields:
            ask(server, "POST", f"{self._path}/counters/{no}/open", {}, key=f"open-counter-{no}")

    def call(self) -> str:
        self._made += 1
        no = self._made
        ask(self._server, "POST", f"{self._path}/tickets", {"field": self._fields[no]}, key=f"issue-{no:08}")
        called = ask(self._server, "POST", f"{self._path}/counters/{no}/call-next", {}, key=f"call-next-{no:08}")
        return str(called["number"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cut", type=float, default=300)
    parser.add_argument("--lid", type=float, default=90)
    given = parser.parse_args()
    with measure.running(start_product, {}) as server:
        faults = [*played(server, given.cut, given.lid)]
    print(*faults or ["0 faults"], sep="\n")
    return 1 if faults else 0


def played(server: Server, cut_s: float, lid_s: float) -> list[str]:
    from playwright.sync_api import sync_playwright

    port = free_port()
    proxy, hall = Proxy([("line", port, server.port)]), Hall(server)
    chromium = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    try:
        with sync_playwright() as running, running.chromium.launch(executable_path=chromium, args=flags) as browser:
            page = browser.new_page(viewport={"width": 1920, "height": 1080})
            page.add_init_script(LOG.replace("FASTER", "1"))
            page.goto(f"http://127.0.0.1:{port}/display/{server.branch}/{SCREEN}#token={server.display_token}")
            page.wait_for_function("() => document.querySelector('.link.is-live') !== null")
            page.wait_for_timeout(5000)
            before = [hall.call()]
            page.wait_for_timeout(20_000)
            outages = [cut(page, proxy, hall, cut_s), lid(page, hall, lid_s)]
            page.wait_for_timeout(40_000)
            log: dict[str, Any] = page.evaluate("window.log")
    finally:
        proxy.kill()
    return [*judged(before, outages, log["begun"])]


def cut(page: Any, proxy: Proxy, hall: Hall, seconds: float) -> Outage:
    """Whatever is sent is swallowed, both ways."""
    proxy.set(["line"], "blackhole")
    began = time.monotonic()
    page.wait_for_function(STALE, timeout=60_000)
    says_s = time.monotonic() - began
    missed = [hall.call(), hall.call()]
    page.wait_for_timeout(max(0.0, seconds - (time.monotonic() - began)) * 1000)
    proxy.set(["line"], "pass")
    back = time.monotonic()
    page.wait_for_function(SHOWN, arg=missed[-1], timeout=60_000)
    right_s = time.monotonic() - back
    return Outage(f"line cut for {seconds:.0f} s", says_s, right_s, missed, hall.call())


def lid(page: Any, hall: Hall, seconds: float) -> Outage:
    """The whole browser stands still, as in a machine that sleeps."""
    pids = chromium_pids(os.getpid())
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    missed = [hall.call(), hall.call()]
    time.sleep(seconds)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    back = time.monotonic()
    page.wait_for_function(SHOWN, arg=missed[-1], timeout=60_000)
    right_s = time.monotonic() - back
    return Outage(f"asleep for {seconds:.0f} s", None, right_s, missed, hall.call())


def judged(before: list[str], outages: list[Outage], begun: list[str]) -> list[str]:
    """What is not as it must be; prints what was."""
    faults = [f"{number} was spoken {begun.count(number)} times" for number in set(begun) if begun.count(number) > 1]
    faults += [f"{number} was not spoken" for number in before if number not in begun]
    for outage in outages:
        says = "-" if outage.says_s is None else f"{outage.says_s:.1f} s"
        print(f"{outage.name}: said after {says}, right {outage.right_s:.1f} s after the return")
        faults += [f"{number} was shouted late" for number in outage.missed if number in begun]
        if outage.after not in begun:
            faults.append(f"{outage.after} was not spoken after the return")
        if outage.says_s is not None and outage.says_s > SAYS_WITHIN_S:
            faults.append(f"{outage.name}: said after {outage.says_s:.1f} s")
        if outage.right_s > RIGHT_WITHIN_S:
            faults.append(f"{outage.name}: right after {outage.right_s:.1f} s")
    return faults


if __name__ == "__main__":
    sys.exit(main())
