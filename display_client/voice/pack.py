"""Build a clip pack: with espeak-ng, or from a person's recordings. Needs ffmpeg; only to build, never to play.

Both programs are run as commands, so nothing of them is linked or shipped; the pack's manifest says what made it.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from display_client.voice import sound
from display_client.voice.clips import CHIME, NEEDED, Words
from display_client.voice.sound import Sound

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
ESPEAK_NOTE: Final = (
    "Speech made with the program espeak-ng (GPL-3.0-or-later), chime made by this project. "
    "Sound that a program puts out is generally held not to be covered by the program's own licence."
)
RECORDED_NOTE: Final = "Recorded. The owner of the voice and of the recordings decides on their use."

Speak: TypeAlias = Callable[[str, str, Path], None]
"""Puts one clip, by name and spoken text, as a WAV file where it is told."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A pack that can be built with espeak-ng. `regional` holds the clips whose words differ in this region."""

    name: str
    title: str
    language: str
    voice: str
    words_per_minute: int
    regional: Words


PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        Profile("vi-bac", "Tiếng Việt, giọng Bắc", "vi", "vi", 135, {}),
        Profile("vi-nam", "Tiếng Việt, giọng Nam", "vi", "vi-vn-x-south", 135, {"linh": "lẻ"}),
        Profile("en", "English", "en", "en-gb", 140, {}),
    )
}
# Words that espeak-ng 1.51 says wrong, spelled so that it says them right: of "gi" it leaves the vowel out.
ESPEAK_SPELLING: Final[Words] = {"gi": "di"}
DEFAULT_PROFILE: Final = "vi-bac"


class BuildError(Exception):
    """A pack could not be built; the text says which clip and why."""


def build(out: Path, profile: Profile, *, recordings: Path | None = None) -> int:
    """Write the pack's clips and manifest into `out`; answers with their size in bytes."""
    out.mkdir(parents=True, exist_ok=True)
    speak = _from_espeak(profile) if recordings is None else _from_recordings(recordings)
    words = {**NEEDED[profile.language], **profile.regional}
    with tempfile.TemporaryDirectory() as scratch:
        clips = {name: _build_clip(name, text, speak, out, Path(scratch)) for name, text in words.items()}
    manifest = {
        "format": FORMAT,
        "name": profile.name if recordings is None else out.resolve().name,
        "title": profile.title,
        "language": profile.language,
        "licence": ESPEAK_NOTE if recordings is None else RECORDED_NOTE,
        "clips": clips,
    }
    (out / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return sum(path.stat().st_size for path in out.iterdir())


def _build_clip(name: str, text: str, speak: Speak, out: Path, scratch: Path) -> dict[str, object]:
    raw, clean = scratch / "raw.wav", scratch / "clean.wav"
    try:
        made = sound.chime() if name == CHIME else _spoken(name, text, speak, raw)
    except (sound.SilentSoundError, OSError) as error:
        raise BuildError(f"{name} ({text}): {error}") from error
    sound.write(clean, made)
    files = [f"{name}.opus", f"{name}.mp3"]
    _encode(clean, *(out / file for file in files))
    return {"text": text, "duration_ms": made.duration_ms, "files": files}


def _spoken(name: str, text: str, speak: Speak, raw: Path) -> Sound:
    speak(name, text, raw)
    return sound.levelled(sound.trimmed(sound.read(raw)))


def _from_espeak(profile: Profile) -> Speak:
    def speak(name: str, text: str, wav: Path) -> None:
        speed = str(profile.words_per_minute)
        _run("espeak-ng", "-v", profile.voice, "-s", speed, "-w", str(wav), ESPEAK_SPELLING.get(text, text))

    return speak


def _from_recordings(folder: Path) -> Speak:
    def speak(name: str, text: str, wav: Path) -> None:
        recording = folder / f"{name}.wav"
        if not recording.exists():
            raise FileNotFoundError(f"{recording.name} is not among the recordings")
        _run("ffmpeg", *_QUIET, "-i", str(recording), "-ac", "1", "-ar", "24000", "-c:a", "pcm_s16le", str(wav))

    return speak


_QUIET: Final = ("-v", "error", "-y", "-nostdin")
# The same input gives the same bytes: no dates, program versions or random stream numbers.
_REPEATABLE: Final = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")


def _encode(wav: Path, opus: Path, mp3: Path) -> None:
    as_opus = ("-c:a", "libopus", "-b:a", "24k", *_REPEATABLE, str(opus))
    as_mp3 = ("-c:a", "libmp3lame", "-b:a", "32k", "-id3v2_version", "0", *_REPEATABLE, str(mp3))
    _run("ffmpeg", *_QUIET, "-i", str(wav), *as_opus, *as_mp3)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is needed to build a pack: apt-get install {command[0]}") from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{command[0]}: {error.stderr.strip()}") from error
