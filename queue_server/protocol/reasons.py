"""Why somebody was called and nobody else, as sentences for clerks, managers and whoever asks them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from queue_server.protocol.rows import Name


class Other(NamedTuple):
    """The one who was nearest to being called instead, and for how long he had waited."""

    number: str
    waited_s: int


IF_WAIT_IS_SAID = re.compile(r"\[(.*?)\]")
SENTENCES = {
    "priority": (
        "Thuộc đối tượng ưu tiên[, đã chờ {waited}].",
        "Has statutory priority[ and has waited {waited}].",
    ),
    "oldest": (
        "Chờ lâu nhất[ ({waited})] trong số {candidates} người đang chờ quầy này.",
        "Has waited longest[ ({waited})] of {candidates} waiting for this counter.",
    ),
    "pressed": (
        "Lĩnh vực này đang đông nhất[; đã chờ {waited}].",
        "The field is the most crowded one[; has waited {waited}].",
    ),
    "ordinary_bound": (
        "Đã chờ[ {waited}] trong khi các số ưu tiên được gọi liên tiếp.",
        "Has waited[ {waited}] while priority numbers were called in a row.",
    ),
    "overtaken": (
        "[Đã chờ {waited}; ]số thường được gọi xen vào vì nhiều số ưu tiên đến sau đã được gọi trước.",
        "[Has waited {waited}; ]an ordinary number has its turn, as many priority numbers that came later went first.",
    ),
    "interleaved": (
        "Được gọi xen kẽ giữa các số ưu tiên[; đã chờ {waited}].",
        "Between two priority numbers[; has waited {waited}].",
    ),
    "appointment": (
        "Đã đến giờ hẹn; được gọi trước số mới kế tiếp.",
        "The appointed time has come: called before the next new number.",
    ),
    "returning": (
        "Đã quay lại sau khi bổ sung; được gọi trước số mới kế tiếp.",
        "Is back with what was missing: called before the next new number.",
    ),
    "early": (
        "Chưa đến giờ hẹn, được gọi sớm vì không còn ai chờ.",
        "Called before the appointed time, as nobody else waits.",
    ),
    "chosen": ("Được nhân viên chọn, không theo lượt.", "Chosen by hand, out of turn."),
    "resumed": ("Tiếp tục sau khi bổ sung.", "Goes on after a hold."),
}
NEXT = (
    " Lúc đó, xếp ngay sau là số {number}, đã chờ {waited}.",
    " Number {number} came next then, having waited {waited}.",
)


def sentence(reason: str, waited_s: int | None, candidates: int, others: Sequence[Other] = ()) -> Name | None:
    """In both languages, with the one who would have been called otherwise; None for a call that gave no reason.
    Without `waited_s` it says nothing of the wait."""
    if reason not in SENTENCES:
        return None
    said = []
    for words, follows, minutes in zip(SENTENCES[reason], NEXT, (_minutes_vi, _minutes_en), strict=True):
        text = IF_WAIT_IS_SAID.sub("" if waited_s is None else r"\1", words)
        text = text[0].upper() + text[1:].format(waited=minutes(waited_s or 0), candidates=candidates)
        if others:
            text += follows.format(number=others[0].number, waited=minutes(others[0].waited_s))
        said.append(text)
    return Name(said[0], said[1])


def _minutes_vi(seconds: int) -> str:
    return "chưa đến 1 phút" if seconds < 60 else f"{seconds // 60} phút"


def _minutes_en(seconds: int) -> str:
    minutes = seconds // 60
    return "less than a minute" if minutes < 1 else f"{minutes} minute{'s' if minutes > 1 else ''}"
