"""What a branch can do for somebody, asked over HTTP in own words."""

from __future__ import annotations

import pytest

from tests.demo_server import BRANCH
from tests.server import Api, DemoServer, Refused


def test_anybody_may_look_a_procedure_up_in_own_words(centre: DemoServer) -> None:
    anybody = Api(centre.url)
    found = anybody.get(f"/branches/{BRANCH}/procedures?q=lam%20giay%20khai%20sinh&limit=3")
    assert found["branch"] == BRANCH
    assert found["procedures"][0] == {
        "code": "1.001193", "name": "Thủ tục đăng ký khai sinh", "field": "ho-tich", "group": "Hộ tịch"
    }  # fmt: skip
    assert len(found["procedures"]) == 3
    of_a_field = anybody.get(f"/branches/{BRANCH}/procedures?field=chung-thuc&limit=500")["procedures"]
    assert {each["field"] for each in of_a_field} == {"chung-thuc"}
    assert len(of_a_field) > 5
    assert anybody.get(f"/branches/{BRANCH}/procedures?q=khai%20sinh&field=chung-thuc")["procedures"] == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("q=" + 201 * "a", "malformed"),
        ("q=a&limit=0", "malformed"),
        ("q=a&limit=x", "malformed"),
        ("field=x", "unknown-field"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(centre: DemoServer, asked: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        Api(centre.url).get(f"/branches/{BRANCH}/procedures?{asked}")
    assert refused.value.code == code
