"""Finding procedures by a few typed words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from queue_server.directory.catalogue import Catalogue, Procedure, field_of, fold, of_field, read_procedures
from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.schema import FieldBlock

CSV = Path(__file__).parents[2] / "config" / "catalogue" / "procedures.csv"
HEADER = "code,name_vi,field_vi,level,agency_vi,mark,source\n"


@cache
def catalogue() -> Catalogue:
    return Catalogue(read_procedures(CSV))


def names(query: str, limit: int = 20) -> list[str]:
    return [procedure.name_vi for procedure in catalogue().search(query, limit)]


def field(code: str, **groups: list[str]) -> FieldBlock:
    return FieldBlock.model_validate(
        {"code": code, "name": code, "series": "A", "agency": "phuong", "catalogue": groups}
    )


@pytest.mark.parametrize("query", ["đăng ký khai sinh", "dang ky khai sinh", "KHAI SINH", "khai si", "sinh khai"])
def test_a_birth_is_found_with_and_without_diacritics(query: str):
    assert names(query)[0] == "Thủ tục đăng ký khai sinh"


def test_the_shortest_whole_match_comes_first():
    assert names("giay phep lai xe", 2) == ["Cấp giấy phép lái xe", "Đổi giấy phép lái xe"]


def test_diacritics_that_were_typed_count():
    land, copper = (Procedure(None, name, "Khác", "xa", "", "C") for name in ("Giao đất", "Giao đạt"))
    small = Catalogue([copper, land])
    assert small.search("đất") == [land, copper]
    assert small.search("đạt") == [copper, land]


def test_a_code_is_found():
    assert names("1.001193") == ["Thủ tục đăng ký khai sinh"]


def test_a_group_is_found_by_its_name():
    assert any(procedure.field_vi == "Cấp nước" for procedure in catalogue().search("cap nuoc"))


def test_a_misspelt_word_is_taken_for_the_nearest():
    assert "Thủ tục đăng ký khai sinh" in names("khia sinh")


@pytest.mark.parametrize("query", ["", "  ", "?!", "zzzzzz"])
def test_nothing_is_found_for_nothing(query: str):
    assert names(query) == []


def test_no_more_than_the_limit_is_found():
    assert len(names("thu tuc", 7)) == 7


def test_folding_takes_every_vietnamese_letter_to_ascii():
    letters = "aăâeêioôơuưyđ"
    marks = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    assert fold("".join(letter + mark for letter in letters for mark in marks)).isascii()
    assert fold("ĐẤT Đai") == "dat dai"


def test_a_field_takes_its_groups_and_a_star_the_rest_of_a_level():
    fields = [field("land", xa=["Đất đai"]), field("rest", xa=["*"], tinh=["Đất đai"]), field("none")]
    land = of_field(catalogue(), fields, "land")
    rest = of_field(catalogue(), fields, "rest")
    assert {(p.level, p.field_vi) for p in land} == {("xa", "Đất đai")}
    assert {p.field_vi for p in rest if p.level == "tinh"} == {"Đất đai"}
    assert len(land) + len([p for p in rest if p.level == "xa"]) == 311
    assert of_field(catalogue(), fields, "none") == []


def test_a_procedure_that_no_field_takes_has_none():
    tax = next(procedure for procedure in catalogue().procedures if procedure.field_vi == "Thuế")
    assert field_of([field("land", xa=["*"])], tax) is None


def test_a_missing_column_is_told(tmp_path: Path):
    path = tmp_path / "bad.csv"
    path.write_text("code,name_vi\n", encoding="utf-8")
    with pytest.raises(InvalidDirectory, match="line 1: column 'field_vi' is missing"):
        read_procedures(path)


def test_a_bad_row_is_told_by_its_line(tmp_path: Path):
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + ",Đăng ký,Hộ tịch,xa,UBND,C,x\n,Đăng ký,Hộ tịch,huyen,UBND,C,x\n", encoding="utf-8")
    with pytest.raises(InvalidDirectory, match="line 3: needs a name, a level"):
        read_procedures(path)
