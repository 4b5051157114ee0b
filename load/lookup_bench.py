"""How long a procedure is looked up, letter by letter, beside /healthz of the same server.

    python -m load.lookup_bench [--procedures 1500] [--seconds 20] [--page]

The server is the demonstration on core 0, with a catalogue of so many rows. One client on core 1 keeps one connection,
asks for the first letter, two letters, … of what people type, and asks /healthz after each. `--page` then types in a
browser (`LAYSO_CHROMIUM`) and measures from a key to its results.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import sys
import time
from collections.abc import Mapping
from functools import partial
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

from load import measure
from load.measure import PYTHON, Server
from load.product import first_line
from load.proof import MORNING
from queue_server.demo_catalogue import write_catalogue

TYPED = ("khai sinh", "so do", "dang ky ket hon", "sao y ban chinh", "giay phep xay dung", "kahi sinh", "ho kinh doanh")
PREFIXES = [words[:length] for words in TYPED for length in range(1, len(words) + 1)]
KEY_TO_RESULTS = """letter => new Promise(done => {
  const pressed = performance.now(), drawn = () => done(performance.now() - pressed);
  new PerformanceObserver((entries, observer) => {
    if (entries.getEntries().some(entry => entry.name.includes("/procedures?"))) {
      observer.disconnect();
      setTimeout(() => requestAnimationFrame(drawn));
    }
  }).observe({entryTypes: ["resource"]});
  document.querySelector(`[data-letter=${letter}]`).click();
})"""
"""Until the frame after the answer was read."""


def start(rows: int, folder: Path, env: Mapping[str, str]) -> Server:
    write_catalogue(folder / "catalogue", rows)
    port = measure.free_port()
    argv = [PYTHON, "-m", "queue_server", "demo", "--port", str(port), "--data", str(folder / "data"), "--json"]
    given = {**env, "LAYSO_CATALOGUE": str(folder / "catalogue")}
    server = Server(measure.spawn([*argv, "--clock-start", MORNING], folder, given), port, folder)
    said = first_line(server)
    server.branch, server.token = said["branch"], said["tokens"]["dispenser"]
    return server


def ask(server: Server, seconds: float) -> tuple[list[float], list[float]]:
    """Times of look-ups and of /healthz, in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)

    def took(path: str) -> float:
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, path
        return (time.perf_counter() - began) * 1e3

    found, floor = [], []
    took(f"/api/v1/branches/{server.branch}/procedures?q=a")  # reads the catalogue
    until = time.monotonic() + seconds
    for prefix in cycle(PREFIXES):
        if time.monotonic() > until:
            break
        found.append(took(f"/api/v1/branches/{server.branch}/procedures?limit=30&q={quote(prefix)}"))
        floor.append(took("/healthz"))
    return found, floor


def type_on_the_page(server: Server) -> list[float]:
    from playwright.sync_api import sync_playwright

    times = []
    with sync_playwright() as running:
        path = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1080, "height": 1920})
        page.goto(f"http://127.0.0.1:{server.port}/dispenser/{server.branch}#token={server.token}")
        for words in TYPED:
            page.wait_for_selector("[data-key=search]")
            page.wait_for_timeout(500)  # a new screen is deaf for a moment
            page.click("[data-key=search]")
            page.wait_for_timeout(500)
            times += [page.evaluate(KEY_TO_RESULTS, letter) for letter in words.replace(" ", "")]
            page.click("[data-key=back]")
        browser.close()
    return times


def told(name: str, times: list[float]) -> str:
    ranks = statistics.quantiles(times, n=100)
    return f"{name}: {len(times)}, p50 {ranks[49]:.2f} ms, p99 {ranks[98]:.2f} ms, longest {max(times):.2f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--procedures", type=int, default=1500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--page", action="store_true", help="measure in a browser too")
    given = parser.parse_args()
    with measure.alone(), measure.running(partial(start, given.procedures), {}) as server:
        os.sched_setaffinity(0, {measure.LOAD_CORE})
        found, floor = ask(server, given.seconds)
        print(told(f"look-ups in {given.procedures:,}", found), told("/healthz", floor), sep="\n")
        if given.page:
            print(told("from a key to its results", type_on_the_page(server)))
    print("load average", *os.getloadavg())
    return 0


if __name__ == "__main__":
    sys.exit(main())
