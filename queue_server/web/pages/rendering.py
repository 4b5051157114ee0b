"""Templates to HTML, with the headers that every page has: no inline code, no framing, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from queue_server.access.identity import NOBODY, Who
from queue_server.domain.training import home_of
from queue_server.protocol.rows import Name
from queue_server.web.answering import refusal_problem
from queue_server.web.asking import house_of, page_language_of

TEMPLATES = Path(__file__).parent.parent / "templates"

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
        " object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}

_HOST = re.compile(r"[\w.\-]+(:\d+)?|\[[0-9a-f:.]+\](:\d+)?", re.ASCII)

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
)


def _said(name: Name, lang: str) -> str:
    """A name in the page's language."""
    if lang == "vi":
        return name.vi
    return name.en if name.more is UNSET else name.more.get(lang, name.en)


_environment.filters["said"] = _said


def page(
    request: Request,
    template: str,
    *,
    who: Who,
    status: int = 200,
    lang: str | None = None,
    branch_code: str = "",
    **context: Any,
) -> Response:
    """The page, in the asker's language unless `lang` says which. Templates get `lang`, `build`, `who`, the context. A
    page of the training copy `branch_code` says so over everything."""
    html = _environment.get_template(template).render(
        lang=lang or page_language_of(request),
        build=house_of(request).build,
        who=who,
        is_training=home_of(branch_code) is not None,
        **context,
    )
    return HTMLResponse(html, status, headers=HEADERS)


def policy_of_old_browsers(request: Request) -> str:
    """The same policy for browsers that do not count `ws://` of the same host as 'self': televisions, iOS before 15."""
    policy, host = HEADERS["content-security-policy"], request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        return policy
    return policy.replace("connect-src 'self'", f"connect-src 'self' ws://{host} wss://{host}")


def trouble(request: Request, fault: Exception, *, who: Who = NOBODY) -> Response:
    """Any failure as a page: nobody who opens a page should meet JSON. `who` may sign in as somebody else."""
    lang = page_language_of(request)
    said = refusal_problem(fault, lang)
    title = "Không mở được trang này" if lang == "vi" else "This page cannot be opened"
    return page(request, "trouble.html", who=who, status=said.status, title=title, sentence=said.detail)
