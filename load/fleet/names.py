"""Names that read like real ones, of places and of people; the same seed gives the same names."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    "An Bình Bảo Cẩm Châu Cao Đại Đạo Đình Đồng Đông Đức Gia Hà Hải Hàm Hiệp Hòa Hoàng Hồng Hưng Hương Khánh Kim Lạc "
    "Lâm Lệ Liên Lộc Long Lương Mỹ Nam Nghĩa Ngọc Nhân Nhơn Ninh Phong Phú Phúc Phước Phương Quảng Quế Quang Sơn Tam "
    "Tân Tây Thạch Thái Thăng Thanh Thạnh Thiện Thọ Thuận Tiên Trung Trường Vạn Văn Việt Vĩnh Xuân Yên"
)
SECOND = _words(
    "An Bình Cường Dương Định Đông Đức Giang Hải Hiệp Hòa Hội Hưng Khê Khánh Lạc Lâm Lập Lộc Lợi Long Lương Minh Mỹ "
    "Ngãi Nghĩa Nguyên Nhuận Ninh Phong Phú Phúc Phước Quang Quý Sơn Tây Thành Thạnh Thắng Thịnh Thọ Thuận Thượng Tiến "
    "Trị Trung Vân Xuyên Xá Yên"
)
FAMILIES = _words("Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý")
MIDDLES = _words("Thị Văn Thị Thu Ngọc Minh Thanh Hữu Đức Kim Quốc Xuân")
GIVEN = _words(
    "An Anh Bình Chi Dũng Đạt Giang Hà Hạnh Hiếu Hoa Hùng Hương Khoa Lan Linh Long Mai Minh Nam Nga Phúc Vy Yến"
)


def places(seed: int, *, taken: Iterable[str] = ()) -> Iterator[str]:
    """Places of two syllables, such as "Tân Phú"; no two have the same code."""
    used = {slug(name) for name in taken}
    pairs = [f"{one} {other}" for one, other in product(FIRST, SECOND) if one != other]
    random.Random(seed).shuffle(pairs)
    for pair in pairs:
        code = slug(pair)
        if code not in used:
            used.add(code)
            yield pair


def people(seed: int) -> Iterator[str]:
    """Names of staff, without end; two may share one."""
    chance = random.Random(seed)
    while True:
        yield f"{chance.choice(FAMILIES)} {chance.choice(MIDDLES)} {chance.choice(GIVEN)}"


def slug(name: str) -> str:
    """A name as a code: "Đông Hòa" is dong-hoa."""
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c)).replace(" ", "-")
