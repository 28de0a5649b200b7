"""Makes recordings of digits in a row, as a formant synthesizer of many voices says them.

    python datasets/digit_strings/make.py FOLDER

A digit is a row of sounds, each with the resonances (formants) of a vocal tract, or with noise. Every voice
has a pitch, a length of its tract and a pace of its own; voices of the validation and test recordings are in
no training recording, and no row of digits is in two splits.
"""

from __future__ import annotations

import csv
import sys
import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np

RATE = 8000
SEED = 20260
SIZES = {"train": 500, "validation": 60, "test": 100}
VOICES = {"train": 40, "validation": 8, "test": 12}
DIGITS_IN_A_ROW = (2, 5)
FRAME = 40  # samples from one setting of the tract to the next
WIDTHS_HZ = (70.0, 100.0, 140.0)  # of the formants
SMOOTHING = 7  # frames that a setting takes to become the next


class Sound(NamedTuple):
    """One sound.

    Args:
        seconds: How long it lasts at an even pace.
        formants: Where the tract resonates, in Hz.
        voice: How loud the voice is.
        noise: How loud the noise is.
        band: The lowest and highest pitch of the noise, in Hz.
    """

    seconds: float
    formants: tuple[float, float, float]
    voice: float = 1.0
    noise: float = 0.0
    band: tuple[float, float] = (1000.0, 4000.0)


SOUNDS = {
    "a": Sound(0.13, (730, 1150, 2450)),
    "ao": Sound(0.14, (560, 860, 2400)),
    "e": Sound(0.11, (540, 1830, 2480)),
    "ee": Sound(0.15, (280, 2260, 3000)),
    "i": Sound(0.08, (390, 1980, 2550)),
    "o": Sound(0.11, (450, 900, 2350)),
    "u": Sound(0.16, (310, 880, 2240)),
    "uh": Sound(0.09, (620, 1200, 2400)),
    "n": Sound(0.08, (260, 1650, 2500), voice=0.35),
    "r": Sound(0.07, (330, 1100, 1450), voice=0.6),
    "v": Sound(0.05, (280, 1150, 2300), voice=0.3, noise=0.08),
    "w": Sound(0.07, (300, 640, 2200), voice=0.6),
    "z": Sound(0.09, (270, 1600, 2500), voice=0.2, noise=0.25, band=(2600, 4000)),
    "f": Sound(0.09, (300, 1200, 2400), voice=0.0, noise=0.16, band=(1200, 4000)),
    "s": Sound(0.11, (300, 1600, 2500), voice=0.0, noise=0.45, band=(2800, 4000)),
    "th": Sound(0.08, (300, 1400, 2500), voice=0.0, noise=0.1, band=(1600, 4000)),
    "stop": Sound(0.05, (300, 1500, 2500), voice=0.0),
    "k": Sound(0.03, (300, 1800, 2400), voice=0.0, noise=0.5, band=(1400, 2400)),
    "t": Sound(0.03, (300, 1700, 2600), voice=0.0, noise=0.5, band=(2200, 4000)),
    "pause": Sound(0.06, (450, 1400, 2400), voice=0.0),
}
DIGITS = {
    "zero": "z i r o u",
    "one": "w uh n",
    "two": "stop t u",
    "three": "th r ee",
    "four": "f ao r",
    "five": "f a i v",
    "six": "s i stop k s",
    "seven": "s e v uh n",
    "eight": "e i stop t",
    "nine": "n a i n",
}


class Voice(NamedTuple):
    """Who speaks: pitch in Hz, length of the tract against the usual, pace, and noise of the room."""

    pitch: float
    tract: float
    pace: float
    room: float


def make(folder: Path) -> None:
    """Writes train.csv, validation.csv and test.csv, and a folder of recordings for each."""
    random = np.random.default_rng(SEED)
    taken: set[str] = set()
    for split, size in SIZES.items():
        voices = [_voice(random) for _ in range(VOICES[split])]
        (folder / split).mkdir(parents=True)
        rows = [("path", "transcript")]
        for number in range(size):
            text = _new_row(random, taken)
            name = f"{split}/{number:04d}.wav"
            _write(folder / name, _spoken(text.split(), voices[random.integers(len(voices))], random))
            rows.append((name, text))
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _voice(random: np.random.Generator) -> Voice:
    return Voice(
        pitch=float(np.exp(random.uniform(np.log(85), np.log(240)))),
        tract=random.uniform(0.87, 1.18),
        pace=random.uniform(0.9, 1.8),
        room=10 ** random.uniform(-2.2, -1.0),
    )


def _new_row(random: np.random.Generator, taken: set[str]) -> str:
    while True:
        length = random.integers(DIGITS_IN_A_ROW[0], DIGITS_IN_A_ROW[1] + 1)
        text = " ".join(random.choice(list(DIGITS), length))
        if text not in taken:
            taken.add(text)
            return text


def _spoken(words: list[str], voice: Voice, random: np.random.Generator) -> np.ndarray:
    """Samples from -1 to 1."""
    names = ["pause"]
    for word in words:
        names += [*DIGITS[word].split(), *(["pause"] if random.random() < 0.3 else [])]
    names.append("pause")
    sounds = [SOUNDS[name] for name in names]
    lengths = [
        max(round(sound.seconds * random.uniform(0.8, 1.25) / voice.pace * RATE / FRAME), 2)
        for sound in sounds
    ]
    said = np.array([sound.formants for sound in sounds]) * random.normal(1.0, 0.06, size=(len(sounds), 3))
    formants = _smooth(np.repeat(said, lengths, axis=0) / voice.tract)
    voiced = _smooth(np.repeat([sound.voice for sound in sounds], lengths)[:, None])[:, 0]
    samples = _voiced(formants, voiced, voice, random)
    for band in sorted({sound.band for sound in sounds if sound.noise}):
        loudness = [sound.noise if sound.band == band else 0.0 for sound in sounds]
        samples += _noise(np.repeat(loudness, lengths), band, random)
    samples = samples / max(np.abs(samples).max(), 1e-9) * random.uniform(0.25, 0.7)
    return samples + random.normal(size=len(samples)) * voice.room


def _voiced(
    formants: np.ndarray, loudness: np.ndarray, voice: Voice, random: np.random.Generator
) -> np.ndarray:
    """The sum of the pitch's harmonics, each as loud as the tract lets it pass."""
    frames = len(formants)
    drift = np.interp(np.arange(frames), np.linspace(0, frames, 6), random.normal(0, 0.04, 6))
    pitch = voice.pitch * (1.05 - 0.15 * np.arange(frames) / frames) * np.exp(drift)  # falls towards the end
    phase = 2 * np.pi * np.cumsum(_each_sample(pitch)) / RATE
    samples = np.zeros(frames * FRAME)
    for harmonic in range(1, int(RATE / 2 / pitch.max())):
        hz = harmonic * pitch
        passed = sum(
            width**2 / ((hz - formants[:, place]) ** 2 + width**2) * 0.7**place
            for place, width in enumerate(WIDTHS_HZ)
        )
        samples += _each_sample(loudness * np.sqrt(passed) / harmonic**0.5) * np.sin(harmonic * phase)
    return samples


def _noise(loudness: np.ndarray, band: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(random.normal(size=len(loudness) * FRAME))
    hz = np.fft.rfftfreq(len(loudness) * FRAME, 1 / RATE)
    spectrum[(hz < band[0]) | (hz > band[1])] = 0
    return np.fft.irfft(spectrum, len(loudness) * FRAME) * _each_sample(loudness.astype(float)) * 2


def _smooth(settings: np.ndarray) -> np.ndarray:
    """The mean over a few frames: a tract takes time to move."""
    padded = np.pad(settings, ((SMOOTHING // 2, SMOOTHING // 2), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, SMOOTHING, axis=0).mean(axis=-1)


def _each_sample(settings: np.ndarray) -> np.ndarray:
    places = np.arange(len(settings) * FRAME) / FRAME
    return np.interp(places, np.arange(len(settings)), settings)


def _write(path: Path, samples: np.ndarray) -> None:
    content = np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(content)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
