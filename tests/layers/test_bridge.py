import re

import keras
import numpy as np
import pytest

from kerasseq.layers.bridge import StateBridge
from tests.layers.equations import weight
from tests.layers.parts import normal, randomise

STATES = [(normal(2, 3), normal(2, 3, seed=2)), (normal(2, 3, seed=3), normal(2, 3, seed=4))]


def _same(actual, expected):
    keras.tree.assert_same_structure(actual, expected)
    for ours, theirs in zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_copy_hands_the_states_over():
    _same(StateBridge(state_sizes=[[3, 3], [3, 3]], mode="copy")(STATES), STATES)


@pytest.mark.parametrize("state_sizes", [[[4]], [[4, 4], [5, 5], [2, 2]]])
def test_zero_starts_from_zeros(state_sizes):
    expected = [tuple(np.zeros((2, size)) for size in sizes) for sizes in state_sizes]
    _same(StateBridge(state_sizes=state_sizes, mode="zero")(STATES), expected)


def test_dense_maps_all_states_of_a_layer_to_each():
    """A third decoder layer takes the encoder's last."""
    bridge = StateBridge(state_sizes=[[4, 5], [2], [2, 3]], mode="dense")
    bridge(STATES)
    randomise(bridge)
    expected = []
    for projections, layer in zip(bridge.projections, (0, 1, 1), strict=True):
        joined = np.concatenate(STATES[layer], axis=-1)
        expected.append(tuple(np.tanh(joined @ weight(p, "kernel") + weight(p, "bias")) for p in projections))
    assert [[state.shape[-1] for state in layer] for layer in expected] == [[4, 5], [2], [2, 3]]
    _same(bridge(STATES), expected)
    assert len(bridge.trainable_weights) == 10


def test_dense_ignores_encoder_layers_beyond_the_decoders():
    bridge = StateBridge(state_sizes=[[4]])
    first = bridge(STATES)
    _same(bridge([STATES[0], (9 * STATES[1][0], STATES[1][1])]), first)


@pytest.mark.parametrize("state_sizes", [[[3, 3]], [[3], [3]], [[4, 4], [4, 4]], [[3, 3], [3, 3], [3, 3]]])
def test_copy_needs_equal_numbers_and_widths(state_sizes):
    message = (
        "`bridge` 'copy' needs encoder and decoder states of the same number and widths; use 'dense'. "
        f"Received: encoder [[3, 3], [3, 3]], decoder {state_sizes}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        StateBridge(state_sizes=state_sizes, mode="copy")(STATES)


def test_an_unknown_mode_is_refused():
    with pytest.raises(
        ValueError, match=r"^`mode` must be one of 'copy', 'zero', 'dense'. Received: mode='cpy'$"
    ):
        StateBridge(state_sizes=[[3]], mode="cpy")


@pytest.mark.parametrize("mode", ["copy", "zero", "dense"])
def test_a_bridge_in_a_model_is_saved_and_loaded(mode, tmp_path):
    inputs = [tuple(keras.Input((3,)) for _ in layer) for layer in STATES]
    bridged = StateBridge(state_sizes=[[3, 3], [3, 3]], mode=mode)(inputs)
    model = randomise(keras.Model(keras.tree.flatten(inputs), keras.tree.flatten(bridged)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    states = keras.tree.flatten(STATES)
    _same(loaded(states), model(states))
