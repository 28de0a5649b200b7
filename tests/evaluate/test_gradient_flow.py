import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.evaluate.gradient_flow import gradient_flow, recurrent_matrices, spectral_radius
from kerasseq.layers.recurrent import Recurrent
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.seq2seq import build_seq2seq
from tests.layers.parts import normal, randomise

TEXT = np.array([[5, 4, 6, 5, 3, 4, 7], [5, 6, 4, 3, 0, 0, 0], [4, 0, 0, 0, 0, 0, 0]])


class NextToken:
    """A task of one field, whose token is the label of the one before."""

    def example(self, batch):
        return {"text": batch["text"][:, :-1]}, batch["text"][:, 1:]

    def loss(self):
        return MaskedCrossEntropy()


class WholeExample(NextToken):
    def loss(self):
        return keras.losses.MeanSquaredError()

    def example(self, batch):
        return {"text": batch["text"]}, np.zeros((len(batch["text"]), 7, 8))


def _model(cell, *, units=4):
    text = keras.Input((None,), dtype="int32", name="text")
    embedded = keras.layers.Embedding(8, 3)(text)
    outputs = Recurrent(units=units, cell=cell, return_sequences=True, name="reader")(embedded)
    return randomise(keras.Model({"text": text}, keras.layers.Dense(8, name="logits")(outputs)))


def test_the_norms_of_a_vanilla_cell_are_those_of_the_product_of_jacobians():
    model = _model("rnn")
    (layer,) = gradient_flow(NextToken(), model, {"text": TEXT})["layers"]
    reader = keras.Model(model.input, model.get_layer("reader").output)
    hidden = ops.convert_to_numpy(reader({"text": TEXT[:, :-1]}))
    kernel, bias = model.get_layer("logits").get_weights()
    recurrent = model.get_layer("reader").cell.recurrent_kernel.numpy()
    by_distance = {}
    for row, label_place in ((0, 6), (1, 3)):  # the third row has no label
        last = label_place - 1
        logits = hidden[row, last] @ kernel + bias
        softmax = np.exp(logits) / np.exp(logits).sum()
        gradient = (softmax - np.eye(8)[TEXT[row, label_place]]) @ kernel.T
        for time in range(last, -1, -1):
            by_distance.setdefault(last - time, []).append(np.linalg.norm(gradient))
            gradient = (gradient * (1 - hidden[row, time] ** 2)) @ recurrent.T
    expected = [np.mean(by_distance[distance]) for distance in sorted(by_distance)]
    np.testing.assert_allclose(layer["norms"]["h"], expected, rtol=1e-3)
    np.testing.assert_allclose(layer["own_norms"]["h"], expected, rtol=1e-3)
    assert layer["distance"] == [0, 1, 2, 3, 4, 5]
    assert layer["rows"] == [2, 2, 2, 1, 1, 1]
    np.testing.assert_allclose(layer["factor"], (expected[-1] / expected[0]) ** (1 / 5), rtol=1e-3)
    steepest = np.linalg.svd(recurrent)[1].max()
    np.testing.assert_allclose(layer["bound"], expected[0] * steepest ** np.arange(6), rtol=1e-3)
    assert all(
        found <= most * 1.001 for found, most in zip(layer["own_norms"]["h"], layer["bound"], strict=True)
    )


def test_what_is_said_of_a_layer():
    flow = gradient_flow(NextToken(), _model("lstm"), {"text": TEXT})
    (layer,) = flow["layers"]
    assert (flow["loss"], flow["rows"]) == ("the loss of the last token", 2)
    assert (layer["name"], layer["cell"], layer["units"]) == ("reader", "lstm", 4)
    assert list(layer["recurrent"]) == ["i", "f", "g", "o"]
    assert list(layer["norms"]) == list(layer["own_norms"]) == ["h", "c"]
    assert layer["norms"]["c"][0] == 0 < layer["norms"]["c"][1]
    assert "bound" not in layer


def test_layers_are_named_as_the_model_names_them():
    model = build_seq2seq(
        source_vocabulary_size=8,
        target_vocabulary_size=8,
        embedding_dim=3,
        encoder={"type": "recurrent", "cell": "rnn", "units": 3, "num_layers": 2, "bidirectional": True},
        decoder={"cell": "rnn", "units": 3, "attention": "luong"},
    )

    class Pairs(NextToken):
        def example(self, batch):
            return {"source": batch["text"], "target": batch["text"][:, :-1]}, batch["text"][:, 1:]

    flow = gradient_flow(Pairs(), randomise(model), {"text": TEXT})
    assert [layer["name"] for layer in flow["layers"]] == [
        "encoder, layer 1, forward",
        "encoder, layer 1, backward",
        "encoder, layer 2, forward",
        "encoder, layer 2, backward",
        "decoder",
    ]
    encoder, decoder = flow["layers"][0], flow["layers"][-1]
    assert encoder["distance"] == list(range(7)) and decoder["distance"] == list(range(6))


def test_another_loss_is_taken_as_it_is():
    assert gradient_flow(WholeExample(), _model("gru"), {"text": TEXT})["loss"] == (
        "the loss of the whole example"
    )


def test_a_model_without_recurrent_layers_has_none():
    text = keras.Input((None,), dtype="int32", name="text")
    model = keras.Model({"text": text}, keras.layers.Embedding(8, 8)(text))
    assert gradient_flow(NextToken(), model, {"text": TEXT}) is None


def test_a_vanilla_gradient_vanishes_where_that_of_an_lstm_survives():
    text = np.random.default_rng(0).integers(4, 8, (4, 61))
    keras.utils.set_random_seed(0)
    last = {}
    for cell in ("rnn", "lstm"):
        model = _model(cell, units=16)
        model.get_layer("reader").cell.recurrent_kernel.assign(
            np.tile(0.8 * np.eye(16), 4 if cell == "lstm" else 1)
        )
        if cell == "lstm":
            model.get_layer("reader").cell.bias.assign(np.repeat([0.0, 5.0, 0.0, 0.0], 16))
        (layer,) = gradient_flow(NextToken(), model, {"text": text})["layers"]
        last[cell] = layer["norms"]["h"][-1] / layer["norms"]["h"][0]
    assert last["rnn"] < 1e-6 < 1e-3 < last["lstm"]


def test_the_spectral_radius_is_that_of_each_gate():
    layer = Recurrent(units=3, cell="gru")
    layer.build((None, None, 2))
    kernel = normal(3, 9)
    layer.cell.recurrent_kernel.assign(kernel)
    found = recurrent_matrices(layer.cell)
    assert list(found) == ["z", "r", "n"]
    np.testing.assert_array_equal(np.concatenate(list(found.values()), axis=1), kernel)
    assert spectral_radius(np.array([[0.0, 2.0], [-2.0, 0.0]])) == pytest.approx(2)
    assert spectral_radius(np.array([[0.5, 9.0], [0.0, 0.5]])) == pytest.approx(0.5)


def test_a_cell_without_a_recurrent_matrix_has_none():
    assert recurrent_matrices(object()) == {}
