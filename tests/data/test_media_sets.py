"""The data sets of recordings, pictures and videos that are made at first use."""

import importlib.util

import numpy as np
import pytest

from kerasseq.data.features.audio import AudioFeature
from kerasseq.data.features.image import ImageFeature
from kerasseq.data.features.video import VideoFeature
from kerasseq.shipped import shipped_folder

FEW = {"train": 3, "validation": 1, "test": 2}
SETS = {
    "spoken_digits": ("TAKES", {split: (number, 1) for split, number in FEW.items()}, 10, "*.wav"),
    "drawn_digits": ("SIZES", FEW, 10, "*.png"),
    "moving_shapes": ("SIZES", FEW, 8, "*.gif"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Makes a few examples of a set, once for each `again`."""
    folders = {}

    def make(name, again=False):
        if (name, again) not in folders:
            path = shipped_folder("datasets") / name / "make.py"
            specification = importlib.util.spec_from_file_location(f"make_{name}", path)
            module = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(module)
            setattr(module, SETS[name][0], SETS[name][1])
            folders[name, again] = tmp_path_factory.mktemp(name)
            module.make(folders[name, again])
        return folders[name, again]

    return make


@pytest.mark.parametrize("name", SETS)
def test_it_is_always_the_same_and_no_two_examples_are_alike(made, name):
    _, _, num_classes, pattern = SETS[name]
    files = sorted(made(name).rglob(pattern))
    contents = [file.read_bytes() for file in files]
    assert contents == [file.read_bytes() for file in sorted(made(name, again=True).rglob(pattern))]
    assert len(set(contents)) == len(files) == num_classes * sum(FEW.values())
    for split, number in FEW.items():
        classes = sorted((made(name) / split).iterdir())
        assert len(classes) == num_classes
        assert all(len(list(folder.glob(pattern))) == number for folder in classes)


def test_digits_are_heard_between_silences(made):
    paths = sorted(map(str, made("spoken_digits").rglob("*.wav")))
    flat, ends = AudioFeature(sample_rate=8000).read(paths)
    seconds = np.diff(ends, prepend=0) / 8000
    assert seconds.min() > 0.2 and seconds.max() < 1.5
    assert np.abs(flat).max() < 32767 and np.abs(flat.astype(float)).mean() > 300


def test_digits_are_bright_lines_in_the_middle(made):
    paths = sorted(map(str, made("drawn_digits").rglob("*.png")))
    pictures = ImageFeature(height=20, channels=1).encode(paths)[..., 0].astype(float)
    border = np.concatenate([pictures[:, :2].ravel(), pictures[:, -2:].ravel()])
    assert pictures[:, 4:-4, 4:-4].mean() > 2 * border.mean()


def test_shapes_go_where_their_class_says(made):
    feature = VideoFeature(num_frames=None, height=24, channels=1)
    middles = {}
    for name in ("left", "right", "up", "down"):
        for speed in ("slowly", "fast"):
            paths = sorted(map(str, (made("moving_shapes") / "train" / f"{name} {speed}").glob("*.gif")))
            found = feature.encode(paths)
            steps = [_step(video[:length, ..., 0]) for video, length in zip(*found.values(), strict=True)]
            middles[name, speed] = np.mean(steps, axis=0)
    for speed in ("slowly", "fast"):
        assert middles["right", speed][1] > 0 > middles["left", speed][1]
        assert middles["down", speed][0] > 0 > middles["up", speed][0]


def _step(video):
    """How far the brightest pixels' mean place goes, rows and columns, on a frame without borders."""
    places = np.indices(video.shape[1:]).reshape(2, -1) * 2 * np.pi / video.shape[1]
    weights = np.clip(video.reshape(len(video), -1).astype(float) - 160, 0, None) + 1e-3
    middles = weights @ np.exp(1j * places).T  # their angles are places
    return np.angle(middles[1:] / middles[:-1]).sum(axis=0)
