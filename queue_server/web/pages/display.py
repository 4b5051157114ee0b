"""The display page."""

from starlette.routing import BaseRoute

routes: list[BaseRoute] = []
