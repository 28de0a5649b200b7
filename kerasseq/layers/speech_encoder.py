"""From a recording to what a speech recognizer writes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops, tree

from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.spec_augment import SpecAugment
from kerasseq.layers.speed_perturbation import SpeedPerturbation
from kerasseq.layers.subsampling import Subsampling
from kerasseq.registry import create
from kerasseq.specs import Encoder, FrontEnd, PositiveInt, Rate


@keras.saving.register_keras_serializable("kerasseq")
class SpeechEncoder(keras.layers.Layer):
    """Features of a recording, fewer frames of them, and an encoder.

    Args:
        sample_rate: Of the recordings, in Hz.
        front_end: A name from `layers/front_ends/`, a mapping with `type`, or a layer.
        speed_perturbation: How far the speeds of training recordings are from 1; see `SpeedPerturbation`.
        spec_augment: Options of `SpecAugment`; None masks nothing.
        subsampling: Options of `Subsampling`; None keeps every frame.
        encoder: A name from `layers/encoders/`, a mapping with `type`, or an encoder.
    Call arguments:
        inputs: `samples`, (batch, samples) 16-bit integers or floats from -1 to 1, and `lengths`, (batch,).
    Returns:
        Outputs, (batch, frames, width), their mask, (batch, frames), and for each layer of the encoder its
        last states.
    """

    def __init__(
        self,
        *,
        sample_rate: PositiveInt = 16000,
        front_end: FrontEnd = "log_mel",
        speed_perturbation: Rate = 0.0,
        spec_augment: Mapping[str, Any] | None = None,
        subsampling: Mapping[str, Any] | None = None,
        encoder: Encoder = "recurrent",
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)  # half precision has no room for samples
        self._given = {
            "sample_rate": sample_rate, "front_end": front_end, "speed_perturbation": speed_perturbation,
            "spec_augment": spec_augment, "subsampling": subsampling, "encoder": encoder,
        }  # fmt: skip
        self.speed_perturbation = SpeedPerturbation(range=speed_perturbation)
        self.front_end = create("front_end", front_end, sample_rate=sample_rate)
        self.spec_augment = None if spec_augment is None else SpecAugment(**spec_augment)
        self.subsampling = None if subsampling is None else Subsampling(**subsampling)
        self.encoder = create("encoder", encoder)
        self.width = self.encoder.width

    def build(self, inputs_shape: Any) -> None:
        if self.subsampling is not None:
            self.subsampling.build((None, None, self.front_end.width))
        self.encoder.build((None, None, self._frame_width))

    @property
    def _frame_width(self) -> int:
        """Of what the encoder reads."""
        return self.front_end.width if self.subsampling is None else self.subsampling.filters

    def compute_output_spec(self, inputs: dict[str, Any], training: bool = False) -> tuple[Any, Any, list]:
        """What `call` will return; Keras would trace the front end and the loops to find out."""
        batch_size = tree.flatten(inputs)[0].shape[0]
        mask = keras.KerasTensor((batch_size, None), "bool")
        frames = keras.KerasTensor((batch_size, None, self._frame_width), self.compute_dtype)
        outputs, states = self.encoder.compute_output_spec(frames, padding_mask=mask)
        return outputs, mask, states

    def call(self, inputs: dict[str, Any], training: bool = False) -> tuple[Any, Any, list]:
        frames, mask = self.features(self.speed_perturbation(inputs, training=training))
        if self.spec_augment is not None:
            frames = self.spec_augment(frames, mask, training=training)
        if self.subsampling is not None:
            frames, mask = self.subsampling(frames, mask, training=training)
        outputs, states = self.encoder(frames, padding_mask=mask, training=training)
        return _bare(outputs), self.encoder.output_mask(mask), states

    def features(self, inputs: dict[str, Any]) -> tuple[Any, Any]:
        """What the front end makes of recordings, (batch, frames, features), and the mask of real frames."""
        return _bare(self.front_end(inputs)), self.front_end.compute_mask(inputs)

    def get_config(self) -> dict[str, Any]:
        written = {
            name: keras.saving.serialize_keras_object(part) if isinstance(part, keras.layers.Layer) else part
            for name, part in self._given.items()
        }
        return {**super().get_config(), **written}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SpeechEncoder:
        return super().from_config(with_ready_parts(config, "front_end", "encoder"))


def _bare(outputs: Any) -> Any:
    """A copy, which bears no mask of Keras' own: the layers above would say that they do not pass it on."""
    return ops.copy(outputs)
