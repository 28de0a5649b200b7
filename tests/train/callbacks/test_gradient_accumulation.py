"""Several small batches are one large one."""

import keras
import numpy as np
import pytest

from kerasseq.train.callbacks import GradientAccumulation, GradientClipping, WeightAveraging

RANDOM = np.random.default_rng(0)
TOKENS, TARGETS = RANDOM.integers(0, 7, (12, 3), "int32"), RANDOM.normal(size=(12, 2)).astype("float32")


def _model(optimizer):
    tokens = keras.Input((3,), dtype="int32")
    initializer = keras.initializers.RandomNormal(seed=1)
    embedded = keras.layers.Embedding(7, 3, embeddings_initializer=initializer)(tokens)
    outputs = keras.layers.Dense(2, kernel_initializer=initializer)(
        keras.layers.GlobalAveragePooling1D()(embedded)
    )
    model = keras.Model(tokens, outputs)
    model.compile(optimizer, loss="mse", jit_compile=False)
    return model


def _fit(model, batch_size, *callbacks, epochs=1):
    return model.fit(
        TOKENS,
        TARGETS,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    ).history


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam], ids=["sgd", "adam"])
def test_three_batches_of_two_are_one_of_six(optimizer):
    small, large = _model(optimizer(0.1)), _model(optimizer(0.1))
    averages = [WeightAveraging({"type": "ema", "decay": 0.5}) for _ in range(2)]
    clipping = [GradientClipping(global_norm=0.2) for _ in range(2)]
    found = _fit(small, 2, clipping[0], averages[0], GradientAccumulation(steps=3), epochs=2)
    expected = _fit(large, 6, clipping[1], averages[1], epochs=2)
    for one, other in zip(small.get_weights(), large.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    for one, other in zip(averages[0].averages, averages[1].averages, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["gradient_norm"], expected["gradient_norm"], rtol=1e-4)
    assert int(small.optimizer.iterations) == int(large.optimizer.iterations) == 4


def test_what_an_epoch_leaves_over_goes_into_the_next_update():
    model = _model(keras.optimizers.SGD(0.1))
    accumulation = GradientAccumulation(steps=5)
    _fit(model, 2, accumulation)
    assert (int(model.optimizer.iterations), int(accumulation.count)) == (1, 1)
    _fit(model, 2, accumulation)
    assert (int(model.optimizer.iterations), int(accumulation.count)) == (2, 2)
    assert "apply" not in vars(model.optimizer)


def test_no_batches_are_refused():
    with pytest.raises(ValueError, match="`steps` must be positive. Received: steps=0"):
        GradientAccumulation(steps=0)
