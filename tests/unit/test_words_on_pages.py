"""Every page that lists devices has a word for each kind of them; where a word is missing, the page stands."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.access.rights import DEVICES, Role
from tests.node import STATIC, said_by_scripts

LISTS = ("admin/texts.js", "manager/texts.js")


def said(module: str, expression: str, **values: Any) -> Any:
    address = (STATIC / module).as_uri()
    in_module = f"await import(address).then((the) => {expression})"
    return said_by_scripts(("page.js",), in_module, address=address, **values)


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("module", LISTS)
def test_every_kind_of_device_has_its_word_where_devices_are_listed(module: str, lang: str) -> None:
    kinds = sorted({*DEVICES, Role.INTEGRATION})
    asked = "(document.documentElement.lang = lang, kinds.map((kind) => the.t(`kind.${kind}`)))"
    words = said(module, asked, kinds=kinds, lang=lang)
    assert not set(words) & set(kinds)
    assert len(set(words)) == len(kinds)


def test_a_word_that_is_missing_leaves_no_page_blank() -> None:
    assert said_by_scripts(("page.js",), "LaySo.words({ vi: {}, en: {} })(key)", key="kind.toaster") == "toaster"
