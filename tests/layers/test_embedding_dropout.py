import keras
import numpy as np
import pytest

from kerasseq.layers.embedding_dropout import EmbeddingDropout
from tests.layers.parts import normal

TOKENS = np.random.default_rng(0).integers(50, size=(8, 30))
EMBEDDED = normal(50, 3)[TOKENS]


def test_a_word_is_missing_everywhere_or_nowhere():
    dropped = np.asarray(EmbeddingDropout(vocabulary_size=50, rate=0.4)(EMBEDDED, TOKENS, training=True))
    factors = dropped / EMBEDDED
    kept = {token for token in np.unique(TOKENS) if factors[token == TOKENS].max() > 0}
    assert len(kept) in range(15, 45)
    expected = np.isin(TOKENS, list(kept))[..., None] / 0.6
    np.testing.assert_allclose(dropped, EMBEDDED * expected, rtol=1e-6)


def test_each_batch_misses_other_words():
    layer = EmbeddingDropout(vocabulary_size=50, rate=0.4)
    first, second = (np.asarray(layer(EMBEDDED, TOKENS, training=True)) for _ in range(2))
    assert np.any((first == 0) != (second == 0))


@pytest.mark.parametrize(("rate", "training"), [(0.4, False), (0.0, True)])
def test_nothing_is_dropped_otherwise(rate, training):
    layer = EmbeddingDropout(vocabulary_size=50, rate=rate)
    np.testing.assert_array_equal(layer(EMBEDDED, TOKENS, training=training), EMBEDDED)


def test_it_comes_back_from_its_config():
    layer = EmbeddingDropout(vocabulary_size=7, rate=0.1)
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert (copy.vocabulary_size, copy.rate) == (7, 0.1)


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(ValueError, match="`rate` must be >= 0 and < 1. Received: rate=1"):
        EmbeddingDropout(vocabulary_size=7, rate=1.0)
