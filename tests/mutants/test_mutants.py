"""The checkers are checked: each patch here breaks the product in one way, and the tests that it names must see it.

A patch begins with a sentence and its checkers, one a line: `Caught by: TEST => WORDS`. The test runs on a broken copy
of the tree and must fail at a line that holds these words, or say them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from msgspec import Struct

ROOT = Path(__file__).parents[2]
PARTS = ("queue_server", "display_client", "printer_agent", "config", "load", "tests")
ENDS_WITHIN_S = 100.0
UNUSED = ("cacheprovider", "hypothesispytest", "xdist")
"""Plugins that cost a start."""

CHILD = """
import sys, pytest, queue_server
print(queue_server.__file__)
sys.exit(pytest.main(sys.argv[1:]))
"""


class Mutant(Struct, frozen=True):
    """A broken build, and one test that tells."""

    patch: Path
    checker: str
    words: str

    @property
    def name(self) -> str:
        return f"{self.patch.stem} {self.checker.rpartition('::')[2]}"


def mutants_of(patch: Path) -> list[Mutant]:
    head = patch.read_text().partition("\n--- ")[0].splitlines()
    lines = [line.removeprefix("Caught by: ") for line in head if line.startswith("Caught by: ")]
    assert lines, f"{patch.name} names no test that catches it"
    return [Mutant(patch, checker, words) for checker, _, words in (line.partition(" => ") for line in lines)]


MUTANTS = [mutant for patch in sorted(Path(__file__).parent.glob("*.patch")) for mutant in mutants_of(patch)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with what is compiled of it."""
    folder = tmp_path_factory.mktemp("built") / "tree"
    for part in PARTS:
        copytree(ROOT / part, folder / part, ignore=ignore_patterns(".*"))
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    return folder


@pytest.fixture
def tree(built: Path, tmp_path: Path) -> Path:
    """Of links: `git apply` puts a new file where it changes one."""
    return copytree(built, tmp_path / "tree", copy_function=os.link)


def break_with(patch: Path, tree: Path) -> None:
    # Inside of a repository `git apply` would look for the files at its top.
    env = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    done = subprocess.run(["git", "apply", str(patch)], cwd=tree, env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(
            f"{patch.name} does not apply any more. Make the same mistake in the product as it is now, store "
            f"`git diff` below the first lines of the patch, and take the mistake back.\n{done.stderr}"
        )


def run_in(tree: Path, *checkers: str) -> tuple[int, list[str]]:
    """Exit status and output of a pytest that tests this tree."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env["PYTHONPATH"] = str(tree)
    argv = [sys.executable, "-c", CHILD, "-q", "-x", "--tb=long", *(f"-pno:{name}" for name in UNUSED), *checkers]
    child = subprocess.Popen(
        argv, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = child.communicate(timeout=ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{checkers} did not end within {ENDS_WITHIN_S:g} s")
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)  # with the servers that it has started
            child.communicate()
    where, *lines = output.splitlines()
    assert where == str(tree / "queue_server" / "__init__.py"), "another product was tested"
    return child.returncode, lines


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_build_is_caught(mutant: Mutant, tree: Path) -> None:
    break_with(mutant.patch, tree)
    status, lines = run_in(tree, mutant.checker)
    output = "\n".join(lines)
    assert status != pytest.ExitCode.OK, f"{mutant.checker} sees nothing wrong"
    assert status == pytest.ExitCode.TESTS_FAILED, output
    assert any(line.startswith(f"FAILED {mutant.checker}") for line in lines), output
    assert any(mutant.words in line for line in lines if line.startswith((">", "E"))), output


def test_control_a_test_passes_on_a_tree_that_nobody_broke(tree: Path) -> None:
    """That the others do is seen in this same run: they are tests of the suite."""
    checker = min(mutant.checker for mutant in MUTANTS)
    status, lines = run_in(tree, checker)
    assert status == pytest.ExitCode.OK, "\n".join(lines)
    assert int(lines[-1].partition(" passed")[0]) >= 1, lines[-1]  # one may have parameters
