import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.encoders.recurrent import RecurrentEncoder
from kerasseq.layers.recurrent import Recurrent
from kerasseq.layers.scan import gradients
from kerasseq.layers.state_gradients import state_gradients
from kerasseq.models.precision import precision
from tests.layers.equations import CELLS as EQUATIONS
from tests.layers.equations import weight
from tests.layers.gradients import value_and_gradients
from tests.layers.parts import normal, randomise

X = normal(3, 6, 2)
MASK = np.arange(6) < np.array([[6], [4], [1]])
D_LAST = normal(3, 4, seed=3)  # the gradient of the last output


def _layer(word, **options):
    layer = Recurrent(units=4, cell=word, return_sequences=True, **options)
    layer.build((None, None, 2))
    return randomise(layer)


def _of_last_output(layer, mask=None):
    (found,) = state_gradients(lambda: ops.sum(layer(X, mask=mask)[:, -1] * D_LAST))
    return found


def test_of_a_vanilla_cell_it_is_the_product_of_jacobians():
    layer = _layer("rnn")
    outputs, found = ops.convert_to_numpy(layer(X)), _of_last_output(layer)
    recurrent = weight(layer.cell, "recurrent_kernel")
    for row in range(3):
        expected = D_LAST[row].astype("float64")
        for time in reversed(range(6)):
            np.testing.assert_allclose(found.all_ways[0][time, row], expected, rtol=1e-4, atol=1e-6)
            jacobian = np.diag(1 - outputs[row, time] ** 2) @ recurrent.T
            expected = expected @ jacobian
    np.testing.assert_array_equal(found.last, [5, 5, 5])


@pytest.mark.parametrize(("word", "is_masked"), [*((word, True) for word in EQUATIONS), ("lstm", False)])
def test_it_is_the_slope_of_the_loss_against_a_disturbed_state(word, is_masked):
    layer, mask = _layer(word), MASK if is_masked else None
    found = _of_last_output(layer, mask)
    num_states, small = layer.cell.num_states, 1e-4

    def loss_of(row, time, state, disturbance):
        states = tuple(np.zeros((1, 4)) for _ in range(num_states))
        for now in range(6):
            if mask is None or mask[row, now]:
                states = EQUATIONS[word](layer.cell, X[row : row + 1, now], states)
            if now == time:
                states = tuple(one + (place == state) * disturbance for place, one in enumerate(states))
        return float(np.sum(states[0] * D_LAST[row]))

    way = normal(4, seed=8).astype("float64")
    for row, time in ((0, 1), (0, 5), (1, 2)):
        for state in range(num_states):
            rise = loss_of(row, time, state, small * way) - loss_of(row, time, state, -small * way)
            np.testing.assert_allclose(
                found.all_ways[state][time, row] @ way, rise / (2 * small), rtol=1e-3, atol=1e-5
            )


@pytest.mark.parametrize(("word", "go_backwards"), [*((word, False) for word in EQUATIONS), ("lstm", True)])
def test_where_only_the_last_step_counts_all_ways_are_the_own_one(word, go_backwards):
    layer = _layer(word, go_backwards=go_backwards)
    place = 0 if go_backwards else -1
    (found,) = state_gradients(lambda: ops.sum(layer(X, mask=MASK)[:, place] ** 2))
    np.testing.assert_array_equal(found.last, [5, 5, 5] if go_backwards else [5, 3, 0])
    np.testing.assert_array_equal(found.is_real, np.flip(MASK.T, 0) if go_backwards else MASK.T)
    for all_ways, own_way in zip(found.all_ways, found.own_way, strict=True):
        np.testing.assert_allclose(all_ways[found.is_real], own_way[found.is_real], rtol=1e-4, atol=1e-7)


def test_an_lstm_whose_forget_gate_is_open_passes_the_gradient_of_c_unchanged():
    layer = _layer("lstm")
    i, f, g, o = np.zeros((4, 4))
    weights = [np.zeros(variable.shape) for variable in layer.weights]
    weights[-1] = np.concatenate([i, f + 50, g, o])
    layer.set_weights(weights)
    found = _of_last_output(layer)
    d_c = found.all_ways[1]
    np.testing.assert_allclose(d_c[:5], np.broadcast_to(0.5 * D_LAST, (5, 3, 4)), rtol=1e-5)
    np.testing.assert_array_equal(found.all_ways[0][:5], 0)


@pytest.mark.parametrize("radius", [0.5, 1.5])
def test_a_vanilla_cell_vanishes_or_explodes_at_the_rate_of_its_spectral_radius(radius):
    layer = Recurrent(units=4, cell={"type": "rnn", "activation": "relu"}, return_sequences=True)
    layer.build((None, None, 2))
    kernel = radius * np.roll(np.eye(4), 1, axis=0)  # all its eigenvalues have this absolute value
    layer.set_weights([np.ones((2, 4)), kernel, np.ones(4)])  # positive inputs keep every unit on
    (found,) = state_gradients(lambda: ops.sum(layer(np.abs(X))[:, -1] * D_LAST))
    norms = np.linalg.norm(found.all_ways[0], axis=-1)
    np.testing.assert_allclose(norms[1:] / norms[:-1], 1 / radius, rtol=1e-5)


def test_attention_is_another_way():
    encoder = RecurrentEncoder(units=3, cell="rnn", num_layers=2)
    decoder = RecurrentDecoder(units=4, cell="lstm", num_layers=2, attention="luong")
    memory, states = encoder(X)
    start = [(ops.zeros((3, 4)), ops.zeros((3, 4)))] * 2
    decoder(normal(3, 5, 2), memory, initial_states=start)

    def loss():
        memory, _ = encoder(X)
        return ops.sum(decoder(normal(3, 5, 2), memory, initial_states=start)[:, 3] ** 2)

    found = state_gradients(loss)
    assert [one.cell for one in found] == [
        *(layer.cell for layer in encoder.stack.forward_layers), *decoder.cells,
    ]  # fmt: skip
    for one in found[:2]:
        assert np.all(one.last == 5)
        assert not np.allclose(one.all_ways[0][:5], one.own_way[0][:5])
    for one in found[2:]:
        np.testing.assert_array_equal(one.last, 3)
        np.testing.assert_array_equal(one.all_ways[0][4], 0)
        assert not np.allclose(one.all_ways[0][:3], one.own_way[0][:3])  # the attentional vector feeds back


def test_what_the_attention_loop_carries_is_what_is_found_automatically():
    decoder = RecurrentDecoder(units=4, cell="lstm", num_layers=2, attention="bahdanau", residual=True)
    inputs, memory = normal(3, 5, 2), normal(3, 4, 3)
    start = [(normal(3, 4), normal(3, 4))] * 2
    decoder(inputs, memory, initial_states=start)

    def stepwise(disturbances):
        state, outputs = decoder.begin(memory, None, start), []
        for time in range(5):
            output, state = decoder.step(inputs[:, time], state)
            outputs.append(output)
            state["states"] = [
                tuple(part + disturbance[time] for part, disturbance in zip(states, layer, strict=True))
                for states, layer in zip(state["states"], disturbances, strict=True)
            ]
        return ops.sum(outputs[-1] ** 2)

    found = state_gradients(lambda: ops.sum(decoder(inputs, memory, initial_states=start)[:, -1] ** 2))
    zeros = [tuple(np.zeros((5, 3, 4), "float32") for _ in range(2)) for _ in range(2)]
    _, expected = value_and_gradients(stepwise, [zeros])
    # A disturbance behind the step reaches what c does, but not the attention that h leads within the step.
    for one, of_c in zip(found, expected[1::2], strict=True):
        np.testing.assert_allclose(one.all_ways[1][:4], of_c[:4], rtol=1e-3, atol=1e-6)


def test_a_model_without_recurrent_layers_has_none():
    dense = keras.layers.Dense(2)
    assert state_gradients(lambda: ops.sum(dense(X))) == []


def test_nothing_is_watched_afterwards():
    layer = _layer("gru")
    before = value_and_gradients(lambda x: ops.sum(layer(x) ** 2), [X], layer.trainable_weights)
    _of_last_output(layer)
    after = value_and_gradients(lambda x: ops.sum(layer(x) ** 2), [X], layer.trainable_weights)
    for ours, theirs in zip(before[1], after[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_gradients_of_what_does_not_count_are_zero():
    found = gradients(lambda pair: ops.sum(pair["a"] ** 2), {"a": np.ones(2), "b": np.ones(3)})
    np.testing.assert_array_equal(found["a"], [2, 2])
    np.testing.assert_array_equal(found["b"], [0, 0, 0])


@pytest.mark.parametrize("attention", ["none", "luong"])
def test_a_cell_whose_gradient_is_found_automatically_has_all_ways_but_no_own_one(attention):
    decoder = RecurrentDecoder(
        units=4, cell={"type": "lstm", "layer_norm": True}, num_layers=2, attention=attention
    )
    inputs, memory = normal(3, 5, 2), normal(3, 4, 3)
    start = [(ops.zeros((3, 4)), ops.zeros((3, 4)))] * 2
    outputs = decoder(inputs, memory, initial_states=start)
    found = state_gradients(lambda: ops.sum(decoder(inputs, memory, initial_states=start)[:, 3] ** 2))
    assert [one.own_way for one in found] == [(), ()]
    np.testing.assert_array_equal(found[1].last, 3)
    assert np.all(np.linalg.norm(found[1].all_ways[1][:3], axis=-1) > 0)
    if attention == "none":
        top = found[1].all_ways[0]
        np.testing.assert_allclose(top[3], 2 * ops.convert_to_numpy(outputs)[:, 3], rtol=1e-5)
        np.testing.assert_array_equal(top[4], 0)


@pytest.mark.parametrize("word", EQUATIONS)
def test_half_precision_follows_full_precision(word):
    found = [_of_last_output(_layer(word, dtype=policy), MASK) for policy in ("float32", "mixed_bfloat16")]
    for full, half in zip(*(one.all_ways + one.own_way for one in found), strict=True):
        np.testing.assert_allclose(half, full, rtol=0.1, atol=0.03)


def test_a_decoder_is_followed_in_half_precision_too():
    found = []
    for policy in ("float32", "mixed_bfloat16"):
        with precision(policy):
            decoder = RecurrentDecoder(units=4, attention="luong")
        decoder.build((None, None, 2), (None, None, 4))
        randomise(decoder)
        states = [(np.zeros((3, 4), "float32"),) * 2]

        def loss(decoder=decoder, states=states):
            memory = ops.cast(normal(3, 5, 4, seed=4), decoder.compute_dtype)
            given = [tuple(ops.cast(state, decoder.compute_dtype) for state in layer) for layer in states]
            return ops.sum(ops.cast(decoder(X, memory, initial_states=given), "float32")[:, -1] * D_LAST)

        found.append(state_gradients(loss)[0])
    for full, half in zip(*(one.all_ways + one.own_way for one in found), strict=True):
        np.testing.assert_allclose(half, full, rtol=0.1, atol=0.03)
