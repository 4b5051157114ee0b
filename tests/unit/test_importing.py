"""Importing into the directory: shown first, stored in one transaction, and the browser's changes kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from queue_server.directory import store
from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.importing import (
    DirectoryChanged,
    Organisation,
    branch_configs,
    describe_import,
    plan_import,
    read_document,
    read_organisation,
    save_document,
    store_import,
)
from queue_server.domain.configuration import BranchConfig
from queue_server.journal.port import Database
from queue_server.journal.sqlite import SqliteJournal

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def branch(code: str, **keys: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"Chi nhánh {code}",
        "agencies": [{"code": "phuong", "name": "Phường"}],
        "series": [{"code": "A", "prefix": "A"}],
        "fields": [{"code": "chung-thuc", "name": "Chứng thực", "series": "A", "agency": "phuong"}],
        "counters": [{"no": "1-2", "fields": ["chung-thuc"]}],
        "hours": {"mon-fri": {"working": ["07:30-11:30"], "issuing": ["07:00-11:15"]}},
        **keys,
    }


def organisation(folder: Path, *branches: dict[str, Any], code: str = "city") -> Organisation:
    path = folder / f"{code}.yaml"
    path.write_text(yaml.safe_dump({"code": code, "name": "Thành phố", "branches": list(branches)}), encoding="utf-8")
    return read_organisation(path)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def journal(tmp_path: Path, anyio_backend: str) -> AsyncIterator[SqliteJournal]:
    found = await SqliteJournal.open(tmp_path / "directory.db")
    yield found
    await found.close()


def run_import(connection: Database, file: Organisation, *, overwrite: bool = False) -> list[BranchConfig]:
    return store_import(connection, plan_import(connection, file, overwrite=overwrite), NOW)


def rename(connection: Database, code: str, name: str) -> BranchConfig:
    """What the browser does."""
    stored = next(each for each in store.branches(connection) if each.code == code)
    return save_document(connection, read_document({**stored.document, "name": {"vi": name}}), NOW)


def names(configs: list[BranchConfig]) -> list[str]:
    return [config.name.vi for config in configs]


async def test_a_first_import_returns_what_is_to_be_put_in_force(journal: SqliteJournal, tmp_path: Path):
    file = organisation(tmp_path, branch("north"), branch("south", parent="north"))
    configs = await journal.run(partial(run_import, file=file))
    assert configs == [file.config("north"), file.config("south")]
    assert await journal.run(branch_configs) == configs


async def test_a_second_import_of_the_same_file_changes_nothing(journal: SqliteJournal, tmp_path: Path):
    file = organisation(tmp_path, branch("north"))
    await journal.run(partial(run_import, file=file))
    plan = await journal.run(partial(plan_import, organisation=file))
    assert describe_import(plan) == "city: nothing differs"


async def test_what_was_changed_in_the_browser_outlives_every_import(journal: SqliteJournal, tmp_path: Path):
    await journal.run(partial(run_import, file=organisation(tmp_path, branch("north"))))
    assert (await journal.run(partial(rename, code="north", name="Bắc"))).name.vi == "Bắc"
    file = organisation(
        tmp_path, branch("north", name="Chi nhánh mới", counters=[{"no": "1-3", "fields": ["chung-thuc"]}])
    )
    plan = await journal.run(partial(plan_import, organisation=file))
    assert describe_import(plan).splitlines() == [
        "= branches[north].name.vi: Bắc stays (both changed; the file has Chi nhánh mới)",
        "+ branches[north].counters[3]: fields chung-thuc",
        "city: 1 to change, 1 kept from the browser, 1 of them changed in the file too",
    ]
    for _ in range(2):
        (config,) = await journal.run(partial(run_import, file=file))
        assert config.name.vi == "Bắc"
        assert len(config.counters) == 3
    assert names(await journal.run(partial(run_import, file=file, overwrite=True))) == ["Chi nhánh mới"]


async def test_a_branch_that_leaves_the_file_is_retired_and_may_come_back(journal: SqliteJournal, tmp_path: Path):
    both = organisation(tmp_path, branch("north"), branch("south"))
    await journal.run(partial(run_import, file=both))
    plan = await journal.run(partial(plan_import, organisation=organisation(tmp_path, branch("north"))))
    assert plan.retired == ("south",)
    configs = await journal.run(partial(store_import, plan=plan, now=NOW))
    assert [config.branch for config in configs] == ["north"]
    rows = {row.code: row.is_retired for row in await journal.run(store.branches)}
    assert rows == {"north": False, "south": True}
    configs = await journal.run(partial(run_import, file=both))
    assert [config.branch for config in configs] == ["north", "south"]


async def test_a_branch_that_was_given_up_in_the_browser_stays_so(journal: SqliteJournal, tmp_path: Path):
    def give_up(connection: Database) -> None:
        south = next(each for each in store.branches(connection) if each.code == "south")
        store.put_branch(connection, replace(south, is_retired=True), NOW)

    file = organisation(tmp_path, branch("north"), branch("south"))
    await journal.run(partial(run_import, file=file))
    await journal.run(give_up)
    for overwrite, branches in ((False, ["north"]), (True, ["north", "south"])):
        configs = await journal.run(partial(run_import, file=file, overwrite=overwrite))
        assert [config.branch for config in configs] == branches


async def test_nothing_is_stored_when_somebody_was_faster(journal: SqliteJournal, tmp_path: Path):
    file = organisation(tmp_path, branch("north"))
    await journal.run(partial(run_import, file=file))
    plan = await journal.run(partial(plan_import, organisation=file))
    await journal.run(partial(rename, code="north", name="Bắc"))
    with pytest.raises(DirectoryChanged):
        await journal.run(partial(store_import, plan=plan, now=NOW))
    assert names(await journal.run(branch_configs)) == ["Bắc"]


async def test_a_file_and_the_browser_that_do_not_go_together_are_refused(journal: SqliteJournal, tmp_path: Path):
    fields = [*branch("north")["fields"], {"code": "ho-tich", "name": "Hộ tịch", "series": "A", "agency": "phuong"}]
    counters = [{"no": 1, "fields": ["chung-thuc", "ho-tich"]}]
    file = organisation(tmp_path, branch("north", fields=fields, counters=counters))
    await journal.run(partial(run_import, file=file))

    def hand_over(connection: Database) -> None:
        (stored,) = store.branches(connection)
        desks = [*stored.document["counters"], {"no": 2, "fields": ["ho-tich"]}]
        save_document(connection, read_document({**stored.document, "counters": desks}), NOW)

    await journal.run(hand_over)
    without = organisation(tmp_path, branch("north", counters=[{"no": 1, "fields": ["chung-thuc"]}]))
    with pytest.raises(
        InvalidDirectory, match=r"branches\[north\]\.counters\[1\]\.fields\[0\]: unknown field 'ho-tich'"
    ):
        await journal.run(partial(plan_import, organisation=without))


async def test_a_branch_of_another_organisation_is_refused(journal: SqliteJournal, tmp_path: Path):
    await journal.run(partial(run_import, file=organisation(tmp_path, branch("north"))))
    other = organisation(tmp_path, branch("north"), code="town")
    with pytest.raises(InvalidDirectory, match="'north' belongs to organisation 'city'"):
        await journal.run(partial(plan_import, organisation=other))
