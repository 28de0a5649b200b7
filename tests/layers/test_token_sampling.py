"""What a decoder reads while scheduled sampling is on, token by token and in two passes."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.token_sampling import are_own, mixed, own_tokens
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.train.callbacks.scheduled_sampling import drawn_at
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal
from tests.layers.token_decoder_toys import (
    ATTENTIONS,
    BATCH,
    LABELS,
    MASK,
    MEMORY,
    STATES,
    TIME,
    TOKENS,
    array,
    run,
    token_decoder,
)

IS_REAL = LABELS != 0
IS_OWN = np.array([[0, 1, 1, 1, 1], [0, 1, 0, 0, 0], [0, 1, 1, 1, 0]], bool)  # at probability 1
each_attention = pytest.mark.parametrize("attention", ATTENTIONS)
each_mode = pytest.mark.parametrize("mode", ["stepwise", "parallel"])


def _fed_stepwise(layer, states=STATES):
    """What is read where every token that can be is the best one of the step before, one step at a time."""
    state = layer.begin(ops.convert_to_tensor(MEMORY), MASK, states)
    fed = [TOKENS[:, 0]]
    for time in range(1, TIME):
        scores, state = layer.step(ops.convert_to_tensor(fed[-1]), state)
        own = array(scores).argmax(-1).astype("int32")
        fed.append(np.where(IS_OWN[:, time], own, TOKENS[:, time]))
    return np.stack(fed, axis=1)


def _fed_parallel(layer, states=STATES):
    """The same, where the step before has read true tokens alone."""
    own = array(run(layer, states=states)).argmax(-1).astype("int32")
    return np.where(IS_OWN, np.roll(own, 1, axis=1), TOKENS)


FED = {"stepwise": _fed_stepwise, "parallel": _fed_parallel}


def _cross_entropy(logits):
    """The mean over real labels, in NumPy."""
    shifted = logits - logits.max(-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(log_probabilities, LABELS[..., None], axis=-1)[IS_REAL].mean()


@pytest.mark.parametrize(
    ("attention", "mode"), [("none", "stepwise"), ("bahdanau", "parallel"), ("luong", "stepwise")]
)
def test_with_probability_zero_it_is_teacher_forcing(attention, mode):
    layer = token_decoder(attention=attention)
    forced = array(run(layer, training=True))
    probability = layer.enable_sampling(mode=mode)
    assert float(array(probability)) == 0
    np.testing.assert_allclose(run(layer, training=True), forced, rtol=1e-4, atol=1e-5)


@each_mode
def test_with_probability_one_it_reads_its_own_best_tokens(mode):
    layer = token_decoder(attention="bahdanau", num_layers=2, cell="gru", residual=True, seed=4)
    states = [(normal(BATCH, 4, seed=2 + index),) for index in range(2)]
    fed = FED[mode](layer, states)
    assert np.any(fed != TOKENS) and np.any(_fed_stepwise(layer, states) != _fed_parallel(layer, states))
    expected = array(run(layer, fed, states=states))
    layer.enable_sampling(mode=mode).assign(1.0)
    logits = array(run(layer, training=True, states=states))
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    loss = float(MaskedCrossEntropy()(LABELS, logits))
    np.testing.assert_allclose(loss, _cross_entropy(expected), rtol=1e-4)
    assert abs(loss - _cross_entropy(array(run(layer, states=states)))) > 1e-3


@each_mode
@each_attention
def test_the_gradient_is_that_of_teacher_forcing_on_what_was_read(attention, mode):
    """Which token is the best has no gradient, and neither has the pass that finds it."""
    layer = token_decoder(attention=attention)
    fed, loss, weights = FED[mode](layer), MaskedCrossEntropy(), layer.trainable_weights
    expected, theirs = value_and_gradients(lambda: loss(LABELS, run(layer, fed)), [], weights)
    layer.enable_sampling(mode=mode).assign(1.0)
    value, ours = value_and_gradients(lambda: loss(LABELS, run(layer, training=True)), [], weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)
    assert all(np.any(gradient != 0) for gradient in ours)


@each_mode
def test_each_token_is_replaced_with_the_given_probability(mode):
    layer, number = token_decoder(attention="none"), 100
    forced, own = (array(run(layer, tokens))[:, 1] for tokens in (TOKENS, _fed_stepwise(layer)))
    layer.enable_sampling(mode=mode).assign(0.3)
    states = [tuple(np.tile(state, (number, 1)) for state in STATES[0])]
    found = array(layer(np.tile(TOKENS, (number, 1)), initial_states=states, training=True))[:, 1]
    second = found.reshape(number, BATCH, -1)  # step 1 reads a true or an own token, after <s>
    is_forced, is_own = (np.isclose(second, logits, atol=1e-4).all(-1) for logits in (forced, own))
    assert np.all(is_forced | is_own)
    differs = ~np.isclose(forced, own, atol=1e-4).all(-1)
    assert differs.sum() >= 2
    assert is_own[:, differs].mean() == pytest.approx(0.3, abs=0.1)
    assert len(np.unique(is_own[:, differs], axis=0)) > 2  # each row by itself


@each_mode
def test_a_batch_is_its_rows_and_padding_changes_nothing(mode):
    layer = token_decoder()
    layer.enable_sampling(mode=mode).assign(1.0)
    together = array(run(layer, training=True))
    wide = array(run(layer, np.pad(TOKENS, ((0, 0), (0, 3))), training=True))
    np.testing.assert_allclose(wide[:, :TIME], together, rtol=1e-4, atol=1e-5)
    for row in range(BATCH):
        one, length = slice(row, row + 1), IS_REAL[row].sum()
        states = [tuple(state[one] for state in STATES[0])]
        alone = layer(TOKENS[one, :length], MEMORY[one], MASK[one], states, training=True)
        np.testing.assert_allclose(alone[0], together[row, :length], rtol=1e-4, atol=1e-5)


@each_mode
def test_a_single_token_is_the_true_one(mode):
    layer = token_decoder()
    forced = array(run(layer, TOKENS[:, :1]))
    layer.enable_sampling(mode=mode).assign(1.0)
    np.testing.assert_allclose(run(layer, TOKENS[:, :1], training=True), forced, rtol=1e-4, atol=1e-5)


def test_dropout_stays_on_token_by_token():
    layer = token_decoder(dropout=0.5)
    layer.enable_sampling().assign(1.0)
    once, again = (array(run(layer, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 0.1


def test_only_the_second_pass_has_dropout():
    layer = token_decoder(dropout=0.5)
    fed = _fed_parallel(layer)
    generators = [layer.dropout.seed_generator, layer.decoder.dropout.seed_generator]
    before = [array(generator.state) for generator in generators]
    expected = array(run(layer, fed, training=True))
    for generator, state in zip(generators, before, strict=True):
        generator.state.assign(state)
    layer.enable_sampling(mode="parallel").assign(1.0)
    np.testing.assert_allclose(run(layer, training=True), expected, rtol=1e-5)


@each_mode
def test_it_rests_outside_of_training_and_when_it_is_off(mode):
    layer = token_decoder()
    forced = array(run(layer))
    layer.enable_sampling(mode=mode).assign(1.0)
    np.testing.assert_array_equal(run(layer), forced)
    layer.enable_sampling(False, mode=mode)
    np.testing.assert_array_equal(run(layer, training=True), forced)


@each_mode
def test_drawn_tokens_follow_the_models_probabilities(mode):
    layer = token_decoder()
    layer.enable_sampling(mode=mode).assign(1.0)
    best = array(run(layer, training=True))
    layer.enable_sampling(mode=mode, draw=drawn_at(1e-5))  # as good as the best
    np.testing.assert_allclose(run(layer, training=True), best, rtol=1e-4, atol=1e-5)
    layer.enable_sampling(mode=mode, draw=drawn_at(1.0))
    start = array(layer.sampling_seed.state)
    once, again = (array(run(layer, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 0.1
    layer.sampling_seed.state.assign(start)
    np.testing.assert_array_equal(run(layer, training=True), once)


def test_start_end_and_padding_are_never_replaced():
    tokens = np.array([[2, 5, 3, 0], [2, 5, 6, 7]])
    seed = keras.random.SeedGenerator(1)
    np.testing.assert_array_equal(are_own(tokens, 1.0, seed=seed), [[0, 1, 0, 0], [0, 1, 1, 1]])
    assert not array(are_own(tokens, 0.0, seed=seed)).any()


def test_a_prediction_stands_one_step_behind_where_it_was_made():
    tokens, own = np.array([[2, 5, 6], [2, 7, 8]], "int32"), np.array([[10, 11, 12], [13, 14, 15]])
    found = mixed(tokens, own, np.array([[False, True, False], [False, True, True]]))
    np.testing.assert_array_equal(found, [[2, 10, 6], [2, 13, 14]])


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 1 / 5), (0.5, 1 / 17), (2.0, 1 / 3)])
def test_a_draw_finds_its_share_of_the_probabilities(temperature, share):
    """Odds of 1 to 4 are 1 to 4^(1 / T) at temperature T."""
    scores = np.log([[[1.0, 4.0]] * 2] * 3)  # (3, 2, 2)
    below, above = share - 1e-3, share + 1e-3
    uniform = np.array([[0.0, below], [above, below], [0.999, above]], "float32")
    found = own_tokens(ops.convert_to_tensor(scores, "float32"), drawn_at(temperature), uniform)
    np.testing.assert_array_equal(found, [[0, 0], [1, 0], [1, 1]])


def test_the_probability_is_no_trainable_weight():
    layer = token_decoder()
    assert "sampling_probability" not in {weight.name for weight in layer.trainable_weights}
    assert layer.enable_sampling() is layer.sampling_probability


def test_a_mode_that_is_none_is_refused():
    message = r"^`mode` must be one of 'stepwise', 'parallel'\. Received: mode='both'$"
    with pytest.raises(ValueError, match=message):
        token_decoder().enable_sampling(mode="both")
