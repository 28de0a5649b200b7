"""Half precision: layers compute in it, weights, losses and the optimizer do not."""

import keras
import numpy as np
import pytest

from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.precision import precision
from tests.train.small_training import run


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
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
