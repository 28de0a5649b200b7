"""What a classifier reads: texts, recordings, pictures or videos, and all that differs between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.models.thumbnails import filmstrip, picture, png, waveform
from kerasseq.registry import create
from kerasseq.specs import PAD_ID, Raw

LAYER = "front_end"  # its name in the model
LOUDEST = 32768
BLACK_PIXEL = png(np.zeros((1, 1, 3), np.uint8))


class ClassifierInput(ABC):
    """Base of the kinds of input.

    Args:
        feature: Of the input's field.
    Attributes:
        raw: What a SavedModel takes, by name.
        fillers: What stands for a row of it where a batch has none.
    """

    raw: Mapping[str, Raw]
    fillers: Mapping[str, Any] = {}

    def __init__(self, feature: Any):
        self.feature = feature

    @abstractmethod
    def build_options(self, front_end: Any) -> dict[str, Any]:
        """What the builder needs to know of the data, and the front end made for them."""

    @abstractmethod
    def encode(self, raw: Mapping[str, Any]) -> Any:
        """A batch as the data stage gives it, from what a SavedModel takes."""

    @abstractmethod
    def seen(self, encoded: Any, row: int) -> dict[str, Any]:
        """What was seen or heard in an example of a batch, for a report."""

    def shown(self, encoded: Any, row: int, *, answer: str, weights: list[float]) -> dict[str, Any]:
        """What a report shows of an example: what was seen, and any weight of each step in the answer."""
        attention = {"attention_over_time": weights} if weights else {}
        return {"shown": self.seen(encoded, row), **attention}

    def given(self, encoded: Any) -> Any:
        """What the model takes of a batch."""
        return encoded

    def num_steps(self, split: Any) -> int:
        """What training's speed is counted in: tokens, or else examples."""
        return split.num_examples

    def sequence(self, model: keras.Model, given: Any) -> tuple[Any, Any]:
        """What the model's encoder reads, (batch, time, features), and the mask of real steps."""
        front_end = model.get_layer(LAYER)
        read = front_end(given)
        mask = front_end.compute_mask(given)
        return read, ops.ones_like(read[..., 0], dtype="bool") if mask is None else mask


class TextInput(ClassifierInput):
    """Tokens; a text's `</s>` is kept, so that an empty one has a token."""

    raw = {"text": Raw("string", (None,))}

    def build_options(self, front_end: Any) -> dict[str, Any]:
        return {"vocabulary_size": self.feature.vocabulary_size, "front_end": front_end}

    def encode(self, raw: Mapping[str, Any]) -> Any:
        return self.feature.encode(raw["text"])

    def seen(self, encoded: Any, row: int) -> dict[str, Any]:
        words = self.feature.vocabulary
        return {"tokens": [words[token] for token in encoded[row, 1:] if token != PAD_ID]}

    def shown(self, encoded: Any, row: int, *, answer: str, weights: list[float]) -> dict[str, Any]:
        if not weights:
            return {}
        read = self.seen(encoded, row)["tokens"]
        return {"attention": {"source_tokens": read, "target_tokens": [answer], "weights": [weights]}}

    def given(self, encoded: Any) -> Any:
        return encoded[:, 1:]

    def num_steps(self, split: Any) -> int:
        return split.num_tokens("input") + split.num_examples

    def sequence(self, model: keras.Model, given: Any) -> tuple[Any, Any]:
        return model.get_layer("embedding")(given), ops.not_equal(given, PAD_ID)


class RecordingInput(ClassifierInput):
    """Samples; where a SavedModel is given them, from -1 to 1 at the feature's rate."""

    raw = {"waveform": Raw("float32", (None, None)), "lengths": Raw("int32", (None,))}

    def build_options(self, front_end: Any) -> dict[str, Any]:
        return {"front_end": create("front_end", front_end, name=LAYER, sample_rate=self.feature.sample_rate)}

    def encode(self, raw: Mapping[str, Any]) -> Any:
        samples = ops.pad(raw["waveform"], ((0, 0), (0, 1)))  # so that there is one
        samples = ops.clip(ops.round(samples * LOUDEST), -LOUDEST, LOUDEST - 1)
        lengths = ops.clip(raw["lengths"], 0, ops.shape(samples)[1] - 1)
        real = ops.arange(ops.shape(samples)[1], dtype="int32") < lengths[:, None]
        return {"samples": ops.cast(ops.where(real, samples, 0.0), "int16"), "lengths": lengths}

    def seen(self, encoded: Any, row: int) -> dict[str, Any]:
        length = int(encoded["lengths"][row])
        heard = waveform(encoded["samples"][row, :length])
        return {"waveform": heard, "seconds": round(length / self.feature.sample_rate, 3)}


class PictureInput(ClassifierInput):
    """Pixels; a SavedModel takes the bytes of a file."""

    raw = {"image": Raw("string", (None,))}
    fillers = {"image": BLACK_PIXEL}

    def build_options(self, front_end: Any) -> dict[str, Any]:
        return {"front_end": create("front_end", front_end, name=LAYER, shape=self.feature.shape)}

    def encode(self, raw: Mapping[str, Any]) -> Any:
        return self.feature.of_bytes(raw["image"])

    def seen(self, encoded: Any, row: int) -> dict[str, Any]:
        return {"picture": picture(encoded[row])}


class VideoInput(ClassifierInput):
    """Frames; a SavedModel takes them in any size, and in colour."""

    raw = {"frames": Raw("uint8", (None, None, None, None, 3)), "lengths": Raw("int32", (None,))}

    def build_options(self, front_end: Any) -> dict[str, Any]:
        return {"front_end": create("front_end", front_end, name=LAYER, shape=self.feature.shape)}

    def encode(self, raw: Mapping[str, Any]) -> Any:
        return {"frames": self.feature.of_frames(raw["frames"]), "lengths": raw["lengths"]}

    def seen(self, encoded: Any, row: int) -> dict[str, Any]:
        return {"frames": filmstrip(encoded["frames"][row, : int(encoded["lengths"][row])])}


KINDS = {"text": TextInput, "audio": RecordingInput, "image": PictureInput, "video": VideoInput}


def input_of(feature: Any) -> ClassifierInput:
    """The kind that a feature says its `medium` is; text where it says nothing."""
    return KINDS[getattr(feature, "medium", "text")](feature)
