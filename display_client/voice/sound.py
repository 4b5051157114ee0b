"""Mono 16-bit samples: reading, trimming, levelling, writing, and the chime. Standard library only."""

import math
import sys
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FULL_SCALE: Final = 32767
FRAME_TIME: Final = 0.01
"""Seconds over which loudness is judged."""
SPEECH_DBFS: Final = -18.0
"""Loudness of every clip, over its frames that are not pauses: room for the peaks of speech above it."""
PEAK_DBFS: Final = -1.0
CHIME_DBFS: Final = -22.0
"""The chime calls for attention and must not startle: it is softer than the speech."""
SILENCE_DBFS: Final = -50.0
"""A recording with nothing above this says nothing."""
PAUSE_DB: Final = -34.0
"""Frames this far below the loudest one are silence at the ends of a clip."""
ACTIVE_DB: Final = -20.0


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples of one channel in time order, at so many a second."""

    samples: "array[int]"
    rate: int

    @property
    def duration_ms(self) -> int:
        """How long it lasts."""
        return round(1000 * len(self.samples) / self.rate)


class SilentSoundError(Exception):
    """There is nothing to hear in a sound that should say something."""


def read(path: Path) -> Sound:
    """Read a mono 16-bit WAV file."""
    with wave.open(str(path), "rb") as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{path.name}: not mono with 16 bits a sample")
        samples = array("h", file.readframes(file.getnframes()))
        if sys.byteorder == "big":
            samples.byteswap()
        return Sound(samples, file.getframerate())


def write(path: Path, sound: Sound) -> None:
    """Write a mono 16-bit WAV file."""
    samples = array("h", sound.samples)
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(samples.tobytes())


def trimmed(sound: Sound) -> Sound:
    """Cut the silence off both ends and soften the cuts; what fades out at the end is left a little longer."""
    levels = _frame_levels(sound)
    loudest = max(levels, default=-math.inf)
    if loudest < SILENCE_DBFS:
        raise SilentSoundError("nothing is heard")
    heard = [index for index, level in enumerate(levels) if level > loudest + PAUSE_DB]
    size = _frame_size(sound.rate)
    start, end = max(0, heard[0] - 1) * size, (heard[-1] + 3) * size
    return _faded(Sound(sound.samples[start:end], sound.rate))


def levelled(sound: Sound, dbfs: float = SPEECH_DBFS) -> Sound:
    """Bring the loudness to a level, or as near to it as the peaks allow."""
    levels = _frame_levels(sound)
    active = [10 ** (level / 10) for level in levels if level > max(levels) + ACTIVE_DB]
    loudness = 10 * math.log10(sum(active) / len(active))
    peak = _decibels(max(abs(sample) for sample in sound.samples))
    gain = 10 ** (min(dbfs - loudness, PEAK_DBFS - peak) / 20)
    return Sound(array("h", (round(sample * gain) for sample in sound.samples)), sound.rate)


def chime(rate: int = 24_000) -> Sound:
    """Two soft falling tones, E5 and C5, the second on the fading first."""
    tones = ((659.26, 0.0), (523.25, 0.42))
    samples = array("h", bytes(2 * int(1.35 * rate)))
    for frequency, start in tones:
        for index in range(int(start * rate), len(samples)):
            samples[index] += round(0.4 * FULL_SCALE * _bell(frequency, index / rate - start))
    return levelled(_faded(Sound(samples, rate), 0.08), CHIME_DBFS)


def _bell(frequency: float, seconds: float) -> float:
    swell = min(1.0, seconds / 0.012)
    body = math.sin(math.tau * frequency * seconds) + 0.18 * math.sin(2 * math.tau * frequency * seconds)
    return swell * math.exp(-seconds / 0.3) * body


def _faded(sound: Sound, seconds: float = 0.006) -> Sound:
    samples = array("h", sound.samples)
    steps = min(int(seconds * sound.rate), len(samples) // 2)
    for index in range(steps):
        samples[index] = samples[index] * index // steps
        samples[-1 - index] = samples[-1 - index] * index // steps
    return Sound(samples, sound.rate)


def _frame_size(rate: int) -> int:
    return int(FRAME_TIME * rate)


def _frame_levels(sound: Sound) -> list[float]:
    size = _frame_size(sound.rate)
    frames = (sound.samples[start : start + size] for start in range(0, len(sound.samples), size))
    return [_decibels(math.sqrt(sum(sample * sample for sample in frame) / len(frame))) for frame in frames]


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude / FULL_SCALE) if amplitude > 0 else -math.inf
