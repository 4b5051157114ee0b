"""The player's rules without a browser: what is to be done about what is seen, pauses, settings, what is kept."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from display_client.player.browser import arguments, find_chromium, memory_mb
from display_client.player.cli import main
from display_client.player.keeping import Shown, Token, hold, read_shown, write_whole
from display_client.player.life import Life
from display_client.player.page import waiting_page
from display_client.player.player import Player
from display_client.player.settings import BadSettings, Settings, read_settings
from display_client.player.watch import Look, Memory, Pace, Pauses, Verdict, Watch
from tests.staff import eventually

PACE = Pace()
HOUR = 3600.0
DAYTIME, NIGHT = 10, 3


def well(ticks: int) -> Look:
    return Look(has_text=True, ticks=ticks)


# -- the page ----------------------------------------------------------------------------------------------------------


def test_a_page_that_is_well_is_left_alone_for_a_day() -> None:
    watch = Watch(PACE, 0.0)
    assert {watch.saw(at, well(at)) for at in range(5, 86_400, 5)} == {None}


def test_a_page_that_does_not_answer_needs_a_new_browser_but_not_twice_a_minute() -> None:
    watch = Watch(PACE, 100.0)
    assert watch.saw(159.0, None) is None
    assert watch.saw(160.0, None) == Verdict("restart", "the page has frozen", is_urgent=True)


def test_a_page_whose_clockwork_stands_still_is_loaded_after_fifteen_seconds() -> None:
    watch = Watch(PACE, 0.0)
    verdicts = [watch.saw(float(at), well(7)) for at in range(100, 125, 5)]
    assert verdicts == [None, None, None, None, Verdict("load", "the page stands still")]


@pytest.mark.parametrize("has_text", [False, True])
def test_a_page_that_shows_nothing_is_loaded_after_twenty_seconds_then_its_browser_started(has_text: bool) -> None:
    watch = Watch(PACE, 0.0)

    def see(at: float) -> Verdict | None:
        return watch.saw(at, Look(has_text, int(at)), is_blank=has_text)

    assert [see(at) for at in (100.0, 119.0)] == [None, None]
    assert see(120.0) == Verdict("load", "the page shows nothing")
    watch.loaded(121.0)
    assert [see(at) for at in (125.0, 144.0)] == [None, None]
    assert see(145.0) == Verdict("restart", "the page shows nothing")


def test_a_page_that_is_not_ours_is_only_loaded_anew_and_again() -> None:
    watch = Watch(PACE, 0.0)
    strange = Look(has_text=True, ticks=None)
    assert [watch.saw(at, strange) for at in (100.0, 119.0)] == [None, None]
    verdict = Verdict("load", "the page is not the one that was asked for")
    assert watch.saw(120.0, strange) == verdict
    watch.loaded(121.0)
    assert [watch.saw(at, strange) for at in (125.0, 145.0)] == [None, verdict]


def test_a_fault_that_passes_by_itself_is_forgotten() -> None:
    watch = Watch(PACE, 0.0)
    assert watch.saw(100.0, Look(has_text=False, ticks=1)) is None
    assert watch.saw(115.0, well(2)) is None
    assert watch.saw(121.0, Look(has_text=False, ticks=3)) is None


def test_a_page_that_was_loaded_long_ago_is_loaded_before_its_browser_is_started() -> None:
    watch = Watch(PACE, 0.0)
    watch.loaded(50.0)
    watch.saw(300.0, Look(has_text=False, ticks=1))
    verdict = watch.saw(320.0, Look(has_text=False, ticks=2))
    assert verdict is not None
    assert verdict.do == "load"


# -- memory ------------------------------------------------------------------------------------------------------------


def test_too_much_memory_waits_for_a_quiet_moment_an_hour_after_the_start() -> None:
    memory = Memory(1200, PACE, 0.0)
    assert memory.saw(HOUR - 1, 1300, is_quiet=True, hour=DAYTIME) is None
    assert memory.saw(HOUR, 1200, is_quiet=True, hour=DAYTIME) is None
    assert memory.saw(HOUR + 1, 1300, is_quiet=False, hour=DAYTIME) is None
    assert memory.saw(HOUR + 2, 1300, is_quiet=True, hour=DAYTIME) == Verdict("restart", "it takes 1300 MB")


def test_at_night_no_quiet_moment_is_waited_for() -> None:
    memory = Memory(1200, PACE, 0.0)
    assert memory.saw(HOUR, 1300, is_quiet=False, hour=NIGHT) is not None


def test_far_too_much_memory_waits_for_nothing_but_a_minute() -> None:
    memory = Memory(1200, PACE, 0.0)
    assert memory.saw(59.0, 1900, is_quiet=True, hour=NIGHT) is None
    assert memory.saw(60.0, 1900, is_quiet=False, hour=DAYTIME) == Verdict(
        "restart", "it takes 1900 MB", is_urgent=True
    )


def grown(sizes: list[int]) -> Verdict | None:
    """After so many megabytes, an hour each; within each hour it goes up and down by a hundred."""
    memory = Memory(5000, PACE, 0.0)
    verdict = None
    for no, mb in enumerate(sizes):
        for part, more in enumerate((100, 0, 100)):
            verdict = memory.saw(no * HOUR + part * 1000.0, mb + more, is_quiet=True, hour=DAYTIME)
    return verdict


def test_memory_that_grows_in_each_of_twelve_hours_by_half_in_all_is_a_leak() -> None:
    leak = [400 + 25 * no for no in range(13)]
    assert grown(leak) == Verdict("restart", "it grows every hour, to 800 MB")
    assert grown(leak[:12]) is None, "eleven whole hours prove nothing"
    assert grown([*leak[:6], 400, *leak[7:]]) is None, "it came down again"
    assert grown([400 + 10 * no for no in range(13)]) is None, "so little is none"


def test_memory_is_that_of_a_process_with_its_children() -> None:
    hog = "import sys; kept = b'x' * 60_000_000; print('ready', flush=True); sys.stdin.read()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hog!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        parent.stdout.readline()
        assert 60 < memory_mb(parent.pid) < 160
        parent.stdin.close()
    assert memory_mb(parent.pid) == 0


# -- pauses ------------------------------------------------------------------------------------------------------------


def test_pauses_grow_to_a_minute_and_begin_anew_after_five_good_minutes() -> None:
    pauses = Pauses(PACE)
    assert [pauses.after(3.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses.after(299.0) == 60
    assert pauses.after(300.0) == 1
    assert pauses.after(3.0) == 2


def test_five_very_short_lives_in_a_row_make_the_profile_suspect() -> None:
    pauses = Pauses(PACE)
    found = []
    for life in (1.0, 1.0, 60.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0):
        pauses.after(life)
        found.append(pauses.is_profile_suspect)
    assert found == [False] * 7 + [True, False]


# -- settings ----------------------------------------------------------------------------------------------------------


def test_the_address_is_built_of_what_is_to_be_shown() -> None:
    lobby = Settings(server="http://192.0.2.10:8000/", branch="go-vap")
    assert lobby.address == "http://192.0.2.10:8000/display/go-vap?pair=1"
    lobby = Settings(server="https://so.example", branch="go-vap", screen="sanh-1", query="muted=1&lang=en")
    assert lobby.address == "https://so.example/display/go-vap/sanh-1?pair=1&muted=1&lang=en"
    door = Settings(server="https://so.example", branch="go-vap", page="dispenser")
    assert door.address == "https://so.example/dispenser/go-vap"


@pytest.mark.parametrize("server", ["", "192.0.2.10:8000", "ftp://so.example", "http://so.example/display/go-vap"])
def test_a_server_that_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(BadSettings, match="server: "):
        _ = Settings(server=server, branch="go-vap").address


def test_a_file_is_overruled_by_the_command_line_and_unknown_keys_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "screen.toml"
    file.write_text('server = "http://192.0.2.10:8000"\nbranch = "go-vap"\nmemory_mb = 900\n')
    settings = read_settings(file, {"branch": "an-hoi", "memory_mb": "800", "state": str(tmp_path), "page": None})
    assert settings == Settings(server="http://192.0.2.10:8000", branch="an-hoi", memory_mb=800, state=tmp_path)
    file.write_text('branches = "go-vap"\n')
    with pytest.raises(BadSettings, match="branches"):
        read_settings(file, {})


def test_what_is_shipped_is_ours() -> None:
    deploy = Path(__file__).parents[2] / "config" / "deploy"
    settings = read_settings(deploy / "screen.toml", {})
    unit = (deploy / "display-client.service").read_text()
    assert settings.address == "http://192.0.2.10:8000/display/go-vap?pair=1"
    assert f"StateDirectory={settings.state.name}\n" in unit
    assert "display-client run --config /etc/layso/screen.toml" in unit


def test_the_browser_is_told_all_that_a_screen_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    plain = Settings(server="http://192.0.2.10:8000", branch="go-vap", state=tmp_path, flags=("--lang=vi",))
    given = arguments(plain, "data:,x")
    assert given[-2:] == ["--lang=vi", "--app=data:,x"]
    assert {"--kiosk", "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={tmp_path}/profile"} <= {*given}
    assert "--unsafely-treat-insecure-origin-as-secure=http://192.0.2.10:8000" in given
    assert not any("headless" in each or "ozone" in each for each in given)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    given = arguments(Settings(server="https://so.example", branch="go-vap", state=tmp_path), "data:,x")
    assert "--ozone-platform=wayland" in given
    assert not any("unsafely" in each for each in given)


def test_a_browser_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="chromium: no /nowhere/chromium on this machine"):
        find_chromium(Settings(chromium="/nowhere/chromium"))


def test_the_waiting_page_says_in_vietnamese_first_what_to_do() -> None:
    from urllib.parse import unquote

    said = unquote(waiting_page("dispenser"))
    assert said.index("Vui lòng gặp nhân viên hướng dẫn") < said.index("Please see the staff at the door")
    assert "Bảng gọi số sẽ hiện ngay khi có kết nối." in unquote(waiting_page("display"))


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_a_token_is_kept_for_its_owner_s_eyes_until_it_is_thrown_away(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = Token(file)
    assert token.value == ""
    token.keep("abc")
    assert Token(file).value == "abc"
    assert file.stat().st_mode & 0o777 == 0o600
    token.keep("")
    assert not file.exists()
    assert os.listdir(tmp_path) == []


def test_two_players_do_not_share_a_folder(tmp_path: Path) -> None:
    first = hold(tmp_path / "player.lock")
    assert first is not None
    assert hold(tmp_path / "player.lock") is None
    first.close()
    again = hold(tmp_path / "player.lock")
    assert again is not None
    again.close()


def test_status_says_what_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["status", "--state", str(tmp_path)]
    assert main(asked) == 1
    assert capsys.readouterr().out == "player   not running\n"
    write_whole(tmp_path / "status.json", b'{"pid": 7, "browser": "Chrome/1", "page": "live", "restarts": 2}')
    assert read_shown(tmp_path / "status.json") == Shown(7, "Chrome/1", 0, "live", 2)
    assert main(asked) == 1, "what a player wrote last is not a player"
    capsys.readouterr()
    held = hold(tmp_path / "player.lock")
    assert held is not None
    assert main(asked) == 0
    held.close()
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "player   running (process 7)",
        "browser  Chrome/1, 0 MB",
        "page     live",
        "restarts 2, last: none",
    ]


def test_install_says_what_is_there_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--chromium", "/nowhere/chromium", "--server", "here", "--branch", "go-vap"]) == 0
    said = capsys.readouterr().out
    assert "browser  missing. chromium: no /nowhere/chromium" in said
    assert "page     server: 'here' is no address" in said
    assert "sudo systemctl enable --now display-client" in said


def test_wrong_settings_are_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--page", "board"]) == 2
    assert "$.page" in capsys.readouterr().err


# -- what a life does about it -----------------------------------------------------------------------------------------


class StubPage:
    """What was done to the page."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def load(self) -> None:
        self.done.append("load")

    async def give_token(self, token: str) -> None:
        self.done.append(f"give {token}")


async def begun(tmp_path: Path) -> tuple[Life, StubPage, Token]:
    token, page = Token(tmp_path / "token"), StubPage()
    settings = Settings(server="http://192.0.2.10:8000", branch="go-vap")
    life = Life(settings, PACE, token, restarts=0, show=lambda **_: None)
    life._page = page  # type: ignore[assignment]
    return life, page, token


@pytest.mark.parametrize(
    ("verdict", "is_server_there", "goes_on", "done"),
    [
        (Verdict("load", "white"), True, True, ["load"]),
        (Verdict("load", "white"), False, True, []),
        (Verdict("restart", "white"), True, False, []),
        (Verdict("restart", "white"), False, True, []),
        (Verdict("restart", "frozen", is_urgent=True), False, False, []),
    ],
)
async def test_without_a_server_a_page_is_left_as_it_is_unless_it_is_frozen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
    is_server_there: bool,
    goes_on: bool,
    done: list[str],
) -> None:
    monkeypatch.setattr("display_client.player.life.answers", lambda _: is_server_there)
    life, page, _ = await begun(tmp_path)
    assert await life._obey(verdict, Watch(PACE, 0.0)) is goes_on
    assert page.done == done


async def test_a_key_that_the_browser_lost_is_given_back_once_and_one_that_it_threw_away_is_forgotten(
    tmp_path: Path,
) -> None:
    life, page, token = await begun(tmp_path)
    await life._mind_token("")
    assert page.done == []
    await life._mind_token("abc")
    assert Token(tmp_path / "token").value == "abc"

    life, page, token = await begun(tmp_path)
    await life._mind_token("")
    assert page.done == ["give abc"]
    await life._mind_token("")
    assert (page.done, token.value) == (["give abc"], "")
    await life._mind_token("def")
    assert token.value == "def"


async def test_a_profile_with_which_no_browser_starts_is_set_aside(tmp_path: Path) -> None:
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\nexit 1\n")
    browser.chmod(0o755)
    state = tmp_path / "state"
    left = state / "profile" / "left by a power cut"
    left.parent.mkdir(parents=True)
    left.touch()
    settings = Settings(server="http://192.0.2.10:8000", branch="go-vap", chromium=str(browser), state=state)
    player = Player(settings, pid=1, pace=Pace(pause_s=0.001, longest_pause_s=0.001))
    running = asyncio.create_task(player.run())
    await asyncio.to_thread(eventually, (state / "profile.spoilt").exists)  # its own, or one that came after it
    player.stop()
    await running
    assert not left.exists()
    assert player.shown.restarts >= 5
    assert player.shown.last_end == "the browser has ended (1)"
