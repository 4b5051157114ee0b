"""Whatever is done about accounts and devices is in the trail, with who did it, and nothing that somebody typed."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pyotp
import pytest

from queue_server.access.identity import Who
from queue_server.access.pairing import Pairings
from queue_server.access.rights import Role
from queue_server.access.staff import NewPosting, Staff
from queue_server.access.store import Access
from queue_server.audit import trail
from queue_server.audit.trail import Entry
from queue_server.cli import main
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Journal
from queue_server.journal.sqlite import SqliteJournal
from tests.contract.conftest import DURABLE

pytestmark = pytest.mark.anyio

GO_VAP = Path(__file__).parents[2] / "config" / "organisations" / "go-vap.yaml"
CHIEF = "account:quang"


@pytest.fixture
async def access(journal: Journal, tmp_path: Path) -> Access:
    return await Access.open(journal, tmp_path / "second-factor.key")


async def entries(journal: Journal) -> list[Entry]:
    assert (await journal.run(trail.verify)).misfit is None
    kept = await journal.run(partial(trail.between, first=0, end=2**62, limit=100))
    assert [each.no for each in kept] == list(range(1, len(kept) + 1))
    return [each.entry for each in kept]


@pytest.mark.parametrize("open_journal", DURABLE, indirect=True)
async def test_a_wrong_code_is_a_failure_and_a_missing_one_is_none(journal: Journal, access: Access) -> None:
    await access.put_account("lan", "so-thu-tu-12", Role.CLERK, name="Lan", branch="go-vap")
    enrolment = await access.second_factors.begin("lan")
    await access.second_factors.confirm("lan", pyotp.TOTP(enrolment.secret).now())
    for code, refused in ((None, "second-factor-needed"), ("khong-phai-ma", "wrong-code")):
        with pytest.raises(Refusal, match=refused):
            await access.sign_in("lan", "so-thu-tu-12", code=code)
    actions = [each.action for each in await entries(journal)]
    assert actions == ["account-put", "second-factor-put", "sign-in-failed"]


@pytest.mark.parametrize("open_journal", DURABLE, indirect=True)
async def test_accounts_and_sessions(journal: Journal, access: Access) -> None:
    await access.put_account("lan", "so-thu-tu-12", Role.CLERK, name="Lan", branch="go-vap", by="account:admin")
    for username in ("lan", "so-thu-tu-12"):
        with pytest.raises(Refusal, match="wrong-credentials"):
            await access.sign_in(username, "khong-dung")
    session, _ = await access.sign_in("lan", "so-thu-tu-12")
    await access.sign_out(session)
    await access.sign_out(session)
    assert await entries(journal) == [
        Entry("account:admin", "account-put", "lan", "go-vap", "clerk"),
        Entry("nobody", "sign-in-failed", "lan", "go-vap"),
        Entry("nobody", "sign-in-failed", ""),
        Entry("account:lan", "signed-in", branch="go-vap"),
        Entry("account:lan", "signed-out", branch="go-vap"),
    ]


@pytest.mark.parametrize("open_journal", DURABLE, indirect=True)
async def test_an_entry_is_of_the_branch_of_whom_it_is_about(journal: Journal, access: Access) -> None:
    """So that the auditor of a branch finds what was done about its own people, whoever did it."""
    await access.put_account("lan", "so-thu-tu-12", Role.CLERK, name="Lan", branch="go-vap")
    await access.put_account("mai", "so-thu-tu-12", Role.CLERK, name="Mai", branch="thu-duc")
    await access.put_account("admin", "so-thu-tu-12", Role.ADMINISTRATOR, name="Quản trị", branch=None)
    printer, _ = await access.add_device(Role.PRINTER, name="Máy in", branch="go-vap")
    await access.change(("UPDATE account SET role = '', branch = NULL WHERE username = 'mai'", ()), entry=Entry("", ""))
    staff, chief = Staff(journal, access), Who("account:admin", Role.ADMINISTRATOR, "Quản trị", clerk="admin")
    today = access.sessions.today("go-vap")
    await staff.post(chief, NewPosting("mai", "go-vap", Role.CLERK, "", today, today, None))
    before = len(await entries(journal))
    enrolment = await access.second_factors.begin("lan")
    await access.second_factors.confirm("lan", pyotp.TOTP(enrolment.secret).now())
    await staff.reset_second_factor(chief, "lan")
    await staff.reset_password(chief, "mai")
    await staff.lock(chief, "mai")
    await access.rotate_token(printer, by=CHIEF)
    await access.rename_device(printer, "Máy in 2", by=CHIEF)
    await access.put_password("admin", "so-thu-tu-13", must_change=False)
    assert [(each.action, each.subject, each.branch) for each in (await entries(journal))[before:]] == [
        ("second-factor-put", "lan", "go-vap"),
        ("second-factor-ended", "lan", "go-vap"),
        ("password-put", "mai", "go-vap"),
        ("account-ended", "mai", "go-vap"),
        ("token-rotated", printer, "go-vap"),
        ("device-changed", printer, "go-vap"),
        ("password-put", "admin", None),
    ]


@pytest.mark.parametrize("open_journal", DURABLE, indirect=True)
async def test_devices(journal: Journal, access: Access) -> None:
    pairings = Pairings(journal, access)
    wait = await pairings.ask(Role.DISPLAY)
    screen = await pairings.confirm(wait.code, name="Màn hình", branch="go-vap", printer=None, screen="sanh", by=CHIEF)
    token = await pairings.collect(wait.code, wait.secret)
    assert token is not None
    await access.sign_in_device(token)
    await access.set_screen(screen, "cua", by=CHIEF)
    await access.revoke_device(screen, by=CHIEF)
    program, _ = await access.add_device(Role.INTEGRATION, name="Một cửa", branch=None)
    await access.set_printer(program, None, by=CHIEF)
    assert await entries(journal) == [
        Entry(CHIEF, "paired", screen, "go-vap", "display"),
        Entry(f"device:{screen}", "signed-in", branch="go-vap"),
        Entry(CHIEF, "device-changed", screen, "go-vap", "cua"),
        Entry(CHIEF, "device-revoked", screen, "go-vap"),
        Entry("setup", "device-added", program, None, "integration"),
        Entry(CHIEF, "device-changed", program),
    ]


async def test_a_configuration_that_is_imported(tmp_path: Path) -> None:
    asked = ["import", str(GO_VAP), "--yes", "--data", str(tmp_path)]
    assert await asyncio.to_thread(main, asked) == 0
    journal = await SqliteJournal.open(tmp_path / "layso.db")
    assert await entries(journal) == [Entry("setup", "configured", "go-vap")]
    await journal.close()
