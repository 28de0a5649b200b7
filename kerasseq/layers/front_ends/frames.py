"""A video frame by frame, each through a network for pictures."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.registry import create, register
from kerasseq.specs import ImageEncoder, Raw, Supplied, check_arguments

GREY = 127.5  # of 0 to 255: no change
CONSTRAINTS = (("image_encoder.type != 'none'", "a video's frames need a network: take cnn"),)


@keras.saving.register_keras_serializable("kerasseq")
@register("front_end")
class Frames(keras.layers.Layer):
    """Each frame of a video through the same network for pictures, and its map in one vector.

    Args:
        shape: Height, width and channels of a frame.
        image_encoder: The network, a name from `layers/image_encoders/`, or a mapping with its options.
        differences: Whether the network also sees what each frame changes of the one before.
        summary: Of a map all of it (`flatten`), which keeps where things are, or of each filter the mean
            or the largest (`mean`, `max`).
    Call arguments:
        inputs: `frames`, pixels from 0 to 255, (batch, time, height, width, channels); `lengths`, (batch,).
    Returns:
        (batch, time, features); `compute_mask` tells the real frames.
    Raises:
        ValueError: If an option is out of its range.
    Reference:
        Donahue et al. 2015, https://arxiv.org/abs/1411.4389
    """

    def __init__(
        self,
        *,
        shape: Supplied[tuple[int, int, int]],
        image_encoder: ImageEncoder = "cnn",
        differences: bool = False,
        summary: Literal["flatten", "mean", "max"] = "flatten",
        **kwargs: Any,
    ):
        check_arguments(Frames.__init__, summary=summary)
        super().__init__(**kwargs)
        self.options = {
            "shape": tuple(shape), "image_encoder": image_encoder, "differences": differences,
            "summary": summary,
        }  # fmt: skip
        self.spec = {"frames": Raw("uint8", (None, None, *shape)), "lengths": Raw("int32", (None,))}
        self.image_encoder = create("image_encoder", image_encoder)
        self.summary = {
            "flatten": keras.layers.Flatten,
            "mean": keras.layers.GlobalAveragePooling2D,
            "max": keras.layers.GlobalMaxPooling2D,
        }[summary]()

    def build(self, inputs_shape: Any) -> None:
        height, width, channels = self.options["shape"]
        frames = keras.KerasTensor((1, height, width, channels * (1 + self.options["differences"])))
        if not self.image_encoder.built:
            self.image_encoder.build(frames.shape)
        maps = self.image_encoder.compute_output_spec(frames)
        self.width = self.summary.compute_output_shape(maps.shape)[-1]

    def call(self, inputs: Any, training: bool = False) -> Any:
        frames = ops.cast(inputs["frames"], self.compute_dtype)
        batch, time = ops.shape(frames)[:2]
        if self.options["differences"]:
            before = ops.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
            frames = ops.concatenate([frames, GREY + (frames - before) / 2], axis=-1)
        shape = (-1, *self.options["shape"][:2], frames.shape[-1])
        maps = self.image_encoder(ops.reshape(frames, shape), training=training)
        return ops.reshape(self.summary(maps), (batch, time, self.width))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True at real frames, (batch, time)."""
        steps = ops.ones_like(inputs["frames"][:, :, 0, 0, 0], dtype="int32")
        return ops.cumsum(steps, axis=1) <= ops.cast(inputs["lengths"], "int32")[:, None]

    def compute_output_spec(self, inputs: Any, training: bool = False) -> keras.KerasTensor:
        return keras.KerasTensor((*inputs["frames"].shape[:2], self.width), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        image_encoder = self.options["image_encoder"]
        if isinstance(image_encoder, keras.layers.Layer):
            image_encoder = keras.saving.serialize_keras_object(image_encoder)
        return {**super().get_config(), **self.options, "image_encoder": image_encoder}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Frames:
        return super().from_config(with_ready_parts(config, "image_encoder"))
