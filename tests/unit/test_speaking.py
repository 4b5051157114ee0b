"""Who speaks in a zone: one screen, another when it is dark, blocked or not heard. Hosts and presence are stand-ins."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain.configuration import Screen, Voice
from queue_server.protocol.frames import Audio, Report
from queue_server.realtime.speaking import SPEAKING, Speaking
from tests.factories import Branch, config, moment

HALL, DOOR = Screen("sanh", voice=Voice("sanh")), Screen("cua", voice=Voice("sanh"))
QUIET = Screen("cau-thang")


class Host:
    """A branch that decides at once."""

    def __init__(self, branch: Branch) -> None:
        self.branch_id, self.branch, self.given = "go-vap", branch, [""]

    @property
    def state(self) -> object:
        return self.branch.state

    def submit(self, command: c.GiveVoice, by: c.By, key: str) -> asyncio.Future[None]:
        assert by is SPEAKING
        if self.branch.do(command, self.branch.state.at or moment("07:30"), by):
            self.given.append(command.device)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


class Elsewhere:
    """What presence says of devices that are not connected here."""

    def __init__(self) -> None:
        self.known: dict[str, bool | None] = {}

    def tell(self, device: str, report: bytes) -> None: ...

    async def connected(self, devices: Iterable[str]) -> dict[str, bool | None]:
        return {device: self.known.get(device, False) for device in devices}


class Hall:
    """One process of a branch, its clock in our hands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.host = Host(Branch(replace(config(), screens=(HALL, DOOR, QUIET))))
        self.elsewhere = Elsewhere()
        self.now, self.monotonic = moment("07:30"), 1000.0
        monkeypatch.setattr("queue_server.realtime.speaking.time.monotonic", lambda: self.monotonic)
        self.speaking = Speaking(self, self.elsewhere, lambda: self.now)  # type: ignore[arg-type]

    def loaded(self, branch_id: str) -> Host:
        return self.host

    def says(self, device: str, screen: str, audio: Audio = "on") -> None:
        self.speaking.report(device, device, "go-vap", Report(screen=screen, audio=audio))

    def after(self, seconds: float) -> str:
        """Who speaks then."""
        self.monotonic += seconds
        self.now += timedelta(seconds=seconds)
        asyncio.run(self.speaking.look())
        return self.host.given[-1]

    def call(self, counter: int = 1) -> int:
        """Somebody is called now."""
        branch, clerk = self.host.branch, c.By(f"account:{counter}", clerk=str(counter))
        ticket = branch.issue("chung-thuc", self.now)
        branch.open(counter, self.now, clerk)
        branch.do(c.CallNext(counter=counter), self.now, clerk)
        return branch.state.tickets[ticket].call

    def spoken(self, call: int, device: str) -> None:
        self.host.branch.do(c.ReportCall(call=call, is_spoken=True), self.now, c.By(f"device:{device}"))


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    return Hall(monkeypatch)


def test_the_first_screen_of_the_configuration_speaks_and_no_other(hall: Hall) -> None:
    hall.says("door", "cua")
    hall.says("stairs", "cau-thang")
    hall.says("hall", "sanh")
    assert hall.after(0) == "hall"
    assert hall.after(60) == "hall"
    assert hall.host.given == ["", "hall"]


@pytest.mark.parametrize("audio", ["blocked", "none", "off"])
def test_one_without_sound_is_given_nothing(hall: Hall, audio: Audio) -> None:
    hall.says("hall", "sanh", audio)
    assert hall.after(10) == ""


def test_one_that_loses_its_sound_hands_over_at_once(hall: Hall) -> None:
    hall.says("hall", "sanh")
    hall.says("door", "cua")
    assert hall.after(0) == "hall"
    hall.says("hall", "sanh", "blocked")
    assert hall.after(2) == "door"
    hall.says("hall", "sanh")
    assert hall.after(2) == "door"  # who speaks goes on


def test_one_that_loses_its_sound_alone_gives_the_voice_back(hall: Hall) -> None:
    hall.says("hall", "sanh")
    hall.after(0)
    hall.says("hall", "sanh", "blocked")
    assert hall.after(2) == ""
    hall.says("hall", "sanh")
    assert hall.after(2) == "hall"


def test_the_first_one_speaks_what_was_called_in_the_ten_seconds_before(hall: Hall) -> None:
    """As when numbers are called while the screens of a hall are still starting."""
    hall.says("hall", "sanh")
    hall.after(0)
    assert hall.host.branch.state.voices["sanh"].since == moment("07:30") - timedelta(seconds=10)


def test_what_was_spoken_meanwhile_is_not_spoken_by_the_first_one(hall: Hall) -> None:
    call = hall.call()
    called_at = hall.now
    hall.after(3)
    hall.spoken(call, "hall")
    hall.says("hall", "sanh")
    hall.after(2)
    assert hall.host.branch.state.voices["sanh"].since == called_at


def test_one_that_goes_dark_is_followed_after_five_seconds(hall: Hall) -> None:
    hall.says("hall", "sanh")
    hall.says("door", "cua")
    hall.after(0)
    gone_at = hall.now
    hall.speaking.gone("hall", "hall")
    assert hall.after(4) == "hall"
    assert hall.after(2) == "door"
    assert hall.host.branch.state.voices["sanh"].since == gone_at - timedelta(seconds=2)


def test_one_that_comes_back_in_time_goes_on(hall: Hall) -> None:
    hall.says("hall", "sanh")
    hall.says("door", "cua")
    hall.after(0)
    hall.speaking.gone("hall", "hall")
    hall.after(3)
    hall.says("hall", "sanh")
    assert hall.after(30) == "hall"


def test_a_line_that_is_missed_late_takes_nothing_from_who_has_come_back_on_another(hall: Hall) -> None:
    hall.says("hall", "sanh")
    hall.says("door", "cua")
    hall.after(0)
    hall.speaking.report("another line", "hall", "go-vap", Report(screen="sanh", audio="on"))
    hall.speaking.gone("hall", "hall")
    assert hall.after(30) == "hall"
    hall.speaking.gone("another line", "hall")
    assert hall.after(6) == "door"


@pytest.mark.parametrize(("known", "then"), [(True, "away"), (None, "away"), (False, "door")])
def test_one_at_another_process_is_followed_only_when_it_is_known_to_be_gone(
    hall: Hall, known: bool | None, then: str
) -> None:
    hall.host.branch.do(c.GiveVoice(zone="sanh", device="away", since=hall.now), hall.now, SPEAKING)
    hall.host.given.append("away")
    hall.elsewhere.known["away"] = known
    hall.says("door", "cua")
    hall.after(0)
    assert hall.after(6) == then


def test_one_whose_calls_stay_unspoken_is_followed_whatever_it_says(hall: Hall) -> None:
    hall.says("hall", "sanh")
    hall.says("door", "cua")
    hall.after(0)
    hall.after(10)
    hall.call()
    assert hall.after(39) == "hall"
    assert hall.after(2) == "door"


def test_one_with_a_long_queue_is_not_followed_while_it_speaks(hall: Hall) -> None:
    hall.says("hall", "sanh")
    hall.says("door", "cua")
    hall.after(0)
    for call in [hall.call(counter) for counter in (1, 2, 3)]:
        assert hall.after(30) == "hall"
        hall.spoken(call, "hall")
    assert hall.after(100) == "hall"


def test_one_is_not_followed_for_a_call_that_is_over(hall: Hall) -> None:
    """Who was served before the voice had come to them is left out."""
    hall.says("hall", "sanh")
    hall.says("door", "cua")
    hall.after(0)
    hall.after(10)
    hall.call()
    ticket = hall.host.branch.state.at_counter(1)
    assert ticket is not None
    hall.host.branch.do(c.Start(ticket=ticket.id), hall.now, c.By("account:1", clerk="1"))
    assert hall.after(100) == "hall"
