"""Clipping in anyone's `fit`, held against a step computed in NumPy."""

import keras
import numpy as np
import pytest

from kerasseq.train.callbacks import GradientClipping

RATE = 0.5
TOKENS = np.array([[1, 1, 4], [2, 1, 1], [6, 0, 1], [4, 4, 4]], "int32")  # rows that repeat: sparse gradients
TARGETS = np.array([[3.0, -1.0], [0.5, 2.0], [-4.0, 1.0], [2.0, 2.0]], "float32")


def _model(optimizer=None):
    """An embedding, its mean and a dense layer: no part of it is kerasseq's."""
    tokens = keras.Input((3,), dtype="int32")
    embedded = keras.layers.Embedding(7, 3, embeddings_initializer="normal")(tokens)
    outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(embedded))
    model = keras.Model(tokens, outputs)
    model.compile(optimizer or keras.optimizers.SGD(RATE), loss="mse")
    return model


def _gradients(weights):
    """Of the mean squared error by embeddings, kernel and bias."""
    embeddings, kernel, bias = (weight.astype("float64") for weight in weights)
    means = embeddings[TOKENS].mean(axis=1)
    d_outputs = 2 * (means @ kernel + bias - TARGETS) / TARGETS.size
    d_embeddings = np.zeros_like(embeddings)
    np.add.at(d_embeddings, TOKENS, (d_outputs @ kernel.T)[:, None] / 3)
    return [d_embeddings, means.T @ d_outputs, d_outputs.sum(axis=0)]


def _steps(weights, threshold, count):
    """The weights after some clipped steps, and the norms on the way."""
    norms = []
    for _ in range(count):
        gradients = _gradients(weights)
        norms.append(np.sqrt(sum((gradient**2).sum() for gradient in gradients)))
        scale = min(1.0, threshold / norms[-1])
        weights = [
            weight - RATE * scale * gradient for weight, gradient in zip(weights, gradients, strict=True)
        ]
    return weights, norms


def _fit(model, callback, epochs=1):
    fitted = model.fit(TOKENS, TARGETS, batch_size=4, epochs=epochs, verbose=0, callbacks=[callback])
    return fitted.history


def _assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_steps_and_logs_are_those_computed_by_hand():
    model = _model()
    before = model.get_weights()
    _, free = _steps(before, np.inf, 1)
    threshold = free[0] / 3
    expected, norms = _steps(before, threshold, 3)
    history = _fit(model, GradientClipping(global_norm=float(threshold)), epochs=3)
    _assert_same(model.get_weights(), expected)
    np.testing.assert_allclose(history["gradient_norm"], norms, rtol=1e-5)
    assert history["clipped_share"] == [1.0, 1.0, 1.0]


def test_the_logs_are_means_over_the_epochs_steps():
    model = _model(keras.optimizers.SGD(0.0))
    norms = [_norm_of_row(model.get_weights(), row) for row in range(4)]
    threshold = float(np.mean(sorted(norms)[1:3]))  # between the second and the third
    history = model.fit(
        TOKENS,
        TARGETS,
        batch_size=1,
        verbose=0,
        callbacks=[GradientClipping(global_norm=threshold)],
    ).history
    np.testing.assert_allclose(history["gradient_norm"], [np.mean(norms)], rtol=1e-5)
    assert history["clipped_share"] == [0.5]


def _norm_of_row(weights, row):
    embeddings, kernel, bias = weights
    tokens = TOKENS[row]
    mean = embeddings[tokens].mean(axis=0)
    d_output = mean @ kernel + bias - TARGETS[row]  # 2 / 2 outputs
    d_embeddings = np.zeros_like(embeddings)
    np.add.at(d_embeddings, tokens, kernel @ d_output / 3)
    squares = (d_embeddings**2).sum() + (np.outer(mean, d_output) ** 2).sum() + (d_output**2).sum()
    return float(np.sqrt(squares))


def test_below_the_threshold_nothing_changes():
    model, free = _model(), _model()
    free.set_weights(model.get_weights())
    history = _fit(model, GradientClipping(global_norm=1e6))
    free.fit(TOKENS, TARGETS, batch_size=4, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], free.get_weights()[0], rtol=1e-6, atol=1e-7)
    for one, other in zip(model.get_weights()[1:], free.get_weights()[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    assert history["clipped_share"] == [0.0]


def test_the_optimizer_is_restored_and_a_second_fit_counts_anew():
    model = _model()
    callback = GradientClipping(global_norm=0.05)
    _fit(model, callback, epochs=2)
    assert "apply" not in vars(model.optimizer)
    before = model.get_weights()
    model.fit(TOKENS, TARGETS, batch_size=4, verbose=0)
    _assert_same(model.get_weights(), _steps(before, np.inf, 1)[0])
    before = model.get_weights()
    history = _fit(model, callback)
    expected, norms = _steps(before, 0.05, 1)
    _assert_same(model.get_weights(), expected)
    np.testing.assert_allclose(history["gradient_norm"], norms, rtol=1e-5)


def test_a_fit_after_an_interrupted_one_clips_by_its_own_threshold_only():
    model = _model()

    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    interrupted = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TOKENS, TARGETS, verbose=0, callbacks=[GradientClipping(global_norm=0.001), interrupted])
    before = model.get_weights()
    _fit(model, GradientClipping(global_norm=1e6))
    _assert_same(model.get_weights(), _steps(before, np.inf, 1)[0])


def test_a_scaled_loss_is_clipped_by_its_true_gradient():
    model = _model(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(RATE), initial_scale=1024.0))
    before = model.get_weights()
    expected, norms = _steps(before, 0.1, 1)
    history = _fit(model, GradientClipping(global_norm=0.1))
    _assert_same(model.get_weights(), expected)
    np.testing.assert_allclose(history["gradient_norm"], norms, rtol=1e-4)


def test_a_gradient_of_zero_stays_zero():
    callback = GradientClipping()
    callback.totals = [keras.Variable(0.0) for _ in range(3)]
    zero, none = callback.clip([np.zeros((2, 2), "float32"), None])
    assert none is None
    np.testing.assert_array_equal(zero, np.zeros((2, 2)))


@pytest.mark.parametrize("global_norm", [0, -1.0, "1"])
def test_a_threshold_must_be_positive(global_norm):
    with pytest.raises(ValueError, match=rf"`global_norm` must be positive\. Received: .*{global_norm!r}"):
        GradientClipping(global_norm=global_norm)
