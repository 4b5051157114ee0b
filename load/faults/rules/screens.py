"""What displays showed: never something older than before, and in the end what everybody else sees."""

from __future__ import annotations

from collections.abc import Iterator

from load.faults.history import Died, Dismissed, Fresh, LastView, Recovered, Shown
from load.faults.rules.evidence import Evidence, Violation, grouped


def never_back(evidence: Evidence) -> Iterator[Violation]:
    epochs = {head.branch: head.epoch for head in evidence.dump.heads}
    for (display, channel), frames in grouped(evidence.of(Shown), lambda s: (s.display, s.channel)).items():
        newest = 0
        for shown in frames:
            epoch, _, seq = shown.position.rpartition(".")
            expected = epochs.get(channel.partition(":")[2].partition("/")[0])
            if epoch != expected:
                yield Violation("epoch", f"{display} was shown {shown.position}, the journal is in {expected}")
            if int(seq) < newest:
                yield Violation("step-back", f"{display} had {newest}, {shown.server} gave {seq} at {shown.at:.3f} s")
            newest = int(seq)


def all_the_same(evidence: Evidence) -> Iterator[Violation]:
    heads = {head.branch: f"{head.epoch}.{head.seq}" for head in evidence.dump.heads}
    fresh = grouped(evidence.of(Fresh), lambda one: one.channel)
    for channel, found in fresh.items():
        expected = heads.get(channel.partition(":")[2].partition("/")[0])
        for one in found:
            if one.position != expected:
                yield Violation("fresh", f"{channel} by {one.server} is at {one.position}, the journal at {expected}")
            if one.view != found[0].view:
                yield Violation("fresh", f"{channel} by {one.server} is not the same as by {found[0].server}")
    for last in evidence.of(LastView):
        if last.channel not in fresh:
            yield Violation("converge", f"nobody knows what {last.channel} should show")
        elif last.view != fresh[last.channel][0].view:
            yield Violation("converge", f"{last.display} does not show in the end what a new reader gets")


def came_back(evidence: Evidence) -> Iterator[Violation]:
    for recovered in evidence.of(Recovered):
        if recovered.after_s is None:
            left = ", ".join(recovered.behind)
            yield Violation(
                "recovery", f"after fault {recovered.no} ({recovered.kind}) some never agreed again: {left}"
            )
    for dismissed in evidence.of(Dismissed):
        yield Violation("dismissed", f"{dismissed.display} was sent away by {dismissed.server}: {dismissed.code}")
    for died in evidence.of(Died):
        yield Violation("died", f"{died.server} ended by itself at {died.at:.3f} s, with status {died.status}")


RULES = (never_back, all_the_same, came_back)
