"""The lobby display: `/display/{branch}/{screen}`, public, for televisions from 2018 on. Without a screen's code it is
the first one of the configuration, and where none is configured one that shows and says everything.

`?muted=1` shows without speaking, `?lang=en` shows in English, `?pair=1` shows a pairing code, so that staff see when
this screen is dark.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from queue_server.domain.configuration import Text
from queue_server.domain.refusals import Refusal
from queue_server.web.asking import house_of, who_of
from queue_server.web.pages.rendering import page, policy_of_old_browsers, trouble

SCRIPTS = (
    "/static/protocol/wires.js",
    "/static/protocol/feed.js",
    "/static/device.js",
    "/static/page.js",
    "/static/display/player.js",
    "/static/times.js",
    "/static/display/voice.js",
    "/static/display/display_texts.js",
    "/static/display/display_screen.js",
    "/static/display/display_view.js",
    "/static/display/display_turns.js",
    "/static/display/display_layout.js",
    "/static/display/display_board.js",
    "/static/display/display_other.js",
    "/static/display/display_ticker.js",
    "/static/display/display_voice.js",
    "/static/display/display_report.js",
    "/static/display/display_kept.js",
    "/static/display/display_calls.js",
    "/static/display/playlist.js",
    "/static/display/playlist_store.js",
    "/static/display/display_poster.js",
    "/static/display/playlist_player.js",
    "/static/display/display.js",
)
"""Classic scripts, in the order in which they need each other."""

WORKER = Path(__file__).parents[3] / "display_client" / "static" / "worker.js"


def _policy(request: Request) -> str:
    """Films are played from where they are kept. A page among the notices is shown without scripts, in a frame that can
    do nothing; it has this policy, and its own look is inline style."""
    policy = policy_of_old_browsers(request).replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    return f"{policy}; media-src 'self' blob:; frame-src 'none'"


async def display(request: Request) -> Response:
    """GET /display/{branch}[/{screen}]: in Vietnamese unless `?lang=en` asks, whatever the television itself speaks."""
    try:
        host = await house_of(request).bus.host(request.path_params["branch"])
        config, code = host.state.configured, request.path_params.get("screen", "")
        if code:
            host.state.screen(code)
    except Refusal as refusal:
        return trouble(request, refusal)
    lang = "en" if request.query_params.get("lang", "").lower().startswith("en") else "vi"
    answer = page(
        request,
        "display.html",
        who=await who_of(request),
        branch_code=config.branch,
        lang=lang,
        scripts=SCRIPTS,
        branch=config.branch,
        screen=code,
        zone=config.timezone,
        branch_name=_say(config.name, lang),
        organisation_name=_say(config.organisation, lang),
    )
    answer.headers["content-security-policy"] = _policy(request)
    return answer


def _say(text: Text, lang: str) -> str:
    return (text.en if lang == "en" else "") or text.vi


async def worker(request: Request) -> Response:
    """GET /display/worker.js: of the display's pages, since it lies beside them."""
    return FileResponse(WORKER, media_type="text/javascript", headers={"cache-control": "no-cache"})


routes = [
    Route("/display/worker.js", worker),
    Route("/display/{branch}", display),
    Route("/display/{branch}/{screen}", display),
]
