"""Appointment slips: which codes there are, and where their citizens go."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from queue_server.domain.configuration import BranchConfig, Desk
from queue_server.domain.slips import Slip, slip_key, where_to
from tests.factories import config, field

KEY = "0000019H262401050123"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("000.00.19.H26-240105-0123", KEY),
        (" 000.00.19.h26-240105-0123\r\n", KEY),
        ("0000019H26 240105 0123", KEY),
        ("H26.19-240105-0123", "H26192401050123"),
        ("h26192401050123", "H26192401050123"),
        ("H26-240105-01234", "H2624010501234"),
        ("000.00.19.H26-240105-123", None),
        ("000.00.19-240105-0123", None),
        ("H26.19-240105", None),
        ("001090123456", None),
        ("A012", None),
        ("", None),
    ],
)
def test_a_dossiers_code_is_known_with_its_signs_and_without(typed: str, key: str | None) -> None:
    assert slip_key(typed) == key


READY = Slip("H26.19-240105-0123", "tra-ket-qua", "ready", 5)
LACKING = replace(READY, state="supplement")


def at(slip: Slip, counter: int | None) -> Slip:
    return replace(slip, counter=counter)


def test_a_result_is_collected_in_its_field_at_the_counter_that_has_it() -> None:
    assert where_to(config(), READY) == ("tra-ket-qua", 5)
    assert where_to(config(), at(READY, None)) == ("tra-ket-qua", None)
    assert where_to(config(), replace(READY, state="not-ready")) == ("tra-ket-qua", 5)


def test_a_counter_that_does_not_take_the_field_or_has_gone_is_not_wanted() -> None:
    assert where_to(config(), at(READY, 4)) == ("tra-ket-qua", None)
    assert where_to(config(), at(READY, 99)) == ("tra-ket-qua", None)
    retired = tuple(replace(desk, is_retired=desk.no == 5) for desk in config().counters)
    assert where_to(config(counters=retired), READY) == ("tra-ket-qua", None)


def test_a_dossier_is_completed_in_a_field_of_its_own_or_where_it_was_filed() -> None:
    own = field("bo-sung", "A", service="supplement")
    fields = tuple(replace(f, service="collect" if f.code == "tra-ket-qua" else "file") for f in config().fields)
    plain = config(fields=fields)
    with_own = config(fields=(*fields, own), counters=(*config().counters, Desk(6, ("bo-sung",))))

    def goes(branch: BranchConfig, counter: int | None) -> tuple[str, int | None]:
        return where_to(branch, at(LACKING, counter))

    assert goes(with_own, 6) == ("bo-sung", 6)
    assert goes(with_own, 4) == ("bo-sung", None)
    assert goes(plain, 4) == ("dat-dai", 4)
    assert goes(plain, 5) == ("chung-thuc", 5), "it helps there"
    assert goes(plain, None) == ("tra-ket-qua", None)
