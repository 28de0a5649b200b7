"""What a decoder is shown of a picture."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.bridge import StateBridge
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.registry import create
from kerasseq.specs import ImageEncoder, PositiveInt, Rate, check_arguments

ImageAs = Literal["attention", "state", "input"]


@keras.saving.register_keras_serializable("kerasseq")
class ImageMemory(keras.layers.Layer):
    """Encodes pictures into a memory to attend to, and into the decoder's first states.

    Args:
        image_encoder: A name from `layers/image_encoders/`, a mapping with its options, or one.
        image_as: `attention`: the memory has every place of the map, and the states start from tanh(W v + b)
            of its mean v; `state`: v stands in the states alone; `input`: the memory is v alone, which enters
            every step, and the states start from 0.
        state_sizes: For each decoder layer the widths of its states.
        image_units: Width that the map is projected to; None leaves it.
        dropout: Rate on the map.
    Call arguments:
        images: Pixels, (batch, height, width, channels), or maps where the encoder is `none`.
    Returns:
        The memory, (batch, places, width), and for each decoder layer its states, (batch, units) each.
    Reference:
        Xu et al. 2015, https://arxiv.org/abs/1502.03044; Vinyals et al. 2015,
        https://arxiv.org/abs/1411.4555, who show v once as a word; Mao et al. 2015,
        https://arxiv.org/abs/1412.6632
    """

    def __init__(
        self,
        *,
        image_encoder: ImageEncoder = "cnn",
        image_as: ImageAs = "attention",
        state_sizes: list[list[int]],
        image_units: PositiveInt | None = None,
        dropout: Rate = 0.0,
        **kwargs: Any,
    ):
        options = {"image_as": image_as, "image_units": image_units, "dropout": dropout}
        check_arguments(ImageMemory.__init__, **options)
        super().__init__(**kwargs)
        self.options = {"image_encoder": image_encoder, "state_sizes": state_sizes, **options}
        self.image_as = image_as
        self.encoder = create("image_encoder", image_encoder)
        self.projection = (
            None
            if image_units is None
            else keras.layers.Dense(image_units, activation="relu", name="projection")
        )
        self.dropout = Dropout(dropout)
        mode = "zero" if image_as == "input" else "dense"
        self.bridge = StateBridge(state_sizes=state_sizes, mode=mode, name="bridge")
        self.grid: tuple[int, int] = (0, 0)

    def build(self, images_shape: tuple) -> None:
        shape = tuple(images_shape)
        if self.encoder is not None:
            self.encoder.build(shape)
            shape = tuple(self.encoder.compute_output_shape(shape))
        self.grid = shape[1:3]
        if self.projection is not None:
            self.projection.build(shape)
            shape = (*shape[:-1], self.projection.units)
        self.bridge.build([[(None, shape[-1])]])

    def call(self, images: Any, training: bool = False) -> tuple[Any, list]:
        found = images if self.encoder is None else self.encoder(images, training=training)
        if self.projection is not None:
            found = self.projection(found)
        found = self.dropout(found, training=training)
        places = ops.reshape(found, (ops.shape(found)[0], self.grid[0] * self.grid[1], found.shape[-1]))
        vector = ops.mean(places, axis=1)
        states = self.bridge([(vector,)])
        return (places if self.image_as == "attention" else vector[:, None]), states

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImageMemory:
        return super().from_config(with_ready_parts(config, "image_encoder"))
