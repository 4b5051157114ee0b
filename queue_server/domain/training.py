"""A copy of a branch to practise in: the same fields, counters and rules, at any hour, and nothing that leaves it.

Its code says what it is a copy of, so that whoever has only the code knows too: `go-vap-tap-huan` of `go-vap`.
"""

from __future__ import annotations

from msgspec.structs import replace

from queue_server.domain.configuration import (
    WEEKDAYS,
    BranchConfig,
    Cap,
    DayHours,
    Field,
    Hours,
    Screen,
    Text,
    Window,
)

SUFFIX = "-tap-huan"
MARK = Text("TẬP HUẤN", "TRAINING")
DAY_MINUTES = 24 * 60


def training_code(branch: str) -> str:
    return branch + SUFFIX


def home_of(branch: str) -> str | None:
    """The branch of which this one is the training copy; None of a real one."""
    return branch.removesuffix(SUFFIX) if branch.endswith(SUFFIX) and branch != SUFFIX else None


def training_copy(config: BranchConfig) -> BranchConfig:
    """What is in force in the training copy of this branch.

    It is open around the clock and has no caps; it stands nowhere and takes nothing from elsewhere, so that no branch
    sends citizens or asks for people there; its screens are silent.
    """
    return replace(
        config,
        branch=training_code(config.branch),
        name=marked(config.name),
        fields=tuple(_field(each) for each in config.fields),
        hours=_always(config.day_boundary),
        limits=replace(config.limits, numbers_a_minute=None, numbers_an_hour=None, ends_by_forecast=False),
        place=None,
        teams=(),
        screens=tuple(replace(screen, voice=None) for screen in config.screens) or (Screen("man-hinh"),),
        notices=(),
        is_training=True,
    )


def marked(name: Text) -> Text:
    """ "Trung tâm … (TẬP HUẤN)", in every language that the name has."""
    return replace(name, vi=f"{name.vi} ({MARK.vi})", en=f"{name.en or name.vi} ({MARK.en})")


def _field(field: Field) -> Field:
    return replace(field, hours=None, cap=Cap(), is_anywhere=False)


def _always(boundary: int) -> Hours:
    window = (Window(boundary, boundary + DAY_MINUTES),)
    return Hours(dict.fromkeys(WEEKDAYS, DayHours(window, window)))
