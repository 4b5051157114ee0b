"""The page in the browser: led to its address, looked at, pictured, and answered when it asks for something."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct
from PIL import Image

from display_client.player.devtools import DevTools, DevToolsError, Gone, NoAnswer
from display_client.player.watch import Look

LOAD_S = 30.0
PICTURE_S = 10.0
MOST_WIDE = 960
QUALITY = 50
ONE_COLOUR = 8
"""Brightness from 0 to 255: a picture whose lightest and darkest points are no further apart shows nothing."""
BINDING = "laysoAsk"

LOOK = """((player, key) => {
  window.laysoPlayer = player;
  const attempt = (work) => { try { return work(); } catch (fault) { return null; } };
  return {
    address: location.href,
    hasText: Boolean(document.body && document.body.innerText.trim()),
    health: attempt(() => window.LaySo.health()),
    token: attempt(() => localStorage.getItem(key))
  };
})"""

WORDS = {
    "display": ("Đang kết nối", "Bảng gọi số sẽ hiện ngay khi có kết nối.", "Connecting"),
    "dispenser": (
        "Vui lòng gặp nhân viên hướng dẫn",
        "Máy lấy số đang mất kết nối. Máy sẽ tự hoạt động lại khi có kết nối.",
        "Please see the staff at the door",
    ),
    "rating": ("Đang kết nối", "Màn hình sẽ tự hoạt động khi có kết nối.", "Connecting"),
}


def waiting_page(kind: Literal["display", "dispenser", "rating"]) -> str:
    """What is shown while there is nothing else: the address of a page that needs no server."""
    title, how, english = WORDS[kind]
    html = (
        '<!doctype html><meta charset="utf-8"><title>Lấy Số</title><body style="margin:0;height:100vh;display:flex;'
        "flex-direction:column;justify-content:center;align-items:center;text-align:center;background:#062a33;"
        'color:#fff;font-family:sans-serif">'
        f'<h1 style="margin:0;font-size:7vmin">{title}</h1><p style="font-size:4vmin">{how}</p>'
        f'<p lang="en" style="font-size:3vmin">{english}</p>'
    )
    return f"data:text/html;charset=utf-8,{quote(html)}"


class Health(Struct, frozen=True):
    """What a page of ours says of itself, see player.js."""

    state: str
    ticks: int
    isQuiet: bool  # noqa: N815


class Said(Struct, frozen=True):
    """A page's answer to a look."""

    address: str
    hasText: bool  # noqa: N815
    health: Health | None
    token: str | None

    @property
    def is_waiting(self) -> bool:
        return self.address.startswith("data:")

    @property
    def is_error(self) -> bool:
        """The browser's own page about an address that it could not open."""
        return self.address.startswith("chrome-error:")

    @property
    def look(self) -> Look:
        if self.health is None:
            return Look(self.hasText, None)
        return Look(self.hasText, self.health.ticks, self.health.isQuiet)


class Page:
    """The browser's one page. What it does raises DevToolsError."""

    def __init__(self, devtools: DevTools, address: str, kind: Literal["display", "dispenser", "rating"]) -> None:
        self._devtools = devtools
        self._address = address
        self._waiting = waiting_page(kind)
        self._key = f"layso.device.{kind}"

    async def begin(self) -> None:
        """Take the page, hear when it crashes, and let it ask."""
        await self._devtools.attach()
        await self._devtools.send("Page.enable")
        await self._devtools.send("Inspector.enable")
        await self._devtools.send("Runtime.enable")
        await self._devtools.send("Runtime.addBinding", name=BINDING)

    async def load(self) -> None:
        """Go to the page's address, anew if it is there; if nothing comes, to the page that waits."""
        try:
            answer = await self._devtools.send("Page.navigate", url=self._address, within=LOAD_S)
        except NoAnswer as fault:
            answer = {"errorText": str(fault)}
        if "errorText" in answer:
            await self.wait()

    async def wait(self) -> None:
        await self._devtools.send("Page.navigate", url=self._waiting)

    async def look(self, player: dict[str, Any], *, within: float) -> Said | None:
        """What the page says, None when it does not answer in time; `player` tells it of us. A page that is just being
        replaced says nothing of ours."""
        script = f"{LOOK}({msgspec.json.encode(player).decode()}, {msgspec.json.encode(self._key).decode()})"
        try:
            return msgspec.convert(await self._devtools.evaluate(script, within=within), Said)
        except NoAnswer:
            return None
        except Gone:
            raise
        except DevToolsError:
            return Said("", False, None, None)

    async def give_token(self, token: str) -> None:
        """Put the device's key where the page looks for it, and load the page anew."""
        pair = msgspec.json.encode([self._key, token]).decode()
        await self._devtools.evaluate(f"localStorage.setItem(...{pair})")
        await self.load()

    async def picture(self) -> bytes:
        """A JPEG of what is shown, at most 960 points wide. Taken as large as it is: a picture of another size would
        make the browser lay the page out anew, in front of everybody."""
        with await self._capture(QUALITY) as image:
            image.thumbnail((MOST_WIDE, MOST_WIDE * 4))
            out = BytesIO()
            image.save(out, "JPEG", quality=QUALITY)
        return out.getvalue()

    async def is_blank(self) -> bool:
        """Whether what is shown is of one colour; a picture that cannot be taken says nothing."""
        try:
            with await self._capture(QUALITY) as image:
                counts = image.convert("L").histogram()
        except DevToolsError:
            return False
        seen = [brightness for brightness, count in enumerate(counts) if count]
        return seen[-1] - seen[0] <= ONE_COLOUR

    async def _capture(self, quality: int) -> Image.Image:
        taken = await self._devtools.send("Page.captureScreenshot", format="jpeg", quality=quality, within=PICTURE_S)
        return Image.open(BytesIO(base64.b64decode(taken["data"])))

    async def answer(self, asked: str) -> None:
        """Give the page what it asked for by `laysoAsk`."""
        if asked != "screenshot":
            raise DevToolsError(f"the page asked for {asked!r}, which is nothing that we have")
        picture = base64.b64encode(await self.picture()).decode()
        await self._devtools.evaluate(f'window.LaySo.playerGives("screenshot", "{picture}")')
