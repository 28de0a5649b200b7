"""A network from `keras.applications`, with or without what it learned on ImageNet."""

from __future__ import annotations

import importlib
from typing import Any, Literal

import keras

from kerasseq.registry import register
from kerasseq.specs import NonNegativeFloat, Supplied, check_arguments

CHANNELS = 3
MODULES = {
    "ConvNeXtTiny": "convnext",
    "DenseNet121": "densenet",
    "EfficientNetB0": "efficientnet",
    "EfficientNetV2B0": "efficientnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Large": "mobilenet_v3",
    "MobileNetV3Small": "mobilenet_v3",
    "ResNet50": "resnet",
    "ResNet50V2": "resnet_v2",
    "ResNet101": "resnet",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "Xception": "xception",
}
Network = Literal[
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionV3", "MobileNetV2",
    "MobileNetV3Large", "MobileNetV3Small", "ResNet50", "ResNet50V2", "ResNet101", "VGG16", "VGG19",
    "Xception",
]  # fmt: skip
CONSTRAINTS = (
    (
        "learning_rate_multiplier > 0 or weights is not None",
        "a network that starts from random weights has to learn: give it `learning_rate_multiplier: 1`",
    ),
)


@keras.saving.register_keras_serializable("kerasseq")
@register("image_encoder")
class ApplicationEncoder(keras.layers.Layer):
    """A network of `keras.applications` without its classifier, and with its own preprocessing.

    Where it starts from learned weights, its batch normalizations keep the statistics that they came with.

    Args:
        network: Its name in `keras.applications`.
        weights: `imagenet`, which Keras fetches, a file of weights, or null for random ones.
        learning_rate_multiplier: Share of the learning rate that its weights learn at, by the callback
            `OwnRates`; 0 freezes them.
        fetches: Whether to get the weights now: not where those of a trained model are loaded next.
    Call arguments:
        images: Pixels from 0 to 255, (batch, height, width, 3).
    Returns:
        A map, (batch, rows, columns, width), for most networks a 32nd of the picture high and wide.
    Raises:
        ValueError: If the weights cannot be had, or pictures have another number of channels.
    """

    def __init__(
        self,
        *,
        network: Network = "MobileNetV2",
        weights: str | None = "imagenet",
        learning_rate_multiplier: NonNegativeFloat = 0.0,
        fetches: Supplied[bool] = True,
        **kwargs: Any,
    ):
        options = {"network": network, "learning_rate_multiplier": learning_rate_multiplier}
        check_arguments(ApplicationEncoder.__init__, **options)
        if weights is None and not learning_rate_multiplier:
            raise ValueError(
                "`learning_rate_multiplier` must be positive for a network that starts from random weights. "
                f"Received: weights=None, learning_rate_multiplier={learning_rate_multiplier}"
            )
        super().__init__(**kwargs)
        self.options = {"weights": weights, **options}
        self._module = importlib.import_module(f"keras.applications.{MODULES[network]}")
        self.network = self._made(weights if fetches else None)
        self.network.trainable = learning_rate_multiplier > 0
        for variable in self.network.trainable_variables:
            variable.learning_rate_multiplier = learning_rate_multiplier

    def _made(self, weights: str | None) -> keras.Model:
        name = self.options["network"]
        try:
            return getattr(keras.applications, name)(
                include_top=False, weights=weights, input_shape=(None, None, CHANNELS)
            )
        except Exception as error:  # Keras' own for a failed download is nothing more specific
            if weights is None:
                raise
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"the `weights` {weights!r} of {name} cannot be had: {reason}. Give the path of a file of "
                "weights that was fetched elsewhere, or train from scratch: `weights: null` with "
                "`learning_rate_multiplier: 1`, or the image encoder `cnn`"
            ) from error

    def build(self, images_shape: tuple) -> None:
        if images_shape[-1] != CHANNELS:
            raise ValueError(
                f"`{self.options['network']}` reads pictures in colour: set `channels` to {CHANNELS}. "
                f"Received: pictures of {images_shape[-1]} channels"
            )

    def call(self, images: Any, training: bool = False) -> Any:
        pixels = keras.ops.cast(images, self.compute_dtype)
        is_from_scratch = self.options["weights"] is None
        return self.network(self._module.preprocess_input(pixels), training=training and is_from_scratch)

    def compute_output_shape(self, images_shape: tuple) -> tuple:
        return self.network.compute_output_shape(images_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ApplicationEncoder:
        return cls(**{"fetches": False, **config})  # the weights come from the file that the config is of
