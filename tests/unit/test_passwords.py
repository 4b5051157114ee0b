"""What a password must be, and how long a posting may last."""

from __future__ import annotations

from datetime import date

import pytest

from queue_server.access.passwords import new_password, require_good
from queue_server.access.staff import months_after
from queue_server.domain.refusals import Refusal


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("1234567", "password-short"),
        ("password", "password-common"),
        ("Matkhau123", "password-common"),
        ("12345678", "password-common"),
        ("aaaaaaaaaaaa", "password-common"),
        ("nguyenlan", "password-common"),
        ("a" * 257, "password-long"),
    ],
)
def test_what_a_password_must_not_be(password: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        require_good(password, "NguyenLan")


@pytest.mark.parametrize("password", ["hoa sen nở trắng", "mưa-nắng-7", "8 chữ cá"])
def test_any_signs_will_do(password: str) -> None:
    require_good(password, "lan")


def test_a_password_for_once_is_a_good_one_and_another_each_time() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    for each in made:
        require_good(each, "lan")


def test_24_months_after_a_leap_day() -> None:
    assert months_after(date(2028, 2, 29), 24) == date(2030, 2, 28)
    assert months_after(date(2026, 11, 30), 24) == date(2028, 11, 30)
    assert months_after(date(2026, 12, 31), 2) == date(2027, 2, 28)
