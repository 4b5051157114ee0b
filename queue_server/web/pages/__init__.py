"""The pages for people: each module makes one page's HTML; what lives on it comes by the feed."""

from starlette.routing import BaseRoute

from queue_server.web.pages import (
    admin,
    audit,
    board,
    clerk,
    dispenser,
    display,
    entrance,
    helper,
    languages,
    manager,
    power_cut,
    rating,
    report,
    single_sign_on,
    ticket,
)

routes: list[BaseRoute] = [
    *entrance.routes,
    *admin.routes,
    *single_sign_on.routes,
    *dispenser.routes,
    *rating.routes,
    *languages.routes,
    *display.routes,
    *board.routes,
    *clerk.routes,
    *helper.routes,
    *power_cut.routes,
    *manager.routes,
    *report.routes,
    *ticket.routes,
    *audit.routes,
]
