"""Half precision: layers compute in it, weights, losses and the optimizer do not."""

import keras
import numpy as np
import pytest

from kerasseq import pipeline
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.precision import precision
from tests.train.small_training import run
from tests.train.test_language_training import _recipe

MIXED = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}


@pytest.mark.parametrize("name", MIXED)
def test_a_language_model_trains_and_resumes_in_it(tmp_path, name, monkeypatch):
    made, fit = [], keras.Model.fit

    def watched(self, *args, **kwargs):
        made.append((self, self.optimizer))
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", watched)
    options = {"train.precision": name, "train.epochs": 2, "model.cell": "rnn"}
    whole = pipeline.train(_recipe(tmp_path), options, out=tmp_path / "whole", quiet=True)
    pipeline.train(
        tmp_path / "verses.yaml", {**options, "train.epochs": 1}, out=tmp_path / "parts", quiet=True
    )
    parts = pipeline.train(tmp_path / "verses.yaml", options, out=tmp_path / "parts", quiet=True)
    for one, other in zip(whole.model.get_weights(), parts.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    text = whole.task.encode_examples({"text": ["a cat"]})
    logits, states = whole.model.get_layer("tokens")(text["text"])
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"  # the bias is added in full
    assert {keras.backend.standardize_dtype(part.dtype) for part in states[0]} == {MIXED[name]}
    assert {weight.dtype for weight in whole.model.trainable_weights} == {"float32"}
    scaled = isinstance(made[0][1], keras.optimizers.LossScaleOptimizer)
    assert scaled == (name == "mixed_float16")
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("dtype", MIXED.values())
def test_losses_are_computed_in_float32(dtype):
    random = np.random.default_rng(0)
    logits = keras.ops.cast(random.normal(size=(4, 5, 9)), dtype)
    labels = random.integers(0, 9, (4, 5))
    found = MaskedCrossEntropy()(labels, logits)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(
        found, MaskedCrossEntropy()(labels, keras.ops.cast(logits, "float32")), rtol=1e-6
    )


def test_another_precision_than_the_models_is_refused(tmp_path):
    message = "`precision` must be that of the model, 'float32'. Received: precision='mixed_bfloat16'"
    with pytest.raises(ValueError, match=message):
        run(tmp_path, epochs=1, precision="mixed_bfloat16")


def test_the_policy_is_put_back_after_an_error():
    with pytest.raises(ZeroDivisionError), precision("mixed_bfloat16"):
        raise ZeroDivisionError
    assert keras.config.dtype_policy().name == "float32"
