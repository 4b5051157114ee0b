"""Postings, sign-in, second factors and sessions, on each database, by a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from queue_server.access.identity import NOBODY, Who
from queue_server.access.rights import Role
from queue_server.access.staff import NewMember, NewPosting, Staff
from queue_server.access.store import Access
from queue_server.access.watching import RightsWatch
from queue_server.audit.trail import Action, Entry
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Journal
from queue_server.realtime.connection import Connection
from tests.contract.conftest import DURABLE

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("open_journal", DURABLE, indirect=True)]

MONDAY = date(2026, 11, 30)
PASSWORD = "hoa sen nở trắng"
ADMIN = Who("account:admin", Role.ADMINISTRATOR, "Quản trị", clerk="admin")
MANAGER = Who("account:tam", Role.MANAGER, "Tâm", clerk="tam", branch="go-vap")


class Time:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 30, 8, 0, tzinfo=UTC) - timedelta(hours=7)

    def __call__(self) -> float:
        return self.at.timestamp()

    def go(self, **much: float) -> None:
        self.at += timedelta(**much)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def access(journal: Journal, clock: Time, tmp_path: Path) -> Access:
    return await opened(journal, clock, tmp_path)


async def opened(journal: Journal, clock: Time, folder: Path) -> Access:
    found = await Access.open(journal, folder / "second-factor.key", clock)
    found.passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return found


@pytest.fixture
def staff(journal: Journal, access: Access) -> Staff:
    return Staff(journal, access)


async def add(access: Access, username: str, role: Role | None = None, branch: str | None = None) -> None:
    await access.put_account(username, PASSWORD, Role.CLERK, name=username.title(), branch="elsewhere")
    await access.change(
        ("UPDATE account SET role = ?, branch = ? WHERE username = ?", (role.value if role else "", branch, username)),
        entry=Entry("setup", Action.ACCOUNT_PUT, username),
    )


def posting(first: date = MONDAY, last: date = MONDAY, account: str = "lan", **more: object) -> NewPosting:
    given = {"branch": "go-vap", "role": Role.CLERK, "agency": "", "substitutes": None, **more}
    return NewPosting(account=account, first_day=first, last_day=last, **given)  # type: ignore[arg-type]


async def refusal(work: object) -> str:
    with pytest.raises(Refusal) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


# -- postings ----------------------------------------------------------------------------------------------------------


async def test_rights_follow_the_posting_of_the_day_in_a_session_that_is_open(
    access: Access, staff: Staff, clock: Time
):
    await add(access, "lan")
    assert await refusal(access.sign_in("lan", PASSWORD)) == "no-posting-today"
    await staff.post(ADMIN, posting(agency="dat-dai"))
    await staff.post(ADMIN, posting(MONDAY + timedelta(1), MONDAY + timedelta(1), branch="thu-duc", role=Role.HELPER))
    token, who = await access.sign_in("lan", PASSWORD)
    assert (who.role, who.branch, who.agency, who.by().agency) == (Role.CLERK, "go-vap", "dat-dai", "dat-dai")
    clock.at = datetime(2026, 11, 30, 19, 59, tzinfo=UTC)  # 02:59 in Viet Nam: still Monday's service day
    token, who = await access.sign_in("lan", PASSWORD)
    assert (who.role, who.branch) == (Role.CLERK, "go-vap")
    clock.go(minutes=1)
    who = await access.by_session(token)
    assert (who.role, who.branch, who.agency) == (Role.HELPER, "thu-duc", "")
    clock.go(hours=11)
    assert (await access.by_session(token)).branch == "thu-duc"


async def test_without_a_posting_of_today_an_open_session_is_nobodys(access: Access, staff: Staff, clock: Time):
    await add(access, "lan")
    await staff.post(ADMIN, posting())
    clock.at = datetime(2026, 11, 30, 19, 0, tzinfo=UTC)
    token, _ = await access.sign_in("lan", PASSWORD)
    clock.go(hours=1)
    who = await access.by_session(token)
    assert (who.role, who.owes) == (Role.NOBODY, "posting")


async def test_on_a_day_with_a_posting_it_counts_instead_of_the_standing_appointment(access: Access, staff: Staff):
    await add(access, "lan", Role.SUPERVISOR, "thu-duc")
    token, who = await access.sign_in("lan", PASSWORD)
    assert (who.role, who.branch) == (Role.SUPERVISOR, "thu-duc")
    made = await staff.post(ADMIN, posting())
    who = await access.by_session(token)
    assert (who.role, who.branch) == (Role.CLERK, "go-vap")
    await staff.end_posting(ADMIN, made)
    assert (await access.by_session(token)).branch == "thu-duc"
    assert await refusal(staff.end_posting(ADMIN, made)) == "unknown-posting"


async def test_one_posting_a_day_of_24_months_at_most(access: Access, staff: Staff):
    await add(access, "lan")
    await add(access, "hoa")
    assert await refusal(staff.post(ADMIN, posting(MONDAY, date(2028, 12, 1)))) == "posting-long"
    assert await refusal(staff.post(ADMIN, posting(MONDAY, MONDAY - timedelta(1)))) == "posting-days"
    past = posting(MONDAY - timedelta(9), MONDAY - timedelta(1))
    assert await refusal(staff.post(ADMIN, past)) == "posting-days"
    made = await staff.post(ADMIN, posting(MONDAY, date(2028, 11, 30)))
    assert await refusal(staff.post(ADMIN, posting(date(2028, 11, 30), date(2028, 12, 1)))) == "posting-overlaps"
    await staff.post(ADMIN, posting(date(2028, 12, 1), date(2028, 12, 2)))
    await staff.post(ADMIN, posting(account="hoa", substitutes="lan"))
    await staff.end_posting(ADMIN, made)
    await staff.post(ADMIN, posting())
    assert await refusal(staff.post(ADMIN, posting(account="nobody"))) == "unknown-account"
    assert await refusal(staff.post(ADMIN, posting(account="lan", role=Role.ADMINISTRATOR))) == "forbidden"


async def test_of_two_that_post_somebody_to_the_same_day_one_is_refused(access: Access, staff: Staff):
    await add(access, "lan")
    asked = [staff.post(ADMIN, posting(branch=branch)) for branch in ("go-vap", "thu-duc", "binh-thanh", "go-vap")]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["Refusal"] * 3 + ["str"]


# -- whom one may manage -----------------------------------------------------------------------------------------------


async def test_a_manager_manages_who_works_at_the_branch_and_nowhere_else(access: Access, staff: Staff):
    for username, role, branch in (
        ("lan", Role.CLERK, "go-vap"),
        ("binh", Role.CLERK, "thu-duc"),
        ("sep", Role.MANAGER, "go-vap"),
        ("admin", Role.ADMINISTRATOR, None),
        ("chung", None, None),
    ):
        await add(access, username, role, branch)
    await staff.post(ADMIN, posting(account="chung", branch="thu-duc"))
    for username in ("binh", "sep", "admin", "chung"):
        assert await refusal(staff.reset_password(MANAGER, username)) == "forbidden"
        assert await refusal(staff.lock(MANAGER, username)) == "forbidden"
    assert await staff.reset_password(MANAGER, "lan")
    tuesday = MONDAY + timedelta(1)
    await staff.post(MANAGER, posting(tuesday, tuesday, account="chung"))
    assert await refusal(staff.post(MANAGER, posting(tuesday, tuesday, account="binh"))) == "forbidden"
    assert await refusal(staff.post(MANAGER, posting(tuesday, tuesday, account="admin"))) == "forbidden"
    assert await refusal(staff.post(MANAGER, posting(account="lan", branch="thu-duc"))) == "forbidden"
    assert await refusal(staff.post(MANAGER, posting(account="lan", role=Role.MANAGER))) == "forbidden"
    listed = {member.username: member.is_mine for member in await staff.at(MANAGER, "go-vap")}
    assert listed == {"lan": True, "sep": False, "chung": False}


@pytest.mark.parametrize(
    ("role", "branch", "expected"),
    [
        (Role.CLERK, "go-vap", "added"),
        (Role.SUPERVISOR, "go-vap", "added"),
        (Role.MANAGER, "go-vap", "forbidden"),
        (Role.ADMINISTRATOR, "go-vap", "forbidden"),
        (Role.CLERK, "thu-duc", "forbidden"),
        (Role.CLERK, None, "forbidden"),
        (None, None, "forbidden"),
    ],
)
async def test_a_manager_gives_only_roles_below_at_the_own_branch(
    access: Access, staff: Staff, role: Role | None, branch: str | None, expected: str
):
    new = NewMember("moi", "Mới", role, branch, "post", "Bưu điện")
    try:
        await staff.add(MANAGER, new)
    except Refusal as refused:
        found = refused.code
    else:
        found = "added"
    assert found == expected


async def test_the_last_administrator_stays_and_nobody_locks_the_own_account(access: Access, staff: Staff):
    await add(access, "admin", Role.ADMINISTRATOR)
    other = Who("account:other", Role.ADMINISTRATOR, clerk="other")
    for own in (staff.lock, staff.reset_password, staff.reset_second_factor):
        assert await refusal(own(ADMIN, "admin")) == "own-account"
    assert await refusal(staff.lock(other, "admin")) == "last-administrator"
    await add(access, "other", Role.ADMINISTRATOR)
    await staff.lock(other, "admin")
    assert await refusal(access.sign_in("admin", PASSWORD)) == "wrong-credentials"


async def test_another_appointment_ends_the_sessions_and_a_new_name_does_not(access: Access, staff: Staff):
    await add(access, "lan", Role.CLERK, "go-vap")
    token, _ = await access.sign_in("lan", PASSWORD)
    await staff.change(ADMIN, NewMember("lan", "Chị Lan", Role.CLERK, "go-vap", "company", "Công ty A"))
    assert (await access.by_session(token)).name == "Chị Lan"
    await staff.change(ADMIN, NewMember("lan", "Chị Lan", Role.SUPERVISOR, "go-vap", "state", ""))
    assert await access.by_session(token) == NOBODY


# -- passwords ---------------------------------------------------------------------------------------------------------


async def test_a_password_for_once_opens_only_its_own_change(access: Access, staff: Staff):
    await add(access, "lan", Role.CLERK, "go-vap")
    old, _ = await access.sign_in("lan", PASSWORD)
    once = await staff.reset_password(ADMIN, "lan")
    assert await access.by_session(old) == NOBODY
    assert await refusal(access.sign_in("lan", PASSWORD)) == "wrong-credentials"
    token, who = await access.sign_in("lan", once)
    assert (who.role, who.owes) == (Role.NOBODY, "password")
    assert await refusal(access.change_password("lan", "wrong", PASSWORD)) == "wrong-password"
    assert await refusal(access.change_password("lan", once, once)) == "password-same"
    await access.change_password("lan", once, PASSWORD)
    assert await access.by_session(token) == NOBODY
    _, who = await access.sign_in("lan", PASSWORD)
    assert (who.role, who.owes) == (Role.CLERK, "")


# -- the second factor -------------------------------------------------------------------------------------------------


def code_of(secret: str, clock: Time, *, aside: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.at + timedelta(seconds=30 * aside))


async def test_an_administrator_sets_up_a_second_factor_before_anything_else(access: Access, clock: Time):
    await add(access, "admin", Role.ADMINISTRATOR)
    _, who = await access.sign_in("admin", PASSWORD)
    assert (who.role, who.owes) == (Role.NOBODY, "second-factor")
    secret = (await access.second_factors.begin("admin")).secret
    assert await refusal(access.second_factors.confirm("admin", "000000")) == "wrong-code"
    codes = await access.second_factors.confirm("admin", code_of(secret, clock))
    assert len(set(codes)) == 10
    assert await refusal(access.second_factors.begin("admin")) == "has-second-factor"
    assert await refusal(access.sign_in("admin", PASSWORD)) == "second-factor-needed"
    assert await refusal(access.sign_in("admin", "wrong", code=codes[0])) == "wrong-credentials"
    clock.go(seconds=60)
    _, who = await access.sign_in("admin", PASSWORD, code=code_of(secret, clock))
    assert (who.role, who.owes) == (Role.ADMINISTRATOR, "")


async def test_a_code_is_good_once_in_every_process(access: Access, journal: Journal, clock: Time, tmp_path: Path):
    await add(access, "hoa", Role.SUPERVISOR, "go-vap")
    secret = (await access.second_factors.begin("hoa")).secret
    code = code_of(secret, clock)
    await access.second_factors.confirm("hoa", code)
    assert await refusal(access.sign_in("hoa", PASSWORD, code=code)) == "wrong-code"
    clock.go(seconds=30)
    other = await opened(journal, clock, tmp_path)
    code = code_of(secret, clock)
    tried = [each.sign_in("hoa", PASSWORD, code=code) for each in (access, other, access, other)]
    found = await asyncio.gather(*tried, return_exceptions=True)
    assert sum(isinstance(each, Refusal) and each.code == "wrong-code" for each in found) == 3
    clock.go(seconds=30)
    assert await refusal(access.sign_in("hoa", PASSWORD, code=code_of(secret, clock, aside=-1))) == "wrong-code"
    await access.sign_in("hoa", PASSWORD, code=code_of(secret, clock, aside=1))
    assert await refusal(access.sign_in("hoa", PASSWORD, code=code_of(secret, clock))) == "wrong-code"


async def test_a_code_of_a_minute_ago_is_too_old(access: Access, clock: Time):
    await add(access, "hoa", Role.SUPERVISOR, "go-vap")
    secret = (await access.second_factors.begin("hoa")).secret
    await access.second_factors.confirm("hoa", code_of(secret, clock))
    clock.go(seconds=300)
    old = code_of(secret, clock)
    clock.go(seconds=60)
    assert await refusal(access.sign_in("hoa", PASSWORD, code=old)) == "wrong-code"


async def test_a_recovery_code_is_good_once(access: Access, clock: Time):
    await add(access, "hoa", Role.SUPERVISOR, "go-vap")
    secret = (await access.second_factors.begin("hoa")).secret
    first, second, *_ = await access.second_factors.confirm("hoa", code_of(secret, clock))
    await access.sign_in("hoa", PASSWORD, code=first.upper())
    assert await refusal(access.sign_in("hoa", PASSWORD, code=first)) == "wrong-code"
    await access.sign_in("hoa", PASSWORD, code=second.replace("-", " "))


async def test_neither_the_secret_nor_a_recovery_code_can_be_read_in_the_database(
    access: Access, journal: Journal, clock: Time
):
    await add(access, "hoa", Role.SUPERVISOR, "go-vap")
    secret = (await access.second_factors.begin("hoa")).secret
    codes = await access.second_factors.confirm("hoa", code_of(secret, clock))
    accounts = await journal.run(lambda db: db.execute("SELECT otp_secret FROM account").fetchall())
    kept = await journal.run(lambda db: db.execute("SELECT code_hash FROM recovery_code").fetchall())
    stored = " ".join(bytes(row[0]).decode("latin-1") for row in accounts if row[0]) + " ".join(row[0] for row in kept)
    assert secret not in stored
    assert len(kept) == 10
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


async def test_with_another_key_the_second_factor_is_lost_and_can_be_reset(
    access: Access, staff: Staff, clock: Time, tmp_path: Path
):
    await add(access, "hoa", Role.SUPERVISOR, "go-vap")
    secret = (await access.second_factors.begin("hoa")).secret
    await access.second_factors.confirm("hoa", code_of(secret, clock))
    (tmp_path / "second-factor.key").unlink()
    access.second_factors._cipher = None
    clock.go(seconds=60)
    assert await refusal(access.sign_in("hoa", PASSWORD, code=code_of(secret, clock))) == "second-factor-lost"
    await staff.reset_second_factor(ADMIN, "hoa")
    await access.sign_in("hoa", PASSWORD)


async def test_from_elsewhere_an_administrator_comes_only_with_a_second_factor(access: Access, staff: Staff):
    await add(access, "admin", Role.ADMINISTRATOR)
    await add(access, "lan", Role.CLERK, "go-vap")
    assert await refusal(access.let_in_from_elsewhere("admin", is_strong=False)) == "sso-second-factor"
    _, who = await access.let_in_from_elsewhere("admin", is_strong=True)
    assert who.owes == "second-factor"
    assert await refusal(access.let_in_from_elsewhere("nobody", is_strong=True)) == "no-account"
    once = await staff.reset_password(ADMIN, "lan")
    _, who = await access.let_in_from_elsewhere("lan", is_strong=False)
    assert (who.role, who.owes) == (Role.CLERK, "")
    assert await refusal(access.sign_in("lan", once)) == "wrong-credentials"


# -- sessions ----------------------------------------------------------------------------------------------------------


async def administrator(access: Access) -> str:
    access.sessions.needs_second_factor = False
    await add(access, "admin", Role.ADMINISTRATOR)
    return (await access.sign_in("admin", PASSWORD))[0]


async def test_an_administrators_session_ends_after_half_an_hour_without_use(access: Access, clock: Time):
    token = await administrator(access)
    for _ in range(3):
        clock.go(minutes=29)
        assert (await access.by_session(token, is_use=True)).role is Role.ADMINISTRATOR
    clock.go(minutes=29)
    assert (await access.by_session(token)).role is Role.ADMINISTRATOR  # a page that looks by itself is no use
    clock.go(minutes=2)
    assert await access.by_session(token) == NOBODY


async def test_a_use_in_another_process_counts(access: Access, journal: Journal, clock: Time, tmp_path: Path):
    token = await administrator(access)
    other = await opened(journal, clock, tmp_path)
    other.sessions.needs_second_factor = False
    clock.go(minutes=29)
    await access.by_session(token, is_use=True)
    await other.by_session(token)
    clock.go(minutes=29)
    await access.by_session(token, is_use=True)
    clock.go(minutes=29)
    assert (await other.by_session(token)).role is Role.ADMINISTRATOR


async def test_a_shift_is_the_bound_whatever_is_done(access: Access, clock: Time):
    await add(access, "lan", Role.CLERK, "go-vap")
    token, _ = await access.sign_in("lan", PASSWORD)
    clock.go(hours=11, minutes=59)
    assert (await access.by_session(token, is_use=True)).role is Role.CLERK
    clock.go(minutes=2)
    assert await access.by_session(token) == NOBODY


async def test_signing_in_again_ends_the_browsers_former_session(access: Access):
    await add(access, "lan", Role.CLERK, "go-vap")
    first, _ = await access.sign_in("lan", PASSWORD, browser="Chrome, Windows")
    second, _ = await access.sign_in("lan", PASSWORD, browser="Chrome, Windows", instead_of=first)
    access.forget()
    assert await access.by_session(first) == NOBODY
    assert (await access.by_session(second)).role is Role.CLERK


async def test_ones_sessions_are_listed_and_ended(access: Access, clock: Time):
    for username in ("lan", "hoa"):
        await add(access, username, Role.CLERK, "go-vap")
    one, _ = await access.sign_in("lan", PASSWORD, browser="Chrome, Windows")
    clock.go(minutes=5)
    two, who = await access.sign_in("lan", PASSWORD, browser="Firefox, Linux")
    others, _ = await access.sign_in("hoa", PASSWORD)
    listed = await access.sessions.of_account("lan")
    assert [each.browser for each in listed] == ["Firefox, Linux", "Chrome, Windows"]
    assert await access.end_sessions("hoa", only=listed[1].id) == 0
    for part in ("%", "_" * 16, who.session[:1], who.session[:15]):
        assert await access.end_sessions("lan", only=part) == 0, "an id is whole"
    assert await access.end_sessions("lan", but=who.session) == 1
    assert [await access.by_session(one), (await access.by_session(two)).clerk] == [NOBODY, "lan"]
    assert (await access.by_session(others)).clerk == "hoa"
    assert await access.end_sessions("lan", only=listed[0].id) == 1


async def test_a_session_that_has_ended_in_idleness_is_listed_no_more(access: Access, clock: Time):
    access.sessions.needs_second_factor = False
    await add(access, "admin", Role.ADMINISTRATOR)
    await access.sign_in("admin", PASSWORD, browser="Chrome, Windows")
    clock.go(minutes=31)
    await access.sign_in("admin", PASSWORD, browser="Firefox, Linux")
    assert [each.browser for each in await access.sessions.of_account("admin")] == ["Firefox, Linux"]


class Lines:
    """The connections of a process, and what has become of them."""

    def __init__(self, *connections: Connection) -> None:
        self.connections = list(connections)
        self.let_gone: dict[str, bool] = {}

    def expel(self, actors: object) -> None:
        pass

    def let_go(self, connections: Iterable[Connection], *, may_return: bool) -> None:
        self.let_gone |= {connection.actor: may_return for connection in connections}


async def test_open_connections_follow_the_day(access: Access, staff: Staff, clock: Time):
    """On Tuesday Lan is a helper elsewhere, Hoa is posted nowhere, and Minh goes on as on every day."""
    tuesday = MONDAY + timedelta(1)
    for username, role in (("lan", None), ("hoa", None), ("minh", Role.CLERK)):
        await add(access, username, role, "go-vap" if role else None)
    for account in ("lan", "hoa"):
        await staff.post(ADMIN, posting(account=account))
    await staff.post(ADMIN, posting(tuesday, tuesday, account="lan", branch="thu-duc", role=Role.HELPER))
    clock.at = datetime(2026, 11, 30, 19, 50, tzinfo=UTC)
    whos = [(await access.sign_in(username, PASSWORD))[1] for username in ("lan", "hoa", "minh")]
    lines = Lines(*(Connection(wire=None, actor=who.actor, who=who) for who in whos))  # type: ignore[arg-type]
    watch = RightsWatch(access, lines, is_told=lambda: True)
    await watch.look()
    assert lines.let_gone == {}
    clock.go(minutes=15)
    await watch.look()
    assert lines.let_gone == {"account:lan": True, "account:hoa": False}


# -- tokens ------------------------------------------------------------------------------------------------------------


async def test_a_former_token_is_good_until_the_new_one_is_used(access: Access):
    device, old = await access.add_device(Role.INTEGRATION, name="Hồ sơ", branch=None)
    new = await access.rotate_token(device)
    assert (await access.by_bearer(old)).device == device
    assert (await access.by_bearer(new)).device == device
    access.forget()
    assert await refusal(access.by_bearer(old)) == "wrong-token"


async def test_a_former_token_is_good_for_a_day(access: Access, clock: Time):
    device, old = await access.add_device(Role.INTEGRATION, name="Hồ sơ", branch=None)
    await access.rotate_token(device)
    clock.go(hours=23)
    assert (await access.by_bearer(old)).device == device
    clock.go(hours=2)
    access.forget()
    assert await refusal(access.by_bearer(old)) == "wrong-token"


async def test_the_day_of_a_tokens_last_use_is_known(access: Access):
    _, token = await access.add_device(Role.DISPLAY, name="Màn hình", branch="go-vap")
    assert [each.used_on for each in await access.devices("go-vap")] == [None]
    await access.by_bearer(token)
    assert [each.used_on for each in await access.devices("go-vap")] == ["2026-11-30"]
