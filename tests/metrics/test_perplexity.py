import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.metrics.perplexity import Perplexity

LABELS = np.array([[4, 5, 3, 0], [6, 3, 0, 0], [1, 1, 1, 3]])
LOGITS = np.random.default_rng(0).normal(size=(3, 4, 7)) * 3


def losses():
    return np.log(np.exp(LOGITS).sum(-1)) - np.take_along_axis(LOGITS, LABELS[..., None], axis=-1)[..., 0]


def test_is_exact_over_tokens_whatever_the_batches():
    expected = losses()[LABELS != 0].mean()
    whole, parts = Perplexity(), Perplexity()
    whole.update_state(LABELS, LOGITS)
    for row in range(3):
        real = (LABELS[row] != 0).sum()
        parts.update_state(LABELS[row : row + 1, :real], LOGITS[row : row + 1, :real])
    for metric in (whole, parts):
        assert float(metric.cross_entropy) == pytest.approx(expected, rel=1e-6)
        assert float(metric.result()) == pytest.approx(np.exp(expected), rel=1e-5)


def test_the_mean_of_a_batch_does_as_well_as_its_logits():
    metric = Perplexity()
    for rows in (slice(0, 2), slice(2, 3)):
        real = LABELS[rows] != 0
        metric.update_from_mean(losses()[rows][real].mean(), real.sum())
    assert float(metric.cross_entropy) == pytest.approx(losses()[LABELS != 0].mean(), rel=1e-6)


def test_padding_never_counts_not_even_an_undefined_one():
    logits = LOGITS.copy()
    logits[LABELS == 0] = np.nan
    metric = Perplexity()
    metric.update_state(LABELS, logits)
    assert float(metric.cross_entropy) == pytest.approx(losses()[LABELS != 0].mean(), rel=1e-6)


def test_tokens_may_be_weighed():
    weights = np.array([1.0, 0.0, 3.0])
    metric = Perplexity()
    metric.update_state(LABELS, LOGITS, sample_weight=weights)
    of_tokens = weights[:, None] * (LABELS != 0)
    assert float(metric.cross_entropy) == pytest.approx(
        (losses() * of_tokens).sum() / of_tokens.sum(), rel=1e-6
    )


def test_a_model_that_knows_nothing_is_undecided_among_all():
    metric = Perplexity()
    metric.update_state(LABELS, np.zeros((3, 4, 7)))
    assert float(metric.result()) == pytest.approx(7.0, rel=1e-5)


def test_starts_anew():
    metric = Perplexity()
    metric.update_state(LABELS, LOGITS)
    metric.reset_state()
    assert float(metric.cross_entropy) == 0.0
    assert float(metric.result()) == 1.0


def test_works_in_a_keras_model():
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, keras.layers.Embedding(7, 7, mask_zero=True)(inputs))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, metrics=[Perplexity()], jit_compile=False)
    found = model.evaluate(LABELS, LABELS, batch_size=2, verbose=0, return_dict=True)["perplexity"]
    expected = Perplexity()
    expected.update_state(LABELS, ops.convert_to_numpy(model(LABELS)))
    assert found == pytest.approx(float(expected.result()), rel=1e-5)


def test_survives_serialization():
    again = keras.metrics.deserialize(keras.metrics.serialize(Perplexity(name="other")))
    assert isinstance(again, Perplexity)
    assert again.name == "other"
