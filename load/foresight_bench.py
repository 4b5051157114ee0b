"""What outlooks cost: a play's processor time by the size of a hall, and how long the server's loop is held up.

    python -m load.foresight_bench [--seconds 40]

Before them: `choose_next` and `explain` where a thousand wait, for each kind of counter.

The first table is of one process that does nothing else: making the scene, sending it, twenty plays, reading the
outlook; parts that run in the server's own loop are given by themselves. The second runs a whole house (SQLite, the
demo's centre with two hundred people waiting) whose counters call, finish and issue twice a second, and asks how late a
timer of a millisecond is at most, and how long the loop's thread really worked before it came; first without outlooks,
then with them, again and again. What is late without work is the machine's doing.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import uvloop

from load.simulate.centre import KIOSK, Centre
from load.simulate.sites import FIRST_DAY, Site, read_site
from queue_server.administration import SETUP
from queue_server.app import open_house
from queue_server.demo import ORGANISATION, always_open
from queue_server.directory.importing import plan_import, read_organisation, store_import
from queue_server.domain import commands as c
from queue_server.domain.foresight import Outlook, Scene, foresee
from queue_server.domain.refusals import Refusal
from queue_server.domain.routing import choose_next, explain
from queue_server.domain.scene import learnt_by, scene_of
from queue_server.foreseeing.foreseer import Foreseer
from queue_server.settings import read_settings
from queue_server.web.house import House

SIZES = (
    ("go-vap", None, 200),
    ("go-vap", None, 40),
    ("binhduong", "binhduong-b10", 10),
    ("binhduong", "binhduong-p01", 3),
)
"""Site, branch and how many wait there."""
BEGINS_S = 7.5 * 3600
ROUNDS = 3


# -- by itself ---------------------------------------------------------------------------------------------------------


def hall(site: Site, waiting: int, *, seed: int = 1) -> Centre:
    """All counters are open and busy, and so many wait."""
    centre, chance = Centre(site.config, FIRST_DAY), random.Random(seed)
    counters = list(centre.state.counters)
    for no in counters:
        centre.do(c.OpenCounter(counter=no), clerk(no), BEGINS_S)
    codes, weights = list(site.demand.mix), list(site.demand.mix.values())
    at = BEGINS_S
    while sum(map(centre.state.waiting_count, centre.state.fields)) < waiting:
        at += 1
        priority = "NCT75" if chance.random() < 0.08 else None
        centre.do(c.Issue(field=chance.choices(codes, weights)[0], priority=priority), KIOSK, at)
        for no in counters:
            if centre.state.at_counter(no) is None:
                with suppress(Refusal):
                    centre.do(c.CallNext(counter=no), clerk(no), at)
    centre.wait(at + 60)
    return centre


def clerk(no: int) -> c.By:
    return c.By(f"account:clerk{no}", clerk=f"clerk{no}")


def calling() -> None:
    print("| counter takes | choose_next, µs | explain, µs |\n|---|---:|---:|")
    state = hall(read_site("go-vap"), 1000).state
    assert state.at is not None
    now, seen = state.at + timedelta(hours=1), set[tuple[str, ...]]()
    for counter in state.counters.values():
        choice = choose_next(state, counter, now)
        if counter.takes in seen or choice is None:
            continue
        seen.add(counter.takes)
        chosen = 10 * milliseconds(lambda counter=counter: [choose_next(state, counter, now) for _ in range(100)])  # type: ignore[misc]
        said = 10 * milliseconds(
            lambda counter=counter, choice=choice: [explain(state, counter, now, choice) for _ in range(100)]  # type: ignore[misc]
        )
        print(f"| {', '.join(counter.takes)} | {chosen:.0f} | {said:.0f} |")
    print()


def milliseconds(work: Callable[[], object], *, times: int = 5) -> float:
    """Of processor time, the median."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(1000 * (time.process_time() - began))
    return statistics.median(found)


def table() -> None:
    print("| branch | counters | waiting | lessons | scene | encode | plays | decode | in the loop | bytes |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, branch, waiting in SIZES:
        site = read_site(name, branch=branch)
        centre = hall(site, waiting)
        state = centre.state
        now = state.at + timedelta(minutes=1) if state.at is not None else centre.instant(BEGINS_S)
        learnt = learnt_by(state)
        scene = scene_of(state, now, learnt)
        assert scene is not None
        sent = msgspec.msgpack.encode(scene)
        outlook = msgspec.msgpack.encode(foresee(scene))
        lessons = milliseconds(lambda state=state: learnt_by(state))  # type: ignore[misc]
        parts = [
            milliseconds(lambda state=state, now=now, learnt=learnt: scene_of(state, now, learnt)),  # type: ignore[misc]
            milliseconds(lambda scene=scene: msgspec.msgpack.encode(scene)),  # type: ignore[misc]
            milliseconds(lambda sent=sent: foresee(msgspec.msgpack.decode(sent, type=Scene))),  # type: ignore[misc]
            milliseconds(lambda outlook=outlook: msgspec.msgpack.decode(outlook, type=Outlook)),  # type: ignore[misc]
        ]
        figures = " | ".join(f"{each:.2f}" for each in (lessons, *parts, parts[0] + parts[1] + parts[3]))
        size = f"{len(sent) + len(outlook):,}"
        print(f"| {branch or name} | {len(scene.places)} | {len(scene.waiting)} | {figures} | {size} |")


# -- in a house --------------------------------------------------------------------------------------------------------


async def longest_block(house: House, branch: str, seconds: float) -> tuple[float, float, float, int]:
    """While counters work: the latest and the 99.9th percentile of a timer's delays, the longest work of the loop's
    thread before one (ms), and how many commands."""
    delays: list[float] = []
    worked: list[float] = []
    commands = 0
    until = time.monotonic() + seconds

    async def watch() -> None:
        while time.monotonic() < until:
            began, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            delays.append(1000 * (time.perf_counter() - began - 0.001))
            worked.append(1000 * (time.thread_time() - cpu))

    watching = asyncio.ensure_future(watch())
    host = await house.bus.host(branch)
    chance = random.Random(1)
    while time.monotonic() < until:
        no = chance.choice(list(host.state.counters))
        current = host.state.at_counter(no)
        steps: list[c.Command] = [c.Issue(field=chance.choice(list(host.state.fields)))]
        if current is not None:
            steps += [c.Start(ticket=current.id), c.Finish(ticket=current.id)]
        for step in [*steps, c.CallNext(counter=no)]:
            with suppress(Refusal):
                await house.bus.carry_out(branch, step, clerk_by(no), uuid4().hex)
                commands += 1
        await asyncio.sleep(0.5)
    await watching
    delays.sort()
    return delays[-1], delays[int(0.999 * len(delays))], max(worked), commands


def clerk_by(no: int) -> c.By:
    return c.By(f"account:clerk{no}", clerk=f"clerk{no}", fresh_id=uuid4().hex, may_override=True)


async def in_a_house(seconds: float) -> None:
    print("\n| outlooks | latest timer, ms | 99.9 %, ms | longest work, ms | commands | outlooks made |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent / ".run") as folder:
        async with open_house(read_settings({}, data=Path(folder))) as house:
            organisation = read_organisation(ORGANISATION)
            plan = await house.journal.run(lambda db: plan_import(db, organisation))
            (config,) = await house.journal.run(lambda db: store_import(db, plan, house.now()))
            await house.bus.put_in_force(always_open(config), SETUP.by(), "prepare")
            await fill(house, config.branch)
            for _ in range(ROUNDS):
                for is_on in (False, True):
                    made = await measured(house, config.branch, seconds, is_on=is_on)
                    print(f"| {'with' if is_on else 'without'} | {made}")
            status = Path(f"/proc/{house.foreseer.player}/status").read_text().splitlines()
            print("\nThe process that plays: " + next(line for line in status if line.startswith("VmRSS")))


async def fill(house: House, branch: str) -> None:
    host, chance = await house.bus.host(branch), random.Random(2)
    for no in list(host.state.counters):
        await house.bus.carry_out(branch, c.OpenCounter(counter=no), clerk_by(no), uuid4().hex)
    fields = list(host.state.fields)
    for _ in range(700):
        issue = c.Issue(field=chance.choice(fields))
        answer = await house.bus.carry_out(branch, issue, clerk_by(1), uuid4().hex)
        if sum(map(host.state.waiting_count, fields)) > 200:
            await house.bus.carry_out(branch, c.Cancel(ticket=answer.id), clerk_by(1), uuid4().hex)  # type: ignore[union-attr]


async def measured(house: House, branch: str, seconds: float, *, is_on: bool) -> str:
    """Without outlooks nothing is planned; one may still be under way."""
    foreseer = house.foreseer
    made, plan, told = 0, Foreseer._plan, foreseer._on_outlook

    def count(*arguments: object) -> None:
        nonlocal made
        made += 1
        told(*arguments)  # type: ignore[arg-type]

    foreseer._on_outlook = count
    if is_on:
        foreseer._plan(await house.bus.host(branch), time.monotonic())
    else:
        foreseer._plans.clear()
        Foreseer._plan = lambda *_: None  # type: ignore[method-assign]
    try:
        latest, most, worked, commands = await longest_block(house, branch, seconds)
    finally:
        Foreseer._plan = plan  # type: ignore[method-assign]
        foreseer._on_outlook = told
    assert made > 1 if is_on else made <= 1
    return f"{latest:.1f} | {most:.1f} | {worked:.1f} | {commands} | {made} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0)
    given = parser.parse_args()
    calling()
    table()
    uvloop.run(in_a_house(given.seconds))


if __name__ == "__main__":
    main()
