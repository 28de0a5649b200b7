"""A sequence in one vector: an encoder, and what is kept of its outputs."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.registry import create
from kerasseq.specs import Encoder, Pooling


@keras.saving.register_keras_serializable("kerasseq")
class SequenceSummary(keras.layers.Layer):
    """Encodes a sequence and pools what came out; a layer of a `keras.Sequential`.

    Args:
        encoder: A name from `layers/encoders/`, a mapping with `type`, or an encoder.
        pooling: A name from `layers/pooling/`, a mapping with `type`, or a pooling layer.
    Call arguments:
        inputs: (batch, time, features).
        mask: True at real tokens, (batch, time); an embedding with `mask_zero` hands it on.
    Returns:
        (batch, width), as wide as the encoder's outputs.
    """

    def __init__(self, *, encoder: Encoder = "recurrent", pooling: Pooling = "last", **kwargs: Any):
        super().__init__(**kwargs)
        self._given = {"encoder": encoder, "pooling": pooling}
        self.encoder = create("encoder", encoder)
        self.pooling = create("pooling", pooling)
        self.supports_masking = True

    def build(self, inputs_shape: tuple) -> None:
        self.encoder.build(inputs_shape)
        self.pooling.build((*inputs_shape[:-1], self.encoder.width))

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        # A copy bears no mask of Keras' own, which the encoder would say it does not pass on.
        outputs, states = self.encoder(ops.copy(inputs), padding_mask=mask, training=training)
        return self.pooling(outputs, states, mask=mask)

    @property
    def attends(self) -> bool:
        """Whether there are weights to be seen."""
        return hasattr(self.pooling, "attention_weights")

    def attention_weights(self, inputs: Any, mask: Any = None) -> Any | None:
        """How much of each token is in the summary, (batch, time); None where the pooling does not weigh."""
        if not self.attends:
            return None
        outputs, _ = self.encoder(ops.copy(inputs), padding_mask=mask)
        return self.pooling.attention_weights(outputs, mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        written = {
            name: keras.saving.serialize_keras_object(part) if isinstance(part, keras.layers.Layer) else part
            for name, part in self._given.items()
        }
        return {**super().get_config(), **written}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SequenceSummary:
        return super().from_config(with_ready_parts(config, "encoder", "pooling"))
