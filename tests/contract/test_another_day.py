"""When to come instead, asked over HTTP."""

from __future__ import annotations

import pytest

from tests.demo_server import BRANCH
from tests.server import Api, DemoServer, Refused


def test_anybody_may_ask_when_to_come_instead(centre: DemoServer) -> None:
    found = Api(centre.url).get(f"/branches/{BRANCH}/fields/ho-tich/another-day")
    row = centre.api().board()["fields"]["ho-tich"]
    assert (found["branch"], found["field"], found["quiet"]) == (BRANCH, "ho-tich", None)
    assert found["issuing"][0]["start"] == row["returns_at"]
    assert found["working"] == found["issuing"]


def test_of_an_unknown_field_nothing_is_said(centre: DemoServer) -> None:
    with pytest.raises(Refused) as refused:
        Api(centre.url).get(f"/branches/{BRANCH}/fields/x/another-day")
    assert refused.value.code == "unknown-field"
