"""How long a hall's screen takes to speak twenty calls that are made at once: real clips, a real AudioContext.

    LAYSO_CHROMIUM=… .venv/bin/python -m load.twenty_calls [--calls 20] [--language vi|en] [--pack vi-bac|vi-nam]

The demonstration and its paired screen in a chromium; twenty counters call within a second or two. A number taken in
another language than Vietnamese is spoken in Vietnamese and in English, and while many wait in English alone. Every
call must be spoken once and whole, and all within three minutes of the first press.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from load import measure
from load.measure import Server
from load.product import ask, start_product

WITHIN_S = 180.0
LISTEN = """
window.spoken = [];
window.faults = [];
document.addEventListener("layso:voice", ({detail}) => {
  if (detail.spoken) { window.spoken.push([detail.callId, detail.spoken.join(" ")]); }
  if (detail.missing || detail.error || detail.dropped !== undefined) { window.faults.push(JSON.stringify(detail)); }
});
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--language", choices=("vi", "en"), default="vi")
    parser.add_argument("--pack", choices=("vi-bac", "vi-nam"), default="vi-bac")
    given = parser.parse_args()
    with measure.running(start_product, {}) as server:
        lasted, numbers, spoken, faults = hear(server, given.calls, given.language, given.pack)
    for number, clips in spoken:
        print(number, clips)
    brief = sum(not clips.startswith("chime moi_so ") for _, clips in spoken)
    is_good = [number for number, _ in spoken] == numbers and not faults and lasted <= WITHIN_S
    print(
        f"{len(spoken)} of {given.calls} calls spoken, {brief} in the short form, {lasted:.1f} s after the first press"
    )
    print(*faults or ["0 faults"], sep="\n")
    return 0 if is_good else 1


def hear(server: Server, calls: int, language: str, pack: str) -> tuple[float, list[str], list[list[str]], list[str]]:
    """Seconds until all was spoken, the numbers as they were called, what was spoken, and what went wrong."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    with sync_playwright() as running, running.chromium.launch(executable_path=chromium, args=flags) as browser:
        page = browser.new_page(viewport={"width": 1920, "height": 1080}, service_workers="block")
        page.add_init_script(LISTEN)
        page.route("**/voice/vi-bac/*", lambda route: route.continue_(url=route.request.url.replace("vi-bac", pack)))
        page.goto(f"http://127.0.0.1:{server.port}/display/{server.branch}#token={server.display_token}")
        page.wait_for_function("() => document.querySelector('.link.is-live') !== null")
        page.wait_for_timeout(5000)  # until this screen has the voice
        counters = prepare(server, calls, language)
        began = time.monotonic()
        numbers = [call(server, no)["number"] for no in counters]
        page.wait_for_function("(count) => window.spoken.length >= count", arg=calls, timeout=2 * WITHIN_S * 1000)
        lasted = time.monotonic() - began
        return lasted, numbers, page.evaluate("window.spoken"), page.evaluate("window.faults")


def prepare(server: Server, calls: int, language: str) -> list[int]:
    """Open counters, with somebody waiting for each."""
    path = f"/api/v1/branches/{server.branch}"
    counters = {each["no"]: each["fields"][0] for each in ask(server, "GET", path)["counters"]}
    chosen = list(counters)[:calls]
    for no in chosen:
        ask(server, "POST", f"{path}/counters/{no}/open", {}, key=f"open-counter-{no}")
        ask(server, "POST", f"{path}/tickets", {"field": counters[no], "language": language}, key=f"number-{no:08}")
    return chosen


def call(server: Server, no: int) -> Any:
    path = f"/api/v1/branches/{server.branch}/counters/{no}/call-next"
    return ask(server, "POST", path, {}, key=f"call-next-{no:08}")


if __name__ == "__main__":
    raise SystemExit(main())
