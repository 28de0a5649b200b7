import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.specs import START_ID
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise

VOCABULARY, BATCH, TIME = 11, 3, 5
MASK = np.arange(4) < np.array([[4], [2], [1]])
MEMORY = normal(BATCH, 4, 4)
STATES = [(normal(BATCH, 4, seed=2), normal(BATCH, 4, seed=3))]
TOKENS = np.array([[START_ID, 5, 6, 7, 8], [START_ID, 9, 0, 0, 0], [START_ID, 4, 10, 4, 0]], "int32")
LABELS = np.array([[5, 6, 7, 8, 3], [9, 3, 0, 0, 0], [4, 10, 4, 3, 0]], "int32")
ATTENTIONS = ("none", "bahdanau", "luong")


def _token_decoder(*, embedding_dim=4, attention="luong", dropout=0.0, tie_embeddings=False, **options):
    layer = TokenDecoder(
        embedding=keras.layers.Embedding(VOCABULARY, embedding_dim),
        decoder=RecurrentDecoder(units=4, attention=attention, dropout=dropout, **options),
        tie_embeddings=tie_embeddings,
        dropout=dropout,
    )
    layer.build((None, None), (None, None, 4))
    return randomise(layer, scale=1.0)


def _run(layer, tokens=TOKENS, training=False):
    return layer(tokens, MEMORY, MASK, STATES, training=training)


def _greedy(layer, tokens):
    """Logits where from the second step on the own best token is fed, step by step; and what was fed."""
    state, fed, logits = layer.begin(ops.convert_to_tensor(MEMORY), MASK, STATES), [tokens[:, 0]], []
    for _ in range(TIME):
        now, state = layer.step(ops.convert_to_tensor(fed[-1]), state)
        logits.append(now)
        fed.append(np.asarray(now).argmax(-1).astype("int32"))
    return np.stack([np.asarray(now) for now in logits], axis=1), np.stack(fed[:TIME], axis=1)


def _cross_entropy(logits):
    """The mean over real labels, in NumPy."""
    shifted = logits - logits.max(-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(log_probabilities, LABELS[..., None], axis=-1)[LABELS != 0].mean()


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_all_steps_together_equal_one_by_one(attention):
    layer = _token_decoder(attention=attention)
    logits, state = _run(layer), layer.begin(ops.convert_to_tensor(MEMORY), MASK, STATES)
    assert logits.shape == (BATCH, TIME, VOCABULARY)
    for time in range(TIME):
        now, state = layer.step(TOKENS[:, time], state)
        np.testing.assert_allclose(logits[:, time], now, rtol=1e-4, atol=1e-5)


def test_without_a_mask_every_source_token_is_real():
    layer = _token_decoder()
    expected = layer(TOKENS, MEMORY, np.ones_like(MASK), STATES)
    np.testing.assert_allclose(layer(TOKENS, MEMORY, initial_states=STATES), expected, rtol=1e-5)


@pytest.mark.parametrize("embedding_dim", [4, 6])
def test_tied_embeddings_score_the_vocabulary(embedding_dim):
    layer = _token_decoder(embedding_dim=embedding_dim, tie_embeddings=True)
    outputs = normal(2, 4)
    table = layer.embedding.embeddings.numpy()
    narrow = outputs if embedding_dim == 4 else outputs @ layer.bottleneck.kernel.numpy()
    expected = narrow @ table.T + layer.output_bias.numpy()
    np.testing.assert_allclose(layer.logits(outputs), expected, rtol=1e-4, atol=1e-5)
    assert (layer.bottleneck is None) == (embedding_dim == 4)
    vocabulary_sized = [weight for weight in layer.trainable_weights if VOCABULARY in weight.shape]
    assert {weight.name for weight in vocabulary_sized} == {"embeddings", "output_bias"}


def test_a_tied_matrix_gets_its_gradient_from_both_uses():
    layer = _token_decoder(tie_embeddings=True)
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
    layer, plain = _token_decoder(dropout=0.5), _token_decoder()
    np.testing.assert_array_equal(_run(layer), _run(plain))
    np.testing.assert_array_equal(_run(plain, training=True), _run(plain))
    once, again = (np.asarray(_run(layer, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 0.1


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_sampling_with_probability_zero_is_teacher_forcing(attention):
    layer = _token_decoder(attention=attention)
    forced = np.asarray(_run(layer, training=True))
    probability = layer.enable_sampling()
    assert float(probability.numpy()) == 0
    np.testing.assert_allclose(_run(layer, training=True), forced, rtol=1e-5)
    by_steps = layer._sampled(ops.convert_to_tensor(TOKENS), MEMORY, MASK, STATES, training=True)
    np.testing.assert_allclose(by_steps, forced, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_sampling_with_probability_one_feeds_back_the_own_best_tokens(attention, num_layers):
    layer = _token_decoder(attention=attention, num_layers=num_layers, cell="gru", residual=True)
    states = [(normal(BATCH, 4, seed=2 + index),) for index in range(num_layers)]
    begin = layer.begin
    layer.begin = lambda memory, mask, _: begin(memory, mask, states)
    expected, fed = _greedy(layer, TOKENS)
    assert np.any(fed[:, 1:] != TOKENS[:, 1:])
    layer.enable_sampling().assign(1.0)
    logits = layer(TOKENS, MEMORY, MASK, states, training=True)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    loss = float(MaskedCrossEntropy()(LABELS, logits))
    np.testing.assert_allclose(loss, _cross_entropy(expected), rtol=1e-4)
    forced = layer(TOKENS, MEMORY, MASK, states)
    np.testing.assert_allclose(forced[:, 0], expected[:, 0], rtol=1e-4, atol=1e-4)
    assert abs(loss - _cross_entropy(np.asarray(forced))) > 1e-3


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_sampling_has_the_gradient_of_the_tokens_that_were_fed(attention):
    """Which token is the best has no gradient: teacher forcing on the fed tokens has the same."""
    layer = _token_decoder(attention=attention)
    _, fed = _greedy(layer, TOKENS)
    loss = MaskedCrossEntropy()
    weights = layer.trainable_weights
    expected, theirs = value_and_gradients(lambda: loss(LABELS, _run(layer, fed)), [], weights)
    layer.enable_sampling().assign(1.0)
    value, ours = value_and_gradients(lambda: loss(LABELS, _run(layer, training=True)), [], weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)
    assert all(np.any(gradient != 0) for gradient in ours)


def test_sampling_mixes_own_and_given_tokens_at_the_given_rate():
    layer = _token_decoder(attention="none")
    layer.enable_sampling().assign(0.5)
    forced, own = np.asarray(_run(layer)), _greedy(layer, TOKENS)[0]
    second = np.concatenate([_run(layer, training=True)[:, 1] for _ in range(40)])
    is_forced, is_own = (
        np.isclose(second, np.tile(logits[:, 1], (40, 1)), atol=1e-4).all(-1) for logits in (forced, own)
    )
    assert np.all(is_forced | is_own)
    differs = np.tile(~np.isclose(forced[:, 1], own[:, 1], atol=1e-4).all(-1), 40)
    assert differs.sum() >= 40
    assert is_own[differs].mean() == pytest.approx(0.5, abs=0.2)


def test_dropout_stays_on_while_sampling():
    layer = _token_decoder(dropout=0.5)
    layer.enable_sampling().assign(1.0)
    once, again = (np.asarray(_run(layer, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 0.1


def test_sampling_rests_outside_of_training():
    layer = _token_decoder()
    forced = _run(layer)
    layer.enable_sampling().assign(1.0)
    np.testing.assert_array_equal(_run(layer), forced)


def test_the_probability_is_no_trainable_weight():
    layer = _token_decoder()
    assert "sampling_probability" not in {weight.name for weight in layer.trainable_weights}
    assert layer.enable_sampling() is layer.sampling_probability


def test_a_token_decoder_is_rebuilt_from_its_config():
    layer = _token_decoder(tie_embeddings=True, embedding_dim=6, dropout=0.25)
    copy = TokenDecoder.from_config(layer.get_config())
    for part in ("embedding", "decoder"):
        assert copy.get_config()[part]["config"] == layer.get_config()[part]["config"]
    assert copy.tie_embeddings and copy.dropout.rate == 0.25 and copy.embedding.output_dim == 6


def test_a_wrong_dropout_is_refused():
    with pytest.raises(ValueError, match=r"^`dropout` must be >= 0 and < 1\. Received: dropout=1\.5$"):
        TokenDecoder(embedding=keras.layers.Embedding(3, 2), decoder=RecurrentDecoder(units=2), dropout=1.5)
