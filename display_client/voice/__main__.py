"""Commands: ``python -m display_client.voice build --out DIR`` and ``python -m display_client.voice check DIR``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from display_client.voice.check import problems
from display_client.voice.pack import DEFAULT_PROFILE, PROFILES, BuildError, build


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when all is well, 1 when a pack is not."""
    options = _parser().parse_args(arguments)
    return _check(options.pack) if options.command == "check" else _build(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m display_client.voice", description="Clip packs for the voice.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("build", help="make a pack with espeak-ng, or from recordings; needs ffmpeg")
    making.add_argument("--out", type=Path, required=True, help="folder of the pack")
    making.add_argument("--profile", choices=sorted(PROFILES), default=DEFAULT_PROFILE)
    making.add_argument("--recordings", type=Path, help="folder with a person's NAME.wav for every clip")
    checking = commands.add_parser("check", help="report missing, silent and too long clips of a pack")
    checking.add_argument("pack", type=Path, help="folder of the pack")
    return parser


def _build(options: argparse.Namespace) -> int:
    try:
        size = build(options.out, PROFILES[options.profile], recordings=options.recordings)
    except BuildError as error:
        print(f"not built: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {size / 1000:.0f} kB")
    return _check(options.out)


def _check(folder: Path) -> int:
    found = problems(folder)
    for problem in found:
        print(f"{folder.name}/{problem}")
    print(f"{folder}: {len(found)} problems" if found else f"{folder}: complete")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
