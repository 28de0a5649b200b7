"""Recordings played faster or slower, each time at another speed."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import Rate, check_arguments

LOUDEST = 32768.0  # of 16-bit samples


@keras.saving.register_keras_serializable("kerasseq")
class SpeedPerturbation(keras.layers.Layer):
    """Plays each recording at a speed between 1 - range and 1 + range, in training; its pitch changes too.

    y(n) = x(n speed), between two samples on the line through both

    Args:
        range: How far speeds are from 1 at the most.
        seed: Of the speeds' numbers; another in each layer if not given.
    Call arguments:
        inputs: `samples`, (batch, samples) 16-bit integers or floats from -1 to 1, and `lengths`, (batch,).
    Returns:
        The same, floats, as wide as the slowest speed asks for; outside of training the inputs as they are.
    Raises:
        ValueError: If `range` is not in its range.
    Reference:
        Ko et al. 2015, https://www.danielpovey.com/files/2015_interspeech_augmentation.pdf
    """

    def __init__(self, *, range: Rate = 0.1, seed: int | None = None, **kwargs: Any):
        check_arguments(SpeedPerturbation.__init__, range=range)
        super().__init__(autocast=False, **kwargs)  # half precision has no room for samples
        self.range = range
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        if not (training and self.range):
            return inputs
        samples, lengths = inputs["samples"], ops.cast(inputs["lengths"], "int32")
        batch_size, width = ops.shape(samples)
        scale = LOUDEST if keras.backend.is_int_dtype(samples.dtype) else 1.0
        samples = ops.cast(samples, "float32") / scale
        low, high = 1 - self.range, 1 + self.range
        speeds = keras.random.uniform((batch_size, 1), low, high, seed=self.seed_generator)
        slowest = ops.cast(ops.ceil(ops.cast(width, "float32") / low), "int32")
        places = ops.cast(ops.arange(slowest), "float32") * speeds  # (batch, slowest)
        before = ops.floor(places)
        share = places - before
        places = ops.minimum(ops.cast(before, "int32"), width)
        padded = ops.pad(samples, ((0, 0), (0, 2)))
        here, next_one = (ops.take_along_axis(padded, places + step, axis=1) for step in (0, 1))
        lengths = ops.cast(ops.ceil(ops.cast(lengths, "float32") / speeds[:, 0]), "int32")
        return {"samples": here + share * (next_one - here), "lengths": lengths}

    def compute_output_spec(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "range": self.range, "seed": self.seed}
