"""Weights that learn more slowly than the rest, in anyone's `fit`."""

import keras
import numpy as np
import pytest

from kerasseq.train.callbacks import GradientClipping, OwnRates

INPUTS = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
TARGETS = INPUTS @ np.array([[1.0], [-2.0], [3.0]], "float32")


def _model(multiplier, optimizer):
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, kernel_initializer=keras.initializers.GlorotUniform(seed=1), name="slow")
    outputs = keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=2))
    model = keras.Model(inputs, outputs(hidden(inputs)))
    if multiplier is not None:
        for variable in hidden.trainable_variables:
            variable.learning_rate_multiplier = multiplier
    model.compile(optimizer(), loss="mse", run_eagerly=keras.backend.backend() != "jax")
    return model


def _moved(multiplier, optimizer, *others, epochs=1):
    """How far one step moves the weights of the slow layer, and of the other."""
    model = _model(multiplier, optimizer)
    before = model.get_weights()
    model.fit(INPUTS, TARGETS, batch_size=8, epochs=epochs, verbose=0, callbacks=[OwnRates(), *others])
    kernel, _, other, _ = (new - old for new, old in zip(model.get_weights(), before, strict=True))
    return kernel, other


@pytest.mark.parametrize(
    "optimizer",
    [keras.optimizers.SGD, keras.optimizers.Adam, keras.optimizers.RMSprop],
    ids=lambda o: o.__name__,
)
def test_a_step_is_as_much_smaller_as_the_multiplier_says(optimizer):
    whole, other = _moved(None, optimizer)
    tenth, same = _moved(0.1, optimizer)
    np.testing.assert_allclose(tenth, 0.1 * whole, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(same, other, rtol=1e-6)
    assert np.abs(whole).min() > 0


def test_clipping_sees_the_gradient_as_it_is():
    clipped, _ = _moved(0.5, keras.optimizers.SGD, GradientClipping(global_norm=1.0))
    whole, _ = _moved(None, keras.optimizers.SGD, GradientClipping(global_norm=1.0))
    np.testing.assert_allclose(clipped, 0.5 * whole, rtol=1e-3, atol=1e-7)


def test_it_leaves_the_optimizer_as_it_was():
    model = _model(0.1, keras.optimizers.Adam)
    for _ in range(2):
        model.fit(INPUTS, TARGETS, verbose=0, callbacks=[OwnRates()])
        assert "update_step" not in vars(model.optimizer)
    assert OwnRates.has_any(model) and not OwnRates.has_any(_model(None, keras.optimizers.Adam))


def test_parts_are_named_by_the_layers_they_are_in():
    def move(rates):
        model = _model(None, keras.optimizers.Adam)
        before = model.get_weights()
        model.fit(INPUTS, TARGETS, batch_size=8, verbose=0, callbacks=[OwnRates(rates)])
        return [new - old for new, old in zip(model.get_weights(), before, strict=True)]

    whole, tenth, frozen = move({}), move({"slow": 0.1}), move({"slow": 0, "bias": 0.5})
    np.testing.assert_allclose(tenth[0], 0.1 * whole[0], rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(tenth[2], whole[2], rtol=1e-5)
    assert not frozen[0].any() and not frozen[1].any() and frozen[2].any()
    np.testing.assert_allclose(frozen[3], 0.5 * whole[3], rtol=1e-3, atol=1e-7)


def test_a_frozen_part_keeps_its_weights_from_decay_and_thaws_at_the_end():
    model = _model(None, lambda: keras.optimizers.AdamW(0.1, weight_decay=0.5))
    before = model.get_weights()
    model.fit(INPUTS, TARGETS, verbose=0, callbacks=[OwnRates({"slow": 0})])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert len(model.trainable_variables) == 4


def test_a_part_that_is_not_there_is_named():
    message = (
        r"must name parts of the model: slow, kernel, bias, dense\. Received: 'slwo'\. did you mean 'slow'"
    )
    with pytest.raises(ValueError, match=message):
        _moved(None, keras.optimizers.SGD, OwnRates({"slwo": 1}))
