"""Metrics as tables for people to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from load.simulate.metrics import Metrics, Waits


def table(metrics: Metrics) -> str:
    """All waits of some days, with overtakes, estimates and who was turned away. Minutes."""
    lines = [
        "| of whom | called | mean | p50 | p95 | longest | > 15 | > 30 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, waits in groups(metrics).items():
        if waits is not None:
            minutes = " | ".join(f"{value:.1f}" for value in (waits.mean, waits.p50, waits.p95, waits.longest))
            lines.append(f"| {name} | {waits.count} | {minutes} | {waits.over_15:.0%} | {waits.over_30:.0%} |")
    for name, each in metrics.overtakes.items():
        lines.append(f"overtaken, {name}: mean {each.mean:.2f}, p99 {each.p99:.0f}, most {each.most}")
    if metrics.estimates is not None:
        told = metrics.estimates
        lines.append(f"estimates: {told.told:.0%} told, error {told.error:.1f}, bias {told.bias:+.1f}, "
                     f"{told.late:.0%} over 5 min late, the range covers {told.coverage:.0%}")  # fmt: skip
        if told.exact and told.last and told.against_last:
            lines.append(f"  error ÷ plays with the true laws {told.error / told.exact:.2f}, "
                         f"÷ the last one called {told.against_last / told.last:.2f}")  # fmt: skip
    away = Counter(metrics.turned_away)
    lines.append(f"turned away: {dict(away) or 'nobody'}")
    if metrics.gave_up:
        lines.append(f"went without being called: {metrics.gave_up}")
    return "\n".join(lines)


def groups(metrics: Metrics) -> dict[str, Waits | None]:
    found = {"all": metrics.all, "priority": metrics.priority, "ordinary": metrics.ordinary}
    if metrics.appointments is not None:
        found["with an appointment"] = metrics.appointments
    return {**found, **metrics.fields}


def beside(columns: Mapping[str, Metrics]) -> str:
    """The waits of several metrics beside each other. Minutes."""
    head = "".join(f" {name}: called | mean | p95 | longest | > 30 |" for name in columns)
    lines = [f"| of whom |{head}", "|---|" + "---:|" * 5 * len(columns)]
    found = [groups(metrics) for metrics in columns.values()]
    for name in dict.fromkeys(name for each in found for name in each):
        cells = "".join(_cells(each.get(name)) for each in found)
        lines.append(f"| {name} |{cells}")
    for name, metrics in columns.items():
        lines.append(f"turned away, {name}: {metrics.turned_away or 'nobody'}")
        if metrics.gave_up:
            lines.append(f"went without being called, {name}: {metrics.gave_up}")
    return "\n".join(lines)


def _cells(waits: Waits | None) -> str:
    if waits is None:
        return " 0 |" + " – |" * 4
    minutes = " | ".join(f"{value:.1f}" for value in (waits.mean, waits.p95, waits.longest))
    return f" {waits.count} | {minutes} | {waits.over_30:.0%} |"
