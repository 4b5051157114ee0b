"""What a scanner types: told from fingers by its pace, and taken for a card, a dossier, or nothing that is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import run_node

DISPENSER = Path(__file__).parents[2] / "queue_server" / "web" / "static" / "dispenser"
CARD = "001090123456|012345678|Nguyễn Văn A|01011990|Nam|Số 1, Trần Phú, Hà Nội|15042021"
WOMAN_OF_1948 = "079148000123||Trần Thị B|05111948|Nữ|12 Quang Trung|01012022"


def said(module: str, expression: str, **values: Any) -> Any:
    given = "".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
    script = f"import * as the from {json.dumps((DISPENSER / module).as_uri())}; {given}"
    return json.loads(run_node(f"{script} console.log(JSON.stringify({expression}));"))


# -- what it is --------------------------------------------------------------------------------------------------------


def card(number: str, year: int, born: tuple[int, int] | None = None) -> dict[str, Any]:
    day = {"day": born[0], "month": born[1]} if born else None
    return {"kind": "card", "number": number, "birthYear": year, "born": day}


UNKNOWN = {"kind": "unknown"}
READ = {
    CARD: card("001090123456", 1990, (1, 1)),
    f"{CARD}\r\n": card("001090123456", 1990, (1, 1)),
    WOMAN_OF_1948: card("079148000123", 1948, (5, 11)),
    "079148000123||Trần Thị B|05/11/1948|Nữ|12 Quang Trung|01/01/2022": card("079148000123", 1948, (5, 11)),
    f"{WOMAN_OF_1948}|01012037|027048000001|027049000002": card("079148000123", 1948, (5, 11)),
    "001090123456|012345678|Nguye64n Va8n A|0101|Nam|?|": card("001090123456", 1990),
    "001090123456|012345678|Nguy": card("001090123456", 1990),
    "001090123456|012345678|A|01011991|": card("001090123456", 1990),
    "001090123456": card("001090123456", 1990),
    "046203001234|": card("046203001234", 2003),
    "046303001234|": card("046303001234", 2003),
    "046503001234|": UNKNOWN,
    "00109012345|": UNKNOWN,
    "0010901234567": UNKNOWN,
    "012345678": UNKNOWN,
    "https://dichvucong.gov.vn/": UNKNOWN,
    "000.00.19.H26-240105-0123": {"kind": "dossier", "code": "000.00.19.H26-240105-0123"},
    "h21.17-240101-0001\n": {"kind": "dossier", "code": "H21.17-240101-0001"},
    "H29-251120-00012": {"kind": "dossier", "code": "H29-251120-00012"},
    "H29-2511-0012": UNKNOWN,
}


def test_what_was_scanned() -> None:
    assert said("cards.js", "texts.map(the.scanned)", texts=list(READ)) == list(READ.values())


TODAY = "17/11/2026"
CLASSES = [{"code": "NKT", "min_age": None}, {"code": "NCT60", "min_age": 60}, {"code": "NCT75", "min_age": 75}]


@pytest.mark.parametrize(
    ("found", "age"),
    [
        (card("", 1951, (17, 11)), 75),
        (card("", 1951, (18, 11)), 74),
        (card("", 1951, (31, 1)), 75),
        (card("", 1951), 74),  # by the year alone not certainly
        (card("", 1950), 75),
    ],
)
def test_an_age_is_told_in_whole_years_that_are_certain(found: dict[str, Any], age: int) -> None:
    assert said("cards.js", "the.ageOn(card, today)", card=found, today=TODAY) == age


def test_a_card_shows_the_class_of_the_highest_age() -> None:
    cards = [card("", 1948), card("", 1960, (1, 1)), card("", 1990), None]
    program = "cards.map((card) => the.classBy(card, classes, today))"
    assert said("cards.js", program, cards=cards, classes=CLASSES, today=TODAY) == ["NCT75", "NCT60", None, None]
    assert said("cards.js", program, cards=cards, classes=CLASSES[:1], today=TODAY) == [None] * 4


# -- whose keys these are ----------------------------------------------------------------------------------------------

RUN = """
function played(keys, isWritten) {
  const heard = [], timers = new Map();
  let now = 0, last = 0;
  const later = (work, ms) => { timers.set((last += 1), [now + ms, work]); return last; };
  const pass = (to) => {
    for (const [id, [at, work]] of [...timers]) if (at <= to) { timers.delete(id); now = at; work(); }
    now = to;
  };
  const onScan = (text) => heard.push(text), onTyped = () => heard.push(null);
  const hand = the.reader(onScan, onTyped, () => isWritten, later, (id) => timers.delete(id));
  for (const [at, key] of keys) {
    pass(at);
    if (key !== "Enter") hand.add(key, at);
    else heard.push(hand.end(hand.isScan(at)) ? "enter" : "press");
  }
  pass(now + 1000);
  return heard;
}
"""


def heard(*keys: tuple[int, str], is_written: bool = False) -> list[str | None]:
    """What was scanned, None for a person's keys, "enter" of a scanner or a "press" of a person; `is_written` into a
    field of the page."""
    script = f"import * as the from {json.dumps((DISPENSER / 'scanner.js').as_uri())}; {RUN}"
    run = f"played({json.dumps(keys)}, {json.dumps(is_written)})"
    found: list[str | None] = json.loads(run_node(f"{script} console.log(JSON.stringify({run}));"))
    return found


def typed(text: str, every: int, start: int = 0) -> list[tuple[int, str]]:
    return [(start + i * every, character) for i, character in enumerate(text)]


def test_a_scan_ends_with_enter_or_with_a_pause() -> None:
    assert heard(*typed(CARD, 3), (len(CARD) * 3, "Enter")) == [CARD, "enter"]
    assert heard(*typed(CARD, 20)) == [CARD]
    assert heard(*typed(CARD, 3), *typed(WOMAN_OF_1948, 3, 2000)) == [CARD, WOMAN_OF_1948]


def test_a_scanner_by_radio_may_stutter_once_it_is_known() -> None:
    late = [(at + (100 if i > 30 else 0), key) for i, (at, key) in enumerate(typed(CARD, 3))]
    assert heard(*late) == [CARD]


def test_fingers_are_no_scanner() -> None:
    assert heard(*typed("khai sinh cho con", 90)) == [None] * 17
    assert heard(*typed("khai", 30)) == [None]
    assert heard((0, "1"), (500, "Enter")) == [None, "press"]
    assert heard((0, "Enter")) == ["press"]


def entered(text: str) -> list[tuple[int, str]]:
    """By a scanner, with Enter behind it."""
    return [*typed(text, 3), (len(text) * 3, "Enter")]


def test_into_a_field_only_what_is_known_here_is_scanned_and_nothing_typed_is_lost() -> None:
    dossier = "000.00.19.H26-240105-0123"
    assert heard(*entered(CARD), is_written=True) == [CARD, "enter"]
    assert heard(*typed(CARD, 3), is_written=True) == [CARD]
    assert heard(*entered(dossier), is_written=True) == [dossier, "enter"]
    assert heard(*typed(dossier, 3), is_written=True) == [None]
    assert heard(*typed("dang ky khai sinh", 20), is_written=True) == [None]
    assert heard(*entered("https://dichvucong.gov.vn/"), is_written=True) == [None, "press"]
    assert heard(*entered("https://dichvucong.gov.vn/")) == ["https://dichvucong.gov.vn/", "enter"]


KEYS = [
    ({"key": "a"}, "a"),
    ({"key": "|", "shiftKey": True}, "|"),
    ({"key": "Process", "code": "Digit7"}, "7"),
    ({"key": "Unidentified", "code": "Numpad0"}, "0"),
    ({"key": "Process", "code": "Backslash", "shiftKey": True}, "|"),
    ({"key": "Process", "code": "KeyW"}, "?"),
    ({"key": "Backspace"}, None),
    ({"key": "F5"}, None),
]


def test_digits_are_read_though_an_input_method_keeps_them_to_itself() -> None:
    found = said("scanner.js", "keys.map(the.characterOf)", keys=[key for key, _ in KEYS])
    assert found == [character for _, character in KEYS]
