"""Recordings with holes: a stretch of time and some bands are missing, others each time."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import NonNegativeInt, PositiveInt, Probability, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class SpecAugment(keras.layers.Layer):
    """Puts 0, the mean of normalized features, in the place of bands and of stretches of time, in training.

    Each example has its own masks. The width of each is drawn from 0 to the largest, then its place among
    those where it fits: within the bands, and within the frames that the recording has.

    Args:
        time_masks: Stretches of time to mask.
        time_mask_frames: The most frames of each.
        time_mask_share: The most of each as a share of the recording, where that is less.
        frequency_masks: Groups of neighbouring bands to mask.
        frequency_mask_bands: The most bands of each.
        seed: Of the masks' numbers; another in each layer if not given.
    Call arguments:
        inputs: Features, (batch, frames, bands).
        mask: True at real frames, (batch, frames).
    Returns:
        The features, alike; outside of training as they are.
    Raises:
        ValueError: If an argument is out of its range.
    Reference:
        Park et al. 2019, section 2, https://arxiv.org/abs/1904.08779; Park et al. 2020 (the share),
        https://arxiv.org/abs/1912.05533
    """

    def __init__(
        self,
        *,
        time_masks: NonNegativeInt = 2,
        time_mask_frames: PositiveInt = 40,
        time_mask_share: Probability = 0.1,
        frequency_masks: NonNegativeInt = 2,
        frequency_mask_bands: PositiveInt = 10,
        seed: int | None = None,
        **kwargs: Any,
    ):
        self.options = {
            "time_masks": time_masks,
            "time_mask_frames": time_mask_frames,
            "time_mask_share": time_mask_share,
            "frequency_masks": frequency_masks,
            "frequency_mask_bands": frequency_mask_bands,
        }
        check_arguments(SpecAugment.__init__, **self.options)
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, mask: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        batch_size, num_frames, num_bands = ops.shape(inputs)
        lengths = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)  # (batch, 1)
        widest = ops.minimum(
            float(self.options["time_mask_frames"]), self.options["time_mask_share"] * lengths
        )
        is_hidden = self._drawn(self.options["time_masks"], widest, lengths, num_frames, batch_size)[
            ..., None
        ]
        bands = ops.full((batch_size, 1), float(num_bands))
        widest = ops.minimum(float(self.options["frequency_mask_bands"]), bands)
        of_bands = self._drawn(self.options["frequency_masks"], widest, bands, num_bands, batch_size)
        is_hidden = ops.logical_or(is_hidden, of_bands[:, None])
        return ops.where(is_hidden, ops.zeros_like(inputs), inputs)

    def _drawn(self, count: int, widest: Any, room: Any, size: Any, batch_size: Any) -> Any:
        """Which of `size` places are in one of `count` masks, (batch, size).

        widest, room: The most places of a mask, and how many there are for it, (batch, 1) float.
        """
        draws = keras.random.uniform((2, batch_size, count), seed=self.seed_generator)
        widths = ops.floor(draws[0] * (ops.floor(widest) + 1.0))  # (batch, count)
        starts = ops.floor(draws[1] * (room - widths + 1.0))
        places = ops.cast(ops.arange(size), "float32")
        is_after = places >= starts[..., None]
        return ops.any(ops.logical_and(is_after, places < (starts + widths)[..., None]), axis=1)

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options, "seed": self.seed}
