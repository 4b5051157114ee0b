"""From a key at a clerk's console to the confirmed state on its page, with many consoles live and traffic in the hall.

    LAYSO_CHROMIUM=… .venv/bin/python -m load.console_reaction [--consoles 20] [--presses 400] [--goal-ms 100]

The demonstration's branch, every counter of it open and worked at. One console is a real page of a chromium on this
machine; twenty of those would measure two cores that draw twenty pages. The others are signed-in connections with a
console's channels, and each presses every few seconds: call, start, finish and call. Numbers are taken all the time.
Counted in the page, from the key's own time to the moment at which the page holds what the server has confirmed; the
browser's drawing comes after that. Exit status 0 when the 99th percentile is within the goal.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from contextlib import ExitStack
from typing import Any

from load import measure
from load.measure import Server
from load.product import ask, first_line, start_product
from load.swarm import Display, Swarm

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
READY = '.primary[data-ready="true"]'
ISSUE_EVERY_S = 1.0
WAITING_EACH = 10
"""Numbers for each counter before it begins."""
WITHIN_MS = 15_000
PRESSES_EVERY_S = 4.0
"""Of each console other than the one that is measured."""
THINKS_MS = 250
"""A press comes no sooner after the last one's answer: fingers, not a scanner."""
WATCH = """
window.took = [];
const seen = () => {
  const hand = document.querySelector(".hand");
  return hand ? hand.dataset.state + (hand.querySelector(".hand__number")?.textContent ?? "") : "";
};
let was = "", pressedAt = null;
addEventListener("keydown", (event) => { was = seen(); pressedAt = event.timeStamp; }, true);
new MutationObserver(() => {
  if (pressedAt !== null && seen() !== was) { window.took.push(performance.now() - pressedAt); pressedAt = null; }
}).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
"""
SIGN_IN = """async ([username, password]) => {
  const body = JSON.stringify({username, password});
  const answer = await fetch("/api/v1/session", {method: "POST", body, headers: {"content-type": "application/json"}});
  if (!answer.ok) throw new Error(await answer.text());
}"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consoles", type=int, default=20)
    parser.add_argument("--presses", type=int, default=400, help="of the page that is measured")
    parser.add_argument("--goal-ms", type=float, default=100.0)
    asked = parser.parse_args()
    with measure.running(start_product, {}) as server:
        found = sorted(react(server, asked.consoles, asked.presses))
    at = {share: found[min(len(found) - 1, int(len(found) * share))] for share in (0.5, 0.95, 0.99)}
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{len(found)} presses at {asked.consoles} consoles, key to confirmed state, ms; load average {load}:")
    print(f"p50 {at[0.5]:.0f}, p95 {at[0.95]:.0f}, p99 {at[0.99]:.0f}, longest {found[-1]:.0f}")
    return 0 if at[0.99] <= asked.goal_ms else 1


def react(server: Server, consoles: int, presses: int) -> list[float]:
    """Milliseconds of each press."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    path = f"/api/v1/branches/{server.branch}"
    fields = {each["no"]: each["fields"][0] for each in ask(server, "GET", path)["counters"][:consoles]}
    if len(fields) < consoles:
        raise SystemExit(f"{server.branch} has only {len(fields)} counters")
    measured, *others = fields
    comers = [*fields.values()] * WAITING_EACH + [fields[measured]] * presses
    for number, field in enumerate(comers):
        ask(server, "POST", f"{path}/tickets", {"field": field, "channel": "api"}, key=f"before-{number:08}")
    with ExitStack() as stack:
        running = stack.enter_context(sync_playwright())
        browser = stack.enter_context(running.chromium.launch(executable_path=chromium, args=FLAGS))
        page, session = console(browser, server, measured)
        swarm = stack.enter_context(Swarm(connections(server.branch, others, session), [server.port], server.folder))
        swarm.wait_subscribed(WITHIN_MS / 1000)
        has_ended = threading.Event()
        work = [
            threading.Thread(target=keep_coming, args=(server, list(fields.values()), has_ended)),
            *(threading.Thread(target=keep_working, args=(server, no, has_ended)) for no in others),
        ]
        for each in work:
            each.start()
        try:
            for turn in range(presses):
                press(page, turn + 1)
        finally:
            has_ended.set()
            for each in work:
                each.join()
        found: list[float] = page.evaluate("window.took")
    print(f"beside it {swarm.counts().frames} frames to {len(others)} consoles")
    return found


def console(browser: Any, server: Server, no: int) -> tuple[Any, str]:
    """A signed-in clerk's page with this counter open, and its session."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{server.port}", locale="vi-VN")
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto("/healthz")
    page.evaluate(SIGN_IN, account_of(server))
    page.goto(f"/clerk?counter={no}")
    page.locator(f'{READY}[data-primary="open"]').click()
    page.locator(f'{READY}[data-primary="next"]').wait_for()
    return page, next(each["value"] for each in context.cookies())


def connections(branch: str, numbers: list[int], session: str) -> list[Display]:
    """As many consoles' WebSockets, each with the channels of its counter."""
    return [
        Display(0, (f"board:{branch}", f"counter:{branch}/{no}", f"next:{branch}/{no}"), cookie=session)
        for no in numbers
    ]


def account_of(server: Server) -> list[str]:
    """Of a supervisor, who may work at any counter: one account serves them all."""
    accounts = first_line(server)["accounts"]
    return next([each["username"], each["password"]] for each in accounts if each["role"] == "supervisor")


def press(page: Any, count: int) -> None:
    page.locator(READY).wait_for()
    page.wait_for_timeout(THINKS_MS)
    page.keyboard.press("NumpadEnter")
    page.wait_for_function("count => window.took.length >= count", arg=count, timeout=WITHIN_MS)


def keep_coming(server: Server, fields: list[str], has_ended: threading.Event) -> None:
    number = 0
    while not has_ended.wait(ISSUE_EVERY_S):
        body = {"field": fields[number % len(fields)], "channel": "api"}
        ask(server, "POST", f"/api/v1/branches/{server.branch}/tickets", body, key=f"meanwhile-{number:08}")
        number += 1


def keep_working(server: Server, no: int, has_ended: threading.Event) -> None:
    """What a console's presses ask, at a pace of its own."""
    counter = f"/api/v1/branches/{server.branch}/counters/{no}"
    ask(server, "POST", f"{counter}/open", {}, key=f"open-counter-{no:04}")
    turn = 0
    while not has_ended.wait(PRESSES_EVERY_S * (0.8 + 0.02 * no)):
        called = ask(server, "POST", f"{counter}/call-next", {}, key=f"call-{no:04}-{turn:08}")
        if called is not None:
            for step in ("start", "finish"):
                if has_ended.wait(PRESSES_EVERY_S):
                    return
                ask(server, "POST", f"/api/v1/tickets/{called['id']}/{step}", {}, key=f"{step}-{no:04}-{turn:08}")
        turn += 1


if __name__ == "__main__":
    sys.exit(main())
