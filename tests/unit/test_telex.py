"""The device's keyboard makes Vietnamese letters as everybody types them."""

from __future__ import annotations

import pytest

from tests.node import said_by


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("chowf laau", "chờ lâu"),
        ("thais ddooj phucj vuj", "thái độ phục vụ"),
        ("giaays towf", "giấy tờ"),
        ("dduowcj", "được"),
        ("tuyeetj", "tuyệt"),
        ("quas laau", "quá lâu"),
        ("nguwowif", "người"),
        ("huowngs daanx", "hướng dẫn"),
        ("caamr own", "cẩm ơn"),
        ("500 ddoongf, 2 laanf.", "500 đồng, 2 lần."),
        ("ghees", "ghế"),
        ("ss", "ss"),
    ],
)
def test_keys_make_words(keys: str, text: str) -> None:
    typed = "[...keys].reduce((text, key) => the.telex(text + key), '')"
    assert said_by("rating/telex.js", typed, keys=keys) == text
