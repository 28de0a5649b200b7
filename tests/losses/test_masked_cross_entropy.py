import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy, token_cross_entropy

LABELS = np.array([[4, 5, 3, 0], [6, 3, 0, 0], [1, 1, 1, 3]])
SMOOTHINGS = [0.0, 0.1, 0.9]


def random_logits(*, scale=3.0, shape=(3, 4, 7)):
    return (np.random.default_rng(0).normal(size=shape) * scale).astype("float32")


def expected_losses(labels, logits, label_smoothing):
    """The definition: minus the target distribution times the log-probabilities."""
    logits = logits.astype("float64")
    shifted = logits - logits.max(-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    vocabulary_size = logits.shape[-1]
    target = np.eye(vocabulary_size)[labels] * (1 - label_smoothing) + label_smoothing / vocabulary_size
    return -(target * log_probabilities).sum(-1)


def value_and_gradient(function, logits):
    """The value and gradient of a function of logits on either backend."""
    logits = ops.convert_to_tensor(logits)
    if keras.backend.backend() == "jax":
        import jax

        value, gradient = jax.jit(jax.value_and_grad(function))(logits)
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = tf.function(function)(logits)
        gradient = tape.gradient(value, logits)
    return ops.convert_to_numpy(value), ops.convert_to_numpy(gradient)


@pytest.mark.parametrize("label_smoothing", SMOOTHINGS)
@pytest.mark.parametrize("scale", [3.0, 1e3])
def test_is_the_mean_of_the_definition_over_real_tokens(label_smoothing, scale):
    logits = random_logits(scale=scale)
    expected = expected_losses(LABELS, logits, label_smoothing)[LABELS != 0].mean()
    loss = MaskedCrossEntropy(label_smoothing=label_smoothing)(LABELS, logits)
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5)


@pytest.mark.parametrize("label_smoothing", SMOOTHINGS)
def test_the_gradient_is_that_of_the_definition(label_smoothing):
    logits = random_logits()
    loss = MaskedCrossEntropy(label_smoothing=label_smoothing)
    _, gradient = value_and_gradient(lambda logits: loss(LABELS, logits), logits)

    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    target = np.eye(7)[LABELS] * (1 - label_smoothing) + label_smoothing / 7
    expected = (probabilities - target) * (LABELS != 0)[..., None] / (LABELS != 0).sum()
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_the_gradient_is_the_slope(label_smoothing):
    logits = random_logits()
    weights = np.random.default_rng(1).random(size=LABELS.shape)
    direction = np.random.default_rng(2).normal(size=logits.shape)

    def weighted(logits):
        losses = token_cross_entropy(LABELS, logits, label_smoothing=label_smoothing)
        return ops.sum(losses * ops.cast(weights, "float32"))

    _, gradient = value_and_gradient(weighted, logits)
    up, down = (
        (expected_losses(LABELS, logits + sign * 1e-5 * direction, label_smoothing) * weights).sum()
        for sign in (1, -1)
    )
    np.testing.assert_allclose((gradient * direction).sum(), (up - down) / 2e-5, rtol=1e-4)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_padding_changes_neither_loss_nor_gradient(label_smoothing):
    loss = MaskedCrossEntropy(label_smoothing=label_smoothing)
    logits = random_logits(shape=(3, 9, 7))
    padded = np.pad(LABELS, ((0, 0), (0, 5)))
    short, slope = value_and_gradient(lambda logits: loss(LABELS, logits), logits[:, :4])
    long, padded_slope = value_and_gradient(lambda logits: loss(padded, logits), logits)
    np.testing.assert_allclose(long, short, rtol=1e-6)
    np.testing.assert_allclose(padded_slope[:, :4], slope, rtol=1e-6, atol=1e-9)
    assert not padded_slope[:, 4:].any()
    assert not padded_slope[:, :4][LABELS == 0].any()


def test_tokens_are_weighed_in_the_sum_and_in_the_count():
    logits = random_logits()
    losses = expected_losses(LABELS, logits, 0.0)
    of_examples, of_tokens = np.array([1.0, 0.0, 3.0]), np.random.default_rng(1).random(LABELS.shape)
    for given, weights in ((of_examples, of_examples[:, None] * np.ones((3, 4))), (of_tokens, of_tokens)):
        weights = weights * (LABELS != 0)
        found = MaskedCrossEntropy()(LABELS, logits, sample_weight=given)
        np.testing.assert_allclose(float(found), (losses * weights).sum() / weights.sum(), rtol=1e-5)


def test_is_zero_where_nothing_counts():
    value, gradient = value_and_gradient(lambda z: MaskedCrossEntropy()(LABELS * 0, z), random_logits())
    assert value == 0.0
    assert not gradient.any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_are_computed_in_single(dtype):
    logits = ops.cast(random_logits(shape=(3, 4, 3000)), dtype)
    single = np.asarray(ops.convert_to_numpy(ops.cast(logits, "float32")))
    found, gradient = value_and_gradient(lambda logits: MaskedCrossEntropy()(LABELS, logits), logits)
    assert found.dtype == "float32"
    assert gradient.dtype == dtype
    np.testing.assert_allclose(found, expected_losses(LABELS, single, 0.0)[LABELS != 0].mean(), rtol=1e-5)


def test_survives_serialization():
    loss = MaskedCrossEntropy(label_smoothing=0.2, name="tokens")
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert isinstance(again, MaskedCrossEntropy)
    assert (again.label_smoothing, again.name) == (0.2, "tokens")


def test_trains_a_keras_model_whose_outputs_carry_a_mask():
    tokens = np.array([[4, 5, 3, 0], [6, 3, 0, 0]])
    inputs = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(7, 8, mask_zero=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(7)(embedded))
    model.compile("adam", loss=MaskedCrossEntropy(label_smoothing=0.1), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    expected = expected_losses(tokens, ops.convert_to_numpy(model(tokens)), 0.1)[tokens != 0].mean()
    first = model.fit(tokens, tokens, epochs=1, batch_size=2, verbose=0).history["loss"][0]
    np.testing.assert_allclose(first, expected, rtol=1e-5)


def test_rejects_a_smoothing_out_of_range():
    with pytest.raises(ValueError) as caught:
        MaskedCrossEntropy(label_smoothing=1.0)
    assert str(caught.value) == "`label_smoothing` must be >= 0 and < 1. Received: label_smoothing=1.0"
