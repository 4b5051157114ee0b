"""Further languages: what a file may say, what is shipped, and how a name finds its way to a page."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml

from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.importing import read_organisation
from queue_server.directory.languages import SECTIONS, SHIPPED, Languages, known_languages, own_languages, read_language
from queue_server.domain.configuration import Text
from queue_server.realtime.views import name
from tests.node import run_node

TINY = """
code: here
name: {vi: Phường}
branches:
  - code: here
    name: {vi: Trung tâm, en: Centre, zh: 中心}
    languages: [zh]
    agencies: [{code: phuong, name: Phường}]
    series: [{code: A, prefix: A}]
    fields: [{code: chung-thuc, name: {vi: Chứng thực, zh: 认证}, series: A, agency: phuong}]
    counters: [{no: 1, fields: [chung-thuc]}]
    hours: {mon-fri: {working: [07:30-11:30], issuing: [07:00-11:15]}}
"""


def written(folder: Path, text: str) -> Path:
    folder.joinpath("xx.yaml").write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path, text: str) -> list[str]:
    """The lines of the refusal of config/languages/xx.yaml, without the file's name."""
    with pytest.raises(InvalidDirectory) as refusal:
        read_language("xx", written(folder, text))
    start = f"{folder / 'xx.yaml'}: "
    lines = str(refusal.value).splitlines()
    assert all(line.startswith(start) for line in lines)
    return [line.removeprefix(start) for line in lines]


# -- what is shipped ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", known_languages())
def test_a_shipped_language_is_complete(code: str) -> None:
    given = yaml.safe_load((SHIPPED / f"{code}.yaml").read_text(encoding="utf-8"))
    known = {section: set(table) for section, table in own_languages()["en"].tables.items()}
    assert {section: set(table) for section, table in given.items()} == known
    read_language(code)


def test_vietnamese_and_english_have_the_same_words() -> None:
    vi, en = (own_languages()[code].tables for code in ("vi", "en"))
    assert {section: set(table) for section, table in vi.items()} == {s: set(table) for s, table in en.items()}


def test_the_pages_own_words_are_read_as_a_browser_reads_them() -> None:
    script = f"""
      import fs from "node:fs";
      globalThis.window = globalThis;
      (0, eval)(fs.readFileSync({json.dumps(str(SECTIONS["ticket"]))}, "utf8"));
      const {{ texts }} = await import({json.dumps(SECTIONS["dispenser"].as_uri())});
      const {{ spokenTexts }} = await import({json.dumps(SECTIONS["spoken"].as_uri())});
      console.log(JSON.stringify({{ dispenser: texts, spoken: spokenTexts, ticket: LaySo.ticketTexts }}));
    """
    for section, sides in json.loads(run_node(script)).items():
        assert sides == {code: own_languages()[code].tables[section] for code in ("vi", "en")}


# -- a file ------------------------------------------------------------------------------------------------------------


def test_what_a_file_leaves_out_is_said_in_english(tmp_path: Path) -> None:
    folder = written(tmp_path, "page: {name: Esperanto}\ndispenser: {take: Prenu numeron}\n")
    language = read_language("xx", folder)
    assert language.name == "Esperanto"
    assert (language.tables["dispenser"]["take"], language.tables["dispenser"]["back"]) == ("Prenu numeron", "Back")
    assert language.tables["ticket"] == own_languages()["en"].tables["ticket"]


def test_a_fault_names_its_file_and_key(tmp_path: Path) -> None:
    faults = refused(
        tmp_path,
        """
        page: {name: Esperanto, liva: Vivas}
        dispensers: {}
        times: [wait]
        dispenser:
          pageOf: "Paĝo {page}"
          waiting: "{m} atendas {n}"
          person: unu
          take: [Prenu]
          back: ""
          weekdays: [lundo]
        """,
    )
    assert faults == [
        "page.liva: unknown key 'liva'; did you mean 'live'?",
        "dispensers: unknown section 'dispensers'; did you mean 'dispenser'?",
        "times: must be a mapping of keys and values",
        "dispenser.pageOf: lacks {pages}",
        "dispenser.waiting: has {m}, which nothing fills",
        "dispenser.take: must be a text (put it in quotes)",
        "dispenser.back: must be a text (put it in quotes)",
        "dispenser.weekdays: must be a list of 7 texts",
    ]


def test_a_language_says_what_it_is_called(tmp_path: Path) -> None:
    assert refused(tmp_path, "dispenser: {take: Prenu}") == [
        "page.name: is missing: the language's own name for itself"
    ]


@pytest.mark.anyio
async def test_a_faulty_language_is_not_offered_and_the_others_are(tmp_path: Path) -> None:
    languages = Languages(written(tmp_path, "dispenser: {take: Prenu}"))
    assert list(await languages.offered(["xx"])) == ["vi", "en"]


# -- an organisation's file --------------------------------------------------------------------------------------------


def test_names_of_further_languages_are_in_force(tmp_path: Path) -> None:
    file = tmp_path / "here.yaml"
    file.write_text(TINY, encoding="utf-8")
    organisation = read_organisation(file)
    config = organisation.config("here")
    assert config.languages == ("zh",)
    assert (config.name, config.fields[0].name) == (
        Text("Trung tâm", "Centre", {"zh": "中心"}),
        Text("Chứng thực", "", {"zh": "认证"}),
    )
    stored = organisation.branches[0].as_json()
    assert stored["fields"][0]["name"] == {"vi": "Chứng thực", "zh": "认证"}


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        (
            "en: Centre",
            "em: Centre",
            "branches[0].name.em: unknown language 'em': there is no config/languages/em.yaml",
        ),
        (
            "vi: Phường}",
            "vi: Phường, em: Ward}",
            "name.em: unknown language 'em': there is no config/languages/em.yaml",
        ),
        (
            "languages: [zh]",
            "languages: [zz]",
            "branches[0].languages[0]: unknown language 'zz': there is no config/languages/zz.yaml",
        ),
        ("languages: [zh]", "languages: [zh, zh]", "branches[0].languages[1]: 'zh' stands here twice"),
        ("languages: [zh]", "languages: [en]", "branches[0].languages[0]: 'en' is always there"),
    ],
)
def test_a_language_that_nobody_knows_is_refused_with_its_place(tmp_path: Path, was: str, now: str, fault: str) -> None:
    file = tmp_path / "here.yaml"
    file.write_text(TINY.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(InvalidDirectory) as refusal:
        read_organisation(file)
    assert [str(each) for each in refusal.value.faults] == [fault]


# -- names on the wire -------------------------------------------------------------------------------------------------


def test_a_name_carries_its_further_languages_and_else_is_as_small_as_before() -> None:
    def sent(text: Text) -> str:
        return msgspec.json.encode(name(text)).decode()

    assert sent(Text("Đất đai", "Land")) == '{"vi":"Đất đai","en":"Land"}'
    assert sent(Text("Đất đai", "", {"zh": "土地"})) == '{"vi":"Đất đai","en":"Đất đai","more":{"zh":"土地"}}'


def test_stored_texts_stay_as_they_were() -> None:
    stored = b'{"vi":"h\xe1\xbb\x8dp","en":""}'
    assert msgspec.json.encode(msgspec.json.decode(stored, type=Text)) == stored
