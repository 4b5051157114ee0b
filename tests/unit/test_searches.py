"""Searches as people type and mistype them, each with the procedure that they want, chosen by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from queue_server.demo_catalogue import ROWS, write_catalogue
from queue_server.directory.catalogue import read_procedures
from queue_server.directory.searching import Catalogue, read_spoken
from tests.unit.test_catalogue import CSV, names

WANTED = {
    "Thủ tục đăng ký kết hôn": (
        "ket hom",
        "kết hôn",
        "dang ki ket hon",
        "dnag ky ket hon",
        "keest hoon",
        "lam dam cuoi",
        "giay ket hon",
    ),
    "Thủ tục đăng ký kết hôn có yếu tố nước ngoài": ("ket hon voi nguoi nuoc ngoai",),
    "Chứng thực chữ ký trong": ("chung thuc chu ki", "chứng thực chữ ký", "chu ky", "uy quyen"),
    "Chứng thực bản sao từ bản chính": ("sao i ban chinh", "sao y", "chung thuc ban sao", "trung thuc ban sao"),
    "Chứng thực di chúc": ("di chuc", "lam di chuc"),
    "Thủ tục đăng ký khai sinh": ("kai sinh", "khai sihn", "lam khai sinh cho be", "khai sinh cho con"),
    "Cấp bản sao Trích lục hộ tịch": ("mat giay khai sinh", "trich luc khai sinh"),
    "Thủ tục đăng ký khai tử": ("khai tu", "bao tu"),
    "Thủ tục cấp Giấy xác nhận tình trạng hôn nhân": ("doc than", "tinh trang hon nhan", "xac nhan doc than"),
    "Thủ tục đăng ký nhận cha, mẹ, con": ("nhan cha con",),
    "Đăng ký việc nuôi con nuôi trong nước": ("con nuoi",),
    "Thủ tục thay đổi, cải chính, bổ sung thông tin hộ tịch": ("doi ten", "cai chinh khai sinh"),
    "Thủ tục đăng ký giám hộ": ("giam ho",),
    "Thủ tục ghi vào Sổ hộ tịch việc ly hôn": ("li hon",),
    "Cấp đổi Giấy chứng nhận quyền sử dụng đất": ("cap doi so do",),
    "Cấp lại Giấy chứng nhận do bị mất": ("mat so do",),
    "Tách thửa": ("tach thua", "tach thu dat"),
    "Đăng ký biến động quyền sử dụng đất": ("sang ten so do", "sang ten nha dat"),
    "Hòa giải tranh chấp đất đai": ("tranh chap dat", "tranh chaaps ddaats ddai"),
    "Xóa đăng ký biện pháp bảo đảm": ("xoa the chap",),
    "Đăng ký biện pháp bảo đảm": ("the chap so do",),
    "Cấp giấy phép xây dựng mới": ("giay phep xay dung", "giay phep xay dugn", "xin phep xay nha", "xay nha"),
    "Cấp giấy phép xây dựng sửa chữa": ("sua nha",),
    "Cấp phép sử dụng tạm thời lòng đường, vỉa hè": ("via he",),
    "Cấp giấy phép chặt hạ": ("chat cay",),
    "Đăng ký thành lập hộ kinh doanh": (
        "ho kinh doanh",
        "mo tiem",
        "mo quan an",
        "giay phep kinh donh",
        "dang ky kinh doanh",
    ),
    "Chấm dứt hoạt động hộ kinh doanh": ("cham dut ho kinh doanh",),
    "Thủ tục cấp Giấy phép bán lẻ rượu": ("ban ruou",),
    "Thủ tục cấp Giấy phép bán lẻ sản phẩm thuốc lá": ("ban thuoc la",),
    "Cấp Giấy phép đủ điều kiện kinh doanh dịch vụ karaoke": ("karaoke",),
    "Đăng ký thành lập công ty": ("thanh lap cong ty",),
    "Cấp Giấy chứng nhận cơ sở đủ điều kiện an toàn thực phẩm": ("an toan thuc pham",),
    "Thực hiện, điều chỉnh, thôi hưởng trợ cấp hưu trí": ("tro cap nguoi gia",),
    "Xác định, xác định lại mức độ khuyết tật": ("khuyet tat", "giay khuyet tat"),
    "Công nhận hộ nghèo": ("ho ngheo",),
    "Hỗ trợ chi phí mai táng": ("mai tang",),
    "Giải quyết chế độ trợ cấp thờ cúng liệt sĩ": ("tho cung liet si", "tho cung liet sy"),
    "Thủ tục xét, cấp học bổng": ("hoc bong",),
    "Cấp giấy phép lái xe": ("bang lai xe",),
    "Đổi giấy phép lái xe": ("doi bang lai",),
    "Cấp lại giấy phép lái xe": ("mat bang lai",),
    "Cấp thẻ căn cước": ("cccd", "lam can cuoc", "can cuoc cong dan"),
    "Cấp lại thẻ căn cước": ("mat can cuoc",),
    "Cấp hộ chiếu phổ thông": ("ho chieu", "passport"),
    "Đăng ký tạm trú": ("dang ky tam chu", "tam tru"),
    "Đăng ký thường trú": ("ho khau",),
    "Tách hộ": ("tach ho", "tach khau"),
    "Cấp Phiếu Lý lịch tư pháp": ("li lich tu phap",),
    "Giải quyết hưởng trợ cấp thất nghiệp": ("that nghiep", "tro cap that nghiep", "bao hiem that nghiep"),
    "Đăng ký đóng, cấp thẻ BHYT": ("bao hiem y te",),
    "Giải quyết hưởng bảo hiểm xã hội một lần": ("rut bao hiem 1 lan",),
    "Giải quyết hưởng chế độ thai sản": ("thai san",),
    "Cấp giấy phép lao động": ("giay phep lao dong",),
    "Hợp pháp hóa lãnh sự": ("hop phap hoa lanh su",),
    "Thủ tục đăng ký nghĩa vụ quân sự lần đầu": ("nghia vu quan su",),
    "Nhập quốc tịch": ("nhap quoc tich",),
    "Thủ tục giải quyết khiếu nại lần đầu tại cấp xã": ("khieu nai",),
    "Lắp đặt đồng hồ nước mới": ("dong ho nuoc",),
    "Đăng ký xe": ("dang ki xe",),
    "Cung cấp thông tin quy hoạch": ("quy hoach",),
    "Đăng ký mua, thuê mua, thuê nhà ở xã hội": ("nha o xa hoi",),
}
"""How a procedure's name begins, and what leads to it."""

AMONG_THREE = {
    "tam ngung kinh doanh": "Tạm ngừng kinh doanh",
    "chuyen truong": "Chuyển trường đối với học sinh",
}
"""Where another procedure fits as well."""


@pytest.mark.parametrize(("typed", "wanted"), [(typed, wanted) for wanted, each in WANTED.items() for typed in each])
def test_what_is_wanted_comes_first(typed: str, wanted: str) -> None:
    assert names(typed, 1)[0].startswith(wanted)


@pytest.mark.parametrize(("typed", "wanted"), AMONG_THREE.items())
def test_what_may_be_wanted_is_among_the_first(typed: str, wanted: str) -> None:
    assert any(name.startswith(wanted) for name in names(typed, 3))


def test_among_the_many_of_a_demonstration_the_real_ones_come_first(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "catalogue")
    procedures = read_procedures(tmp_path / "catalogue" / "procedures.csv")
    many = Catalogue(procedures, read_spoken(tmp_path / "catalogue" / "spoken.csv"))
    first = {typed: procedures[many.search(typed, 1)[0]].name_vi for each in WANTED.values() for typed in each}
    assert {typed: name for typed, name in first.items() if name != names(typed, 1)[0]} == {}


def test_a_demonstrations_catalogue_is_as_long_as_a_provinces_and_its_samples_have_no_code(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "catalogue")
    procedures = read_procedures(tmp_path / "catalogue" / "procedures.csv")
    shipped = read_procedures(CSV)
    assert len(procedures) == ROWS == 1500
    assert procedures[: len(shipped)] == shipped
    samples = procedures[len(shipped) :]
    assert all(each.code is None and "(mẫu: " in each.name_vi for each in samples)
    assert len({(each.name_vi, each.level, each.field_vi) for each in samples}) == len(samples)
