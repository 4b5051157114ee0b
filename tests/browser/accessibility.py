"""Whether a page may be used by everybody: the rules of WCAG 2.2, levels A and AA, as axe-core knows them, and a name
for every control as the browser tells it to a screen reader."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
"""Every rule that axe-core has for a criterion of WCAG 2.0, 2.1 or 2.2 at level A or AA. Its rules without one ("best
practice") and those of level AAA are not on."""
CONTROLS = {
    "button", "checkbox", "combobox", "link", "listbox", "menuitem", "radio", "searchbox", "slider", "spinbutton",
    "switch", "tab", "textbox", "DisclosureTriangle",
}  # fmt: skip

_axe = Axe()


def assert_accessible(page: Page, within: str | None = None) -> None:
    """`within` looks for broken rules in that part only."""
    broken, unnamed = violations(page, within), nameless(page)
    assert not broken, "\n".join(f"{rule}\n  {why}" for rule, why in broken)
    assert not unnamed, unnamed


def violations(page: Page, within: str | None = None) -> list[tuple[str, str]]:
    """Each broken rule with the element that breaks it, and why."""
    found = _axe.run(page, within, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    return [
        (f"{rule['id']}: {' '.join(map(str, node['target']))}", node["failureSummary"])
        for rule in found
        for node in rule["nodes"]
    ]


def nameless(page: Page) -> list[dict[str, Any]]:
    """Controls of which a screen reader could only say what kind they are."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        node
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in CONTROLS
        and not str(node.get("name", {}).get("value", "")).strip()
    ]
