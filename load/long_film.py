"""A film of 60 MB among the notices: how the server takes and gives it, and that a screen plays and keeps it.

    LAYSO_CHROMIUM=… .venv/bin/python -m load.long_film [--mb 60]

The film is the tests' short one, with an empty element behind it that players pass over. It is uploaded, fetched once
as a whole, played and kept by a screen of layout "split". The memory of the server's process is read every 50 ms. One
byte more than a film may have must be refused with a sentence.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from load import measure
from load.measure import Server
from load.product import first_line, start_product

MB = 1024 * 1024
LIMIT = 200 * MB
MOST_GROWTH_MB = 32
FILM = Path(__file__).parents[1] / "tests" / "browser" / "samples" / "two-colours.webm"
VOID = b"\xec\x01"  # an element of EBML to be passed over, its length in seven bytes
PLAYS = "() => { const film = document.querySelector('.playlist video'); return film && film.currentTime > 0.2; }"
KEPT = """(media) => new Promise((resolve) => {
  const asked = indexedDB.open('layso-media-go-vap', 1);
  asked.onsuccess = () => {
    const file = asked.result.transaction('files').objectStore('files').get(media);
    file.onsuccess = () => {
      asked.result.close();
      resolve(Boolean(file.result) && file.result.has * 1048576 >= file.result.size);
    };
  };
})"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=60)
    film = padded(FILM.read_bytes(), parser.parse_args().mb * MB)
    with measure.running(start_product, {}) as server:
        token = sign_in(server)
        put_notices(server, token, [])
        with growth(server, "upload"):
            media = upload(server, token, film)
        with growth(server, "fetched as a whole"):
            assert fetched(server, media) == media, "it comes as it went"
        put_notices(server, token, [media])
        refused(server, token)
        play(server, media)
    return 0


def padded(film: bytes, size: int) -> bytes:
    rest = size - len(film) - len(VOID) - 7
    return film + VOID + rest.to_bytes(7, "big") + b"\0" * rest


@contextmanager
def growth(server: Server, what: str) -> Iterator[None]:
    """Say how long it took and by how much the server's memory grew meanwhile."""
    before, most, is_over = rss_kb(server), [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            most[0] = max(most[0], rss_kb(server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    try:
        yield
    finally:
        lasted = time.monotonic() - began
        is_over.set()
        watcher.join()
    more_mb = (max(most[0], before) - before) / 1024
    print(
        f"{what}: {lasted:.1f} s, the server's process {before // 1024} MB, at most {more_mb:.1f} MB more", flush=True
    )
    assert more_mb < MOST_GROWTH_MB, f"more than {MOST_GROWTH_MB} MB"


def rss_kb(server: Server) -> int:
    """What the process holds itself, without files that it has mapped."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


# -- the server --------------------------------------------------------------------------------------------------------


def request(server: Server, method: str, path: str, body: bytes | None, **headers: str) -> Any:
    asked = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", body, method=method)
    for name, value in {"accept-language": "vi", **headers}.items():
        asked.add_header(name.replace("_", "-"), value)
    return urllib.request.urlopen(asked, timeout=120)


def sign_in(server: Server) -> dict[str, str]:
    """What a manager's requests carry."""
    account = next(each for each in first_line(server)["accounts"] if each["role"] == "manager")
    body = json.dumps({"username": account["username"], "password": account["password"]}).encode()
    with request(server, "POST", "/api/v1/session", body) as answer:
        return {"cookie": answer.headers["Set-Cookie"].split(";")[0]}


def upload(server: Server, token: dict[str, str], film: bytes) -> str:
    key = f"film-{len(film)}"
    with request(server, "PUT", "/api/v1/media?name=film", film, idempotency_key=key, **token) as answer:
        said = json.loads(answer.read())
    assert (said["sha256"], said["kind"]) == (sha256(film).hexdigest(), "video"), said
    return str(said["sha256"])


def fetched(server: Server, media: str) -> str:
    digest = sha256()
    with request(server, "GET", f"/media/{media}", None) as answer:
        while piece := answer.read(64 * 1024):
            digest.update(piece)
    return digest.hexdigest()


def put_notices(server: Server, token: dict[str, str], media: list[str]) -> None:
    path = f"/api/v1/branches/{server.branch}/notices"
    with request(server, "GET", path, None, **token) as answer:
        version = json.loads(answer.read())["version"]
    film = {"kind": "video", "title": {"vi": "Phim"}}
    shown = [film | {"code": f"film-{n}", "media": each} for n, each in enumerate(media)]
    body = json.dumps({"version": version, "notices": shown}).encode()
    key = f"notices-{len(media)}-{version}"
    request(server, "PUT", path, body, content_type="application/json", idempotency_key=key, **token).close()


def refused(server: Server, token: dict[str, str]) -> None:
    """Its length is enough: nothing of it is waited for."""
    line = HTTPConnection("127.0.0.1", server.port, timeout=10)
    line.putrequest("PUT", "/api/v1/media")
    for name, value in {"content-length": str(LIMIT + 1), "idempotency-key": "too-large-1", **token}.items():
        line.putheader(name, value)
    line.endheaders()
    answer = line.getresponse()
    said = json.loads(answer.read())
    print(f"{LIMIT + 1} bytes: {answer.status} {said['code']}: {said['detail']}", flush=True)
    assert said["code"] == "too-large", said


# -- a screen ----------------------------------------------------------------------------------------------------------


def play(server: Server, media: str) -> None:
    """Play it, and keep all of it."""
    from playwright.sync_api import Page, sync_playwright

    url = f"http://127.0.0.1:{server.port}/display/{server.branch}/ghe-cho"
    chromium = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    with sync_playwright() as running, tempfile.TemporaryDirectory() as profile:

        def start() -> tuple[Any, Page]:
            browser = running.chromium.launch_persistent_context(profile, executable_path=chromium, args=flags)
            return browser, browser.new_page()

        browser, page = start()
        with growth(server, "kept by a screen"):
            page.goto(f"{url}#token={server.display_token}")
            page.wait_for_function(PLAYS, timeout=60_000)
            wait_until_kept(page, media)
        browser.close()


def wait_until_kept(page: Any, media: str) -> None:
    until = time.monotonic() + 120
    while not page.evaluate(KEPT, media):
        assert time.monotonic() < until, "the screen does not keep it"
        page.wait_for_timeout(250)


if __name__ == "__main__":
    raise SystemExit(main())
