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
    model.compile(optimizer or keras.optimizers.SGD(RATE), loss="mse", jit_compile=False)
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
    for options in ({}, {"variable_norm": 1.0, "value": 1.0}, {"percentile": 10.0}):
        zero, none = GradientClipping(**options).clip([np.zeros((2, 2), "float32"), None], np.float32(0))
        assert none is None
        np.testing.assert_array_equal(zero, np.zeros((2, 2)))


@pytest.mark.parametrize("option", ["global_norm", "variable_norm", "value", "final_global_norm"])
@pytest.mark.parametrize("value", [0, -1.0, "1"])
def test_a_threshold_must_be_positive(option, value):
    with pytest.raises(ValueError, match=rf"`{option}` must be positive\. Received: {option}={value!r}"):
        GradientClipping(**{option: value})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"final_global_norm": 1.0}, r"needs `global_norm`, `final_global_norm` and `over_steps`\. .*=None$"),
        ({"over_steps": 9}, r"Received: global_norm=1\.0, final_global_norm=None, over_steps=9$"),
        ({"global_norm": None, "final_global_norm": 1.0, "over_steps": 9}, "Received: global_norm=None"),
        (
            {"final_global_norm": 1.0, "over_steps": 9, "percentile": 10.0},
            r"both move the threshold: give one\. Received: final_global_norm=1\.0, percentile=10\.0$",
        ),
        ({"percentile": 100.0}, r"`percentile` must be > 0 and < 100\. Received: percentile=100\.0"),
        ({"history": 0}, r"`history` must be positive\. Received: history=0"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        GradientClipping(**options)


def _clipped_steps(weights, clip, count):
    """The weights and the norms where `clip` changes each step's gradients, given them and their norm."""
    norms = []
    for _ in range(count):
        gradients = _gradients(weights)
        norms.append(np.sqrt(sum((gradient**2).sum() for gradient in gradients)))
        weights = [
            weight - RATE * gradient for weight, gradient in zip(weights, clip(gradients, norms), strict=True)
        ]
    return weights, norms


def _to_norm(gradients, most):
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    return [gradient * min(1.0, most / norm) for gradient in gradients]


def test_numbers_are_clipped_first_then_each_weight_then_all():
    model = _model()
    value, own, whole = 0.3, 0.35, 0.45

    def clip(gradients, norms):
        gradients = [np.clip(gradient, -value, value) for gradient in gradients]
        return _to_norm([_to_norm([gradient], own)[0] for gradient in gradients], whole)

    expected, norms = _clipped_steps(model.get_weights(), clip, 2)
    history = _fit(model, GradientClipping(value=value, variable_norm=own, global_norm=whole), epochs=2)
    _assert_same(model.get_weights(), expected)
    np.testing.assert_allclose(history["gradient_norm"], norms, rtol=1e-5)
    assert history["clipped_share"] == [1.0, 1.0]
    assert "clipping_threshold" not in history


@pytest.mark.parametrize("option", ["value", "variable_norm"])
def test_each_counts_the_steps_that_it_clips(option):
    large, small = (
        _fit(_model(), GradientClipping(global_norm=None, **{option: most})) for most in (1e-3, 1e3)
    )
    assert (large["clipped_share"], small["clipped_share"]) == ([1.0], [0.0])


def test_a_threshold_moves_in_a_line_without_a_new_trace():
    model, traces = _model(), []
    call = model.call

    def counted(*args, **kwargs):
        traces.append(1)
        return call(*args, **kwargs)

    model.call = counted
    thresholds = [0.4, 0.3, 0.2, 0.1, 0.1]
    expected, _ = _clipped_steps(
        model.get_weights(), lambda gradients, norms: _to_norm(gradients, thresholds[len(norms) - 1]), 5
    )
    callback = GradientClipping(global_norm=0.4, final_global_norm=0.1, over_steps=3)
    history = _fit(model, callback, epochs=5)
    _assert_same(model.get_weights(), expected)
    np.testing.assert_allclose(history["clipping_threshold"], thresholds, rtol=1e-5)
    assert len(traces) == 1


@pytest.mark.parametrize("most", [None, 0.9])
def test_the_percentile_is_that_of_the_last_norms(most):
    model = _model()
    percentile, size = 30.0, 3
    thresholds = []

    def clip(gradients, norms):
        found = np.percentile(norms[-size:], percentile)
        thresholds.append(found if most is None else min(found, most))
        return _to_norm(gradients, thresholds[-1])

    expected, norms = _clipped_steps(model.get_weights(), clip, 5)
    history = _fit(model, GradientClipping(percentile=percentile, history=size, global_norm=most), epochs=5)
    _assert_same(model.get_weights(), expected)
    np.testing.assert_allclose(history["clipping_threshold"], thresholds, rtol=1e-4)
    np.testing.assert_allclose(history["gradient_norm"], norms, rtol=1e-4)
