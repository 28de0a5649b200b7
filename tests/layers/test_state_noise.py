import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.kernels.fused import fused
from kerasseq.layers.recurrent import Recurrent
from kerasseq.layers.state_noise import StateNoise, blend
from kerasseq.registry import create
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import CELLS, normal, randomise

X, MASK = normal(3, 5, 2), np.arange(5) < np.array([[5], [3], [1]])
WITH_PRODUCT = [word for word in CELLS if not word.startswith("min")]
VARIANTS = [*CELLS, {"type": "gru", "reset_after": False}, {"type": "gru", "update": "textbook"}]
LAYER_NORM = [{"type": word, "layer_norm": True} for word in WITH_PRODUCT]


def _cell(cell, **options):
    cell = create("cell", cell, units=4, **options)
    cell.build((None, 2))
    return randomise(cell)


def _layer(cell="lstm", **options):
    layer = Recurrent(units=4, cell=cell, return_sequences=True, return_state=True, **options)
    layer.build((None, None, 2))
    return randomise(layer)


@pytest.mark.parametrize(
    ("cell", "is_masked"),
    [*((cell, place % 2 == 0) for place, cell in enumerate([*VARIANTS, *LAYER_NORM])), ("lstm", False)],
    ids=str,
)
def test_gradients_under_noise_are_those_of_the_steps(cell, is_masked):
    """With dropped weights, a mask on h' and shares of the states, against the steps with the same."""
    cell = _cell(cell)
    x, initial = X.swapaxes(0, 1), [normal(3, 4, seed=7 + index) for index in range(cell.num_states)]
    shares = [(normal(5, 3, 4, seed=3 + index) > 0).astype("float32") for index in range(cell.num_states)]
    kept = 2.0 * (normal(3, 4, seed=5) > 0).astype("float32")
    mask = MASK.T[..., None].astype("float32") if is_masked else None

    def weights():
        dropped = {
            name: weight * (normal(*weight.shape, seed=6) > 0) * 2.0 if name.endswith("kernel") else weight
            for name, weight in cell.step_weights().items()
        }
        return {**dropped, **({"recurrent_mask": kept} if cell.has_product else {})}

    def together(x, *initial):
        arguments = {"weights": weights(), "shares": tuple(map(ops.convert_to_tensor, shares))}
        return _mixture(*fused(cell, cell.project(x), initial, mask, **arguments))

    def one_by_one(x, *states):
        outputs = []
        for time in range(5):
            after, _ = cell.step(cell.project(x[time]), states, weights())
            after = blend(after, states, [share[time] for share in shares])
            if is_masked:
                after = blend(after, states, [mask[time]] * len(shares))
            outputs.append(after)
            states = after
        return _mixture([ops.stack(each) for each in zip(*outputs, strict=True)], states)

    value, ours = value_and_gradients(together, [x, *initial], cell.trainable_weights)
    expected, theirs = value_and_gradients(one_by_one, [x, *initial], cell.trainable_weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)


def _mixture(outputs, states):
    return sum(ops.sum(part**2 * normal(*part.shape, seed=9)) for part in (*outputs, *states))


@pytest.mark.parametrize("rate", ["recurrent_dropout", "weight_drop", "zoneout"])
def test_noise_is_drawn_in_training_and_reproduced_by_a_seed(rate):
    plain = _layer()
    drawn = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        layer = _layer(**{rate: 0.5})
        drawn.append([np.asarray(layer(X, training=True)[0]) for _ in range(2)])
    np.testing.assert_array_equal(*drawn)
    assert np.abs(drawn[0][0] - drawn[0][1]).max() > 0.01
    if rate != "zoneout":
        np.testing.assert_array_equal(layer(X)[0], plain(X)[0])


@pytest.mark.parametrize("rate", ["recurrent_dropout", "weight_drop"])
def test_what_is_dropped_is_made_up_for(rate):
    noise = StateNoise(cell=_cell("lstm", name="cell"), **{rate: 0.25})
    weights = noise.weights(3, True)
    if rate == "weight_drop":
        ratio = np.asarray(weights["recurrent_kernel"]) / noise.cell.recurrent_kernel.numpy()
    else:
        ratio = np.asarray(weights["recurrent_mask"])
        assert ratio.shape == (3, 4)
    kept = np.isclose(ratio, 4 / 3)
    assert np.all(kept | (ratio == 0)) and kept.any() and (ratio == 0).any()
    assert set(noise.weights(3, False)) == {"recurrent_kernel"}


def test_weights_that_are_no_matrices_stay():
    noise = StateNoise(cell=_cell({"type": "gru", "reset_after": False}), weight_drop=0.5)
    weights = noise.weights(3, True)
    assert all((np.asarray(weights[f"{name}_kernel"]) == 0).any() for name in ("recurrent", "candidate"))
    gru = _cell("gru")
    dropped = StateNoise(cell=gru, weight_drop=0.5).weights(3, True)
    np.testing.assert_array_equal(dropped["recurrent_bias"], gru.recurrent_bias.numpy())


def test_zoneout_keeps_states_in_training_and_its_share_of_them_outside():
    layer = _layer(zoneout=0.4)
    initial = (normal(3, 4, seed=2), normal(3, 4, seed=3))
    step, _ = layer.cell.step(layer.cell.project(X[:, 0]), initial, layer.cell.step_weights())
    _, states = layer(X[:, :1], initial_state=initial)
    for ours, new, old in zip(states, step, initial, strict=True):
        np.testing.assert_allclose(ours, 0.6 * np.asarray(new) + 0.4 * old, rtol=1e-5, atol=1e-6)
    _, states = layer(X[:, :1], initial_state=initial, training=True)
    stayed = [np.asarray(ours) == old for ours, old in zip(states, initial, strict=True)]
    taken = [np.isclose(ours, new, atol=1e-6) for ours, new in zip(states, step, strict=True)]
    assert np.all(np.logical_xor(stayed, taken)) and 0.1 < np.mean(stayed) < 0.7
    assert not np.array_equal(*stayed)


def test_one_mask_serves_all_steps():
    """A layer that copies its masked state adds the same columns of zeros at each step."""
    layer = _layer({"type": "rnn", "activation": "relu"}, recurrent_dropout=0.5)
    cell = layer.cell
    cell.kernel.assign(np.zeros((2, 4)))
    cell.recurrent_kernel.assign(np.eye(4) / 2)
    cell.bias.assign(np.zeros(4))
    outputs, _ = layer(X, initial_state=(np.ones((3, 4), "float32"),), training=True)
    outputs = np.asarray(outputs)
    assert set(np.unique(outputs)) == {0.0, 1.0}
    np.testing.assert_array_equal(outputs, np.repeat(outputs[:, :1], 5, axis=1))


@pytest.mark.parametrize("word", ["mingru", "minlstm"])
@pytest.mark.parametrize("rate", ["recurrent_dropout", "weight_drop"])
def test_a_cell_without_product_has_nothing_to_drop(word, rate):
    with pytest.raises(
        ValueError, match=rf"^`{rate}` drops from recurrent products, which Min\w+ has not; .*: {rate}=0\.5$"
    ):
        Recurrent(units=4, cell=word, **{rate: 0.5})
    assert Recurrent(units=4, cell=word).noise.seed_generator is None
