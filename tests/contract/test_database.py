"""What lies beside the journal in its database: who may enter, the directory, parked records. The same on each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from queue_server.access.identity import NOBODY
from queue_server.access.pairing import Pairings
from queue_server.access.rights import Role
from queue_server.access.store import Access
from queue_server.directory import slips, store
from queue_server.directory.importing import plan_import, read_organisation, store_import
from queue_server.domain.refusals import Refusal
from queue_server.domain.slips import Slip
from queue_server.journal.port import Database, Journal, JournalUnavailable
from queue_server.readers.dossier import reader as dossier
from queue_server.readers.dossier.delivery import Delivered, Refused
from tests.contract.conftest import DURABLE, Open
from tests.contract.journal_rows import NOON

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("open_journal", DURABLE, indirect=True)]

GO_VAP = Path(__file__).parents[2] / "config" / "organisations" / "go-vap.yaml"


@pytest.fixture
async def access(journal: Journal, tmp_path: Path) -> Access:
    return await Access.open(journal, tmp_path / "second-factor.key")


@pytest.fixture
async def again(open_journal: Open, journal: Journal) -> AsyncIterator[Callable[[], Any]]:
    """Closes the journal, and opens what is in it."""
    opened: list[Journal] = []

    async def open_again() -> Journal:
        await journal.close()
        opened.append(await open_journal())
        return opened[-1]

    yield open_again
    for one in opened:
        await one.close()


async def test_accounts_sessions_and_devices_are_there_after_a_restart(access: Access, again: Any):
    await access.put_account("lan", "so-thu-tu-12", Role.CLERK, name="Nguyễn Thị Lan", branch="go-vap")
    device, token = await access.add_device(Role.DISPENSER, name="Máy lấy số", branch="go-vap")
    gone, old_token = await access.add_device(Role.DISPLAY, name="Màn hình", branch="go-vap")
    session, who = await access.sign_in("lan", "so-thu-tu-12")
    await access.revoke_device(gone)
    ticket = access.ticket_tokens.token("t1")
    there = await Access.open(await again(), Path("second-factor.key"))
    assert await there.by_session(session) == who
    holder = await there.by_bearer(token)
    assert (holder.device, holder.name) == (device, "Máy lấy số")
    assert there.ticket_tokens.token("t1") == ticket
    with pytest.raises(Refusal, match="wrong-token"):
        await there.by_bearer(old_token)
    with pytest.raises(Refusal, match="wrong-credentials"):
        await there.sign_in("lan", "so-thu-tu-13")


async def test_who_has_signed_out_is_nobody_after_a_restart(access: Access, again: Any):
    await access.put_account("lan", "so-thu-tu-12", Role.CLERK, name="Lan", branch="go-vap")
    session, _ = await access.sign_in("lan", "so-thu-tu-12")
    await access.sign_out(session)
    there = await Access.open(await again(), Path("second-factor.key"))
    assert await there.by_session(session) == NOBODY


async def test_an_account_is_replaced_and_its_sessions_stay_its_own(access: Access):
    await access.put_account("lan", "so-thu-tu-12", Role.CLERK, name="Lan", branch="go-vap")
    await access.put_account("lan", "so-thu-tu-13", Role.SUPERVISOR, name="Lan", branch="go-vap")
    _, who = await access.sign_in("lan", "so-thu-tu-13")
    assert who.role is Role.SUPERVISOR


async def test_a_device_is_let_in_by_its_code_once(journal: Journal, access: Access):
    pairings = Pairings(journal, access)
    wait = await pairings.ask(Role.DISPLAY)
    assert await pairings.collect(wait.code, wait.secret) is None
    device = await pairings.confirm(wait.code, name="Màn hình", branch="go-vap", printer=None, screen="sanh")
    token = await pairings.collect(wait.code, wait.secret)
    assert token is not None
    assert (await access.by_bearer(token)).device == device
    with pytest.raises(Refusal, match="unknown-pairing"):
        await pairings.collect(wait.code, wait.secret)
    assert [info.name for info in await access.devices("go-vap")] == ["Màn hình"]
    assert await access.devices("elsewhere") == []


async def test_of_two_who_let_a_device_in_at_once_one_does(journal: Journal, access: Access):
    pairings = Pairings(journal, access)
    wait = await pairings.ask(Role.DISPLAY)
    asked = [pairings.confirm(wait.code, name=f"Màn hình {n}", branch="go-vap") for n in range(2)]
    said = await asyncio.gather(*asked, return_exceptions=True)
    one, other = sorted(said, key=lambda each: isinstance(each, Refusal))
    assert isinstance(other, Refusal)
    assert other.code == "unknown-pairing"
    assert [each.id for each in await access.devices("go-vap")] == [one]
    token = await pairings.collect(wait.code, wait.secret)
    assert token is not None
    assert (await access.by_bearer(token)).device == one


async def test_an_organisation_is_stored_and_imported_again_without_a_difference(journal: Journal, again: Any):
    organisation = read_organisation(GO_VAP)
    plan = await journal.run(partial(plan_import, organisation=organisation))
    configs = await journal.run(partial(store_import, plan=plan, now=NOON))
    assert [config.branch for config in configs] == [branch.code for branch in organisation.branches]
    there = await again()
    assert await there.run(store.owners) == {branch.code: organisation.code for branch in organisation.branches}
    assert (await there.run(partial(plan_import, organisation=organisation))).merge.changes == ()
    stored = (await there.run(store.branches))[0]
    assert stored.document["name"]["vi"] == organisation.branches[0].name.vi
    await there.run(lambda db: store.put_branch(db, replace(stored, is_retired=True), NOON))
    assert (await there.run(store.branches))[0].is_retired


async def test_a_record_is_parked_once_and_sent_again(journal: Journal):
    row = ("r1", "go-vap", 422, "thiếu trường", b'{"id":"r1"}', int(NOON.timestamp()))
    assert await journal.run(lambda db: dossier._park(db, row)) == 1
    assert await journal.run(lambda db: dossier._park(db, row)) == 0
    (parked,) = await journal.run(partial(dossier.parked, branch_id="go-vap"))
    assert (parked["id"], parked["status"], parked["answer"]) == ("r1", 422, "thiếu trường")
    assert await journal.run(lambda db: dossier._parked_body(db, "go-vap", "r1")) == b'{"id":"r1"}'
    await journal.run(lambda db: dossier._resent(db, "r1", Refused(400, "vẫn sai")))
    assert (await journal.run(partial(dossier.parked, branch_id="go-vap")))[0]["answer"] == "vẫn sai"
    await journal.run(lambda db: dossier._resent(db, "r1", Delivered()))
    assert await journal.run(partial(dossier.parked, branch_id="go-vap")) == []


async def test_of_a_slip_the_newest_version_counts_whatever_comes_last(journal: Journal, again: Any):
    ready = Slip("H29.17-261120-0001", "tra-ket-qua", "ready", 5, "phuong", NOON)
    early = replace(ready, state="not-ready")

    async def put(version: int, slip: Slip | None, *, days: int = 0) -> int:
        told = {"k": slips.Told(version, slip), "other": slips.Told(1, early)}
        return await journal.run(partial(slips.put, branch="go-vap", told=told, now=NOON + timedelta(days=days)))

    async def found(branch: str = "go-vap") -> Slip | None:
        return await journal.run(partial(slips.find, branch=branch, key="k"))

    assert not await journal.run(partial(slips.has_any, branch="go-vap"))
    assert await put(2, ready) == 2
    assert await put(1, early) == 1, "of the two one is outdated"
    assert await found() == ready
    assert await put(2, ready) == 2, "the same again"
    assert await put(3, None) == 2
    assert await put(2, ready) == 1
    assert await found() is None, "what is gone does not come back"
    assert await put(4, early, days=100) == 2
    assert await journal.run(partial(slips.forget, now=NOON + timedelta(days=279))) == 0
    assert await found("elsewhere") is None
    journal = await again()
    assert await found() == early
    assert await journal.run(partial(slips.has_any, branch="go-vap"))
    assert await journal.run(partial(slips.forget, now=NOON + timedelta(days=281))) == 2
    assert await found() is None


async def test_work_that_fails_has_written_nothing(journal: Journal):
    def half(db: Database) -> None:
        db.execute("INSERT INTO secret (name, value) VALUES (?, ?)", ("half", b"1"))
        raise LookupError("given up")

    with pytest.raises(LookupError):
        await journal.run(half)
    assert await journal.run(lambda db: db.execute("SELECT count(*) FROM secret").fetchone()[0]) == 0


async def test_a_statement_that_is_wrong_is_told_as_such(journal: Journal):
    with pytest.raises(JournalUnavailable):
        await journal.run(lambda db: db.execute("SELECT nothing FROM nowhere").fetchall())
