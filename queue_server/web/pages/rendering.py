"""Templates to HTML, with the headers that every page has: no inline code, no framing, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from queue_server.access.identity import NOBODY, Who
from queue_server.domain.refusals import Refusal
from queue_server.protocol.problems import problem
from queue_server.web.asking import house_of, language_of

TEMPLATES = Path(__file__).parent.parent / "templates"

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
        " frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
)


def page(
    request: Request, template: str, *, who: Who, status: int = 200, lang: str | None = None, **context: Any
) -> Response:
    """The page, in the asker's language unless `lang` says which. Templates get `lang`, `build`, `who`, the context."""
    html = _environment.get_template(template).render(
        lang=lang or language_of(request), build=house_of(request).build, who=who, **context
    )
    return HTMLResponse(html, status, headers=HEADERS)


def trouble(request: Request, refusal: Refusal) -> Response:
    """A refusal as a page: nobody who opens a page should meet JSON."""
    lang = language_of(request)
    said = problem(refusal.code, refusal.data, lang)
    title = "Không mở được trang này" if lang == "vi" else "This page cannot be opened"
    return page(request, "trouble.html", who=NOBODY, status=said.status, title=title, sentence=said.detail)
