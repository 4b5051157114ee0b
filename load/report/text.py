"""The page: what ran, what came out, bad news first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from load.figures import Kind
from load.report.course import Course

FAILURES_SHOWN = 20


def write_report(course: Course, plots: Sequence[tuple[str, str]]) -> str:
    """Markdown; `plots` are files beside it, each with its caption."""
    run = course.run
    parts = [
        f"# {run.what}",
        f"{run.date}, `{run.command}`",
        _table(("", ""), _setting(course)),
        "## What came out",
        *_verdict(course),
        _table(("", ""), _outcome(course)),
        "## Latencies",
        "In milliseconds, of what succeeded; kept to 4 %. A call shown on a display is timed from the press to the "
        "display having the frame.",
        _table(("request", "count", "failed", "p50", "p95", "p99", "most"), _latencies(course)),
        "## Course",
        *(f"![{caption}]({file})\n\n{caption}" for file, caption in plots),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:" if len(head) > 2 else "---"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _setting(course: Course) -> Iterator[Sequence[str]]:
    run = course.run
    yield "machine", ", ".join(run.machine.values())
    yield "versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())
    yield "fleet", f"{run.branches:,} branches, {run.counters:,} counters, {run.visits:,} visits on this day"
    yield "people", f"from {run.starts}, {run.hurry:g} times as fast as the wall's clock, for {run.minutes:g} minutes"
    yield "server", f"{run.servers} process{'es' if run.servers > 1 else ''} on {run.database}"
    yield "generator", f"{run.locusts} Locust process{'es' if run.locusts > 1 else ''} on the same machine"
    yield "prepared in", f"{run.prepared['took_s']['all']:.1f} s; server ready {run.started_in_s:.1f} s after its start"


def _verdict(course: Course) -> Iterator[str]:
    books = course.run.books
    if not books.agree:
        yield (
            f"**The books differ**: people were told {books.told:,} numbers and {books.unanswered} presses had no "
            f"answer, the server has issued {books.issued:,}."
        )
    if not course.failed:
        yield "Nothing failed: no refusal that was not expected, no lost answer or connection, no gap on any channel."
        return
    yield f"**{course.failed:,} failures:**"
    worst = sorted(course.figures.failures.items(), key=lambda item: -item[1])
    rows = ((text.replace("|", "/"), f"{count:,}") for text, count in worst[:FAILURES_SHOWN])
    yield _table(("failure", "count"), rows)


def _outcome(course: Course) -> Iterator[Sequence[str]]:
    counts, cost, books = course.figures.counts, course.cost(), course.run.books
    issued = max(1, course.issued)
    yield "numbers given", f"{course.issued:,}; by the server's books {books.issued:,}"
    yield "calls", f"{counts.get('called', 0):,}; {books.waiting:,} people still waiting at the end"
    yield "how visits went", ", ".join(_ends(counts))
    waits = course.figures.waits
    yield (
        "waiting, by the people's clock",
        f"median {waits.quantile(0.5) / 60:.0f} min, 95 % within {waits.quantile(0.95) / 60:.0f} min",
    )
    yield "server CPU per ticket", f"**{cost.cpu_s / issued * 1000:.1f} ms**, all of its visit included"
    yield "server CPU", f"{cost.cpu_s / cost.wall_s * 100:.0f} % of a core; busiest 5 s {cost.peak_percent:.0f} %"
    yield "server memory", f"{cost.rss_mb_first:.0f} MB at first, {cost.rss_mb_last:.0f} MB at last"
    yield "open files of the server, at most", f"{cost.files_most:,} (planned connections: {course.run.connections:,})"
    before, after = course.run.database_bytes
    yield "database", f"{after / 1024**2:.1f} MB, {(after - before) / 1024 / issued:.1f} kB more for each ticket"
    lag = course.figures.lag
    yield (
        "generator",
        f"{cost.generator_percent:.0f} % of a core, late by {lag.quantile(0.5):.1f} ms (p50), {lag.quantile(0.99):.0f} "
        "ms (p99); latencies below hold that much of its own",
    )
    yield (
        "whole machine",
        f"{cost.busy_percent:.0f} % of a core in use, other people's work included; {cost.stolen_percent:.0f} % stolen",
    )


def _ends(counts: dict[str, int]) -> Iterator[str]:
    for name in ("finished", "no-show", "cancelled", "cancelled at the counter", "transferred", "held", "lines cut"):
        if counts.get(name):
            yield f"{counts[name]:,} {name}"


def _latencies(course: Course) -> Iterator[Sequence[str]]:
    for name, kind in sorted(course.kinds.items(), key=lambda item: (item[0].split()[0], -item[1].times.count)):
        yield name, f"{kind.times.count:,}", f"{kind.failures:,}" if kind.failures else "–", *_quantiles(kind)


def _quantiles(kind: Kind) -> Iterator[str]:
    if not kind.times.count:
        yield from ("–",) * 4
        return
    for share in (0.5, 0.95, 0.99, 1.0):
        value = kind.times.quantile(share)
        yield f"{value:.1f}" if value < 100 else f"{value:,.0f}"
