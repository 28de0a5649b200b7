from functools import partial

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.cells.lstm import LSTM
from kerasseq.layers.cells.rnn import RNN
from kerasseq.layers.kernels import choice, cudnn
from kerasseq.layers.kernels import halves as halves_of_rows
from kerasseq.layers.kernels.choice import choose
from kerasseq.layers.recurrent import Recurrent
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import CELLS, normal, randomise

X = normal(5, 6, 2)  # five rows: halves that are not alike
MASKS = {"none": None, "right_padded": np.arange(6) < np.array([[6], [4], [1], [2], [6]])}


def _layer(word, **options):
    layer = Recurrent(units=4, cell=word, return_sequences=True, return_state=True, **options)
    layer.build((None, None, 2))
    return randomise(layer)


def _value_and_gradients(layer, mask, *, training=False, rows=5):
    initial = [normal(rows, 4, seed=5 + index) for index in range(layer.cell.num_states)]

    def loss(x, *initial):
        outputs, states = layer(x, mask=mask, initial_state=tuple(initial), training=training)
        parts = (outputs, *states)
        return sum(ops.sum(part**2 * normal(*part.shape, seed=9)) for part in parts)

    return value_and_gradients(loss, [X[:rows], *initial], layer.trainable_weights)


@pytest.fixture
def halves(monkeypatch):
    monkeypatch.setattr(halves_of_rows, "FEWEST_UNITS", 2)
    monkeypatch.setattr(halves_of_rows, "FEWEST_ROWS", 2)
    monkeypatch.setattr(halves_of_rows, "num_cores", lambda: 2)


@pytest.mark.usefixtures("halves")
@pytest.mark.parametrize(
    ("word", "go_backwards", "mask"),
    [*((word, True, "right_padded") for word in CELLS), ("lstm", False, "none")],
)
def test_kernels_agree_on_values_and_gradients(word, go_backwards, mask):
    mask = MASKS[mask]
    plain = _layer(word, kernel="generic", go_backwards=go_backwards)
    value, gradients = _value_and_gradients(plain, mask)
    for training in (False, True):  # in training, halves
        layer = _layer(word, kernel="fused", go_backwards=go_backwards)
        found, found_gradients = _value_and_gradients(layer, mask, training=training)
        np.testing.assert_allclose(found, value, rtol=1e-5)
        assert_gradients_close(found_gradients, gradients, rtol=1e-5)


@pytest.mark.usefixtures("halves")
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_halves_are_the_whole_however_many_rows(rows):
    layer = _layer("lstm")
    expected, gradients = _value_and_gradients(layer, None, rows=rows)
    found, found_gradients = _value_and_gradients(layer, None, rows=rows, training=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert_gradients_close(found_gradients, gradients, rtol=1e-5)


def test_rows_that_share_a_draw_stay_together(monkeypatch):
    monkeypatch.setattr(halves_of_rows, "_pays", lambda num_rows, units: True)
    drop = np.asarray(_layer("lstm", weight_drop=0.5)(np.tile(X[:1], (4, 1, 1)), training=True)[0])
    np.testing.assert_allclose(drop, np.tile(drop[:1], (4, 1, 1)), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("halves")
@pytest.mark.parametrize(("word", "training"), [*((word, True) for word in CELLS), ("lstm", False)])
def test_rows_of_a_table_are_inputs_like_others(word, training):
    layer = _layer(word)
    ids = np.array([[0, 2, 1, 1], [2, 2, 0, 1], [1, 0, 0, 2]])

    def loss(table, *, by_row):
        inputs, options = (ids, {"table": table}) if by_row else (ops.take(table, ids, axis=0), {})
        outputs, states = layer(inputs, training=training, **options)
        return sum(ops.sum(part**2 * normal(*part.shape, seed=9)) for part in (outputs, *states))

    results = [
        value_and_gradients(partial(loss, by_row=by_row), [normal(3, 2)], layer.trainable_weights)
        for by_row in (False, True)
    ]
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-5)
    assert_gradients_close(results[1][1], results[0][1], rtol=1e-5)


@pytest.mark.parametrize("word", ["lstm", "mingru"])
def test_weights_and_files_are_the_same_for_every_kernel(word, tmp_path):
    layers = [_layer(word, kernel=kernel) for kernel in ("fused", "generic")]
    inputs = keras.Input((None, 2))
    first, second = (keras.Model(inputs, layer(inputs)) for layer in layers)
    second.set_weights([0 * weight for weight in second.get_weights()])
    first.save_weights(tmp_path / "a.weights.h5")
    second.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_allclose(first(X)[0], second(X)[0], rtol=1e-5, atol=1e-6)
    assert Recurrent.from_config(layers[1].get_config()).kernel == "generic"


def _cell(kind, **options):
    return kind(units=2, **options)


@pytest.mark.parametrize(
    ("cell", "expected", "reason"),
    [
        (_cell(LSTM), "fused", "every size measured; there is no GPU"),
        (_cell(RNN), "fused", "cuDNN has no RNN"),
        (_cell(GRU, reset_after=False), "fused", "resets after"),
        (_cell(LSTM, layer_norm=True), "generic", "no gradient written by hand"),
    ],
)
def test_auto_says_what_it_takes_and_why(cell, expected, reason, monkeypatch):
    monkeypatch.setattr(choice, "has_gpu", lambda: False)
    found = choose("auto", cell)
    assert found.kernel == expected
    assert reason in found.reason


def test_auto_takes_cudnn_where_it_can_run(monkeypatch):
    monkeypatch.setattr(choice, "has_gpu", lambda: True)
    assert choose("auto", _cell(LSTM)).kernel == "cudnn"
    assert choose("auto", _cell(LSTM), is_noisy=True).kernel == "fused"
    assert choose("auto", _cell(RNN)).kernel == "fused"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lstm"}, "there is no GPU that cuDNN runs on. Received: kernel='cudnn'"),
        ({"cell": "rnn"}, "cuDNN has no RNN"),
        ({"cell": {"type": "lstm", "layer_norm": True}}, "cuDNN has no layer norm"),
        ({"cell": {"type": "gru", "update": "textbook"}}, "cuDNN's GRU resets after the product"),
        ({"cell": "lstm", "zoneout": 0.1}, "cuDNN has no dropout inside the loop"),
    ],
)
def test_cudnn_that_cannot_run_is_an_error(options, message, monkeypatch):
    monkeypatch.setattr(choice, "has_gpu", lambda: False)
    with pytest.raises(ValueError, match=message):
        _layer(options.pop("cell"), kernel="cudnn", **options).kernel_choice()


def test_an_unknown_kernel_is_an_error():
    with pytest.raises(ValueError, match="`kernel` must be one of .* Received: kernel='fast'"):
        Recurrent(units=2, kernel="fast")


def test_the_choice_falls_back_where_a_mask_has_holes(monkeypatch):
    monkeypatch.setattr(choice, "has_gpu", lambda: True)
    monkeypatch.setattr(cudnn, "_call", lambda cell, inputs, states, lengths: (ops.zeros((6, 5, 4)), states))
    layer, plain = _layer("lstm"), _layer("lstm", kernel="generic")
    holes = np.array([[1, 0, 1, 0, 1, 1]] * 5, bool)
    np.testing.assert_allclose(layer(X, mask=holes)[0], plain(X, mask=holes)[0], rtol=1e-5, atol=1e-6)
    assert not np.any(layer(X)[0])
