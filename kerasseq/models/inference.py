"""A trained model at work: decoding and scoring, compiled once for batches of every shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops, tree

from kerasseq.specs import Hypotheses


def compiled(function: Callable, structure: Any) -> Callable:
    """Compiles a function of (batch, time) ids; a new shape traces nothing anew on TensorFlow.

    Args:
        function: Of one argument.
        structure: What that argument looks like: None for one tensor, or a mapping's keys.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        ids = tf.TensorSpec((None, None), tf.int32)
        signature = ids if structure is None else dict.fromkeys(structure, ids)
        return tf.function(function, input_signature=[signature], autograph=False)
    return function


class Inference:
    """Decodes and scores batches of encoded fields, `<s> ids </s>`.

    Args:
        task: The model's task.
        model: The model.
        decoder: How an output is searched for.
    """

    def __init__(self, task: Any, model: keras.Model, decoder: Any):
        self.task = task
        self.model = model
        self._decode = {
            with_attention: compiled(
                lambda encoded, wanted=with_attention: task.decode(
                    model, encoded, decoder, with_attention=wanted
                ),
                None,
            )
            for with_attention in (False, True)
        }
        self._score = compiled(lambda batch: task.score(model, batch), task.fields)

    def decode(self, encoded: Any, *, with_attention: bool = False) -> Hypotheses:
        """Searches for the outputs of encoded inputs, (batch, time); returns NumPy arrays."""
        found = self._decode[with_attention](encoded)
        return Hypotheses(*(None if part is None else ops.convert_to_numpy(part) for part in found))

    def score(self, batch: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Teacher-forced log-probabilities, real tokens and right guesses, (batch,) each, as NumPy arrays."""
        return tree.map_structure(ops.convert_to_numpy, self._score(dict(batch)))
