"""The clips that ``voice.js`` asks for, and the words each of them says.

Counters are joined from whole words, with at most two seams for 1..999: ``100`` ("một trăm"), ``20`` ("hai mươi"),
``x1`` ("mốt"). A Vietnamese syllable keeps its tone whatever follows it: espeak-ng speaks "mươi" alone and in
"hai mươi mốt" less than a semitone apart (117 and 113 Hz, measured). So 40 clips reach 999. With every number up to 99
in one piece it would be 109, about 0.4 MB more in a language, and a much longer afternoon for a person who records.
The digits of the called number have clips of their own (``nam``) beside the counters' (``5``): a recorded voice speaks
the former with a comma after them, the latter at the end of a sentence.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

Words: TypeAlias = Mapping[str, str]
"""Clip name to spoken text. The chime says nothing, so its text is empty."""

CHIME: Final = "chime"

_VI_ONES: Final = ("một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_VI_DIGIT_CLIPS: Final = ("khong", "mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin")
_VI_LETTERS: Final = {
    "a": "a", "b": "bê", "c": "xê", "d": "dê", "dd": "đê", "e": "e", "f": "ép", "g": "giê", "h": "hát", "i": "i",
    "j": "gi", "k": "ca", "l": "e lờ", "m": "em mờ", "n": "en nờ", "o": "o", "p": "pê", "q": "quy", "r": "e rờ",
    "s": "ét sì", "t": "tê", "u": "u", "v": "vê", "w": "vê kép", "x": "ích xì", "y": "i dài", "z": "dét",
}  # fmt: skip
_VI_PHRASES: Final = {
    "moi_so": "Mời số",
    "so": "số",
    "xin_nhac_lai": "Xin nhắc lại",
    "den_quay_so": "đến quầy số",
    "quay_so": "quầy số",
    "linh": "linh",
}

_EN_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_EN_TEENS: Final = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_EN_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_PHRASES: Final = {"number": "Number", "counter": "counter", "once_again": "Once again", "and": "and"}


def _vi_counters() -> dict[str, str]:
    teens = {str(10 + n): f"mười {'lăm' if n == 5 else word}" for n, word in enumerate(_VI_ONES, 1)}
    tens = {str(10 * n): f"{word} mươi" for n, word in enumerate(_VI_ONES, 1) if n > 1}
    return {
        **{str(n): word for n, word in enumerate(_VI_ONES, 1)},
        "10": "mười",
        **teens,
        **tens,
        **{"x1": "mốt", "x4": "tư", "x5": "lăm"},
        **{str(100 * n): f"{word} trăm" for n, word in enumerate(_VI_ONES, 1)},
    }


def _en_counters() -> dict[str, str]:
    return {
        **{str(n): word for n, word in enumerate(_EN_ONES + _EN_TEENS, 1)},
        **{str(10 * n): word for n, word in enumerate(_EN_TENS, 2)},
        **{str(100 * n): f"{word} hundred" for n, word in enumerate(_EN_ONES, 1)},
    }


def _vietnamese() -> Words:
    digits = dict(zip(_VI_DIGIT_CLIPS, ("không", *_VI_ONES), strict=True))
    return {CHIME: "", **_VI_PHRASES, **_VI_LETTERS, **digits, **_vi_counters()}


def _english() -> Words:
    letters = {letter: letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}
    digits = {word: word for word in ("zero", *_EN_ONES)}
    return {CHIME: "", **_EN_PHRASES, **letters, **digits, **_en_counters()}


NEEDED: Final[Mapping[str, Words]] = {"vi": _vietnamese(), "en": _english()}
"""Language to every clip that a pack of it must have."""
