"""Everything that can happen has words for people, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from queue_server.audit.trail import COMMAND_LINE, Action, Entry
from queue_server.audit.words import ENTRIES, EVENTS, OUTCOMES, REASONS, actor_name, entry_sentence, sentence
from queue_server.domain import decide
from queue_server.domain import events as ev
from queue_server.domain.commands import TIMER, Finish
from queue_server.domain.configuration import Text
from queue_server.domain.events import type_of
from tests.golden.make import samples

DECISIONS = Path(decide.__file__).parent


def field(code: str) -> str:
    return {"dat-dai": "Đất đai", "ho-tich": "Hộ tịch"}.get(code, "…")


def test_every_event_and_every_entry_has_words() -> None:
    assert {str(kind.__struct_config__.tag) for kind in get_args(ev.EventType)} == set(EVENTS)
    assert set(Action) == set(ENTRIES)
    assert all(text.vi and text.en for text in [*EVENTS.values(), *ENTRIES.values()])


@pytest.mark.parametrize("event", samples(), ids=type_of)
def test_a_sentence_needs_no_code(event: ev.EventType) -> None:
    for lang in ("vi", "en"):
        said = sentence(event, lang, number="A012", field=field)
        assert "{" not in said
        assert "None" not in said
        assert type_of(event) not in said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (ev.TicketHeld("t1", "Thiếu giấy tờ"), "Số A012 chờ bổ sung: Thiếu giấy tờ"),
        (ev.TicketTransferred("t1", "dat-dai"), "Chuyển số A012 sang Đất đai"),
        (ev.TicketTransferred("t1", "dat-dai", only_counter=2), "Chuyển số A012 sang Đất đai, chỉ quầy 2"),
        (
            ev.TicketTransferred("t1", "dat-dai", None, "lan", "Quầy khác thụ lý"),
            "Chuyển số A012 sang Đất đai, chỉ Nguyễn Thị Lan: Quầy khác thụ lý",
        ),
        (ev.TicketHeld("t1", "Đi sao chụp", 3), "Số A012 chờ bổ sung, chỉ quầy 3: Đi sao chụp"),
        (ev.TicketFinished("t1"), "Hoàn thành số A012"),
        (ev.TicketFinished("t1", "supplement"), "Hoàn thành số A012: Cần bổ sung hồ sơ"),
        (ev.TicketFinished("t1", "forgotten", is_inexact=True), "Kết thúc lượt bị quên của số A012"),
        (ev.CounterClosed(2, "moved"), "Đóng quầy 2: chuyển sang quầy khác"),
        (ev.DayClosed({}, "Mất điện"), "Kết thúc ngày làm việc: Mất điện"),
        (ev.FieldSuspended("dat-dai", Text("Mất điện")), "Tạm ngừng cấp số Đất đai: Mất điện"),
        (ev.CounterAssigned(2, ("dat-dai", "ho-tich")), "Đổi lĩnh vực của quầy 2: Đất đai, Hộ tịch"),
        (ev.TicketVoided("t1", "mistake"), "Bỏ số A012 (thử hoặc nhầm)"),
    ],
)
def test_what_happened_is_said_in_words(event: ev.EventType, said: str) -> None:
    names = {"lan": "Nguyễn Thị Lan"}
    assert sentence(event, "vi", number="A012", field=field, person=lambda code: names.get(code, code)) == said


def test_what_the_program_itself_gives_as_a_reason_has_words() -> None:
    """Every one that stands in the source of a decision, and every way in which a service may end."""
    sources = "".join(file.read_text(encoding="utf-8") for file in DECISIONS.glob("*.py"))
    given = set(re.findall(r'ev\.(?:CounterClosed|CounterPaused|DayClosed)\([^()]*"([^"]+)"\)', sources))
    assert {"moved", "day-ended"} <= given
    assert given | {TIMER} == set(REASONS)
    assert {*get_args(get_type_hints(Finish)["outcome"]), "forgotten"} == {"done", "forgotten", *OUTCOMES}


def test_who_it_was_is_said_in_words() -> None:
    names = {"lan": "Nguyễn Thị Lan", "device:k1": "Máy lấy số"}
    told = [
        actor_name(actor, names, "vi") for actor in ("account:lan", "device:k1", "timer", "ticket:t1", COMMAND_LINE)
    ]
    assert told == [
        "Nguyễn Thị Lan", "Máy lấy số", "Hệ thống (theo giờ)", "Người dân (từ điện thoại)", "Quản trị (tại máy chủ)",
    ]  # fmt: skip
    failed = Action.SIGN_IN_FAILED
    assert entry_sentence(Entry("nobody", failed), "vi", names) == "Đăng nhập sai"
    assert entry_sentence(Entry("nobody", failed, "lan"), "vi", names) == "Đăng nhập sai Nguyễn Thị Lan (lan)"
    assert entry_sentence(Entry("setup", Action.PAIRED, "k1"), "vi", names) == "Ghép nối thiết bị Máy lấy số"
