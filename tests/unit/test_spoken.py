"""What the dispenser says aloud, screen by screen and word by word, in Vietnamese, English and Chinese."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from queue_server.directory.languages import SECTIONS, read_language
from tests.node import run_node
from tests.unit.test_display_logic import OFFICE, a_day, a_field, at, spans
from tests.unit.test_old_screens import file_of

DISPENSER = SECTIONS["spoken"].parent
NOW = "09:00"
WORLD = f"""
  import fs from "node:fs";
  const {{ files, tables, cases }} = JSON.parse(fs.readFileSync(0, "utf8"));
  const root = {{ lang: "vi", getAttribute: () => "Asia/Ho_Chi_Minh" }};
  Object.assign(globalThis, {{ window: globalThis, document: {{ documentElement: root }}, addEventListener() {{}} }});
  globalThis.LaySo = {{ languages: {{ zh: tables }} }};
  files.forEach((file) => (0, eval)(fs.readFileSync(file, "utf8")));
  const {{ spokenOf }} = await import({json.dumps((DISPENSER / "spoken.js").as_uri())});
  const {{ offerOf }} = await import({json.dumps((DISPENSER / "rules.js").as_uri())});
  const now = new Date({json.dumps(at(NOW))}).getTime();
  console.log(JSON.stringify(cases.map(({{ lang, screen, state, view }}) => {{
    root.lang = lang;
    const offer = (row) => offerOf(row, view.live[row.code], now, true, view.classes.length > 0);
    return spokenOf(screen, state, view && {{ ...view, offer }});
  }})));
"""

COPIES = a_field(
    name={"vi": "Chứng thực", "en": "Certification", "more": {"zh": "认证"}},
    agency="phuong",
    zone="",
    series="A",
    steps=[],
)
LAND = a_field("dat-dai", name={"vi": "Đất đai", "en": "Land"}, agency="dat-dai", zone="", order=1, steps=[])
COUNTERS = {str(no): {"no": no, "fields": ["chung-thuc"]} for no in (1, 2, 3, 5)}
ELDERLY = {"code": "NCT75", "name": {"vi": "Người cao tuổi", "en": "Elderly people", "more": {"zh": "老人"}}}
WAIT = {"likely_s": 1200, "low_s": 930, "high_s": 1500, "made_at": at(NOW)}
STATE: dict[str, Any] = {
    "agency": None, "page": 0, "field": "chung-thuc", "priority": None, "isAsked": False, "isAdding": False,
    "further": [], "slip": None, "card": None,
}  # fmt: skip


@cache
def chinese() -> dict[str, Any]:
    return read_language("zh").tables


def said(screen: str, lang: str = "vi", *, view: dict[str, Any] | None = None, **state: Any) -> list[str] | None:
    """What a screen says in a house with two fields, for one of which four wait; `view` changes what is known there."""
    shown = {
        "board": {"fields": {"chung-thuc": COPIES, "dat-dai": LAND}, "counters": COUNTERS},
        "day": a_day(),
        "fields": [COPIES, LAND],
        "live": {
            "chung-thuc": {"ahead": 4, "wait": WAIT, "ahead_priority": 1, "wait_priority": None, "cap_left_by": {}}
        },
        "classes": [],
        "agencies": {},
        "helper": {"state": "none"},
        "now": at(NOW),
        "confirms": False,
        "size": 10,
        **(view or {}),
    }
    case = {"lang": lang, "screen": screen, "state": STATE | state, "view": shown}
    files = [str(file_of(address)) for address in ("/static/page.js", "/static/times.js")]
    given = {"files": files, "tables": chinese(), "cases": [case]}
    [found] = json.loads(run_node(WORLD, json.dumps(given)))
    return found


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "vi",
            ["Mời chọn lĩnh vực.", "Mời chạm vào ô cần làm. Từ trên xuống, từ trái sang: Chứng thực; Đất đai."],
        ),
        (
            "en",
            [
                "Please choose a field.",
                "Touch what you have come for. From top to bottom and left to right: Certification; Land.",
            ],
        ),
        ("zh", ["请选择办理事项。", "请触摸要办理的事项。从上到下、从左到右：认证; Land。"]),
    ],
)
def test_the_first_screen_names_its_fields_in_their_order(lang: str, expected: list[str]) -> None:
    assert said("home", lang) == expected


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "vi",
            [
                "Chứng thực.",
                "Đang chờ trước: 4 người.",
                "Thời gian chờ: khoảng 15 đến 25 phút.",
                "Bấm Lấy số, nút bên phải.",
            ],
        ),
        (
            "en",
            [
                "Certification.",
                "Waiting ahead: 4 people.",
                "Waiting time: about 15 to 25 min.",
                "Press Take a number, the button on the right.",
            ],
        ),
        ("zh", ["认证。", "前面等候: 4 人。", "等候时间: 约 15 到 25 分钟。", "请按右边的“取号”按钮。"]),
    ],
)
def test_the_step_before_a_number_says_who_is_ahead_how_long_and_what_to_press(lang: str, expected: list[str]) -> None:
    assert said("confirm", lang) == expected


def test_a_priority_is_offered_and_what_was_chosen_is_said() -> None:
    classes = {"classes": [ELDERLY]}
    assert said("confirm", view=classes) == [
        "Chứng thực.",
        "Đang chờ trước: 4 người.",
        "Thời gian chờ: khoảng 15 đến 25 phút.",
        "Nếu thuộc đối tượng ưu tiên, mời chọn trước.",
        "Bấm Lấy số, nút bên phải.",
    ]
    assert said("confirm", view=classes, priority="NCT75") == [
        "Chứng thực.",
        "Đã chọn Người cao tuổi.",
        "Đang chờ trước: 1 người.",
        "Thời gian chờ: Chưa dự tính được.",
        "Bấm Lấy số, nút bên phải.",
    ]


def test_who_may_come_too_late_is_told_before_the_press() -> None:
    late = {"likely_s": 8 * 3600, "low_s": 7 * 3600, "high_s": 9 * 3600, "made_at": at(NOW)}
    told = said("confirm", view={"live": {"chung-thuc": {"ahead": 40, "wait": late, "cap_left_by": {}}}})
    assert told is not None
    assert told[-2:] == [
        "Số này có thể không kịp giải quyết trong hôm nay.",
        "Bấm Vẫn lấy số, nút bên phải. Không lấy nữa, bấm nút bên trái.",
    ]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "vi",
            [
                "Số của ông bà là A, không, một, hai.",
                "Đang chờ trước: 1 người.",
                "Dự kiến đến lượt: 10 giờ 30 đến 11 giờ.",
                "Thường ở quầy 1 đến 3, 5.",
                "Mời lấy phiếu.",
                "Mời ngồi chờ. Số được gọi trên màn hình và loa.",
                "Xin nhắc lại: A, không, một, hai.",
            ],
        ),
        (
            "en",
            [
                "Your number is A, zero, one, two.",
                "Waiting ahead: 1 person.",
                "Expected turn: 10:30 to 11:00.",
                "Usually counter 1 to 3, 5.",
                "Please take your paper.",
                "Please take a seat. Numbers are called on the screen and aloud.",
                "Once more: A, zero, one, two.",
            ],
        ),
        (
            "zh",
            [
                "您的号码是 A, 零, 一, 二。",
                "前面等候: 1 人。",
                "预计轮到: 10点30分 到 11点.",
                "通常在 1 到 3, 5 号窗口。",
                "请取走号票。",
                "请坐下等候，屏幕和广播会叫号。",
                "再说一遍：A, 零, 一, 二。",
            ],
        ),
    ],
)
def test_a_number_is_spelt_as_it_will_be_called_and_said_twice(lang: str, expected: list[str]) -> None:
    wait = {"likely_s": 6300, "low_s": 5400, "high_s": 7200, "made_at": at(NOW)}
    ticket = {"number": "A012", "people_ahead": 1, "wait": wait}
    assert said("issued", lang, ticket=ticket, hasPrinter=True) == expected


def test_a_house_at_rest_says_when_to_come_back() -> None:
    noon = spans("13:00-17:00")
    later = a_field(working=noon, issuing=spans("12:30-16:30"))
    assert said("home", view={"fields": [later]}) == [
        "Chưa đến giờ lấy số.",
        "Lấy số từ 12 giờ 30.",
        "Các quầy làm việc từ 13 giờ.",
    ]


def test_a_field_that_is_shut_says_why() -> None:
    halted = COPIES | {"suspended": {"vi": "mất điện", "en": ""}, "suspended_at": at("08:05"), "working": OFFICE}
    board = {"fields": {"chung-thuc": halted}, "counters": {}}
    why = ["Chứng thực.", "Tạm ngừng cấp số từ 8 giờ 05: mất điện.", "Các số đã cấp giữ nguyên thứ tự."]
    assert said("confirm", view={"board": board}) == why
    assert said("refused", view={"board": board}, problem={"code": "field-suspended"}) == why


def test_a_refusal_says_what_to_do() -> None:
    assert said("refused", problem={"code": "too-late"}) == [
        "Chưa lấy được số.",
        "Máy chủ trả lời chậm nên số chưa được cấp. Mời bấm Lấy số lại.",
    ]
    assert said("refused", problem={"code": "no-answer"}) == [
        "Chưa chắc số đã được cấp.",
        "Vui lòng gặp nhân viên hướng dẫn để kiểm tra trước khi lấy số lại.",
    ]


def test_help_is_told_step_by_step_and_then_that_somebody_comes() -> None:
    assert said("help") == [
        "Chọn lĩnh vực cần làm.",
        "Bấm Lấy số.",
        "Nhận phiếu, chờ gọi số.",
        "Vui lòng gặp nhân viên hướng dẫn.",
        "Nhân viên hướng dẫn ở gần đây sẽ lấy số giúp ông/bà.",
        "Muốn gọi nhân viên, bấm nút bên phải.",
    ]
    called = {"helper": {"state": "called", "since": at("09:07")}}
    assert said("help", view=called) == ["Đã gọi nhân viên lúc 9 giờ 07.", "Mời chờ tại đây."]


def test_who_is_asked_for_more_time_touches_the_screen() -> None:
    assert said("confirm", isAsked=True) == ["Cần thêm thời gian?", "Mời chạm vào màn hình."]


def test_a_dead_line_sends_to_a_person_whatever_was_asked() -> None:
    assert said("down", isAsked=True) == [
        "Vui lòng gặp nhân viên hướng dẫn.",
        "Máy lấy số đang mất kết nối. Máy sẽ tự hoạt động lại khi có kết nối.",
        "Các số đã cấp giữ nguyên thứ tự.",
    ]


def test_a_screen_that_has_no_words_here_says_so() -> None:
    assert said("something-new") is None


def test_who_has_a_number_already_hears_it() -> None:
    owned = {"number": "A012", "counter": 5, "state": "called"}
    assert said("owned", owned=owned) == [
        "Ông/bà đã có số.",
        "Số của ông bà là A, không, một, hai.",
        "Chứng thực.",
        "Mời đến quầy 5.",
    ]


def test_a_result_that_is_not_there_says_when_to_come() -> None:
    found = {"due_at": at("14:30"), "field": "chung-thuc", "state": "not-ready", "counter": None, "wait": None}
    told = said("notReady", slip={"found": found})
    assert told is not None
    assert told[0] == "Kết quả chưa có."
    assert "14 giờ 30" in told[1]


def test_several_things_are_named_before_the_press() -> None:
    told = said("confirm", further=["dat-dai"])
    assert told is not None
    assert told[1] == "Sau đó: Đất đai."
    assert "Một số cho cả 2 việc. Thời gian chờ là của việc đầu tiên." in told


def test_a_slip_says_one_thing_to_do() -> None:
    found = {"state": "supplement", "field": "chung-thuc", "counter": 9, "wait": WAIT, "due_at": None}
    assert said("confirm", slip={"found": found}) == [
        "Chứng thực.",
        "Hồ sơ cần bổ sung giấy tờ. Mời lấy số, quầy 9 sẽ gọi.",
        "Đang chờ trước: 4 người.",
        "Thời gian chờ: khoảng 15 đến 25 phút.",
        "Bấm Lấy số, nút bên phải.",
    ]


def test_a_number_that_one_counter_calls_names_no_other() -> None:
    ticket = {"number": "A012", "people_ahead": 1, "wait": WAIT, "only_counter": 9}
    told = said("issued", ticket=ticket, hasPrinter=True)
    assert told is not None
    assert told[3] == "Mời chờ gọi đến quầy 9."
    assert "Thường ở quầy" not in "".join(told)


def test_a_claim_that_does_not_count_yet_is_told() -> None:
    told = said("confirm", view={"classes": [ELDERLY], "confirms": True}, priority="NCT75")
    assert told is not None
    assert "Số này theo thứ tự thường cho đến khi nhân viên hướng dẫn xác nhận ưu tiên." in told
