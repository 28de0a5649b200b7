"""A TensorFlow SavedModel from raw inputs to answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from kerasseq.models.precision import weights_cast_once
from kerasseq.registry import register
from kerasseq.run_folder import RunFolder, write_whole
from kerasseq.specs import Signature


@register("export")
class SavedModel:
    """Writes `saved_model/`: from raw inputs to answers in one graph of core TensorFlow ops.

    Tokenization, search and detokenization are in it. It loads where kerasseq is not installed; a subword
    model needs tensorflow-text to be imported first. It answers to what the task's `signatures` say, for
    batches of any size, none included.
    """

    def __call__(self, *, task: Any, model: Any, decoder: Any, folder: RunFolder) -> Path:
        """Writes the model and returns its folder."""
        module = tf.Module()
        module.features = dict(task.features)  # a tf.Module each: their tables are saved with it
        module.weights = [variable.value for variable in model.variables]
        answers = task.signatures(model, decoder)
        signatures = {name: _function(found, model) for name, found in answers.items()}
        # What a decoder counts, so that it draws anew in each call, belongs to no model.
        module.counters = [variable for found in signatures.values() for variable in found.variables]
        # It answers and is trained no further: the hand-written gradients of its loops stay behind.
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        write_whole(
            folder.saved_model,
            lambda fresh: tf.saved_model.save(module, str(fresh), signatures=signatures, options=options),
        )
        return folder.saved_model


def _function(signature: Signature, model: Any) -> Any:
    """A signature as a function that TensorFlow saves, which answers an empty batch with an empty one."""
    batched = [name for name, raw in signature.inputs.items() if raw.shape[:1] == (None,)]

    def answer(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        with weights_cast_once(model):
            return signature.call(**inputs)

    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        if not batched:
            return answer(**inputs)
        size = tf.shape(inputs[batched[0]])[0]
        filled = {
            name: _one_at_least(value, signature.fillers.get(name)) if name in batched else value
            for name, value in inputs.items()
        }
        return {name: value[:size] for name, value in answer(**filled).items()}

    specs = {name: tf.TensorSpec(raw.shape, raw.dtype, name=name) for name, raw in signature.inputs.items()}
    return tf.function(call, autograph=False).get_concrete_function(**specs)


def _one_at_least(batch: tf.Tensor, filler: Any) -> tf.Tensor:
    """Puts a row of the filler where there is none: loops over time need a row to go over."""
    shape = tf.concat([[1], tf.shape(batch)[1:]], axis=0)
    row = tf.zeros(shape, batch.dtype) if filler is None else tf.fill(shape, tf.constant(filler, batch.dtype))
    return tf.concat([batch, row[: tf.maximum(1 - tf.shape(batch)[0], 0)]], axis=0)
