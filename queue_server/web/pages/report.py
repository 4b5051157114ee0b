"""The day report on paper: /report/{branch}/{date}, one sheet A4, and the same as a table for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.domain.configuration import Text
from queue_server.domain.hours import zone
from queue_server.domain.refusals import Refusal
from queue_server.readers.days import day_after, day_before
from queue_server.readers.statistics.day import AdviceDay, DayReport, Estimates, FieldDay, Services, Waits
from queue_server.readers.statistics.ratings import LEAST, Rated, Ratings
from queue_server.web.api.managing import find_report
from queue_server.web.asking import house_of, page_language_of, who_of
from queue_server.web.pages.entrance import sign_in_address
from queue_server.web.pages.rendering import page, trouble

BOM = "\ufeff"
"""Spreadsheets take a file without it for the encoding of the last century."""
NO_BIAS_S = 3
"""Below it the bias is 0.0 minutes."""
WEEKDAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
OUTCOMES = {
    "done": Text("Giải quyết xong", "Done"),
    "supplement": Text("Cần bổ sung", "Papers missing"),
    "referred": Text("Hướng dẫn nơi khác", "Referred elsewhere"),
    "declined": Text("Từ chối", "Declined"),
    "forgotten": Text("Quên kết thúc", "Forgotten, ended with the day"),
}


async def report(request: Request) -> Response:
    """GET /report/{branch}/{date}"""
    lang, branch = page_language_of(request), request.path_params["branch"]
    try:
        found, who = await _found(request)
    except Refusal as refusal:
        return _instead(request, refusal)
    journal = house_of(request).journal
    return page(
        request,
        "report.html",
        who=who,
        report=found,
        say=Sayings(lang, zone(found.timezone)),
        before=await day_before(journal, branch, found.day),
        after=await day_after(journal, branch, found.day),
        least=LEAST,
        has_manager=who.role in (Role.SUPERVISOR, Role.MANAGER, Role.ADMINISTRATOR),
    )


async def table(request: Request) -> Response:
    """GET /report/{branch}/{date}.csv: UTF-8 with a mark, a row for each field and one for all."""
    try:
        found, _ = await _found(request)
    except Refusal as refusal:
        return _instead(request, refusal)
    name = f"bao-cao-{found.branch}-{found.day}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(csv_of(found, page_language_of(request)), media_type="text/csv; charset=utf-8", headers=headers)


async def _found(request: Request) -> tuple[DayReport, Who]:
    who, branch = await who_of(request), request.path_params["branch"]
    who.require_page("reports", branch)
    return await find_report(house_of(request), who, branch, request.path_params["date"]), who


def _instead(request: Request, refusal: Refusal) -> Response:
    """Sign in first, or a page that says what is wrong."""
    if refusal.code == "unauthenticated":
        return RedirectResponse(sign_in_address(request), 303, {"cache-control": "no-store"})
    return trouble(request, refusal)


# -- the table ---------------------------------------------------------------------------------------------------------

COLUMNS = (
    Text("Lĩnh vực", "Field"),
    Text("Cấp", "Issued"),
    Text("Hoàn thành", "Finished"),
    Text("Vắng mặt", "Absent"),
    Text("Hủy", "Cancelled"),
    Text("Hẹn lại", "Rebooked"),
    Text("Chưa được phục vụ", "Not served"),
    Text("Đang trong trung tâm", "Still in the centre"),
    Text("Thử và nhầm (không tính)", "Tests and mistakes (not counted)"),
    Text("Số người đã tính thời gian chờ", "People whose wait is counted"),
    Text("Chờ trung bình (giây)", "Mean wait (seconds)"),
    Text("Chờ trung vị (giây)", "Median wait (seconds)"),
    Text("Chờ 95 % không quá (giây)", "95th percentile of waits (seconds)"),
    Text("Chờ lâu nhất (giây)", "Longest wait (seconds)"),
    Text("Chờ quá 15 phút (người)", "Waited over 15 minutes (people)"),
    Text("Chờ quá 30 phút (người)", "Waited over 30 minutes (people)"),
    Text("Chờ quá 15 phút (%)", "Waited over 15 minutes (%)"),
    Text("Chờ quá 30 phút (%)", "Waited over 30 minutes (%)"),
    Text("Số người đã báo dự báo và đã gọi", "People told a wait and called"),
    Text("Sai số dự báo (giây)", "Error of the told wait (seconds)"),
    Text("Dự báo dư (+) hoặc thiếu (−), trung bình (giây)", "Told too much (+) or too little (−), mean (seconds)"),
    Text("Báo thiếu quá 5 phút (người)", "Told over 5 minutes too little (people)"),
    Text("Trong khoảng đã báo (người)", "Within the told range (people)"),
    Text("Báo thiếu quá 5 phút (%)", "Told over 5 minutes too little (%)"),
    Text("Trong khoảng đã báo (%)", "Within the told range (%)"),
    Text("Lượt phục vụ", "Services"),
    Text("Phục vụ trung bình (giây)", "Mean service (seconds)"),
    Text("Lượt không rõ lúc kết thúc", "Services with an unknown end"),
    Text("Hồ sơ", "Dossiers"),
)
ADVICE_COLUMNS = (
    Text("Gợi ý đã làm theo", "Advice taken"),
    Text("Làm theo lúc", "Taken at"),
    Text("Dự tính từ", "Foreseen from"),
    Text("Dự tính đến", "Foreseen until"),
    Text("Số người dự tính", "People foreseen"),
    Text("Chờ trung bình dự tính nếu không làm (giây)", "Mean wait foreseen without it (seconds)"),
    Text("Chờ trung bình dự tính nếu làm (giây)", "Mean wait foreseen with it (seconds)"),
    Text("Số người thực tế", "People who came"),
    Text("Chờ trung bình thực tế (giây)", "Mean wait that came (seconds)"),
)
ADVICE = {
    "open": Text("Mở quầy {counter} cho {fields}", "Open counter {counter} for {fields}"),
    "assign": Text("Quầy {counter} nhận thêm {fields}", "Let counter {counter} take {fields} too"),
    "lend": Text("Mượn 1 người từ {lender} cho {fields}", "Borrow one person from {lender} for {fields}"),
    "mobile": Text("{lender} đến giúp {fields}", "{lender} comes for {fields}"),
    "close": Text("Đóng quầy {counter}", "Close counter {counter}"),
}
LEVEL_NAMES = {
    "very_satisfied": Text("Rất hài lòng", "Very satisfied"),
    "satisfied": Text("Hài lòng", "Satisfied"),
    "neutral": Text("Bình thường", "Neither"),
    "dissatisfied": Text("Không hài lòng", "Not satisfied"),
}
RATED, RATINGS = Text("Mức độ hài lòng", "Satisfaction"), Text("Lượt đánh giá", "Ratings")
FIELD, COUNTER, CLERK = Text("Lĩnh vực", "Field"), Text("Quầy", "Counter"), Text("Nhân viên", "Clerk")
ALL = Text("Tổng", "Total")
ANOTHER_BRANCH = Text("điểm phục vụ khác", "another branch")


def csv_of(report: DayReport, lang: str) -> str:
    """Whole numbers only, so that no decimal sign is misread in any country; an empty cell is no figure. Below an empty
    row, the advice that was taken; nothing where none was."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([_in(text, lang) for text in COLUMNS])
    writer.writerows(list(_cells(row, lang)) for row in (*report.fields, report.total))
    if report.advice:
        writer.writerow([])
        writer.writerow([_in(text, lang) for text in ADVICE_COLUMNS])
        writer.writerows(_advice_cells(report, each, lang) for each in report.advice)
    if report.ratings.total.people:
        writer.writerow([])
        writer.writerow([_in(text, lang) for text in (RATED, RATINGS, *LEVEL_NAMES.values())])
        writer.writerows(_rating_cells(title, row, lang) for title, row in _rated(report.ratings))
    return BOM + out.getvalue()


def _rated(found: Ratings) -> Iterator[tuple[Text, Rated]]:
    tables = {FIELD: found.fields, COUNTER: found.counters, CLERK: found.clerks}
    yield from ((title, row) for title, rows in tables.items() for row in rows)
    yield ALL, found.total


def _rating_cells(title: Text, row: Rated, lang: str) -> list[object]:
    """Empty cells where ratings are too few to be told apart."""
    levels = row.levels or dict.fromkeys(LEVEL_NAMES)
    name = ": ".join(filter(None, (_in(title, lang), _in(row.name, lang) if row.code else "")))
    return [name, row.people, *levels.values()]


def _advice_cells(report: DayReport, each: AdviceDay, lang: str) -> list[object]:
    say = Sayings(lang, zone(report.timezone))
    clocks = [say.time(at) for at in (each.taken_at, each.at, each.until)]
    foreseen = (round(each.people), each.without_s, each.with_s)
    return [say.advice(report, each), *clocks, *foreseen, each.came_people, each.came_s]


def _cells(row: FieldDay, lang: str) -> Iterator[object]:
    books, waits, estimates, services = row.books, row.waits, row.estimates, row.services
    yield _in(row.name, lang)
    yield from (books.issued, books.finished, books.no_show, books.cancelled, books.rebooked, books.expired)
    yield from (books.present, books.voided)
    yield from (waits.people, waits.mean_s, waits.median_s, waits.p95_s, waits.longest_s, waits.over_15, waits.over_30)
    yield from (percent(waits.over_15, waits.people), percent(waits.over_30, waits.people))
    yield from (estimates.people, estimates.error_s, estimates.bias_s, estimates.too_little, estimates.within)
    yield from (percent(estimates.too_little, estimates.people), percent(estimates.within, estimates.people))
    yield from (services.count, services.mean_s, services.inexact, row.dossiers)


def percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _in(text: Text, lang: str) -> str:
    return (text.en if lang == "en" else "") or text.vi


# -- words for the sheet -----------------------------------------------------------------------------------------------


class Sayings:
    """Figures and times as words, for the template."""

    none = "–"

    def __init__(self, lang: str, timezone: ZoneInfo) -> None:
        self._lang = lang
        self._zone = timezone

    def name(self, text: Text) -> str:
        return _in(text, self._lang)

    def minutes(self, seconds: int | None) -> str:
        """12,4; halves up, as the manager's page has it"""
        if seconds is None:
            return self.none
        said = f"{(seconds + 3) // 6 / 10:.1f}"
        return said if self._lang == "en" else said.replace(".", ",")

    def advice(self, report: DayReport, each: AdviceDay) -> str:
        """What was done, as a sentence."""
        names = {field.code: self.name(field.name) for field in report.fields}
        fields = ", ".join(names.get(code, code) for code in each.fields)
        lender = self.name(each.lender_name or ANOTHER_BRANCH)
        return self.name(ADVICE[each.kind]).format(counter=each.counter, fields=fields, lender=lender)

    def people(self, count: float | None) -> str:
        """Whole ones, of a forecast too."""
        return self.none if count is None else str(round(count))

    def bias(self, estimates: Estimates) -> str:
        """How the told waits lay on the whole, as part of a sentence."""
        seconds = estimates.bias_s or 0
        if abs(seconds) < NO_BIAS_S:
            return "không lệch về phía nào" if self._lang == "vi" else "neither too much nor too little"
        by = self.minutes(abs(seconds))
        if self._lang == "vi":
            return f"trung bình báo {'dư' if seconds > 0 else 'thiếu'} {by} phút"
        return f"{by} min too {'much' if seconds > 0 else 'little'} on average"

    def span(self, seconds: int) -> str:
        """7 giờ 05, for long times"""
        hours, rest = divmod(round(seconds / 60), 60)
        if not hours:
            return f"{rest} phút" if self._lang == "vi" else f"{rest} min"
        return f"{hours} giờ {rest:02}" if self._lang == "vi" else f"{hours} h {rest:02}"

    def share(self, part: int, of: Waits | Estimates) -> str:
        found = percent(part, of.people)
        return self.none if found is None else f"{found} %"

    def count(self, number: int) -> str:
        """A zero is a dash, so that the eye finds what there is."""
        return str(number) if number else self.none

    def time(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M}"

    def moment(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M %d/%m/%Y}"

    def on(self, day: date) -> str:
        return f"{day:%d/%m/%Y}"

    def weekday(self, day: date) -> str:
        return WEEKDAYS[self._lang][day.weekday()]

    def hour(self, hour: int) -> str:
        return f"{hour % 24:02}"

    def outcomes(self, row: FieldDay) -> list[tuple[str, int]]:
        """What the finished came to, the usual outcome first."""
        order = list(OUTCOMES)
        known = sorted(row.outcomes, key=lambda code: order.index(code) if code in order else len(order))
        return [(self.name(OUTCOMES.get(code, Text(code))), row.outcomes[code]) for code in known]

    def bars(self, report: DayReport, *, height: int) -> list[dict[str, Any]]:
        """The hours as bars of at most this height."""
        highest = max((max(hour.issued, hour.called) for hour in report.hours), default=0) or 1
        return [
            {
                "hour": self.hour(each.hour),
                "issued": each.issued,
                "called": each.called,
                "issued_height": round(each.issued * height / highest, 1),
                "called_height": round(each.called * height / highest, 1),
            }
            for each in report.hours
        ]

    def levels(self) -> list[str]:
        return [self.name(text) for text in LEVEL_NAMES.values()]

    def rated(self, row: Rated) -> list[str]:
        """The figures of a row, and the share of those who were satisfied; dashes where they are too few."""
        if row.people is None or row.levels is None:
            return [self.none] * (len(LEVEL_NAMES) + 2)
        good = row.levels["very_satisfied"] + row.levels["satisfied"]
        return [str(row.people), *map(self.count, row.levels.values()), f"{percent(good, row.people)} %"]

    def mean(self, services: Services) -> str:
        return self.minutes(services.mean_s)


routes: list[BaseRoute] = [
    Route("/report/{branch}/{date}.csv", table),
    Route("/report/{branch}/{date}", report),
]
