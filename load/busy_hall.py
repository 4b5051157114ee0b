"""A busy day of one hall on a real screen: each call is shown and spoken once, in order, and the page does not grow.

    python -m load.busy_hall [--calls 2000] [--minutes 32] [--faster 8] [--keep FOLDER]

The demonstration, its paired screen in a real chromium (`LAYSO_CHROMIUM`) with a real AudioContext, and twenty counters
that call. As many calls as a busy hall has in eight hours are made in half an hour: so each clip, decoded from its real
file, is cut to an eighth of its samples before it is played; queueing, gaps and the audio clock are the real ones.
Afterwards what the page has logged, what it has told the server, and the journal are held against each other.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple

from msgspec import Struct

from load import measure
from load.measure import Server
from load.product import ask, start_product
from load.proof import opened

SCREEN = "sanh"
SPEAKS_WITHIN_S = 30.0
LATE_S = 20.0
"""Some counters wait before they call again, so that a hall has quiet moments too."""
LOG = """
window.log = {shown: [], begun: [], spoken: [], dropped: [], missing: [], faults: []};
const decode = AudioContext.prototype.decodeAudioData;
AudioContext.prototype.decodeAudioData = function (bytes, resolve, reject) {
  return decode.call(this, bytes, (whole) => {
    const short = this.createBuffer(1, Math.max(1, Math.floor(whole.length / FASTER)), whole.sampleRate);
    const from = whole.getChannelData(0), to = short.getChannelData(0);
    for (let i = 0; i < to.length; i += 1) { to[i] = from[i * FASTER]; }
    resolve(short);
  }, reject);
};
document.addEventListener("layso:voice", ({detail}) => {
  if (detail.state === "speaking") { window.log.begun.push(detail.callId); }
  if (detail.spoken) { window.log.spoken.push([detail.callId, detail.spoken.length]); }
  if (detail.dropped !== undefined) { window.log.dropped.push([detail.dropped, detail.reason]); }
  if (detail.missing) { window.log.missing.push(detail.missing); }
  if (detail.error) { window.log.faults.push(detail.error); }
});
window.addEventListener("error", (event) => window.log.faults.push(String(event.message)));
const seen = new Set();
const text = (root, name) => root.querySelector(name).textContent;
new MutationObserver(() => {
  document.querySelectorAll("#hero, #others .call, #crowd .call").forEach((element) => {
    if (!element.offsetWidth || element.classList.contains("is-calm")) { return; }
    const no = text(element, element.id === "hero" ? ".hero__no" : ".call__no");
    const call = text(element, ".number__letter") + text(element, ".number__digits") + " " + no;
    if (no && !seen.has(call)) { seen.add(call); window.log.shown.push(call); }
  });
}).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
"""
"""What stands on the screen and what is heard, by the page itself."""


class Call(NamedTuple):
    """One call of the journal."""

    seq: int
    number: str
    counter: int
    ticket: str


class Day(Struct):
    """What happened, by the journal (`calls`, `shown`, `spoken`: seqs), and by the page (`log`)."""

    calls: list[Call]
    shown: list[int]
    spoken: list[int]
    log: dict[str, Any]
    heap_mb: list[float]
    resident_mb: list[float]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=32)
    parser.add_argument("--faster", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the database and the page's log there")
    given = parser.parse_args()
    with measure.running(start_product, {}) as server:
        day = play(server, given.calls, given.minutes * 60, given.faster, given.seed)
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
            copytree(server.folder / "data", given.keep / "data", dirs_exist_ok=True)
            (given.keep / "log.json").write_text(json.dumps(day.log, ensure_ascii=False))
    faults = [*judged(day)]
    print(told(day))
    print(*faults or ["0 faults"], sep="\n")
    return 1 if faults else 0


# -- the day -----------------------------------------------------------------------------------------------------------


def play(server: Server, calls: int, seconds: float, faster: int, seed: int) -> Day:
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    with sync_playwright() as running, running.chromium.launch(executable_path=chromium, args=flags) as browser:
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.add_init_script(LOG.replace("FASTER", str(faster)))
        page.goto(f"http://127.0.0.1:{server.port}/display/{server.branch}/{SCREEN}#token={server.display_token}")
        page.wait_for_function("() => document.querySelector('.link.is-live') !== null")
        page.wait_for_timeout(5000)  # until this screen has the voice
        devtools = page.context.new_cdp_session(page)
        heap, resident = [], []
        for _ in calling(server, calls, seconds, random.Random(seed)):
            page.wait_for_timeout(1)
            found = devtools.send("Runtime.getHeapUsage")["usedSize"]
            heap.append(found / 1e6)
            resident.append(resident_mb(os.getpid()))
        page.wait_for_timeout(SPEAKS_WITHIN_S * 1000)
        log = page.evaluate("window.log")
    database = next((server.folder / "data").glob("*.db"))
    with opened(database) as db:
        rows = [
            (seq, kind, json.loads(body)["event"])
            for seq, kind, body in db.execute(
                "SELECT seq, type, body FROM event WHERE type IN "
                "('ticket.called', 'ticket.recalled', 'call.shown', 'call.spoken') ORDER BY seq"
            )
        ]
    made = [Call(seq, e["number"], e["counter"], e["ticket"]) for seq, kind, e in rows if kind.startswith("ticket.")]
    shown = [event["call"] for _, kind, event in rows if kind == "call.shown"]
    spoken = [event["call"] for _, kind, event in rows if kind == "call.spoken"]
    return Day(made, shown, spoken, log, heap, resident)


def calling(server: Server, calls: int, seconds: float, dice: random.Random) -> Iterator[int]:
    """Counters call, now and then twice; a hundred times in all the caller looks at the memory."""
    path = f"/api/v1/branches/{server.branch}"
    counters = {each["no"]: each["fields"][0] for each in ask(server, "GET", path)["counters"]}
    at_work: dict[int, tuple[str, float]] = {}
    for no in counters:
        ask(server, "POST", f"{path}/counters/{no}/open", {}, key=f"open-counter-{no}")
    began = time.monotonic()
    for count in range(calls):
        due = began + seconds * count / calls
        while time.monotonic() < due:
            time.sleep(0.01)
        no = min(counters, key=lambda each: at_work.get(each, ("", 0.0))[1])
        before = at_work.get(no)
        if before:
            ask(server, "POST", f"/api/v1/tickets/{before[0]}/no-show", {}, key=f"absent-{before[0]}")
        ask(server, "POST", f"{path}/tickets", {"field": counters[no]}, key=f"issue-{count:08}")
        ticket = ask(server, "POST", f"{path}/counters/{no}/call-next", {}, key=f"call-next-{count:08}")
        at_work[no] = (ticket["id"], time.monotonic())
        if count % max(1, calls // 100) == 0:
            yield count
        if dice.random() < 0.02:
            time.sleep(min(5.0, seconds / calls * LATE_S / 4))


def chromium_pids(parent: int) -> list[int]:
    """The chromium processes that this one has started, and those that they have."""
    found, family = [], {parent}
    for pid in sorted(int(each) for each in os.listdir("/proc") if each.isdigit()):
        try:
            if int(measure.stat_of(pid)[1]) in family:
                family.add(pid)
                if b"chrom" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        except (OSError, IndexError, ValueError):
            continue
    return found


def resident_mb(parent: int) -> float:
    """Of all its chromium processes."""
    pages = 0
    for pid in chromium_pids(parent):
        with suppress(OSError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# -- what must be so ---------------------------------------------------------------------------------------------------


def judged(day: Day) -> Iterator[str]:
    """What is not as it must be, as sentences."""
    calls = [call.seq for call in day.calls]
    names = [f"{call.number} {call.counter}" for call in day.calls]
    yield from _not_once("told as shown", calls, day.shown)
    yield from _not_once("told as spoken", calls, day.spoken)
    yield from _not_once("on the screen", list(dict.fromkeys(names)), day.log["shown"])
    yield from _not_once("begun by the voice", [call.number for call in day.calls], day.log["begun"])
    yield from _not_once("spoken by the voice", [call.number for call in day.calls], [n for n, _ in day.log["spoken"]])
    for kind in ("dropped", "missing", "faults"):
        if day.log[kind]:
            yield f"{len(day.log[kind])} {kind}: {day.log[kind][:5]}"
    first, last = _eighths(day.heap_mb)
    if last > 1.2 * first:
        yield f"the page's heap grew from {first:.1f} to {last:.1f} MB"


def _not_once(what: str, expected: Sequence[Any], found: Sequence[Any]) -> Iterator[str]:
    """In this order, and each once."""
    if list(expected) == list(found):
        return
    missing = [each for each in expected if each not in set(found)]
    yield f"{what}: {len(found)} for {len(expected)} calls; {len(missing)} missing: {missing[:5]}"
    if not missing and len(found) == len(expected):
        place = next(i for i, (one, other) in enumerate(zip(expected, found, strict=True)) if one != other)
        yield f"{what}: another order from {expected[place]} on"


def _eighths(series: Sequence[float]) -> tuple[float, float]:
    """Means of the first hour of eight, without its start, and of the last."""
    part = max(1, len(series) // 8)
    return statistics.mean(series[part // 2 : part] or series[:1]), statistics.mean(series[-part:])


def told(day: Day) -> str:
    heap, resident = _eighths(day.heap_mb), _eighths(day.resident_mb)
    return (
        f"{len(day.calls)} calls, {len(day.shown)} shown, {len(day.spoken)} spoken; "
        f"heap {heap[0]:.1f} -> {heap[1]:.1f} MB, processes {resident[0]:.0f} -> {resident[1]:.0f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())
