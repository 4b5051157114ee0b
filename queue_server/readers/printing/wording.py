"""The sentences of the paper, apart from how they are drawn, so that the dispenser can say the very same words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from queue_server.readers.printing.paper import Language, Rebooked, TicketPaper, Wait, WaitClock, WaitMinutes

_NUMBER = re.compile(r"^(\D*?)\s*(\d.*)$")
_SHORTEST_RUN = 3  # "1–3" is shorter to read than "1, 2, 3"; "1–2" is not shorter than "1, 2"

TEXTS: dict[str, tuple[str, str]] = {
    "number": ("Số thứ tự", "Your number"),
    "priority": ("Ưu tiên", "Priority"),
    "ahead": ("Đang chờ trước:", "Waiting ahead:"),
    "people": ("{n} người", "{n}"),
    "wait": ("Thời gian chờ:", "Estimated wait:"),
    "turn": ("Dự kiến đến lượt:", "Expected turn:"),
    "unknown": ("Chưa dự tính được", "Not known yet"),
    "minutes": ("khoảng {low}–{high} phút", "about {low}–{high} minutes"),
    "minutes_one": ("khoảng {high} phút", "about {high} minutes"),
    "minutes_below": ("dưới {high} phút", "under {high} minutes"),
    "from": ("từ {start}", "from {start}"),
    "before": ("trước {end}", "before {end}"),
    "rebooked": ("Hẹn lại:", "New date:"),
    "rebooked_to": ("{day} số {number}", "{day}, number {number}"),
    "instead_of": ("Thay cho số:", "Instead of:"),
    "further": ("Sau đó: {names}", "Then: {names}"),
    "counter": ("Thường ở quầy {list}", "Usually counter {list}"),
    "counters": ("Thường ở quầy {list}", "Usually counters {list}"),
    "floor": ("Tầng {n}", "Floor {n}"),
    "basement": ("Tầng hầm {n}", "Basement {n}"),
    "scan": ("Quét mã để theo dõi lượt trên điện thoại", "Scan to follow your turn on your phone"),
    "reprint": ("IN LẠI", "REPRINT"),
    "training": ("TẬP HUẤN – KHÔNG CÓ GIÁ TRỊ", "TRAINING – NOT VALID"),
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence `key` in one language, with its values filled in."""
    return TEXTS[key][0 if language == "vi" else 1].format(**values)


def number_apart(number: str) -> str:
    """ "A012" → "A 012": letter and digits apart, as on every screen; a number without a letter stays as it is."""
    found = _NUMBER.match(number.strip())
    if found is None:
        return number.strip()
    return f"{found[1]} {found[2]}".strip()


def fold_counters(counters: Iterable[int]) -> str:
    """(7, 1, 2, 3, 4, 5) → "1–5, 7"."""
    runs: list[list[int]] = []
    for counter in sorted(set(counters)):
        if runs and counter == runs[-1][-1] + 1:
            runs[-1].append(counter)
        else:
            runs.append([counter])
    return ", ".join(_run(run) for run in runs)


def _run(run: list[int]) -> str:
    if len(run) >= _SHORTEST_RUN:
        return f"{run[0]}–{run[-1]}"
    return ", ".join(str(counter) for counter in run)


def wait_line(wait: Wait | None, issued_at: datetime, language: Language) -> tuple[str, str]:
    """Label and value of the wait; a turn on another day than the paper's carries its date."""
    match wait:
        case None:
            return say("wait", language), say("unknown", language)
        case WaitMinutes(low, high):
            return say("wait", language), _minutes(low, high, language)
        case WaitClock(start, end):
            if start <= issued_at:
                return say("turn", language), say("before", language, end=f"{end:%H:%M}")
            day = "" if start.date() == issued_at.date() else f"{start:%d/%m} "
            if start == end:
                return say("turn", language), say("from", language, start=f"{day}{start:%H:%M}")
            return say("turn", language), f"{day}{start:%H:%M}–{end:%H:%M}"


def _minutes(low: int, high: int, language: Language) -> str:
    if low >= high:
        return say("minutes_one", language, high=high)
    if low <= 0:
        return say("minutes_below", language, high=high)
    return say("minutes", language, low=low, high=high)


def rebooked_line(rebooked: Rebooked, number: str, language: Language) -> tuple[str, str]:
    """ "Hẹn lại:" and "24/11/2026 số A 001"."""
    to = say("rebooked_to", language, day=f"{rebooked.day:%d/%m/%Y}", number=number_apart(number))
    return say("rebooked", language), to


def further_line(paper: TicketPaper, language: Language) -> str:
    """ "Sau đó: Hộ tịch, Nộp phí": what else this number is for."""
    names = paper.further if language == "vi" else paper.further_en
    return say("further", language, names=", ".join(names)) if names else ""


def where_line(paper: TicketPaper, language: Language) -> str:
    """ "Tầng 2 · Thường ở quầy 1–5, 7": others may help out. A zone is a name of the house and is not translated."""
    key = "counter" if len(set(paper.counters)) == 1 else "counters"
    counters = say(key, language, list=fold_counters(paper.counters)) if paper.counters else ""
    return " · ".join(part for part in (_floor(paper.floor, language), paper.zone, counters) if part)


def _floor(number: int | None, language: Language) -> str:
    """Below the ground there are basements: -1 is "Tầng hầm 1"."""
    if number is None:
        return ""
    return say("floor" if number >= 0 else "basement", language, n=abs(number))


def moment(at: datetime) -> str:
    return f"{at:%d/%m/%Y  %H:%M}"
