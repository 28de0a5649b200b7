"""A field that holds a picture as a CNN sees it that never learns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasseq import registry
from kerasseq.data.faults import data_error
from kerasseq.data.features.image import ImageFeature, Pictures
from kerasseq.data.media import MediaFeature
from kerasseq.data.pictures import Fit
from kerasseq.registry import register
from kerasseq.run_folder import write_text
from kerasseq.specs import ImageEncoder, PositiveInt, Raw, check_arguments

WEIGHTS = ".weights.h5"
CONSTRAINTS = (
    ("image_encoder.type == 'application'", "only a network that has learned elsewhere need not learn here"),
    (
        "image_encoder.type != 'application' or image_encoder.learning_rate_multiplier == 0",
        "leave it out: a map that is made once cannot change",
    ),
)


class Maps(Pictures):
    """Maps of features, (batch, rows, columns, width) float16."""

    def __init__(self, shape: tuple[int, int, int]):
        super().__init__(shape)
        self.spec = Raw("float16", (None, *shape))


@register("feature")
class ImageFeatures(MediaFeature):
    """A picture, by its path, as the map that a frozen network makes of it, once: it is kept on disk.

    The network is in the run's folder and in the SavedModel's graph.

    Args:
        image_encoder: The network, `application` with its weights.
        height: Of the pixels that it is shown.
        width: Of these; null is as many as the height.
        fit: What to do with a picture of another shape, as for the feature `image`.
    """

    medium = "image"
    dtype = "float16"

    def __init__(
        self,
        *,
        image_encoder: ImageEncoder = "application",
        height: PositiveInt = 224,
        width: PositiveInt | None = None,
        fit: Fit = "crop",
    ):
        check_arguments(ImageFeatures.__init__, height=height, width=width, fit=fit)
        given = {"type": image_encoder} if isinstance(image_encoder, str) else dict(image_encoder)
        image = ImageFeature(height=height, width=width, channels=3, fit=fit)
        encoder = tuple(given.items())  # as for other media: not to be wrapped by TensorFlow
        super().__init__(**{**image.options, "type": "image_features", "image_encoder": encoder})
        self._image = image
        self._map: Any = None

    @property
    def options(self) -> dict[str, Any]:
        """What decides which values a file becomes, for the cache's key; its weights are in `checksum`."""
        found = super().options
        return {**found, "image_encoder": dict(found["image_encoder"])}

    def shown_length(self, length: int) -> str:
        return "x".join(map(str, self.shape))

    def learn(self, texts: Iterable[str]) -> None:
        """Fetches the network's weights; the texts do not matter.

        Raises:
            DataError: If they cannot be had.
        """
        try:
            self._take(registry.create("image_encoder", self.options["image_encoder"]))
        except ValueError as error:
            raise data_error(f"`data.features`: {error}") from error

    def save(self, path: Path) -> None:
        """Writes the network's weights, and beside them their checksum as text."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._network().save_weights(Path(path).with_suffix(WEIGHTS))
        write_text(Path(path), f"{self.checksum}\n")

    def load(self, path: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: If the weights are missing, broken or those of another network.
        """
        options = self.options["image_encoder"]
        fetches = {"fetches": False} if options["type"] == "application" else {}
        encoder = registry.create("image_encoder", {**options, **fetches})
        model = self._take(encoder)
        weights = Path(path).with_suffix(WEIGHTS)
        try:
            model.load_weights(weights)
        except (OSError, ValueError, KeyError) as error:
            fix = "run the recipe again with --fresh"
            raise data_error(f"the network cannot be read: {error}", place=weights, fix=fix) from error
        self._take(encoder)

    def _take(self, encoder: keras.layers.Layer) -> keras.Model:
        inputs = keras.Input(self._image.shape, dtype="uint8")
        model = keras.Model(inputs, encoder(inputs))
        self._network = lambda: model  # not as an attribute: only its weights go into a SavedModel
        self._weights = [variable.value for variable in model.variables]
        self._map = tf.function(
            lambda images: tf.cast(model(images, training=False), tf.float16), autograph=False
        )
        digest = hashlib.sha256()
        for variable in model.variables:
            digest.update(keras.ops.convert_to_numpy(variable).tobytes())
        self.checksum = digest.hexdigest()
        self.layout = Maps(tuple(model.output.shape[1:]))
        return model

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and width of a map."""
        return tuple(self.layout.spec.shape[1:])

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The maps of all pictures in a row, and where each one's end, from 0.

        Raises:
            UnusableValue: At a file that cannot be used.
        """
        pixels, _ = self._image.read(texts)
        maps = self._map(pixels.reshape(len(texts), *self._image.shape)).numpy()
        return maps.ravel(), np.arange(1, len(texts) + 1) * maps[0].size

    def of_bytes(self, contents: tf.Tensor) -> tf.Tensor:
        """In a graph: the bytes of picture files, (batch,) strings, as maps (batch, *shape) float16."""
        return self._map(self._image.of_bytes(contents))
