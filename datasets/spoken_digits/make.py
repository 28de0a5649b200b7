"""Makes train/, validation/ and test/: single digits as a small formant synthesizer says them, a folder each.

    python make.py FOLDER

A voice is a pitch, a length of the vocal tract, a pace, and how much breath is in it. Voices of the
validation and test recordings are in no training recording.
"""

import sys
import wave
from pathlib import Path

import numpy as np

RATE = 8000
SEED = 710
TAKES = {"train": (14, 3), "validation": (5, 2), "test": (10, 2)}  # voices, and times each says each digit
STEP = 0.005  # seconds from one setting to the next
GLIDE = 4  # steps that a setting takes to become the next
BANDWIDTHS = np.array([80.0, 110.0, 160.0])

# Seconds, three resonances in Hz, voice, noise, and the middle of the noise in Hz.
SOUNDS = {
    "AA": (0.10, 740, 1120, 2450, 1.0, 0.0, 0),
    "AH": (0.11, 630, 1200, 2400, 1.0, 0.0, 0),
    "AO": (0.15, 570, 850, 2400, 1.0, 0.0, 0),
    "EH": (0.11, 530, 1850, 2500, 1.0, 0.0, 0),
    "IH": (0.09, 390, 2000, 2550, 1.0, 0.0, 0),
    "IY": (0.14, 280, 2250, 3000, 1.0, 0.0, 0),
    "UW": (0.14, 310, 880, 2240, 1.0, 0.0, 0),
    "F": (0.10, 300, 1200, 2400, 0.0, 0.12, 2600),
    "K": (0.04, 300, 1800, 2400, 0.0, 0.40, 1900),
    "N": (0.09, 260, 1600, 2500, 0.35, 0.0, 0),
    "R": (0.08, 340, 1100, 1500, 0.6, 0.0, 0),
    "S": (0.12, 300, 1600, 2500, 0.0, 0.40, 3500),
    "T": (0.04, 300, 1700, 2600, 0.0, 0.45, 3200),
    "TH": (0.09, 300, 1400, 2500, 0.0, 0.07, 2900),
    "V": (0.06, 280, 1150, 2300, 0.3, 0.07, 2600),
    "W": (0.08, 300, 640, 2200, 0.6, 0.0, 0),
    "Z": (0.09, 270, 1600, 2500, 0.2, 0.25, 3500),
    "-": (0.05, 400, 1500, 2500, 0.0, 0.0, 0),
}
DIGITS = {
    "zero": "Z IH R AO UW", "one": "W AH N", "two": "- T UW", "three": "TH R IY", "four": "F AO R",
    "five": "F AA IH V", "six": "S IH - K S", "seven": "S EH V AH N", "eight": "EH IH - T",
    "nine": "N AA IH N",
}  # fmt: skip


def make(folder: Path) -> None:
    """Writes a folder of WAV files for each digit of each split."""
    random = np.random.default_rng(SEED)
    for split, (num_voices, num_times) in TAKES.items():
        for speaker in range(num_voices):
            voice = {
                "pitch": float(np.exp(random.uniform(np.log(85), np.log(240)))),
                "tract": random.uniform(0.86, 1.18),
                "pace": random.uniform(0.75, 1.35),
                "breath": random.uniform(0.0, 0.15),
            }
            for digit in DIGITS:
                for take in range(num_times):
                    path = folder / split / digit / f"{split}{speaker:02d}_{take}.wav"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _write(path, _said(digit, voice, random))


def _said(digit: str, voice: dict[str, float], random: np.random.Generator) -> np.ndarray:
    """A digit as samples from -1 to 1, with silence around it and noise in the room."""
    sounds = np.array([SOUNDS[name] for name in ["-", *DIGITS[digit].split(), "-"]])
    seconds = sounds[:, 0] * random.uniform(0.75, 1.3, len(sounds)) / voice["pace"]
    settings = np.repeat(sounds[:, 1:], np.maximum(np.rint(seconds / STEP), 2).astype(int), axis=0)
    settings[:, :3] *= random.normal(1.0, 0.06, 3) / voice["tract"]
    settings[:, :4] = _glide(settings[:, :4])  # noise begins and ends at once
    at = np.arange(int(len(settings) * STEP * RATE)) / RATE / STEP
    each = np.stack([np.interp(at, np.arange(len(settings)), column) for column in settings.T], axis=1)
    samples = _voiced(each, voice, random) + _noisy(each, voice, random)
    samples *= random.uniform(0.2, 0.7) / np.abs(samples).max()
    before, behind = (random.integers(0, RATE // 10, 2)).tolist()
    samples = np.pad(samples, (before, behind))
    return samples + random.normal(0, 10 ** random.uniform(-2.5, -1.0), len(samples))


def _glide(settings: np.ndarray) -> np.ndarray:
    """A tract takes time to move: the mean over some steps."""
    padded = np.pad(settings, ((GLIDE // 2, GLIDE - GLIDE // 2 - 1), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, GLIDE, axis=0).mean(axis=-1)


def _voiced(each: np.ndarray, voice: dict[str, float], random: np.random.Generator) -> np.ndarray:
    """The harmonics of a falling pitch, each as loud as the three resonances let it pass."""
    fall = np.linspace(random.uniform(1.0, 1.15), random.uniform(0.8, 0.95), len(each))
    pitch = voice["pitch"] * fall * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * np.arange(len(each)) / RATE))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    harmonics = np.arange(1, int(0.48 * RATE / pitch.max()) + 1)
    hz = harmonics * pitch[:, None]  # (samples, harmonics)
    passed = np.zeros_like(hz)
    for place, width in enumerate(BANDWIDTHS):
        passed += 0.6**place / (1 + ((hz - each[:, place, None]) / width) ** 2)
    waves = np.sqrt(passed) / harmonics**0.5 * np.sin(harmonics * phase[:, None])
    return each[:, 3] * waves.sum(axis=1)


def _noisy(each: np.ndarray, voice: dict[str, float], random: np.random.Generator) -> np.ndarray:
    """Noise around a pitch that comes from a narrow place in the mouth, and breath beside the voice."""
    hz = np.fft.rfftfreq(len(each), 1 / RATE)
    found = voice["breath"] * each[:, 3] * random.normal(0, 0.3, len(each))
    for middle in sorted(set(each[:, 5].tolist()) & {sound[6] for sound in SOUNDS.values()} - {0}):
        spectrum = np.fft.rfft(random.normal(size=len(each))) * np.exp(-(((hz - middle) / 700) ** 2))
        loudness = np.where(np.abs(each[:, 5] - middle) < 1, each[:, 4], 0.0)
        found += 4 * loudness * np.fft.irfft(spectrum, len(each))
    return found


def _write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    make(Path(sys.argv[1]))
