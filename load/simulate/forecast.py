"""What people are told in a simulation: by the product's own plays, as often as it makes them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec.structs import replace

from load.simulate.centre import Centre
from load.simulate.visits import Demand, Visit
from queue_server.domain.foresight import Scene, foresee
from queue_server.domain.learning import Law, Learnt
from queue_server.domain.scene import learnt_by, scene_of

EVERY_S = 5.0
LEARNS_EVERY_S = 300.0

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
    """The newest outlook is the centre's; beside it one by the true laws."""

    def __init__(self, centre: Centre, laws: TrueLaws) -> None:
        self._centre = centre
        self._laws = laws
        self._looked_s = self._learnt_s = -math.inf
        self._learnt = Learnt()
        self._exact: dict[tuple[str, bool], float | None] = {}

    def look(self, visit: Visit, now: float) -> float | None:
        """Make an outlook if the last one is older than the product lets it become; what the exact one says."""
        if now - self._looked_s >= EVERY_S:
            self._looked_s = now
            self._make(now)
        return self._exact.get((visit.field, visit.priority is not None))

    def _make(self, now: float) -> None:
        centre = self._centre
        centre.wait(now)
        if now - self._learnt_s >= LEARNS_EVERY_S:
            self._learnt_s, self._learnt = now, learnt_by(centre.state)
        scene = scene_of(centre.state, centre.instant(now), self._learnt)
        self._exact.clear()
        centre.outlook = None
        if scene is None:
            return
        centre.outlook = foresee(scene, seed=f"{now}")
        exact = foresee(self._exactly(scene), seed=f"{now} exact")
        for code, field in exact.fields.items():
            self._exact[code, False] = field.wait.likely if field.wait else None
            self._exact[code, True] = field.priority_wait.likely if field.priority_wait else None

    def _exactly(self, scene: Scene) -> Scene:
        places = (
            replace(place, laws=tuple(self._laws[code, place.no] for code in scene.fields)) for place in scene.places
        )
        return replace(scene, places=tuple(places))
