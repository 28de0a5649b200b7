"""The CRF layer and its loss: the equation, what is forbidden, training in a plain model, saving."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.chain import tag_marginals, viterbi
from kerasseq.layers.crf import CRF, CRFLoss, chain_log_probability
from kerasseq.layers.scan import gradients
from tests.layers.parts import normal, randomise

TAGS = 4  # 0 is padding
LENGTHS = np.array([4, 1, 3])
MASK = np.arange(4) < LENGTHS[:, None]
LABELS = np.where(MASK, [[1, 2, 3, 1], [3, 0, 0, 0], [2, 2, 1, 0]], 0).astype("int32")
ALLOWED = [[(before, tag) not in {(1, 2), (TAGS, 3), (2, TAGS)} for tag in range(5)] for before in range(5)]


def _layer(allowed=None):
    layer = CRF(num_tags=TAGS, allowed=allowed)
    layer.build((None, None, TAGS))
    return randomise(layer, scale=1.0)


def _score(layer, scores, path):
    transitions, start, end = layer.get_weights()
    links = sum(transitions[pair] for pair in itertools.pairwise(path))
    return start[path[0]] + links + end[path[-1]] + sum(scores[step, tag] for step, tag in enumerate(path))


def _paths(length, allowed):
    for path in itertools.product(range(1, TAGS), repeat=length):
        if allowed is None or all(allowed[i][j] for i, j in itertools.pairwise((TAGS, *path, TAGS))):
            yield path


@pytest.mark.parametrize("allowed", [None, ALLOWED])
def test_it_is_its_equation_over_all_paths(allowed):
    layer, scores = _layer(allowed), normal(3, 4, TAGS)
    potentials = layer(scores, mask=MASK)
    tags, _ = viterbi(potentials, MASK)
    found = ops.convert_to_numpy(chain_log_probability(LABELS, potentials))
    for row, length in enumerate(LENGTHS):
        values = {path: _score(layer, scores[row], path) for path in _paths(length, allowed)}
        total = np.log(np.sum(np.exp(list(values.values()))))
        label = tuple(LABELS[row, :length].tolist())
        if label in values:
            assert found[row] == pytest.approx(values[label] - total, abs=1e-4)
        else:
            assert found[row] < -1000
        assert tuple(ops.convert_to_numpy(tags)[row, :length].tolist()) == max(values, key=values.get)


def test_what_is_forbidden_has_no_probability_whatever_the_scores_say():
    scores = np.full((1, 3, TAGS), -50.0, "float32")
    scores[0, [0, 1, 2], [1, 2, 2]] = 50  # 1 2 2: 2 may not follow 1, nor be last
    potentials = _layer(ALLOWED)(scores)
    mask = np.ones((1, 3), bool)
    (tags,) = ops.convert_to_numpy(viterbi(potentials, mask)[0]).tolist()
    assert all(ALLOWED[i][j] for i, j in itertools.pairwise((TAGS, *tags, TAGS)))
    marginals = ops.convert_to_numpy(tag_marginals(potentials, mask))
    assert marginals[0, 2, 2] == 0 and np.all(marginals[..., 0] == 0)


def test_the_gradient_is_expected_minus_observed_counts():
    layer, scores = _layer(), normal(3, 4, TAGS)
    found = gradients(lambda given: ops.sum(CRFLoss().call(LABELS, layer(given, mask=MASK))), scores)
    observed = np.eye(TAGS)[LABELS] * MASK[..., None]
    expected = ops.convert_to_numpy(tag_marginals(layer(scores, mask=MASK), MASK))
    np.testing.assert_allclose(found, expected - observed, atol=1e-5)


def test_a_batch_is_its_sentences():
    layer, scores = _layer(), normal(3, 4, TAGS)
    together = CRFLoss().call(LABELS, layer(scores, mask=MASK))
    for row, length in enumerate(LENGTHS):
        alone = layer(scores[row : row + 1, :length])
        np.testing.assert_allclose(
            CRFLoss().call(LABELS[row : row + 1, :length], alone)[0], together[row], rtol=1e-5
        )
    loss = CRFLoss()(LABELS, layer(scores, mask=MASK))
    assert float(loss) == pytest.approx(float(ops.sum(together)) / LENGTHS.sum(), rel=1e-6)
    weighed = CRFLoss()(LABELS, layer(scores, mask=MASK), sample_weight=np.array([1, 0, 2]))
    assert float(weighed) == pytest.approx(float(together[0] + 2 * together[2]) / (4 + 2 * 3), rel=1e-5)


def test_it_trains_saves_and_reloads_in_anyones_model(tmp_path):
    words = keras.Input((None,), dtype="int32")
    scores = keras.layers.Dense(TAGS)(keras.layers.Embedding(9, 6)(words))
    model = keras.Model(words, CRF(num_tags=TAGS)(scores, mask=ops.not_equal(words, 0)))
    inputs = np.where(MASK, [[5, 6, 7, 5], [7, 0, 0, 0], [6, 6, 5, 0]], 0)
    model.compile(keras.optimizers.Adam(0.1), CRFLoss(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    history = model.fit(inputs, LABELS, epochs=25, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]
    np.testing.assert_array_equal(viterbi(model(inputs), MASK)[0], LABELS)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert isinstance(loaded.loss, CRFLoss)


def test_low_precision_has_full_potentials():
    layer = CRF(num_tags=TAGS, dtype="mixed_float16")
    potentials = layer(ops.cast(normal(3, 4, TAGS), "float16"), mask=MASK)
    assert keras.backend.standardize_dtype(potentials.dtype) == "float32"
    assert np.all(np.isfinite(potentials))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`num_tags` must be positive. Received: num_tags=0"):
        CRF(num_tags=0)
    with pytest.raises(ValueError, match="`num_tags` must be > 1: 0 is padding. Received: num_tags=1"):
        CRF(num_tags=1)
    with pytest.raises(ValueError, match=r"num_tags \+ 1 = 3 rows and columns. Received: 2 rows of \[3\]"):
        CRF(num_tags=2, allowed=[[True] * 3] * 2)
