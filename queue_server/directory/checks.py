"""What must agree inside a branch's document and between branches, beyond the shape of each block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from queue_server.directory.faults import Fault, Loc, unknown
from queue_server.directory.languages import OWN, known_languages
from queue_server.directory.layers import Expanded
from queue_server.directory.plan import desk, screen
from queue_server.directory.schema import BranchDocument, DemandBlock, SeriesBlock
from queue_server.directory.values import TextBlock, minutes, window
from queue_server.domain.training import SUFFIX, home_of

Problem = tuple[Loc, str]

MIX_TOLERANCE = 0.05
"""Percent by which a mix may miss 100, since its shares are rounded."""
LEAST_CONTRAST = 7
"""Of what stands on a screen in a hall, so that it is read from ten metres."""


def check_branch(document: BranchDocument) -> Iterator[Problem]:
    """Everything in one document that does not agree."""
    yield from _codes_are_unique(document)
    yield from _codes_exist(document)
    yield from _prefixes_differ(document.series)
    yield from _every_field_has_a_counter(document)
    yield from _catalogue_is_shared_out(document)
    yield from _windows_follow_the_day_boundary(document)
    if document.demand is not None:
        yield from _demand_adds_up(document.demand, [field.code for field in document.fields])
    yield from _screens_show_something(document)
    yield from _notices_have_screens(document)
    yield from _languages_are_known(document)
    if home_of(document.code) is not None:
        yield ("code",), f"'{document.code}' would be a training copy; end it in another way than '{SUFFIX}'"
    if not _is_zone(document.timezone):
        yield ("timezone",), f"unknown time zone '{document.timezone}'"


def check_branches(branches: Sequence[Expanded]) -> list[Fault]:
    """Faults of each branch and of the tree that they form, with paths in the file. A fault of a template that many
    branches are like is told once."""
    found: dict[Fault, None] = {}
    codes = [branch.document.code for branch in branches]
    for index, branch in enumerate(branches):
        problems = [*check_branch(branch.document), *_stands_in_the_tree(branch.document, index, branches)]
        if branch.document.code in codes[:index]:
            problems.append((("code",), f"'{branch.document.code}' is the code of another branch too"))
        for loc, message in problems:
            found[Fault(branch.origins.path(loc), message)] = None
    return list(found)


def _codes_are_unique(document: BranchDocument) -> Iterator[Problem]:
    lists: dict[str, list[str]] = {
        "agencies": [agency.code for agency in document.agencies],
        "series": [series.code for series in document.series],
        "fields": [field.code for field in document.fields],
        "counters": [str(counter.no) for counter in document.counters],
        "classes": [each.code for each in document.classes],
        "screens": [screen.code for screen in document.screens],
        "notices": [notice.code for notice in document.notices],
        "holidays": [holiday.date for holiday in document.holidays],
    }
    keys = {"counters": "no", "holidays": "date"}
    for name, codes in lists.items():
        for index, code in enumerate(codes):
            if code in codes[:index]:
                yield (name, index, keys.get(name, "code")), f"'{code}' stands here twice"


def _codes_exist(document: BranchDocument) -> Iterator[Problem]:
    agencies = {agency.code for agency in document.agencies}
    series = {each.code for each in document.series}
    fields = {field.code for field in document.fields}
    for index, field in enumerate(document.fields):
        if field.series not in series:
            yield ("fields", index, "series"), unknown("series", field.series, series)
        if field.agency not in agencies:
            yield ("fields", index, "agency"), unknown("agency", field.agency, agencies)
        yield from _fields_exist(("fields", index, "steps"), field.steps, fields)
        if field.code in field.steps:
            yield ("fields", index, "steps"), f"'{field.code}' would be a step of itself"
    for index, counter in enumerate(document.counters):
        if counter.agency is not None and counter.agency not in agencies:
            yield ("counters", index, "agency"), unknown("agency", counter.agency, agencies)
        for key, codes in (("fields", counter.fields), ("helps", counter.helps)):
            yield from _fields_exist(("counters", index, key), codes, fields)
        for place, code in enumerate(counter.helps):
            if code in counter.fields:
                yield ("counters", index, "helps", place), f"'{code}' is already one of the counter's own fields"


def _screens_show_something(document: BranchDocument) -> Iterator[Problem]:
    agencies = {agency.code for agency in document.agencies}
    desks = [desk(counter) for counter in document.counters]
    for index, block in enumerate(document.screens):
        if block.agency is not None and block.agency not in agencies:
            yield ("screens", index, "agency"), unknown("agency", block.agency, agencies)
        elif not any(map(screen(block).shows, desks)):
            yield ("screens", index), f"'{block.code}' shows no counter of this branch"
        if block.layout == "counter" and block.counter is None:
            yield ("screens", index, "counter"), "a screen of one counter names it"
        if block.accent and (contrast := _contrast_on_white(block.accent)) < LEAST_CONTRAST:
            said = f"white on it has {contrast:.1f}:1, and a hall needs {LEAST_CONTRAST}:1"
            yield ("screens", index, "accent"), f"'{block.accent}' is too light: {said}"


def _contrast_on_white(colour: str) -> float:
    """Of "#0b5b47" and white, as WCAG 2 reckons it: 1 to 21."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _notices_have_screens(document: BranchDocument) -> Iterator[Problem]:
    screens = {screen.code for screen in document.screens}
    for index, notice in enumerate(document.notices):
        for place, code in enumerate(notice.screens):
            if code not in screens:
                yield ("notices", index, "screens", place), unknown("screen", code, screens)


def _fields_exist(at: Loc, codes: Sequence[str], known: set[str]) -> Iterator[Problem]:
    for place, code in enumerate(codes):
        if code not in known:
            yield (*at, place), unknown("field", code, known)
        elif code in codes[:place]:
            yield (*at, place), f"'{code}' stands here twice"


def _prefixes_differ(series: Sequence[SeriesBlock]) -> Iterator[Problem]:
    """Two series clash when a number of one could be printed by the other."""
    for index, each in enumerate(series):
        for other in series[:index]:
            if each.code != other.code and _printed_overlap(each, other):
                yield (
                    ("series", index, "prefix"),
                    f"'{each.prefix}' prints the same numbers as series '{other.code}'",
                )


def _printed_overlap(one: SeriesBlock, two: SeriesBlock) -> bool:
    letters_one, length_one, first_one, last_one = _printed_range(one)
    letters_two, length_two, first_two, last_two = _printed_range(two)
    same_form = letters_one == letters_two and length_one == length_two
    return same_form and first_one <= last_two and first_two <= last_one


def _printed_range(series: SeriesBlock) -> tuple[str, int, int, int]:
    """Letters, count of digits, and the first and last number that the digits spell."""
    letters = series.prefix.rstrip("0123456789")
    digits = series.prefix[len(letters) :]
    offset = int(digits or 0) * 10**series.width
    return letters, len(digits) + series.width, offset + series.first, offset + series.last


def _every_field_has_a_counter(document: BranchDocument) -> Iterator[Problem]:
    taken = {code for desk in document.counters if not desk.is_retired for code in (*desk.fields, *desk.helps)}
    for index, field in enumerate(document.fields):
        if field.code not in taken and not field.is_retired:
            yield ("fields", index), f"no counter takes '{field.code}': its tickets would wait for ever"


def _catalogue_is_shared_out(document: BranchDocument) -> Iterator[Problem]:
    """Each group of the catalogue belongs to one field at most."""
    owners: dict[tuple[str, str], str] = {}
    for index, field in enumerate(document.fields):
        for level, groups in field.catalogue.items():
            for place, group in enumerate(groups):
                owner = owners.setdefault((level, group), field.code)
                if owner != field.code:
                    yield ("fields", index, "catalogue", level, place), f"'{group}' belongs to field '{owner}' already"


def _windows_follow_the_day_boundary(document: BranchDocument) -> Iterator[Problem]:
    boundary = minutes(document.day_boundary)
    weeks: list[tuple[Loc, Iterable[str]]] = [
        (("hours", day), (*hours.working, *hours.issuing)) for day, hours in document.hours.items()
    ]
    for index, field in enumerate(document.fields):
        weeks += [
            (("fields", index, "hours", day), (*hours.working, *hours.issuing))
            for day, hours in (field.hours or {}).items()
        ]
    weeks += [
        (("holidays", index), (*holiday.working, *holiday.issuing)) for index, holiday in enumerate(document.holidays)
    ]
    for loc, spans in weeks:
        for span in spans:
            if window(span).start < boundary:
                yield loc, f"window {span} begins before the service day does ({document.day_boundary})"
            if window(span).end > boundary + 24 * 60:
                yield loc, f"window {span} ends after the service day does ({document.day_boundary} next morning)"


def _demand_adds_up(demand: DemandBlock, fields: Sequence[str]) -> Iterator[Problem]:
    for code in demand.mix:
        if code not in fields:
            yield ("demand", "mix", code), unknown("field", code, fields)
    total = sum(demand.mix.values())
    if abs(total - 100) > MIX_TOLERANCE:
        yield ("demand", "mix"), f"shares add up to {total:g}, not to 100"
    names = [visits.code for visits in demand.visits]
    if "usual" not in names or len(set(names)) < len(names):
        yield ("demand", "visits"), "each code once, and one of them 'usual'"


def _stands_in_the_tree(document: BranchDocument, index: int, branches: Sequence[Expanded]) -> Iterator[Problem]:
    parents = {branch.document.code: branch.document.parent for branch in branches}
    if document.parent is not None and document.parent not in parents:
        yield ("parent",), unknown("branch", document.parent, parents)
        return
    above, steps = document.parent, 0
    while above is not None and steps <= len(branches):
        if above == document.code:
            yield ("parent",), f"'{document.code}' would stand below itself"
            return
        above, steps = parents.get(above), steps + 1


def _languages_are_known(document: BranchDocument) -> Iterator[Problem]:
    known = known_languages()
    for place, code in enumerate(document.languages):
        if code in OWN:
            yield ("languages", place), f"'{code}' is always there"
        elif code not in known:
            yield ("languages", place), _no_language(code)
        elif code in document.languages[:place]:
            yield ("languages", place), f"'{code}' stands here twice"
    yield from unknown_languages(document, known)


def unknown_languages(block: object, known: Sequence[str], at: Loc = ()) -> Iterator[Problem]:
    """The keys of texts, however deep, that are no language's."""
    if isinstance(block, TextBlock):
        yield from (((*at, code), _no_language(code)) for code in block.more if code not in known)
    elif isinstance(block, BaseModel):
        for name in type(block).model_fields:
            yield from unknown_languages(getattr(block, name), known, (*at, name))
    elif isinstance(block, list):
        for place, each in enumerate(block):
            yield from unknown_languages(each, known, (*at, place))


def _no_language(code: str) -> str:
    return f"unknown language '{code}': there is no config/languages/{code}.yaml"


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (KeyError, ValueError, OSError):
        return False
