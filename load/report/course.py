"""What the tables and the plots are made of: a run in windows of time, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from load.figures import WINDOW_S, Figures, Histogram, Kind
from load.run import Run
from load.sampling import Sample

ISSUE, CALL, SHOWN = "WS issue", "WS call-next", "WS call shown on a display"


class Load(Struct, frozen=True):
    """One group of processes between two samples: % of a core, MB, open files."""

    minute: float
    cpu_percent: float
    rss_mb: float
    files: int


class Cost(Struct, frozen=True):
    """Of all server processes together, from the opening of the doors to the end."""

    cpu_s: float
    wall_s: float
    peak_percent: float
    rss_mb_first: float
    rss_mb_last: float
    files_most: int
    generator_percent: float
    busy_percent: float
    stolen_percent: float


class Course:
    """One run."""

    def __init__(self, run: Run, figures: Figures, samples: Sequence[Sample]) -> None:
        self.run = run
        self.figures = figures
        self.kinds = figures.total()
        self.samples = [sample for sample in samples if sample.at >= figures.began_at] or list(samples)[-2:]
        numbers = sorted(number for number in figures.windows if number * WINDOW_S >= figures.began_at)
        self.windows = numbers[:-1] or numbers
        """From the first whole one to the last whole one."""

    @property
    def issued(self) -> int:
        return self.figures.counts.get("issued", 0)

    @property
    def failed(self) -> int:
        return sum(self.figures.failures.values())

    def minute(self, at: float) -> float:
        """Minutes since the doors opened, by the wall."""
        return (at - self.figures.began_at) / 60

    def minutes(self) -> list[float]:
        return [self.minute((number + 0.5) * WINDOW_S) for number in self.windows]

    def kind(self, number: int, name: str) -> Kind:
        return self.figures.windows[number].kinds.get(name, Kind())

    def rate(self, *names: str) -> list[float]:
        """Of these kinds together, how many a second in each window."""
        return [sum(self.kind(number, name).times.count for name in names) / WINDOW_S for number in self.windows]

    def quantiles(self, name: str, share: float, *, over: int) -> list[float | None]:
        """Over so many windows around each; None where nothing was measured."""
        found: list[float | None] = []
        for place in range(len(self.windows)):
            near = Histogram()
            for number in self.windows[max(0, place - over // 2) : place + over // 2 + 1]:
                near.merge(self.kind(number, name).times)
            found.append(near.quantile(share) if near.count else None)
        return found

    # -- what processes used -------------------------------------------------------------------------------------------

    def groups(self, prefix: str) -> list[str]:
        return [name for name in self.samples[0].uses if name.startswith(prefix)]

    def load(self, prefix: str) -> list[Load]:
        """All groups with this prefix together, between each two samples."""
        found = []
        names = self.groups(prefix)
        for before, after in zip(self.samples, self.samples[1:], strict=False):
            cpu = sum(after.uses[name].cpu_s - before.uses[name].cpu_s for name in names)
            found.append(
                Load(
                    minute=self.minute(after.at),
                    cpu_percent=max(0.0, cpu) / (after.at - before.at) * 100,
                    rss_mb=sum(after.uses[name].rss_kb for name in names) / 1024,
                    files=sum(after.uses[name].files for name in names),
                )
            )
        return found

    def cost(self) -> Cost:
        first, last = self.samples[0], self._last_alive()
        wall_s = max(1e-9, last.at - first.at)
        load = self.load("server")
        return Cost(
            cpu_s=self._cpu("server", last) - self._cpu("server", first),
            wall_s=wall_s,
            peak_percent=max(_smooth([each.cpu_percent for each in load]), default=0.0),
            rss_mb_first=sum(first.uses[name].rss_kb for name in self.groups("server")) / 1024,
            rss_mb_last=sum(last.uses[name].rss_kb for name in self.groups("server")) / 1024,
            files_most=max((each.files for each in load), default=0),
            generator_percent=(self._cpu("locust", last) - self._cpu("locust", first)) / wall_s * 100,
            busy_percent=(last.busy_s - first.busy_s) / wall_s * 100,
            stolen_percent=(last.stolen_s - first.stolen_s) / wall_s * 100,
        )

    def _last_alive(self) -> Sample:
        """The last sample in which every Locust still ran."""
        locusts = self.groups("locust")
        return next(
            (each for each in reversed(self.samples) if all(each.uses[name].rss_kb for name in locusts)),
            self.samples[-1],
        )

    def _cpu(self, prefix: str, sample: Sample) -> float:
        return sum(sample.uses[name].cpu_s for name in self.groups(prefix))


def _smooth(values: Sequence[float], over: int = 5) -> list[float]:
    """Means of so many neighbours."""
    return [sum(values[place : place + over]) / over for place in range(len(values) - over + 1)]
