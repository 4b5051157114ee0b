"""Arrows point inwards: who may import whom, read from the source, and that importing a module opens nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("queue_server", "display_client", "printer_agent")
STANDARD = sys.stdlib_module_names
OURS = frozenset(PACKAGES)

COMPOSITION = {"queue_server.app", "queue_server.cli", "queue_server.__main__"}
"""Where every concrete class is known."""

DECIDING = ("queue_server.domain.decide", "queue_server.domain.routing")

FORBIDDEN = {
    "queue_server.journal": (*DECIDING, "queue_server.branches", "queue_server.realtime", "queue_server.web"),
    "queue_server.realtime": (*DECIDING, "queue_server.web", "queue_server.readers"),
    "queue_server.web": DECIDING,
    "queue_server.readers": ("queue_server.domain.decide", "queue_server.web"),
    "queue_server.directory": (*DECIDING, "queue_server.web", "queue_server.branches"),
    "queue_server.access": (*DECIDING, "queue_server.web"),
    "queue_server.foreseeing": (*DECIDING, "queue_server.web", "queue_server.realtime", "queue_server.readers"),
    "queue_server.branches": ("queue_server.web", "queue_server.realtime", "queue_server.readers"),
}
"""Package → what nothing in it may import, directly."""


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name; migrations are scripts, not modules that anybody imports."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "versions" in parts or path.name == "env.py":
                continue
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Dotted names that a file imports anywhere, in functions and under TYPE_CHECKING too."""
    return frozenset(_imported(ast.parse(path.read_text(encoding="utf-8")), path))


def _imported(tree: ast.AST, path: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} line {node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def in_package(package: str) -> list[str]:
    return [name for name in modules() if is_within(name, package)]


def offences(package: str, is_allowed: Callable[[str], bool]) -> list[str]:
    return [
        f"{name} imports {imported}"
        for name in in_package(package)
        for imported in sorted(imports_of(modules()[name]))
        if not is_allowed(imported)
    ]


def top(name: str) -> str:
    return name.split(".", 1)[0]


# -- the rules ---------------------------------------------------------------------------------------------------------


def test_the_domain_imports_the_standard_library_msgspec_and_itself() -> None:
    pure = {"msgspec", *STANDARD}
    assert offences("queue_server.domain", lambda n: top(n) in pure or is_within(n, "queue_server.domain")) == []


@pytest.mark.parametrize("name", ["asyncio", "logging", "socket", "sqlite3", "time", "random", "uuid", "os", "secrets"])
def test_the_domain_knows_no_clock_no_chance_and_no_outside(name: str) -> None:
    allowed = {f"{module} imports random" for module in PLAYING}
    assert set(offences("queue_server.domain", lambda imported: top(imported) != name)) <= allowed


PLAYING = ("queue_server.domain.foresight", "queue_server.domain.advice")


@pytest.mark.parametrize("module", PLAYING)
def test_chance_in_the_domain_is_seeded_by_whoever_asks(module: str) -> None:
    """The modules that play draw from `random.Random(seed)` and from nothing else."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    used = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "random"
    }
    assert used == {"Random"}


def test_the_domain_never_asks_what_time_it_is() -> None:
    asking = {"now", "utcnow", "today"}
    for name in in_package("queue_server.domain"):
        for node in ast.walk(ast.parse(modules()[name].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in asking, f"{name} line {node.lineno} asks for the time"


def test_the_protocol_imports_nothing_of_ours_but_itself() -> None:
    own = "queue_server.protocol"
    assert offences(own, lambda n: top(n) not in OURS or is_within(n, own)) == []


@pytest.mark.parametrize("client", ["display_client", "printer_agent"])
def test_a_client_shares_only_the_protocol_with_the_server(client: str) -> None:
    def is_allowed(name: str) -> bool:
        return top(name) not in OURS or is_within(name, client) or is_within(name, "queue_server.protocol")

    assert offences(client, is_allowed) == []


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_a_room_imports_nothing_from_further_out_and_decides_nothing(package: str) -> None:
    def is_allowed(name: str) -> bool:
        return not any(is_within(name, outside) for outside in FORBIDDEN[package])

    assert offences(package, is_allowed) == []


def test_only_the_branch_hosts_decide() -> None:
    deciding = {
        top_two(name)
        for name, path in modules().items()
        if any(is_within(imported, "queue_server.domain.decide") for imported in imports_of(path))
    }
    assert deciding <= {"queue_server.domain", "queue_server.branches"}


def top_two(name: str) -> str:
    return ".".join(name.split(".")[:2])


def test_no_room_imports_the_composition_root() -> None:
    for name, path in modules().items():
        if name.count(".") > 1:
            known = [n for n in imports_of(path) if any(is_within(n, root) for root in COMPOSITION)]
            assert known == [], f"{name} imports {known}"


def test_the_server_imports_no_client() -> None:
    assert offences("queue_server", lambda n: top(n) not in ("display_client", "printer_agent")) == []


def test_nothing_that_is_shipped_imports_tests_or_load() -> None:
    for package in PACKAGES:
        assert offences(package, lambda n: top(n) not in ("tests", "load")) == []


# -- importing opens nothing -------------------------------------------------------------------------------------------

GUARD = """
import importlib, sys

def forbid(event, arguments):
    if event in ("socket.__new__", "socket.connect", "socket.bind", "sqlite3.connect"):
        raise RuntimeError(f"{event} while importing")

sys.addaudithook(forbid)
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as fault:
        sys.exit(f"{name}: {type(fault).__name__}: {fault}")
"""


def run(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", GUARD, *names], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_importing_any_module_opens_nothing() -> None:
    done = run(*(name for name in modules() if not name.endswith("__main__")))
    assert done.returncode == 0, done.stderr


def test_the_guard_notices_a_socket_and_a_database(tmp_path: Path) -> None:
    for line in ("import socket; socket.socket()", "import sqlite3; sqlite3.connect(':memory:')"):
        (tmp_path / "opener.py").write_text(line)
        done = subprocess.run(
            [sys.executable, "-c", GUARD, "opener"], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert "while importing" in done.stderr
