"""From a branch's document to the value that the command `Configure` puts in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import UNSET, json

from queue_server.directory.schema import (
    BranchDocument,
    CapBlock,
    ClassBlock,
    CounterBlock,
    FieldBlock,
    HolidayBlock,
    LimitsBlock,
    NoticeBlock,
    PlaceBlock,
    SatisfactionBlock,
    ScreenBlock,
    SeriesBlock,
    VoiceBlock,
)
from queue_server.directory.values import HoursBlock, TextBlock, Weekly, clock, minutes, window
from queue_server.domain import configuration as domain


def branch_config(document: BranchDocument, organisation: TextBlock) -> domain.BranchConfig:
    """What is in force once this document is. The domain gives the version; classes that are off stay out."""
    return domain.BranchConfig(
        branch=document.code,
        name=_text(document.name),
        organisation=_text(organisation),
        agencies=tuple(domain.Agency(agency.code, _text(agency.name)) for agency in document.agencies),
        series=tuple(
            domain.Series(s.code, s.prefix, s.width, s.first, s.last, s.emergency_block) for s in document.series
        ),
        fields=tuple(_field(field) for field in document.fields),
        counters=tuple(desk(counter) for counter in document.counters),
        classes=tuple(_class(each) for each in document.classes if each.is_on),
        hours=domain.Hours(_weekly(document.hours), _dates(document.holidays)),
        timezone=document.timezone,
        day_boundary=minutes(document.day_boundary),
        rule=domain.RoutingRule(**document.rule.model_dump(exclude={"mark"})),
        limits=_limits(document.limits),
        notice=_text(document.notice),
        place=_position(document.place),
        address=_text(document.address),
        teams=tuple(
            domain.Team(each.code, _text(each.name), each.people, tuple(each.fields), _position(each.place))
            for each in document.teams
        ),
        languages=tuple(document.languages),
        screens=tuple(screen(block) for block in document.screens),
        notices=tuple(_notice(block) for block in document.notices),
        logo=document.logo,
        satisfaction=_satisfaction(document.satisfaction),
    )


def _satisfaction(block: SatisfactionBlock) -> domain.Satisfaction:
    reasons = tuple(domain.Reason(each.code, _text(each.name)) for each in block.reasons)
    return domain.Satisfaction(reasons, block.asks_all, block.asks_s, block.takes_comments)


def _position(place: PlaceBlock | None) -> domain.Position | None:
    return domain.Position(place.latitude, place.longitude) if place else None


def _text(text: TextBlock | None) -> domain.Text:
    return domain.Text(text.vi, text.en, text.more or UNSET) if text else domain.Text("")


def _series(series: SeriesBlock) -> domain.Series:
    return domain.Series(series.code, series.prefix, series.width, series.first, series.last, series.emergency_block)


def _field(field: FieldBlock) -> domain.Field:
    return domain.Field(
        code=field.code,
        name=_text(field.name),
        series=field.series,
        agency=field.agency,
        examples=_text(field.examples),
        hours=domain.Hours(_weekly(field.hours)) if field.hours else None,
        cap=_cap(field.cap),
        service_time_s=field.service_time_s,
        service_time_cv=field.service_time_cv,
        zone=field.zone,
        procedures=tuple(field.procedures),
        catalogue={level: tuple(groups) for level, groups in field.catalogue.items()},
        is_retired=field.is_retired,
        is_anywhere=field.is_anywhere,
        asks_procedure=field.asks_procedure,
        service=field.service,
        steps=tuple(field.steps),
    )


def _cap(cap: CapBlock) -> domain.Cap:
    channels: dict[Any, int] = cap.channels.model_dump(exclude={"mark"}, exclude_none=True)
    return domain.Cap(cap.day, cap.morning, cap.afternoon, channels)


def desk(counter: CounterBlock) -> domain.Desk:
    return domain.Desk(
        no=counter.no,
        fields=tuple(counter.fields),
        helps=tuple(counter.helps),
        name=_text(counter.name),
        agency=counter.agency or "",
        zone=counter.zone,
        floor=counter.floor,
        is_retired=counter.is_retired,
    )


def screen(block: ScreenBlock) -> domain.Screen:
    return domain.Screen(
        code=block.code,
        name=_text(block.name),
        layout=block.layout,
        floor=block.floor,
        zone=block.zone,
        agency=block.agency or "",
        counter=block.counter,
        least_s=block.least_s,
        theme=block.theme,
        accent=block.accent,
        voice=_voice(block.voice) if block.voice else None,
    )


def _voice(voice: VoiceBlock) -> domain.Voice:
    loud = tuple(domain.Loud(window(each.at), round(each.percent)) for each in voice.loud)
    return domain.Voice(voice.zone, voice.reading, voice.repeats, round(voice.percent), loud)


def _notice(block: NoticeBlock) -> domain.Notice:
    return domain.Notice(
        code=block.code,
        kind=block.kind,
        title=_text(block.title),
        lines=tuple(_text(line) for line in block.lines),
        media=block.media,
        screens=tuple(block.screens),
        first_day=_date(block.first_day),
        last_day=_date(block.last_day),
        weekdays=tuple(block.weekdays),
        hours=tuple(map(window, block.hours)),
        seconds=block.seconds,
        is_priority=block.is_priority,
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def notice_as_json(notice: domain.Notice) -> dict[str, Any]:
    """A notice as a document has it."""
    plain: dict[str, Any] = json.decode(json.encode(notice))
    title, *lines = (_text_as_json(text) for text in (notice.title, *notice.lines))
    hours = [f"{clock(span.start)}-{clock(span.end)}" for span in notice.hours]
    return plain | {"title": title, "lines": lines, "hours": hours}


def _text_as_json(text: domain.Text) -> dict[str, str]:
    return {"vi": text.vi, "en": text.en, **(text.more or {})}


def _class(each: ClassBlock) -> domain.PriorityClass:
    return domain.PriorityClass(each.code, _text(each.name), _text(each.explanation), each.min_age)


def _limits(limits: LimitsBlock) -> domain.Limits:
    values = limits.model_dump(exclude={"mark", "half_day_splits_at"})
    return domain.Limits(**values, half_day_splits_at=minutes(limits.half_day_splits_at))


def _weekly(week: Weekly) -> dict[str, domain.DayHours]:
    return {day: _day(hours.working, hours.issuing) for day, hours in week.items() if hours != HoursBlock()}


def _day(working: list[str], issuing: list[str]) -> domain.DayHours:
    return domain.DayHours(tuple(map(window, working)), tuple(map(window, issuing)))


def _dates(holidays: list[HolidayBlock]) -> dict[str, domain.Exceptional]:
    return {
        holiday.date: domain.Exceptional(_day(holiday.working, holiday.issuing), _text(holiday.name))
        for holiday in holidays
        if holiday.applies
    }
