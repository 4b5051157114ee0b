"""The clerk page."""

from starlette.routing import BaseRoute

routes: list[BaseRoute] = []
