"""The lobby display must run on televisions from 2018 (Chrome 53): every script and style that it loads is read for
syntax and interfaces that are newer. Numbers are the first Chromium with the feature, from the compatibility tables."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from queue_server.web.pages.display import SCRIPTS, WORKER
from tests.node import node

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "/static/protocol/": ROOT / "queue_server" / "protocol" / "js",
    "/static/display/": ROOT / "display_client" / "static",
    "/static/": ROOT / "queue_server" / "web" / "static",
}
"""As mounted by the application, the nearest first."""
TEMPLATE = ROOT / "queue_server" / "web" / "templates" / "display.html"
READER = Path(__file__).with_name("old_screens.js")

METHODS = {
    "after": 54, "append": 54, "at": 92, "before": 54, "finally": 63, "findLast": 97, "findLastIndex": 97, "flat": 69,
    "flatMap": 69, "formatRange": 76, "formatToParts": 57, "getAnimations": 84, "matchAll": 73, "padEnd": 57,
    "padStart": 57, "prepend": 54, "replaceAll": 85, "replaceChildren": 86, "replaceWith": 54, "requestFullscreen": 71,
    "toReversed": 110, "toSorted": 110, "toSpliced": 110, "toggleAttribute": 69,
    "trimEnd": 66, "trimStart": 66,
}  # fmt: skip
"""Methods that nothing there may be called by, whatever it is called on."""
PROPERTIES = {
    "Array.fromAsync": 121, "Intl.ListFormat": 72, "Intl.PluralRules": 63, "Intl.RelativeTimeFormat": 71,
    "Object.entries": 54, "Object.fromEntries": 73, "Object.getOwnPropertyDescriptors": 54, "Object.groupBy": 117,
    "Object.hasOwn": 93, "Object.values": 54, "Promise.allSettled": 76, "Promise.any": 85, "Promise.try": 128,
    "Promise.withResolvers": 119, "crypto.randomUUID": 92, "navigator.clipboard": 66, "navigator.locks": 69,
    "navigator.wakeLock": 84,
}  # fmt: skip
GLOBALS = {
    "AbortController": 66, "AbortSignal": 66, "BigInt": 67, "BroadcastChannel": 54, "CompressionStream": 80,
    "EventTarget": 64, "FinalizationRegistry": 84, "IntersectionObserver": 58, "PointerEvent": 55,
    "ResizeObserver": 64, "URLPattern": 95, "WeakRef": 84, "customElements": 54, "globalThis": 71,
    "queueMicrotask": 71, "structuredClone": 98,
}  # fmt: skip
"""IntersectionObserver exists from 51, in the form that everybody uses from 58."""
STYLES = {
    r"display\s*:\s*(inline-)?grid\b": 57,
    r"(?<![\w-])grid-[\w-]+\s*:": 57,
    r"(?<![\w-])(row-|column-)?gap\s*:": 84,
    r"(?<![\w-])(clamp|min|max)\(": 79,
    r"(?<![\w-])aspect-ratio\s*:(?![^;{}]*\))": 88,
    r"(?<![\w-])inset(-[\w-]+)?\s*:": 87,
    r":(is|where|has)\(": 88,
    r":not\([^)]*[,\s>+~][^)]*\)": 88,
    r"@(layer|container|scope|property)\b": 85,
    r"\d(d|s|l)v(h|w|min|max)\b": 108,
    r"\bcolor-mix\(": 111,
    r"\bconic-gradient\(": 69,
    r"#([0-9a-f]{8}|[0-9a-f]{4})\b(?![^{};]*\{)": 62,
    r"\b(rgb|hsl)a?\([^)]*/": 65,
    r"(margin|padding|border)-(inline|block)": 87,
    r"place-(content|items|self)\s*:": 59,
    r"display\s*:\s*(contents|flow-root)": 65,
    r"position\s*:\s*sticky": 56,
    r"backdrop-filter\s*:": 76,
    r"overflow\s*:\s*clip": 90,
    r"overflow-wrap\s*:\s*anywhere": 80,
    r"(?<![\w-])(translate|rotate|scale)\s*:": 104,
    r"(?<=[;{}])\s*&": 112,
}


def file_of(address: str) -> Path:
    start = next(start for start in FOLDERS if address.startswith(start))
    return FOLDERS[start] / address.removeprefix(start)


def read(sources: Iterable[str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [node(), str(READER)], input=json.dumps(list(sources)), capture_output=True, text=True, timeout=60, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def newer(used: dict[str, Any]) -> list[str]:
    """What a script uses that Chrome 53 does not have."""
    if used["error"] is not None:
        return [f"not ES2015: {used['error']}"]
    found = [f"line {line}: .{name}() is of {METHODS[name]}" for name, _, line in used["calls"] if name in METHODS]
    for text, line in used["reads"]:
        name = text.removeprefix("window.").removeprefix("global.")
        version = PROPERTIES.get(name) or (GLOBALS.get(name) if name != text else None)
        found += [f"line {line}: {name} is of {version}"] if version else []
    return found + [f"line {line}: {name} is of {GLOBALS[name]}" for name, line in used["globals"] if name in GLOBALS]


def newer_styles(css: str) -> list[str]:
    """What a style sheet uses that Chrome 53 does not have, outside `@supports`, which keeps it from old browsers."""
    plain = re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found[0]), css, flags=re.S)
    plain = _without_supports(plain)
    return [
        f"line {plain.count(chr(10), 0, found.start()) + 1}: {found[0].strip()} is of {version}"
        for pattern, version in STYLES.items()
        for found in re.finditer(pattern, plain, re.I)
    ]


def _without_supports(css: str) -> str:
    while (start := css.find("@supports")) >= 0:
        end, depth = css.index("{", start) + 1, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        css = css[:start] + re.sub(r"[^\n]", " ", css[start:end]) + css[end:]
    return css


def stylesheets() -> list[str]:
    return re.findall(r'<link rel="stylesheet" href="([^"?]+)', TEMPLATE.read_text())


def test_the_display_loads_only_what_is_read_here() -> None:
    html = TEMPLATE.read_text()
    assert set(re.findall(r'<script src="([^"?]+)', html)) == {"{{ script }}"}
    assert "module" not in html
    assert stylesheets() == ["/static/system.css", "/static/display/display.css"]
    ours = {f"/static/display/{file.name}" for file in FOLDERS["/static/display/"].glob("*.js") if file != WORKER}
    assert ours <= set(SCRIPTS)


def test_every_script_runs_on_chrome_53() -> None:
    found = {
        script: faults
        for script, used in zip(SCRIPTS, read(file_of(script).read_text() for script in SCRIPTS), strict=True)
        if (faults := newer(used))
    }
    assert found == {}


def test_its_worker_runs_on_chrome_53() -> None:
    assert newer(read([WORKER.read_text()])[0]) == []


def test_every_style_is_understood_by_chrome_53() -> None:
    found = {sheet: faults for sheet in stylesheets() if (faults := newer_styles(file_of(sheet).read_text()))}
    assert found == {}


def test_no_script_is_long() -> None:
    ours = FOLDERS["/static/display/"].glob("display*.js")
    assert {file.name: lines for file in ours if (lines := len(file.read_text().splitlines())) > 300} == {}


@pytest.mark.parametrize(
    "source",
    [
        "async function f() {}",
        "f(1, );",
        "const a = {...b};",
        "a?.b;",
        "a ** b;",
        "/(?<year>x)/;",
        "import 'x';",
        "'1'.padStart(2);",
        "list['append'](child);",
        "Object.entries(a);",
        "const {log} = console; window.Object.values(a);",
        "new ResizeObserver(f);",
        "new window.IntersectionObserver(f);",
        "globalThis.a = 1;",
        "[].flat();",
        "'a'.replaceAll('b', 'c');",
        "fetch('/', {signal: new AbortController().signal});",
    ],
)
def test_what_is_newer_is_refused(source: str) -> None:
    assert newer(read([source])[0]) != []


@pytest.mark.parametrize(
    "source",
    [
        "(function (g) {})(typeof window === 'undefined' ? globalThis : window);",
        "const row = {append: 1, values: 2}; row.at; row.values;",
        "list.forEach((one) => `${one}`.includes('a'));",
        "const go = root.requestFullscreen || root.webkitRequestFullscreen; go.call(root);",
        "function flat() {} flat();",
    ],
)
def test_what_is_old_enough_is_not(source: str) -> None:
    assert newer(read([source])[0]) == []


@pytest.mark.parametrize(
    "css",
    [
        ".a { display: grid; }",
        ".a{gap:1rem}",
        ".a { row-gap: 1vw; }",
        ".a { width: min(1vw, 2vh); }",
        ".a { font-size: clamp(1px, 2vw, 3px); }",
        ".a { aspect-ratio: 16 / 9; }",
        ".a { inset: 0; }",
        ":is(.a, .b) { color: red; }",
        ".a:has(.b) { color: red; }",
        ".a:not(.b, .c) { color: red; }",
        "@layer base;",
        ".a { height: 100dvh; }",
        ".a { color: #11223344; }",
        ".a { color: rgb(0 0 0 / 50%); }",
        ".a { .b { color: red; } & .c { color: red; } }",
    ],
)
def test_newer_styles_are_refused(css: str) -> None:
    assert newer_styles(css) != []


def test_older_styles_are_not() -> None:
    assert (
        newer_styles(
            "/* gap: 1px */ @media (min-aspect-ratio: 16/9) { .max-a:not(.b) { min-width: calc(1vw + 2px); } }"
            ".a { color: #aabbcc; background: rgba(0, 0, 0, 0.5); }"
            " @supports (display: grid) { .a { display: grid; gap: 1px; } } .b { color: red; }"
        )
        == []
    )
