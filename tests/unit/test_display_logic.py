"""What the lobby display decides without a page: its pure scripts, run in node. Instants are of 23 November 2026, in
Vietnam (UTC+7), written as minutes or `HH:MM`."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.node import node
from tests.unit.test_old_screens import file_of

SCRIPTS = (
    "/static/page.js",
    "/static/times.js",
    "/static/display/display_texts.js",
    "/static/display/display_screen.js",
    "/static/display/display_view.js",
    "/static/display/display_turns.js",
    "/static/display/display_layout.js",
    "/static/display/display_kept.js",
    "/static/display/display_calls.js",
)
WORLD = """
const fs = require("fs"), vm = require("vm");
const [files, input] = JSON.parse(fs.readFileSync(0, "utf8"));
const root = {lang: input.lang || "vi", getAttribute: () => "Asia/Ho_Chi_Minh"};
const sandbox = {document: {documentElement: root}, Intl, console, performance, addEventListener() {}};
sandbox.window = sandbox;
vm.createContext(sandbox);
files.forEach((file) => vm.runInContext(fs.readFileSync(file, "utf8"), sandbox, {filename: file}));
const {displayView: view, displayTurns: turns, displayLayout: layout, displayScreen: screens, DisplayCalls: Calls} =
  sandbox.LaySo;
const answer = (() => { SCRIPT })();
console.log(JSON.stringify(answer === undefined ? null : answer));
"""


def run(script: str, **given: Any) -> Any:
    """What the script answers; `input` holds what is given, `view`, `turns` and `layout` the display's functions."""
    files = [str(file_of(address)) for address in SCRIPTS]
    done = subprocess.run(
        [node(), "-e", WORLD.replace("SCRIPT", script)],
        input=json.dumps([files, given]),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def at(clock: str, day: int = 23) -> str:
    return f"2026-11-{day:02}T{clock}:00+07:00"


def spans(*windows: str) -> list[dict[str, str]]:
    return [{"start": at(w.split("-")[0]), "end": at(w.split("-")[1])} for w in windows]


OFFICE = spans("07:30-11:30", "13:00-17:00")
ISSUING = spans("07:00-11:15", "12:30-16:30")
NOTHING = {"vi": "", "en": ""}


def a_field(code: str = "chung-thuc", **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": {"vi": "Chứng thực", "en": "Certification"},
        "working": OFFICE,
        "issuing": ISSUING,
        "suspended": None,
        "suspended_at": None,
        "reason": None,
        "returns_at": at("07:00", 24),
        "is_retired": False,
        "order": 0,
    } | changes


def a_day(**changes: Any) -> dict[str, Any]:
    named = {"organisation": {"vi": "Phường", "en": "Ward"}, "branch": {"vi": "Trung tâm", "en": "Centre"}}
    hours = {"working": OFFICE, "issuing": ISSUING, "ended_at": None, "reason": None, "notice": NOTHING}
    return {"date": "2026-11-23"} | named | hours | changes


def a_board(day: dict[str, Any] | None = None, *fields: dict[str, Any], **tables: Any) -> dict[str, Any]:
    rows = {field["code"]: field for field in fields or (a_field(),)}
    return {"day": {"today": day or a_day()}, "fields": rows, "counters": {}, "calls": {}} | tables


def a_call(call: int, number: str, counter: int = 1, clock: str = "09:00", **changes: Any) -> dict[str, Any]:
    row = {"call": call, "number": number, "field": "chung-thuc", "counter": counter, "times": 1, "at": at(clock)}
    return row | {"reason": "", "language": "vi"} | changes


def a_counter(no: int, number: str = "", since: str = "09:00", state: str = "called", **changes: Any) -> dict[str, Any]:
    ticket = {"number": number, "state": state, "since": at(since)} if number else None
    return {"no": no, "name": NOTHING, "zone": "", "floor": 1, "state": "open", "ticket": ticket} | changes


def a_screen(**changes: Any) -> dict[str, Any]:
    voice = {"zone": "sanh", "reading": "bac", "repeats": 2, "percent": 100, "loud": []}
    row = {
        "code": "sanh",
        "name": NOTHING,
        "layout": "board",
        "counters": [1, 2],
        "fields": ["chung-thuc"],
        "least_s": 8,
    }
    return row | {"theme": "dark", "accent": "", "voice": voice} | changes


def phase(board: dict[str, Any], now: str) -> dict[str, str]:
    found: dict[str, str] = run("return view.phase(input.board, new Date(input.now))", board=board, now=now)
    return found


# -- the day ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "kind", "time", "how"),
    [
        ("06:50", "before", "07:30", "Lấy số từ 07:00."),
        ("07:10", "before", "07:30", ""),
        ("11:45", "lunch", "13:00", "Lấy số lại từ 12:30. Số buổi sáng vẫn giữ thứ tự."),
        ("12:40", "lunch", "13:00", "Số buổi sáng vẫn giữ thứ tự."),
        ("17:05", "closed", "07:00", "Thứ Ba, 24/11/2026"),
    ],
)
def test_outside_working_hours_the_display_says_when_to_come(clock: str, kind: str, time: str, how: str) -> None:
    found = phase(a_board(), at(clock))
    assert (found["kind"], found["time"], found["how"]) == (kind, time, how)


def test_while_any_field_works_the_board_is_open() -> None:
    saturday = a_field("dat-dai", working=spans("07:30-12:00"))
    assert phase(a_board(None, a_field(), saturday), at("11:45")) == {"kind": "open"}


def test_a_break_in_the_morning_is_not_called_lunch() -> None:
    found = phase(a_board(None, a_field(working=spans("07:30-09:00", "09:30-11:30"))), at("09:10"))
    assert (found["title"], found["time"]) == ("Đang tạm nghỉ", "09:30")


def test_a_day_that_has_ended_says_so_and_is_yesterdays_news_the_next_morning() -> None:
    board = a_board(a_day(ended_at=at("20:00")))
    assert phase(board, at("20:30"))["kind"] == "ended"
    assert phase(board, at("09:00", 24))["kind"] == "closed"


def test_a_holiday_shows_its_reason() -> None:
    day = a_day(working=[], issuing=[], reason={"vi": "Nghỉ lễ", "en": "Holiday"})
    found = phase(a_board(day, a_field(working=[], issuing=[])), at("09:00"))
    assert (found["title"], found["how"]) == ("Hôm nay không làm việc", "Nghỉ lễ")


def test_without_a_day_nothing_is_promised() -> None:
    assert phase({"fields": {}, "counters": {}, "calls": {}}, at("09:00"))["kind"] == "noDay"


def test_notices_go_from_the_most_urgent_to_the_branchs_own() -> None:
    day = a_day(
        reason={"vi": "Họp phường.", "en": ""}, working=spans("07:30-10:00"), notice={"vi": "Xin chào", "en": ""}
    )
    halted = a_field("dat-dai", name={"vi": "Đất đai", "en": "Land"}, order=1, reason={"vi": "Họp phường.", "en": ""},
                     suspended={"vi": "hệ thống đang gián đoạn", "en": ""}, suspended_at=at("09:05"))  # fmt: skip
    told = run(
        "return view.notices(input.board, new Date(input.now))", board=a_board(day, a_field(), halted), now=at("09:10")
    )
    assert [notice["text"] for notice in told] == [
        "Tạm ngừng cấp số Đất đai từ 09:05: hệ thống đang gián đoạn. Các số đã cấp giữ nguyên thứ tự.",
        "Hôm nay làm việc 07:30–10:00. Lý do: Họp phường.",
        "Xin chào",
    ]


def test_after_the_day_nobody_is_told_of_a_field_that_is_suspended() -> None:
    halted = a_field(suspended={"vi": "mất điện", "en": ""}, suspended_at=at("09:05"))
    notices = "return view.notices(input.board, new Date(input.now))"
    assert len(run(notices, board=a_board(None, halted), now=at("09:10"))) == 1
    assert run(notices, board=a_board(None, halted), now=at("17:05")) == []
    assert run(notices, board=a_board(a_day(ended_at=at("16:00")), halted), now=at("16:10")) == []


def test_a_turn_at_opening_time_reads_as_a_sentence() -> None:
    told = {"low_s": 0, "likely_s": 60, "high_s": 90, "made_at": at("06:30")}
    live = {"fields": {"chung-thuc": {"waiting": 0, "wait": told}}}
    shown = run("return view.strip(input.board, input.live, screens.of(null, ''))", board=a_board(), live=live)
    assert shown["fields"][0]["wait"] == "Đến lượt từ 07:30"


def test_the_end_of_issuing_is_told_while_counters_still_work() -> None:
    told = run("return view.notices(input.board, new Date(input.now))", board=a_board(), now=at("16:45"))
    assert [notice["text"] for notice in told] == ["Hôm nay đã hết giờ cấp số. Các số đã cấp giữ nguyên thứ tự."]


# -- calls -------------------------------------------------------------------------------------------------------------


def calls(board: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("return view.calls(input.board, screens.of(input.board, ''))", board=board)
    return found


def test_the_newest_call_of_each_number_is_shown_newest_first() -> None:
    rows = {"0": a_call(5, "A001"), "1": a_call(9, "A002", 2), "2": a_call(12, "A001", times=2, clock="09:02")}
    shown = calls(a_board(calls=rows, counters={"1": a_counter(1, "A001"), "2": a_counter(2, "A002", state="serving")}))
    assert [(c["number"], c["call"], c["again"], c["isActive"]) for c in shown] == [
        ("A001", 12, "Gọi lại lần 2", True),
        ("A002", 9, "", False),
    ]


def test_letter_and_digits_come_apart_and_only_the_kind_of_reason_is_told() -> None:
    rows = {"0": a_call(5, "A012", reason="priority"), "1": a_call(4, "1004", 2, reason="appointment")}
    shown = calls(a_board(calls=rows))
    assert [(c["letters"], c["digits"], c["tag"]) for c in shown] == [
        ("A", "012", "Ưu tiên"),
        ("", "1004", "Có lịch hẹn"),
    ]


def test_floor_and_zone_are_told_only_when_the_branch_has_several() -> None:
    rows = {"0": a_call(5, "A001", 2)}
    one = a_board(calls=rows, counters={"1": a_counter(1), "2": a_counter(2)})
    two = a_board(calls=rows, counters={"1": a_counter(1), "2": a_counter(2, floor=2, zone="Khu B")})
    assert [calls(one)[0]["place"], calls(two)[0]["place"]] == ["", "Tầng 2 · Khu B"]


def test_a_floors_display_shows_that_floor_only() -> None:
    rows = {"0": a_call(5, "A001", 1), "1": a_call(6, "A002", 2)}
    board = a_board(calls=rows, counters={"1": a_counter(1), "2": a_counter(2, floor=2)})
    board["screens"] = {"tang-2": a_screen(code="tang-2", counters=[2])}
    shown = run("return view.calls(input.board, screens.of(input.board, 'tang-2'))", board=board)
    assert [(call["number"], call["place"]) for call in shown] == [("A002", "")]


def test_a_number_on_its_next_step_at_the_same_counter_is_not_called_again() -> None:
    board = a_board(calls={"0": a_call(5, "A001", clock="09:00")}, counters={"1": a_counter(1, "A001", since="09:10")})
    assert calls(board)[0]["isActive"] is False


def test_a_called_number_stays_though_24_newer_calls_have_pushed_its_call_out() -> None:
    rows = {str(i): a_call(100 + i, f"K{i:03}", 2, clock="09:30") for i in range(24)}
    shown = calls(a_board(calls=rows, counters={"1": a_counter(1, "A001", since="09:00")}))
    assert [(c["number"], c["isActive"]) for c in shown if c["counter"] == 1] == [("A001", True)]


# -- what is new, and what is spoken ---------------------------------------------------------------------------------


def fresh(
    rows: list[dict[str, Any]], seen: dict[str, Any] | None, now: str, epoch: str = "e"
) -> list[tuple[str, bool]]:
    rows = [{"isActive": True, **row} for row in rows]
    found = run("return turns.fresh(input.rows, input.seen, input.epoch, new Date(input.now))",
                rows=rows, seen=seen, now=now, epoch=epoch)  # fmt: skip
    return [(item["row"]["number"], item["isSpoken"]) for item in found]


def test_calls_are_taken_once_and_in_order() -> None:
    rows = [a_call(9, "A003"), a_call(7, "A001"), a_call(8, "A002")]
    assert fresh(rows, {"epoch": "e", "call": 7, "at": at("09:00")}, at("09:00")) == [("A002", True), ("A003", True)]


def test_after_an_absence_calls_older_than_30_s_are_shown_but_not_shouted() -> None:
    rows = [a_call(8, "A001", clock="09:00"), a_call(9, "A002", clock="09:05")]
    assert fresh(rows, {"epoch": "e", "call": 3, "at": at("08:00")}, at("09:05")) == [("A001", False), ("A002", True)]


def test_who_has_come_meanwhile_is_not_called_any_more() -> None:
    assert fresh([a_call(8, "A001", isActive=False)], None, at("09:00")) == [("A001", False)]


def test_a_restored_journal_repeats_nothing_and_misses_nothing() -> None:
    seen = {"epoch": "old", "call": 90, "at": at("09:05")}
    rows = [a_call(88, "A001", clock="09:05"), a_call(89, "A002", clock="09:06")]
    assert fresh(rows, seen, at("09:06"), epoch="new") == [("A002", True)]


def test_a_clock_that_was_set_back_does_not_silence_the_display() -> None:
    seen = {"epoch": "old", "call": 90, "at": at("16:00")}
    assert fresh([a_call(4, "A001", clock="08:00")], seen, at("08:00"), epoch="new") == [("A001", True)]


# -- turns -------------------------------------------------------------------------------------------------------------

SILENT = "{isBusy: false, number: null}"


def lit(script: str) -> list[str]:
    found: list[str] = run(f"let t = turns.none(); {script}; return t.lit.map((one) => one.number)")
    return found


def test_each_number_is_lit_for_eight_seconds_in_its_turn() -> None:
    enter = "t = turns.enter(t, 'A1', 1); t = turns.enter(t, 'A2', 1); t = turns.step(t, 0, silent);"
    enter = f"const silent = {SILENT}; {enter}"
    assert lit(enter) == ["A1"]
    assert lit(enter + "t = turns.step(t, 7999, silent)") == ["A1"]
    assert lit(enter + "t = turns.step(t, 8000, silent)") == ["A2"]


def test_many_are_lit_side_by_side_so_that_the_last_does_not_wait_for_minutes() -> None:
    found = run(f"""
      let t = turns.none(), last = 0;
      for (let i = 0; i < 20; i += 1) t = turns.enter(t, "A" + i, 1);
      const times = {{}};
      for (let now = 0; now < 120000; now += 250) {{
        t = turns.step(t, now, {SILENT});
        t.lit.forEach((one) => {{ times[one.number] = (times[one.number] || 0) + 250; last = now; }});
      }}
      return [last, Object.keys(times).map((number) => times[number])];""")
    assert found[0] < 70_000
    assert found[1] == [8000] * 20


def test_no_more_wait_than_the_server_shows() -> None:
    filled = "for (let i = 0; i < 99; i += 1) t = turns.enter(t, 'A' + i, 1)"
    found = run(f"let t = turns.none(); {filled}; return [t.queue.length, t.queue[0]]")
    assert found == [24, "A75"]


def test_the_light_follows_the_voice() -> None:
    enter = "t = turns.enter(t, 'A1', 1); t = turns.enter(t, 'A2', 1); t = turns.enter(t, 'A3', 1);"
    speaks = "const speaks = (number) => ({isBusy: true, number: number});"
    start = f"{speaks} {enter} t = turns.step(t, 0, speaks('A1'));"
    assert lit(start + "t = turns.step(t, 5000, speaks('A1'))") == ["A1"]
    assert lit(start + "t = turns.step(t, 5000, speaks('A2'))") == ["A1", "A2"]
    assert lit(start + "t = turns.step(t, 11000, speaks('A1'))") == []
    assert lit(start + "t = turns.step(t, 15000, speaks('A1'))") == ["A2"], "a voice that hangs is not waited for"


def test_a_number_called_again_goes_first() -> None:
    enter = "t = turns.enter(t, 'A1', 1); t = turns.enter(t, 'A2', 1); t = turns.enter(t, 'A2', 2);"
    assert lit(f"{enter} t = turns.step(t, 0, {SILENT})") == ["A2"]


def test_a_number_taken_down_leaves_the_light_at_once() -> None:
    enter = "t = turns.enter(t, 'A1', 1); t = turns.enter(t, 'A2', 1);"
    away = "t = turns.keepOnly(t, (number) => number !== 'A1')"
    assert lit(f"{enter} t = turns.step(t, 0, {SILENT}); {away}") == []
    assert lit(f"{enter} t = turns.step(t, 0, {SILENT}); {away}; t = turns.step(t, 1, {SILENT})") == ["A2"]


# -- where it stands -------------------------------------------------------------------------------------------------


def arranged(*screens: dict[str, Any]) -> list[dict[str, Any]]:
    """The arrangement for each `{active, recent, isTall, wasCrowded}`."""
    found: list[dict[str, Any]] = run(
        """
        return input.screens.map((screen) => {
          const calls = Array.from({length: screen.active + (screen.recent || 0)}, (_, i) => (
            {number: "A" + String(1000 + i).slice(1), isActive: i < screen.active}));
          const board = {calls: calls, turns: turns.none(), phase: {kind: "open"}};
          return layout.arrange(board, Object.assign({now: 0}, screen));
        });""",
        screens=list(screens),
    )
    return found


def test_every_called_number_has_its_place() -> None:
    screens = [{"active": n, "recent": 9, "isTall": is_tall} for n in range(1, 21) for is_tall in (False, True)]
    for screen, found in zip(screens, arranged(*screens), strict=True):
        shown = [found["hero"], *found["others"]] if found["mode"] == "hero" else found["tiles"]
        assert {call["number"] for call in shown} == {f"A{i:03}" for i in range(screen["active"])}


@pytest.mark.parametrize("is_tall", [False, True])
def test_beside_notices_called_numbers_stand_in_fewer_places_and_in_pages(is_tall: bool) -> None:
    screens = [{"active": n, "recent": 9, "isTall": is_tall, "isSplit": True} for n in (1, 3, 5, 6, 12, 13)]
    found = arranged(*screens)
    if is_tall:
        assert [each["mode"] for each in found] == ["hero"] * 6
        assert [len(each["others"]) for each in found] == [0, 2, 4, 5, 6, 6]
    else:
        assert [each["mode"] for each in found] == ["hero", "hero", "hero", "crowd", "crowd", "crowd"]
        assert [len(each["others"]) for each in found[:3]] == [0, 2, 4]
        assert [(each["size"], each["pages"]) for each in found[3:]] == [(9, 1), (12, 1), (9, 2)]
    assert [len(each["recent"]) for each in found[:2]] == ([8, 2] if is_tall else [4, 2])
    assert not any(each["isFull"] for each in found)


def test_more_than_twenty_come_in_even_pages() -> None:
    (found,) = arranged({"active": 30})
    assert [found["pages"], len(found["tiles"])] == [2, 15]


def test_the_picture_does_not_flap_between_its_two_forms() -> None:
    screens = [(6, False), (7, False), (6, True), (4, True)]
    found = arranged(*({"active": active, "wasCrowded": was} for active, was in screens))
    assert [one["mode"] for one in found] == ["hero", "crowd", "crowd", "hero"]


def test_when_nobody_is_called_the_last_number_stays_calmly() -> None:
    (found,) = arranged({"active": 0, "recent": 9})
    assert (found["mode"], found["isCalm"], found["hero"]["number"]) == ("hero", True, "A000")


def test_the_strip_tells_who_waits_and_how_long() -> None:
    wait = {"likely_s": 1200, "low_s": 900, "high_s": 1500, "made_at": at("09:00")}
    live = {"chung-thuc": {"waiting": 12, "wait": wait}, "dat-dai": {"waiting": 3, "wait": None}}
    board = a_board(None, a_field(), a_field("dat-dai", order=1))
    found = run(
        "return view.strip(input.board, {fields: input.live}, screens.of(input.board, ''))", board=board, live=live
    )
    assert found["madeAt"] == "09:00"
    assert [(f["waiting"], f["wait"]) for f in found["fields"]] == [(12, "Khoảng 15–25 phút"), (3, "Chưa dự tính được")]


def test_a_call_that_is_too_old_to_be_spoken_still_counts_as_shown_and_one_that_is_over_does_not() -> None:
    calls = {"1": a_call(7, "A007", 1), "2": a_call(8, "A008", 2), "3": a_call(9, "A009", 3, "09:04")}
    served = a_counter(2, "A008", state="serving")
    counters = {"1": a_counter(1, "A007"), "2": served, "3": a_counter(3, "A009", "09:04")}
    script = """
      const said = [];
      const voice = {isBusy: false, number: null, say: (call) => said.push(call.number), cancel() {}};
      const screen = screens.of(input.board, "");
      const board = {view: input.board, screen, calls: view.calls(input.board, screen), epoch: "e", device: ""};
      const shown = new Calls(voice, "x").see(Object.assign(board, {patience: 0, now: new Date(input.now)}));
      return [shown.map((call) => call.number), said];"""
    board = a_board(None, calls=calls, counters=counters)
    assert run(script, board=board, now=at("09:04")) == [["A007", "A009"], ["A009"]]


# -- which screen it is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "found"), [("tang-2", "tang-2"), ("", "sanh")])
def test_a_screen_is_the_one_it_is_called_or_the_first(code: str, found: str) -> None:
    board = a_board() | {"screens": {"sanh": a_screen(), "tang-2": a_screen(code="tang-2")}}
    assert run("return screens.of(input.board, input.code).code", board=board, code=code) == found


def test_a_code_that_is_not_configured_shows_everything_and_says_nothing() -> None:
    script = "const s = screens.of(input.board, 'gone'); return [s.code, screens.shows(s, 99), s.voice]"
    assert run(script, board=a_board() | {"screens": {"sanh": a_screen()}}) == ["gone", True, None]


def test_where_none_is_configured_everything_is_shown_and_said() -> None:
    script = "const s = screens.of(input.board, ''); return [screens.shows(s, 99), screens.tells(s, 'x'), s.voice.zone]"
    assert run(script, board=a_board()) == [True, True, ""]


@pytest.mark.parametrize(
    ("speaker", "device", "speaks"),
    [("", "", True), ("", "tv-1", False), ("tv-1", "tv-1", True), ("tv-2", "tv-1", False), ("tv-1", "", False)],
)
def test_one_screen_of_a_zone_speaks(speaker: str, device: str, speaks: bool) -> None:
    voices = {"sanh": {"zone": "sanh", "device": speaker, "since": None}} if speaker else {}
    board = a_board() | {"screens": {"sanh": a_screen()}, "voices": voices}
    script = "return screens.speaks(input.board, screens.of(input.board, 'sanh'), input.device)"
    assert run(script, board=board, device=device) is speaks


def test_a_screen_without_a_voice_never_speaks() -> None:
    board = a_board() | {"screens": {"sanh": a_screen(voice=None)}}
    assert run("return screens.speaks(input.board, screens.of(input.board, ''), '')", board=board) is False


@pytest.mark.parametrize(("minute", "loudness"), [(449, 0.8), (450, 0.6), (509, 0.6), (510, 0.8)])
def test_loudness_goes_by_the_hour(minute: int, loudness: float) -> None:
    voice = {"percent": 80, "loud": [[450, 510, 60]]}
    assert run("return screens.loudness(input.voice, input.minute)", voice=voice, minute=minute) == loudness


def test_who_takes_over_speaks_what_the_other_was_not_told_of() -> None:
    rows = [
        {"call": 3, "at": at("09:01"), "isActive": True},
        {"call": 1, "at": at("08:59"), "isActive": True},
        {"call": 2, "at": "2026-11-23T09:00:40+07:00", "isActive": True},
        {"call": 4, "at": at("09:01"), "isActive": False},
    ]
    script = "return screens.missed(input.rows, input.since, new Date(input.now)).map((row) => row.call)"
    given = {"rows": rows, "now": "2026-11-23T09:01:05+07:00"}
    assert run(script, since=at("09:00"), **given) == [2, 3]
    assert run(script, since="2026-11-23T09:00:50+07:00", **given) == [3]
    assert run(script, since=None, rows=rows, now=at("09:02")) == []


SAID = """
  const said = [], cancelled = [];
  const voice = {isBusy: false, number: null, say: (c) => said.push(c.number), cancel: (n) => cancelled.push(n)};
  const calls = new Calls(voice, "x");
  const see = ([now, voices, liveFor]) => {
    const board = Object.assign({}, input.board, {voices}), screen = screens.of(board, ""), device = input.device;
    const patience = screens.patience(board, screen, device, liveFor);
    const shown = view.calls(board, screen);
    calls.see({view: board, screen, calls: shown, epoch: "e", device, patience, now: new Date(input.minute + now)});
    return said.splice(0);
  };
  const found = input.steps.map(see);
  return [found, cancelled];"""
MINUTE = "2026-11-23T09:00:"
ZONE = "+07:00"


def spoken(device: str, *steps: tuple[str, dict[str, Any], int]) -> Any:
    """What a screen has begun to speak after each step (second, who has the voice, ms since its line came about), and
    what it no longer will: A001 and A002 are called at 09:00:00 and 09:00:08."""
    calls = {"1": a_call(1, "A001", 1), "2": a_call(2, "A002", 2, at=MINUTE + "08" + ZONE)}
    later = a_counter(2, "A002") | {"ticket": {"number": "A002", "state": "called", "since": MINUTE + "08" + ZONE}}
    board = a_board(None, calls=calls, counters={"1": a_counter(1, "A001"), "2": later}, screens={"sanh": a_screen()})
    given = [(second + ZONE, {"sanh": voice} if voice else {}, live) for second, voice, live in steps]
    return run(SAID, board=board, device=device, minute=MINUTE, steps=given)


def voice_of(device: str, since: str) -> dict[str, Any]:
    return {"device": device, "since": MINUTE + since + ZONE}


def test_who_gets_the_voice_first_speaks_what_was_called_before_and_is_young() -> None:
    mine = voice_of("display-1", "01")
    assert spoken("display-1", ("09", {}, 0), ("11", mine, 2000), ("12", mine, 3000)) == [[[], ["A002"], []], []]


def test_one_that_was_never_paired_lets_others_go_first_while_its_line_is_new() -> None:
    taken = voice_of("display-1", "01")
    assert spoken("", ("09", {}, 500), ("12", {}, 3500), ("20", {}, 11500)) == [[[], ["A001"], ["A002"]], []]
    assert spoken("", ("09", {}, 500), ("11", taken, 2500), ("29", taken, 20500)) == [[[], [], []], []]
    assert spoken("", ("09", {}, 60_000)) == [[["A001", "A002"]], []]


def test_one_that_was_never_paired_lets_who_had_the_voice_go_first() -> None:
    lost = voice_of("", "05")
    assert spoken("", ("09", lost, 60_000), ("20", lost, 71_000)) == [[[], ["A002"]], []]


def test_what_still_waits_where_the_sound_was_blocked_is_left_to_who_speaks_now() -> None:
    """It waits in the player, which would say it when somebody touches the page."""
    mine, other = voice_of("display-1", "01"), voice_of("display-2", "03")
    assert spoken("display-1", ("09", {"device": "display-1", "since": None}, 0), ("12", other, 0)) == [
        [["A001", "A002"], []],
        ["A002"],
    ]
    assert spoken("display-1", ("09", mine, 0), ("12", mine, 0)) == [[["A001", "A002"], []], []]


# -- other layouts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "label", "number"),
    [
        (a_counter(1, "A012"), "Mời số", "A012"),
        (a_counter(1, "A012", state="serving"), "Đang phục vụ", "A012"),
        (a_counter(1), "Mời đợi gọi số", ""),
        (
            a_counter(
                1,
                state="",
            )
            | {"state": "paused"},
            "Quầy tạm ngừng",
            "",
        ),
        (a_counter(1) | {"state": "closed"}, "Quầy chưa mở", ""),
    ],
)
def test_a_counters_own_screen_says_what_it_does(counter: dict[str, Any], label: str, number: str) -> None:
    board = a_board(counters={"1": counter | {"fields": ["chung-thuc", "gone"]}})
    found = run("return view.desk(input.board, 1)", board=board)
    assert (found["label"], found["number"], found["fields"]) == (label, number, ["Chứng thực"])


@pytest.mark.parametrize(
    ("fields", "tall", "columns", "pages"),
    [(3, False, 1, 1), (6, False, 2, 1), (9, False, 3, 1), (10, False, 2, 2), (8, True, 1, 1)],
)
def test_the_waiting_overview_fills_the_screen_and_goes_in_pages(
    fields: int, tall: bool, columns: int, pages: int
) -> None:
    script = """const given = {calls: [], turns: turns.none(), phase: {kind: "open"}, fields: input.fields};
    given.kind = "waiting";
    return layout.arrange(given, {isTall: input.tall, wasCrowded: false, now: 0});"""
    found = run(script, fields=[{"code": str(n)} for n in range(fields)], tall=tall)
    assert (found["mode"], found["columns"], found["pages"]) == ("waiting", columns, pages)
