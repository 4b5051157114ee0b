"""The compiled clients of `client/`: made from their source when it has changed, by gcc."""

import os
import shutil
import subprocess
from pathlib import Path

CLIENT = Path(__file__).resolve().parent / "client"


class NoCompiler(Exception):
    """There is no gcc here."""


def compiled(name: str) -> Path:
    """The program made from `client/NAME.c`; several processes may ask for it at once.

    Raises:
        NoCompiler.
    """
    source, program = CLIENT / f"{name}.c", CLIENT / ".build" / name
    newest = max(file.stat().st_mtime for file in (source, *CLIENT.glob("*.h")))
    if program.exists() and program.stat().st_mtime >= newest:
        return program
    gcc = shutil.which("gcc")
    if gcc is None:
        raise NoCompiler(
            f"gcc is needed to compile load/client/{name}.c: install it (Debian: apt-get install gcc libc6-dev)"
        )
    program.parent.mkdir(exist_ok=True)
    fresh = program.with_name(f"{name}.{os.getpid()}")
    subprocess.run([gcc, "-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", fresh, source], check=True)
    os.replace(fresh, program)
    return program
