"""One life of the browser: from its start until it ends, or until it has to."""

from __future__ import annotations

import asyncio
import logging
import time
import urllib.request
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPException
from importlib.metadata import version
from typing import Any

from msgspec import Struct

from display_client.player.browser import Browser
from display_client.player.devtools import DevTools, DevToolsError
from display_client.player.keeping import Token
from display_client.player.page import BINDING, Page, Said, waiting_page
from display_client.player.settings import Settings
from display_client.player.watch import Memory, Pace, Verdict, Watch

log = logging.getLogger(__name__)

SERVER_S = 3.0

Show = Callable[..., None]


class End(Struct, frozen=True):
    """Why a life ended; `is_ours` when the player has decided it. One that has not begun is no profile's fault."""

    why: str
    is_ours: bool = False
    has_begun: bool = True


class Life:
    """`run` once. `show` hears what is worth showing, by keyword, see `keeping.Shown`."""

    def __init__(self, settings: Settings, pace: Pace, token: Token, *, restarts: int, show: Show) -> None:
        self._settings = settings
        self._pace = pace
        self._token = token
        self._show = show
        self._player: dict[str, Any] = {"version": version("layso"), "restarts": restarts, "memory_mb": 0}
        self._over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._answers: set[asyncio.Task[None]] = set()
        self.browser: Browser
        self.devtools: DevTools
        self._page: Page
        self._due: dict[str, float] = {}
        self._is_blank = False

    async def run(self) -> End:
        self.browser = await Browser.start(self._settings, waiting_page(self._settings.page))
        self._show(browser_pid=self.browser.pid, page="starting")
        tasks = [asyncio.create_task(each) for each in (self._until_ended(), self._lead())]
        try:
            return await self._over
        finally:
            for task in (*tasks, *self._answers):
                task.cancel()
            await asyncio.gather(*tasks, *self._answers, return_exceptions=True)
            await self.browser.end()
            self._show(browser_pid=0)

    def _end(self, why: str, *, is_ours: bool = False) -> None:
        if not self._over.done():
            self._over.set_result(End(why, is_ours))

    async def _until_ended(self) -> None:
        self._end(f"the browser has ended ({await self.browser.ended()})")

    async def _lead(self) -> None:
        try:
            async with DevTools(await self.browser.devtools_address(), self._on_event) as self.devtools:
                self._page = Page(self.devtools, self._settings.address, self._settings.page)
                found = (await self.devtools.send("Browser.getVersion"))["product"]
                self._player["browser"] = found
                self._show(browser=found)
                await self._page.begin()
                await self._page.load()
                await self._watch()
        except DevToolsError as fault:
            self._end(f"the browser does not do what it is told: {fault}")
        except Exception as fault:
            log.exception("The player has failed; the browser is started anew.")
            self._end(f"{type(fault).__name__}: {fault}")

    def _on_event(self, method: str, parameters: dict[str, Any]) -> None:
        if method in ("Inspector.targetCrashed", "Target.targetCrashed"):
            self._end("the page has crashed")
        elif method in ("Inspector.detached", "Target.detachedFromTarget"):
            self._end("the page was closed")
        elif method == "Runtime.bindingCalled" and parameters["name"] == BINDING:
            task = asyncio.create_task(self._answer(parameters["payload"]))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, asked: str) -> None:
        try:
            await self._page.answer(asked)
        except DevToolsError as fault:
            log.warning("The page was not given what it asked for: %s", fault)

    # -- looking -------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        watch = Watch(self._pace, time.monotonic())
        memory = Memory(self._settings.memory_mb, self._pace, time.monotonic())
        while True:
            await asyncio.sleep(self._pace.beat_s)
            said = await self._page.look(self._player, within=self._pace.freeze_s)
            now = time.monotonic()
            if said is not None and (said.is_waiting or said.is_error):
                await self._wait_for_server(said, watch)
                verdict = None
            else:
                verdict = await self._judge(watch, said, now)
            verdict = verdict or await self._weigh(memory, said, now)
            if verdict is not None and not await self._obey(verdict, watch):
                return

    async def _wait_for_server(self, said: Said, watch: Watch) -> None:
        if said.is_error:
            await self._page.wait()
        self._show(page="waiting")
        if await self._server_answers():
            await self._page.load()
            watch.loaded(time.monotonic())

    async def _judge(self, watch: Watch, said: Said | None, now: float) -> Verdict | None:
        if said is None:
            return watch.saw(now, None)
        if said.health is not None:
            self._show(page=said.health.state)
            await self._mind_token(said.token or "")
        if self._is_blank or self._is_due("picture", now, self._pace.picture_s):
            self._is_blank = await self._page.is_blank()
        return watch.saw(now, said.look, is_blank=self._is_blank)

    async def _mind_token(self, token: str) -> None:
        """What the page has is kept. What it lost with its storage it gets back, once; what it has thrown away since,
        because the server does not know it any more, is thrown away."""
        if token or self._token.is_given or not self._token.value:
            self._token.keep(token)
        else:
            self._token.is_given = True
            await self._page.give_token(self._token.value)
        self._token.is_given = self._token.is_given or bool(token)

    async def _weigh(self, memory: Memory, said: Said | None, now: float) -> Verdict | None:
        if not self._is_due("memory", now, self._pace.memory_s):
            return None
        mb = await asyncio.to_thread(self.browser.memory_mb)
        self._player["memory_mb"] = mb
        is_quiet = said is not None and said.look.is_quiet
        return memory.saw(now, mb, is_quiet=is_quiet, hour=datetime.now().astimezone().hour)

    def _is_due(self, what: str, now: float, every: float) -> bool:
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every
        return True

    async def _obey(self, verdict: Verdict, watch: Watch) -> bool:
        """Whether this life goes on. A page is left as it is while the server would give no other one."""
        if not verdict.is_urgent and not await self._server_answers():
            return True
        if verdict.do == "restart":
            self._end(verdict.why, is_ours=True)
            return False
        log.warning("The page is loaded anew: %s.", verdict.why)
        await self._page.load()
        watch.loaded(time.monotonic())
        return True

    async def _server_answers(self) -> bool:
        return await asyncio.to_thread(answers, self._settings.origin)


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The server is in the house, whatever the environment says."""


def answers(server: str) -> bool:
    """Whether the server is there."""
    try:
        with _opener.open(f"{server}/healthz", timeout=SERVER_S) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False
