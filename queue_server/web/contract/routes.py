"""Where the contract is published."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.web.answering import json


async def openapi(request: Request) -> Response:
    from queue_server.web.contract import openapi as made

    return json(made.document())


async def asyncapi(request: Request) -> Response:
    from queue_server.web.contract import asyncapi as made

    return json(made.document())


routes = [Route("/openapi.json", openapi), Route("/asyncapi.json", asyncapi)]
