import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.specs import START_ID
from tests.layers.gradients import value_and_gradients
from tests.layers.parts import normal
from tests.layers.token_decoder_toys import (
    ATTENTIONS,
    BATCH,
    MASK,
    MEMORY,
    STATES,
    TIME,
    TOKENS,
    VOCABULARY,
    run,
    token_decoder,
)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_all_steps_together_equal_one_by_one(attention):
    layer = token_decoder(attention=attention)
    logits, state = run(layer), layer.begin(ops.convert_to_tensor(MEMORY), MASK, STATES)
    assert logits.shape == (BATCH, TIME, VOCABULARY)
    for time in range(TIME):
        now, state = layer.step(TOKENS[:, time], state)
        np.testing.assert_allclose(logits[:, time], now, rtol=1e-4, atol=1e-5)


def test_without_a_mask_every_source_token_is_real():
    layer = token_decoder()
    expected = layer(TOKENS, MEMORY, np.ones_like(MASK), STATES)
    np.testing.assert_allclose(layer(TOKENS, MEMORY, initial_states=STATES), expected, rtol=1e-5)


@pytest.mark.parametrize("embedding_dim", [4, 6])
def test_tied_embeddings_score_the_vocabulary(embedding_dim):
    layer = token_decoder(embedding_dim=embedding_dim, tie_embeddings=True)
    outputs = normal(2, 4)
    table = layer.embedding.embeddings.numpy()
    narrow = outputs if embedding_dim == 4 else outputs @ layer.bottleneck.kernel.numpy()
    expected = narrow @ table.T + layer.output_bias.numpy()
    np.testing.assert_allclose(layer.logits(outputs), expected, rtol=1e-4, atol=1e-5)
    assert (layer.bottleneck is None) == (embedding_dim == 4)
    vocabulary_sized = [weight for weight in layer.trainable_weights if VOCABULARY in weight.shape]
    assert {weight.name for weight in vocabulary_sized} == {"embeddings", "output_bias"}


def test_a_tied_matrix_gets_its_gradient_from_both_uses():
    layer = token_decoder(tie_embeddings=True)
    table = layer.embedding.embeddings.value
    _, (gradient,) = value_and_gradients(
        lambda: ops.sum(layer.logits(normal(2, 4)) ** 2), [], [layer.embedding.embeddings]
    )
    _, (as_input,) = value_and_gradients(
        lambda: ops.sum(layer.embedding(TOKENS) ** 2), [], [layer.embedding.embeddings]
    )
    assert np.all(np.any(gradient != 0, axis=-1))
    unread = sorted(set(range(VOCABULARY)) - set(TOKENS.flatten()))
    assert unread and np.all(as_input[unread] == 0) and np.any(as_input[START_ID] != 0)
    assert table.shape == (VOCABULARY, 4)


def test_dropout_changes_training_and_not_inference():
    layer, plain = token_decoder(dropout=0.5), token_decoder()
    np.testing.assert_array_equal(run(layer), run(plain))
    np.testing.assert_array_equal(run(plain, training=True), run(plain))
    once, again = (np.asarray(run(layer, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 0.1


def test_a_token_decoder_is_rebuilt_from_its_config():
    layer = token_decoder(tie_embeddings=True, embedding_dim=6, dropout=0.25)
    copy = TokenDecoder.from_config(layer.get_config())
    for part in ("embedding", "decoder"):
        assert copy.get_config()[part]["config"] == layer.get_config()[part]["config"]
    assert copy.tie_embeddings and copy.dropout.rate == 0.25 and copy.embedding.output_dim == 6


def test_a_wrong_dropout_is_refused():
    with pytest.raises(ValueError, match=r"^`dropout` must be >= 0 and < 1\. Received: dropout=1\.5$"):
        TokenDecoder(embedding=keras.layers.Embedding(3, 2), decoder=RecurrentDecoder(units=2), dropout=1.5)
