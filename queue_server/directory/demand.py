"""How people come: the profile of arrivals that branches share (`config/demand`), for simulator and demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from queue_server.directory.faults import InvalidDirectory, from_pydantic
from queue_server.directory.reading import read_yaml
from queue_server.directory.schema import Percent, ServiceTime
from queue_server.directory.values import Block, Clock, Code

Factor = Annotated[float, Field(gt=0, le=10)]
Channel = Literal["walk_in", "online", "appointment"]


def _all_of_them(shares: dict[str, float]) -> dict[str, float]:
    total = sum(shares.values())
    if abs(total - 100) > 1e-6:
        raise ValueError(f"shares add up to {total:g}, not to 100")
    return shares


class ArrivalsBlock(Block):
    """Percent of the day's visits that arrive in each half-hour, by its beginning."""

    percent: Annotated[dict[Clock, Percent], AfterValidator(_all_of_them)]


class FactorsBlock(Block):
    """What multiplies an ordinary day's visits; `land_fever` multiplies the land field alone."""

    weekday: dict[Literal["mon", "tue", "wed", "thu", "fri"], Factor]
    after_tet: Factor
    after_holiday: Factor
    land_fever: Factor


class BehaviourBlock(Block):
    """Percent of visits: what people and clerks do."""

    no_show: dict[Channel, Percent]
    transfer: Percent
    hold: Percent
    rating: Percent
    id_scanned: Percent
    online_number: Percent


class ClassMixBlock(Block):
    percent: Annotated[dict[Code, Percent], AfterValidator(_all_of_them)]


class ServiceBlock(Block):
    """A log-normal service time: mean in seconds and coefficient of variation."""

    mean_s: ServiceTime
    cv: Annotated[float, Field(ge=0, le=3)]


class ExtraBlock(Block):
    """Time beyond a field's mean: for each further set of copies, and for somebody with many dossiers."""

    copy_set_s: Annotated[int, Field(ge=0)]
    bulk_start_s: Annotated[int, Field(ge=0)]
    bulk_dossier_s: Annotated[int, Field(ge=0)]


class DemandProfile(Block):
    arrivals: ArrivalsBlock
    factors: FactorsBlock
    behaviour: BehaviourBlock
    priority_classes: ClassMixBlock
    services: dict[Code, ServiceBlock]
    extra: ExtraBlock


def read_demand(path: Path) -> DemandProfile:
    """Raises InvalidDirectory with the path of each fault."""
    try:
        return DemandProfile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InvalidDirectory(from_pydantic(error), str(path)) from None
