"""A TensorFlow SavedModel from strings to strings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from kerasseq.registry import register
from kerasseq.run_folder import RunFolder, write_whole


@register("export")
class SavedModel:
    """Writes `saved_model/`: tokenization, search and detokenization in one graph of core TensorFlow ops.

    It loads where kerasseq is not installed; a subword model needs tensorflow-text to be imported first.

    Signatures, for batches of any size, none included:

    - `serving_default`: `text` (batch,) -> `text` (batch,), `score` (batch,), and the best hypotheses that
      the recipe's `decode` keeps, best first: `n_best_text`, `n_best_score` (batch, num_hypotheses).
    - `score`: `source`, `target` (batch,) -> `log_probability` (batch,) of the target, `num_tokens` (batch,).
    """

    def __call__(self, *, task: Any, model: Any, decoder: Any, folder: RunFolder) -> Path:
        """Writes the model and returns its folder."""
        module = _Served(task, model, decoder)
        signatures = {"serving_default": module.serve, "score": module.score}
        write_whole(
            folder.saved_model, lambda fresh: tf.saved_model.save(module, str(fresh), signatures=signatures)
        )
        return folder.saved_model


class _Served(tf.Module):
    def __init__(self, task: Any, model: Any, decoder: Any):
        super().__init__()
        self.features = dict(task.features)  # a tf.Module each: their tables are saved with it
        self.weights = [variable.value for variable in model.variables]
        strings = tf.TensorSpec((None,), tf.string)
        source, target = task.features[task.input_field], task.features[task.output_field]

        def serve(text: tf.Tensor) -> dict[str, tf.Tensor]:
            found = task.decode(model, source.encode(_one_at_least(text)), decoder)
            size = tf.shape(text)[0]
            texts, scores = target.decode(found.tokens)[:size], found.scores[:size]  # (batch, n_best)
            best = {"text": texts[:, 0], "score": scores[:, 0]}
            return {**best, "n_best_text": texts, "n_best_score": scores}

        def score(**texts: tf.Tensor) -> dict[str, tf.Tensor]:
            batch = {field: task.features[field].encode(_one_at_least(texts[field])) for field in task.fields}
            log_probability, num_tokens, _ = task.score(model, batch)
            size = tf.shape(texts[task.input_field])[0]
            return {"log_probability": log_probability[:size], "num_tokens": num_tokens[:size]}

        self.serve = tf.function(serve, input_signature=[strings], autograph=False)
        named = {field: tf.TensorSpec((None,), tf.string, name=field) for field in task.fields}
        self.score = tf.function(score, autograph=False).get_concrete_function(**named)


def _one_at_least(texts: tf.Tensor) -> tf.Tensor:
    """Puts an empty text where there is none: loops over time need a row to go over."""
    return tf.concat([texts, tf.fill([tf.maximum(1 - tf.shape(texts)[0], 0)], "")], axis=0)
