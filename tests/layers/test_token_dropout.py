import keras
import numpy as np
import pytest

from kerasseq.layers.token_dropout import TokenDropout

TOKENS = np.where(np.arange(400) < 300, 7, 0).reshape(2, 200)


def test_training_hides_some_tokens():
    found = np.asarray(TokenDropout(rate=0.25)(TOKENS, training=True))
    assert set(np.unique(found[TOKENS == 7])) == {1, 7}
    assert 0.15 < np.mean(found[TOKENS == 7] == 1) < 0.35
    assert np.all(found[TOKENS == 0] == 0)


def test_special_tokens_stay():
    specials = np.tile(np.arange(5), (1, 100))
    found = np.asarray(TokenDropout(rate=0.999)(specials, training=True))
    np.testing.assert_array_equal(found, np.where(specials == 4, 1, specials))


def test_otherwise_it_does_nothing():
    np.testing.assert_array_equal(TokenDropout(rate=0.5)(TOKENS), TOKENS)
    np.testing.assert_array_equal(TokenDropout(rate=0.0)(TOKENS, training=True), TOKENS)


def test_it_is_saved(tmp_path):
    tokens = keras.Input((None,), dtype="int32")
    model = keras.Model(tokens, keras.layers.Embedding(9, 2)(TokenDropout(rate=0.3)(tokens)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].rate == 0.3
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))


def test_the_rate_is_below_one():
    with pytest.raises(ValueError, match="`rate` must be >= 0 and < 1. Received: rate=1"):
        TokenDropout(rate=1.0)
