"""What some public data sets need beside unpacking, so that recipes can read them."""

from __future__ import annotations

import csv
import re
import shutil
import wave
from pathlib import Path

import numpy as np

from kerasseq.data.faults import data_error

SPHERE_MARK = b"NIST_1A"
TRANSCRIPTION = re.compile(r"(?:<s>)?\s*(.*?)\s*(?:</s>)?\s*\(([^()]+)\)\s*")


def an4(folder: Path) -> None:
    """Makes wav files of AN4's SPHERE files, and train.csv and test.csv of its transcriptions."""
    sphere = folder / "sphere"
    for split, part in (("train", "an4_clstk"), ("test", "an4test_clstk")):
        rows = []
        for line in (sphere / "etc" / f"an4_{split}.transcription").read_text("utf-8").splitlines():
            text, utterance = TRANSCRIPTION.fullmatch(line).groups()
            path = Path("wav", part, utterance.split("-")[1], f"{utterance}.wav")
            write_wav(sphere / path.with_suffix(".sph"), folder / path)
            rows.append((path.as_posix(), text))
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("wav_filename", "transcript"), *rows])
    shutil.rmtree(sphere)


def write_wav(sphere: Path, target: Path) -> None:
    """Writes a NIST SPHERE recording, 16-bit PCM, as a wav file.

    Raises:
        DataError: If it is something else.
    """
    content = sphere.read_bytes()
    if not content.startswith(SPHERE_MARK):
        raise data_error("is no NIST SPHERE file", place=sphere)
    size = int(content[8:16])
    fields = dict(re.findall(r"(\w+) -\w+ (\S+)", content[:size].decode("ascii")))
    if fields.get("sample_n_bytes", "2") != "2" or not fields.get("sample_coding", "pcm").startswith("pcm"):
        raise data_error("is not of 16-bit PCM samples", place=sphere)
    order = ">" if fields.get("sample_byte_format", "01") == "10" else "<"
    samples = np.frombuffer(content[size : size + len(content[size:]) // 2 * 2], f"{order}i2")
    target.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(target), "wb") as file:
        file.setparams((int(fields.get("channel_count", 1)), 2, int(fields["sample_rate"]), 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def flickr8k_1000(folder: Path) -> None:
    """Makes the lists of those photographs of each official split that are here."""
    there = {path.name for path in (folder / "Images").iterdir()}
    for split in ("train", "dev", "test"):
        names = (folder / f"Flickr_8k.{split}Images.txt").read_text("utf-8").split()
        kept = [name for name in names if name in there]
        (folder / f"subset.{split}Images.txt").write_text("".join(f"{name}\n" for name in kept), "utf-8")
        there -= set(kept)
    text = "".join(f"{name}\n" for name in sorted(there))
    (folder / "subset.noSplitImages.txt").write_text(text, "utf-8")


FINISHERS = {"an4": an4, "flickr8k_1000": flickr8k_1000}
