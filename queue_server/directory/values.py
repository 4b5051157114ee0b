"""The small values of which configuration files are made: codes, texts, windows, weekdays, marks."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from queue_server.domain.configuration import WEEKDAYS, Window

Mark = Literal["S", "C", "D", "B", "A"]
"""Where figures come from: stated by the founding documents, confirmed in a public text, derived, believed, assumed."""


class Block(BaseModel):
    """Any mapping in a file. Unknown keys are refused. `mark` holds for the figures in the block and below it, until
    a nearer mark says otherwise; it decides nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mark: Mark | None = None


def _normal(text: str) -> str:
    """Vietnamese in composed form (NFC), so that equal texts are equal bytes."""
    return unicodedata.normalize("NFC", text.strip())


Words = Annotated[str, AfterValidator(_normal)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class TextBlock(BaseModel):
    """A text for people. Its further keys are languages of `config/languages`; `checks` refuses others."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, Annotated[Words, Field(min_length=1, max_length=200)]] = Field(init=False)

    vi: Annotated[Words, Field(min_length=1, max_length=200)]
    en: Annotated[Words, Field(max_length=200)] = ""

    @property
    def more(self) -> dict[str, str]:
        return self.__pydantic_extra__

    def as_json(self) -> dict[str, str]:
        return self.model_dump(exclude_defaults=True)


def _text_from_words(value: Any) -> Any:
    return {"vi": value} if isinstance(value, str) else value


Text = Annotated[TextBlock, BeforeValidator(_text_from_words)]
"""`{vi: …, en: …, zh: …}`, or the Vietnamese words alone."""


def _iso_date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(f"must be a date such as 2026-11-24, but is '{value}'") from None


IsoDate = Annotated[str, AfterValidator(_iso_date)]

_CLOCK = re.compile(r"^(\d{1,2}):(\d\d)$")
LATEST_HOUR = 30
"""Windows may pass midnight, as far as 06:00 of the following day."""


def minutes(clock: str) -> int:
    """Minutes since local midnight: "07:30" is 450, "25:00" is one o'clock of the next morning."""
    match = _CLOCK.match(clock.strip())
    if match is None or int(match[2]) > 59 or int(match[1]) > LATEST_HOUR:
        raise ValueError(f"must be a time such as 07:30, but is '{clock}'")
    return int(match[1]) * 60 + int(match[2])


def clock(at: int) -> str:
    return f"{at // 60:02d}:{at % 60:02d}"


Clock = Annotated[str, AfterValidator(lambda value: clock(minutes(value)))]


def window(span: str) -> Window:
    """ "07:30-11:30" as minutes."""
    start, dash, end = span.partition("-")
    if not dash:
        raise ValueError(f"must be a window such as 07:30-11:30, but is '{span}'")
    found = Window(minutes(start), minutes(end))
    if found.end <= found.start:
        raise ValueError(f"ends before it begins: '{span}'")
    return found


def _span(value: str) -> str:
    found = window(value)
    return f"{clock(found.start)}-{clock(found.end)}"


def _in_order(spans: list[str]) -> list[str]:
    windows = [window(span) for span in spans]
    for before, after in pairwise(windows):
        if after.start < before.end:
            raise ValueError("windows must be in order and must not overlap")
    return spans


Span = Annotated[str, AfterValidator(_span)]
Spans = Annotated[list[Span], AfterValidator(_in_order)]


class HoursBlock(Block):
    """One day: when counters work, and when numbers are given. Both empty is a closed day."""

    working: Spans = Field(default_factory=list)
    issuing: Spans = Field(default_factory=list)

    @model_validator(mode="after")
    def _issuing_fits(self) -> HoursBlock:
        if not self.issuing:
            return self
        if not self.working:
            raise ValueError("numbers are given although no counter works")
        if window(self.issuing[-1]).end > window(self.working[-1]).end:
            raise ValueError("numbers are given after the counters have closed")
        return self


def _weekdays(key: str) -> tuple[str, ...]:
    """The weekdays that "sat" or "mon-fri" name."""
    first, _, last = key.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise ValueError(f"unknown weekday '{key}'; write mon … sun, or a run such as mon-fri")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < start:
        raise ValueError(f"'{key}' runs backwards")
    return WEEKDAYS[start : end + 1]


def _weekday_key(key: str) -> str:
    _weekdays(key)
    return key


def _each_weekday(hours: dict[str, HoursBlock]) -> dict[str, HoursBlock]:
    found: dict[str, HoursBlock] = {}
    for key, block in hours.items():
        for day in _weekdays(key):
            if day in found:
                raise ValueError(f"'{day}' is named twice")
            found[day] = block
    return {day: found[day] for day in WEEKDAYS if day in found}


Weekly = Annotated[dict[Annotated[str, AfterValidator(_weekday_key)], HoursBlock], AfterValidator(_each_weekday)]
"""Hours by weekday or by a run of weekdays; a weekday that is not named is closed."""


def _numbers(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def counter_range(numbers: str) -> range:
    """The counters that "7" or "1-5" names."""
    first, _, last = numbers.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise ValueError(f"must be a counter's number such as 7, or a run such as 1-5, but is '{numbers}'")
    if not 1 <= int(first) <= int(last or first) <= 999:
        raise ValueError(f"counters are numbered 1 to 999, and a run goes upwards: '{numbers}'")
    return range(int(first), int(last or first) + 1)


def _known_range(numbers: str) -> str:
    counter_range(numbers)
    return numbers


CounterNumbers = Annotated[str, BeforeValidator(_numbers), AfterValidator(_known_range)]


def ordinals(numbers: str) -> tuple[int, int]:
    """The first and the last number that "900-999" names."""
    first, _, last = numbers.partition("-")
    if not (first.isdecimal() and last.isdecimal()):
        raise ValueError(f"must be numbers such as 900-999, but is '{numbers}'")
    return int(first), int(last)


def _known_ordinals(numbers: str) -> str:
    ordinals(numbers)
    return numbers


Ordinals = Annotated[str, AfterValidator(_known_ordinals)]
