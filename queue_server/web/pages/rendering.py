"""Templates to HTML, with the headers that every page has: no inline code, no framing, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from queue_server.access.identity import Who
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


def page(request: Request, template: str, *, who: Who, status: int = 200, **context: Any) -> Response:
    """The page, in the asker's language. Templates get `lang`, `build`, `who` and the context."""
    html = _environment.get_template(template).render(
        lang=language_of(request), build=house_of(request).build, who=who, **context
    )
    return HTMLResponse(html, status, headers=HEADERS)
