import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.kernels import by_gate
from kerasseq.layers.token_recurrence import TokenRecurrence
from kerasseq.threads import WITHIN_AN_OPERATION
from tests.layers.parts import randomise

TOKENS = np.random.default_rng(0).integers(1, 9, size=(3, 5)).astype("int32")


def _layer(**options):
    layer = TokenRecurrence(**{"vocabulary_size": 9, "embedding_dim": 4, "units": 5, **options})
    layer.build((None, None))
    return randomise(layer)


def test_a_step_is_the_equation_of_an_elman_network():
    layer = _layer(cell="rnn", tie_embeddings=True)
    logits, ((state,),) = layer(TOKENS[:, 0])
    embedding, cell = layer.embedding.embeddings.numpy(), layer.recurrent_layers[0].cell
    expected = np.tanh(embedding[TOKENS[:, 0]] @ cell.kernel.numpy() + cell.bias.numpy())
    np.testing.assert_allclose(state, expected, rtol=1e-5)
    scores = expected @ layer.bottleneck.kernel.numpy() @ embedding.T + layer.output_bias.numpy()
    np.testing.assert_allclose(logits, scores, rtol=1e-4, atol=1e-5)


def test_one_hot_vectors_take_a_row_of_the_kernel():
    layer = _layer(cell="rnn", embedding_dim=None)
    _, ((state,),) = layer(TOKENS[:, 0])
    cell = layer.recurrent_layers[0].cell
    expected = np.tanh(cell.kernel.numpy()[TOKENS[:, 0]] + cell.bias.numpy())
    np.testing.assert_allclose(state, expected, rtol=1e-5)


@pytest.mark.parametrize("embedding_dim", [4, 5, None])
def test_a_step_may_look_its_tokens_up(embedding_dim):
    layer = _layer(cell="gru", embedding_dim=embedding_dim, num_layers=2)
    prepared = layer.prepare()
    assert (prepared.rows is None) == (embedding_dim == 4)  # 9 tokens are too many for it
    assert prepared.by_gate == [None, None]
    _assert_steps_equal(layer, prepared)


def _assert_steps_equal(layer, prepared):
    _, states = layer(TOKENS)
    ours, plain = layer(TOKENS[:, 0], states, prepared=prepared), layer(TOKENS[:, 0], states)
    for one, other in zip(keras.tree.flatten(ours), keras.tree.flatten(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only there do gates run side by side")
@pytest.mark.parametrize("embedding_dim", [4, 5, None])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_step_may_take_its_gates_apart(cell, embedding_dim, monkeypatch):
    monkeypatch.setattr(by_gate, "FEWEST_UNITS", 5)
    monkeypatch.setenv(WITHIN_AN_OPERATION, "1")
    layer = _layer(cell=cell, embedding_dim=embedding_dim, num_layers=2, output_units=6, zoneout=0.25)
    prepared = layer.prepare()
    assert all(weights is not None for weights in prepared.by_gate)
    _assert_steps_equal(layer, prepared)


def test_masked_tokens_leave_the_states():
    layer = _layer(num_layers=2)
    lengths = np.array([[5], [2], [0]])
    _, states = layer(TOKENS, mask=np.arange(5) < lengths)
    for row, (length,) in enumerate(lengths):
        _, alone = layer(TOKENS[row : row + 1, : max(length, 1)])
        for masked, expected in zip(keras.tree.flatten(states), keras.tree.flatten(alone), strict=True):
            expected = expected[0] if length else np.zeros(5)
            np.testing.assert_allclose(masked[row], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("locked", [True, False])
def test_a_locked_mask_is_the_same_at_each_step(locked):
    layer = _layer(input_dropout=0.5, locked_dropout=locked)
    dropped = np.asarray(layer.input_dropout(np.ones((2, 30, 4), "float32"), training=True))
    assert set(np.unique(dropped)) == {0.0, 2.0}
    assert np.all(dropped == dropped[:, :1]) == locked


def test_every_dropout_acts_in_training_alone():
    of_layers = ("embedding_dropout", "input_dropout", "hidden_dropout", "output_dropout")
    for rate in (*of_layers, "recurrent_dropout", "weight_drop", "zoneout"):
        layer = _layer(num_layers=2, **{rate: 0.5})
        plain, again, in_training = (layer(TOKENS, training=on)[0] for on in (False, False, True))
        np.testing.assert_array_equal(plain, again)
        assert np.abs(in_training - plain).max() > 1e-3, rate


def test_a_step_with_zoneout_is_a_step_of_the_sequence():
    layer = _layer(num_layers=2, zoneout=0.3)
    logits, _ = layer(TOKENS)
    states = layer.zero_states(3)
    for time in range(5):
        now, states = layer(TOKENS[:, time], states)
        np.testing.assert_allclose(now, logits[:, time], rtol=1e-4, atol=1e-5)


def test_the_last_layer_may_be_as_wide_as_the_embedding():
    layer = _layer(num_layers=3, output_units=4, tie_embeddings=True)
    assert [state[0].shape[-1] for state in layer.zero_states(2)] == [5, 5, 4]
    assert layer.bottleneck is None


def test_it_comes_back_from_its_config_with_a_ready_cell():
    layer = _layer(cell=GRU(units=5))
    copy = TokenRecurrence.from_config(layer.get_config())
    copy.build((None, None))
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(TOKENS)[0], layer(TOKENS)[0])


def test_low_precision_keeps_the_states_narrow_and_adds_the_bias_in_full():
    layer = TokenRecurrence(vocabulary_size=9, embedding_dim=4, units=5, dtype="mixed_bfloat16")
    logits, states = layer(TOKENS)
    logits, after = layer(TOKENS[:, 0], states)
    assert {keras.backend.standardize_dtype(state.dtype) for state in [*states[0], *after[0]]} == {"bfloat16"}
    assert ops.dtype(logits) == "float32" and bool(ops.all(ops.isfinite(logits)))
