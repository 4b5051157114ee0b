"""The voice in a real browser: shipped clips, decoded and played by a real AudioContext."""

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

STATIC = Path(__file__).parents[2] / "display_client" / "static"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
KIOSK = "--autoplay-policy=no-user-gesture-required"
PAGE = b'<!doctype html><meta charset="utf-8"><title>voice</title><script src="voice.js"></script><p>OK</p>'
START = """() => {
  window.news = [];
  window.player = new LaySoVoice.Player({
    audioContext: new AudioContext(),
    load: LaySoVoice.packs({vi: "voice/vi-bac", en: "voice/en"}),
    onState: (news) => { window.news.push(news); console.log(news.state); },
    repeat: 1
  });
}"""
TELEVISION = f"""addEventListener("load", () => {{
  ({START})();
  addEventListener("keydown", () => {{ window.player.unlock(); }});
  window.player.say({{id: "t1", number: "A1", counter: 5}});
}})"""
IDLE = "() => window.news.some((news) => news.state === 'idle')"

pytestmark = pytest.mark.browser


class Files(SimpleHTTPRequestHandler):
    """The static folder, and a page at its root."""

    def do_GET(self) -> None:
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)
        return None

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(STATIC))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


def launch(playwright: Playwright, *more: str) -> Browser:
    path = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more])


@pytest.fixture
def kiosk(playwright: Playwright, address: str) -> Iterator[Page]:
    """A display as it is installed: sound may start by itself."""
    with launch(playwright, KIOSK) as browser:
        page = browser.new_page()
        page.goto(address)
        page.evaluate(START)
        yield page


def say(page: Page, **call: object) -> None:
    page.evaluate("(call) => window.player.say(call)", call)


def told(page: Page, key: str) -> list[Any]:
    news: list[dict[str, Any]] = page.evaluate("() => window.news")
    return [one[key] for one in news if key in one]


def test_a_call_is_heard_clip_by_clip_in_both_languages(kiosk: Page) -> None:
    say(kiosk, id="t1", number="A01", counter=121, language=["vi", "en"])
    kiosk.wait_for_function(IDLE)
    assert told(kiosk, "missing") + told(kiosk, "error") == []
    assert " ".join(told(kiosk, "spoken")[0]) == (
        "chime moi_so a khong mot den_quay_so 100 20 x1 number a zero one counter 100 and 20 1"
    )


def test_a_clip_that_the_server_lost_is_skipped(kiosk: Page) -> None:
    kiosk.route("**/vi-bac/khong.*", lambda route: route.fulfill(status=404))
    say(kiosk, id="t1", number="A0", counter=5)
    kiosk.wait_for_function(IDLE)
    assert told(kiosk, "missing") == [["khong"]]
    assert " ".join(told(kiosk, "spoken")[0]) == "chime moi_so a den_quay_so 5"


def test_the_mp3_is_played_where_opus_is_not(kiosk: Page) -> None:
    kiosk.route("**/*.opus", lambda route: route.fulfill(body="no sound"))
    say(kiosk, id="t1", number="A1", counter=5)
    kiosk.wait_for_function(IDLE)
    assert told(kiosk, "missing") == []
    assert " ".join(told(kiosk, "spoken")[0]) == "chime moi_so a mot den_quay_so 5"


def test_a_television_reports_blocked_sound_and_speaks_after_a_key(playwright: Playwright, address: str) -> None:
    with launch(playwright) as browser:
        page = browser.new_page()
        page.add_init_script(TELEVISION)
        # Anything evaluated from here counts as a gesture to chromium, so the page tells its own story.
        with page.expect_console_message(lambda message: message.text == "blocked"):
            page.goto(address)
        with page.expect_console_message(lambda message: message.text == "idle"):
            page.keyboard.press("Enter")
        assert told(page, "state") == ["blocked", "speaking", "idle"]
        assert " ".join(told(page, "spoken")[0]) == "chime moi_so a mot den_quay_so 5"


def test_every_shipped_clip_decodes_and_can_be_heard(kiosk: Page) -> None:
    faults = kiosk.evaluate("""async () => {
      const load = LaySoVoice.packs({vi: "voice/vi-bac", en: "voice/en"});
      const context = new AudioContext();
      const faults = [];
      const listen = async (language, clip, file) => {
        const sound = await context.decodeAudioData(await load(language, file));
        const peak = sound.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        if (peak < 0.1 || Math.abs(sound.duration * 1000 - clip.duration_ms) > 60) {
          faults.push([language, file, peak, sound.duration]);
        }
      };
      for (const language of ["vi", "en"]) {
        const clips = (await load(language, "manifest.json")).clips;
        for (const name in clips) for (const file of clips[name].files) await listen(language, clips[name], file);
      }
      return faults;
    }""")
    assert faults == []
