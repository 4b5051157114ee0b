"""What people are told in a simulation: by the product's own plays, as often as it makes them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec.structs import replace

from load.simulate.centre import Centre
from load.simulate.visits import Demand, Visit
from queue_server.domain.foresight import Outlook, Scene, foresee
from queue_server.domain.learning import Law, Learnt
from queue_server.domain.scene import learnt_by, scene_of
from queue_server.foreseeing.foreseer import EVERY_S, LEARNS_S

TrueLaws = Mapping[tuple[str, int], Law]


def true_laws(demand: Demand, speeds: Mapping[int, float]) -> dict[tuple[str, int], Law]:
    """How long each field occupies each counter: the walk and the service."""
    laws = {}
    for code, (mean_s, cv) in demand.services.items():
        for no, speed in speeds.items():
            walked = demand.walk_s + mean_s / speed
            laws[code, no] = Law.of(walked, cv * (mean_s / speed) / walked)
    return laws


class Forecast:
    """The newest outlook is the centre's; beside it one by the true laws and, if asked, one that has learnt nothing.
    Only every so many-th visit looks at it."""

    def __init__(self, centre: Centre, laws: TrueLaws, *, believed: bool = False, every: int = 1) -> None:
        self._centre = centre
        self._laws = laws
        self._looked_s = self._learnt_s = -math.inf
        self._learnt = Learnt()
        self._is_believed = believed
        self._every = every
        self._exact: dict[tuple[str, bool], float | None] = {}
        self._believed: dict[tuple[str, bool], float | None] = {}

    def is_asked(self, visit: Visit) -> bool:
        return visit.number % self._every == 0

    def look(self, visit: Visit, now: float) -> tuple[float | None, float | None]:
        """Make an outlook if the last one is older than the product lets it become; what the exact one says, and the
        one that has learnt nothing."""
        if now - self._looked_s >= EVERY_S:
            self._looked_s = now
            self._make(now)
        key = visit.field, visit.priority is not None
        return self._exact.get(key), self._believed.get(key)

    def newest(self, now: float) -> Outlook | None:
        """An outlook as of now."""
        self._looked_s = now
        self._make(now)
        return self._centre.outlook

    def _make(self, now: float) -> None:
        centre = self._centre
        centre.wait(now)
        if now - self._learnt_s >= LEARNS_S:
            self._learnt_s, self._learnt = now, learnt_by(centre.state)
        scene = scene_of(centre.state, centre.instant(now), self._learnt)
        self._exact, self._believed = {}, {}
        centre.outlook = None
        if scene is None:
            return
        centre.outlook = foresee(scene, seed=f"{now}")
        if self._laws:
            self._exact = _likely(foresee(self._exactly(scene), seed=f"{now} exact"))
        if self._is_believed:
            naive = scene_of(centre.state, centre.instant(now), Learnt())
            assert naive is not None
            self._believed = _likely(foresee(naive, seed=f"{now}"))

    def _exactly(self, scene: Scene) -> Scene:
        places = (
            replace(place, laws=tuple(self._laws[code, place.no] for code in scene.fields), doubt=0.0)
            for place in scene.places
        )
        return replace(scene, places=tuple(places), doubts=())


def _likely(outlook: Outlook) -> dict[tuple[str, bool], float | None]:
    """By field, and whether with priority."""
    found: dict[tuple[str, bool], float | None] = {}
    for code, field in outlook.fields.items():
        found[code, False] = field.wait.likely if field.wait else None
        found[code, True] = field.priority_wait.likely if field.priority_wait else None
    return found
