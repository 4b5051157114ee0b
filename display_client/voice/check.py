"""Check a clip pack against the clips that are needed. Reads the files themselves; needs no program.

Silence is told from the Opus file: its variable bit rate falls to a few hundred bytes a second when there is nothing
to say. A recording of a noisy room without a voice passes; it must be heard.
"""

import json
from pathlib import Path
from typing import Any, Final

from display_client.voice.clips import NEEDED
from display_client.voice.pack import MANIFEST

MAX_DURATION_MS: Final = 2000
"""Longer clips would keep the hall waiting: the longest in the shipped packs is the chime."""
SILENT_BYTES_PER_S: Final = 700
KINDS: Final = (".opus", ".mp3")
"""Opus for most browsers, mp3 for Safari and old televisions."""
OPUS_RATE: Final = 48_000


def problems(folder: Path) -> list[str]:
    """What is wrong with a pack, one sentence each; nothing when it is complete."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        needed, clips = NEEDED[manifest["language"]], dict(manifest["clips"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{MANIFEST}: cannot be used: {error!r}"]
    return [f"{name}: {fault}" for name in needed for fault in _clip_faults(folder, clips.get(name))]


def _clip_faults(folder: Path, clip: Any) -> list[str]:
    match clip:
        case {"files": [*files]} if all(isinstance(file, str) for file in files):
            return [fault for kind in KINDS for fault in _kind_faults(folder, kind, files)]
        case _:
            return ["missing in the manifest"]


def _kind_faults(folder: Path, kind: str, files: list[str]) -> list[str]:
    paths = [folder / file for file in files if file.endswith(kind)]
    if not paths:
        return [f"missing: no {kind} file"]
    return [fault for path in paths for fault in _file_faults(path)]


def _file_faults(path: Path) -> list[str]:
    if not path.is_file() or path.stat().st_size == 0:
        return [f"missing: {path.name} is not there or empty"]
    if path.suffix != ".opus":
        return []
    try:
        duration, size = opus_measures(path.read_bytes())
    except (ValueError, IndexError):
        return [f"{path.name} is not an Ogg Opus file"]
    too_long = [f"too long: {round(1000 * duration)} ms"] if 1000 * duration > MAX_DURATION_MS else []
    silent = ["silent"] if size < SILENT_BYTES_PER_S * duration or duration <= 0 else []
    return too_long + silent


def opus_measures(data: bytes) -> tuple[float, int]:
    """Seconds, and bytes of sound, in an Ogg Opus file with one stream (RFC 3533 pages, RFC 7845 headers)."""
    start, end_sample, payload = 0, 0, 0
    heads: list[bytes] = []
    while start < len(data):
        if data[start : start + 4] != b"OggS":
            raise ValueError("no Ogg page where one should start")
        lacing = data[start + 27 : start + 27 + data[start + 26]]
        body = start + 27 + len(lacing)
        if len(heads) < 2:  # the first two pages are headers
            heads.append(data[body : body + sum(lacing)])
        else:
            end_sample = int.from_bytes(data[start + 6 : start + 14], "little")
            payload += sum(lacing)
        start = body + sum(lacing)
    if len(heads) < 2 or not heads[0].startswith(b"OpusHead"):
        raise ValueError("no Opus header")
    skipped = int.from_bytes(heads[0][10:12], "little")
    return (end_sample - skipped) / OPUS_RATE, payload
