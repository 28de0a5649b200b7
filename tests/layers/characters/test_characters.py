"""Every reader of characters: the equation, padding, saving, and words without characters."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.characters.cnn import CharacterCNN
from kerasseq.registry import create, names
from tests.layers.parts import randomise

READERS = {"cnn": {"filters": 4, "widths": [2, 3]}, "lstm": {"units": 3}}
WORDS = np.array([[[2, 5, 6, 3, 0], [2, 7, 3, 0, 0]], [[2, 5, 5, 6, 3], [0, 0, 0, 0, 0]]], "int32")


def _layer(word, **options):
    layer = create(
        "characters", {"type": word, "embedding_dim": 5, **READERS[word], **options}, num_characters=9
    )
    layer.build((None, None, None))
    return randomise(layer)


def test_every_reader_is_here():
    assert sorted([*READERS, "none"]) == names("characters")
    assert create("characters", "none", num_characters=9) is None


def test_the_cnn_is_its_equation():
    layer = _layer("cnn")
    table, *weights = layer.get_weights()
    found = ops.convert_to_numpy(layer(WORDS))
    for place in np.ndindex(2, 2):
        word = table[WORDS[place][WORDS[place] != 0]]
        responses = []
        for width, kernel, bias in zip(layer.widths, weights[::2], weights[1::2], strict=True):
            left = (width - 1) // 2
            padded = np.pad(word, [(left, width - 1 - left), (0, 0)])
            steps = [np.tensordot(padded[at : at + width], kernel, 2) + bias for at in range(len(word))]
            responses.append(
                np.max([*np.maximum(steps, 0), np.zeros(4)], axis=0) if len(word) else np.zeros(4)
            )
        np.testing.assert_allclose(found[place], np.concatenate(responses), atol=1e-5)


def test_the_lstm_reads_from_both_ends():
    layer = _layer("lstm")
    found = ops.convert_to_numpy(layer(WORDS))
    embedded = ops.take(layer.embedding.embeddings, [2, 5, 6, 3], axis=0)[None]
    left = layer.from_left(embedded)[0]
    right = layer.from_right(embedded)[0]
    np.testing.assert_allclose(found[0, 0], np.concatenate([left, right]), atol=1e-5)


@pytest.mark.parametrize("word", READERS)
def test_padding_changes_nothing(word):
    layer = _layer(word)
    found = ops.convert_to_numpy(layer(WORDS))
    assert found.shape == (2, 2, layer.width) and np.all(found[1, 1] == 0)
    longer = np.pad(WORDS, [(0, 0), (0, 1), (0, 3)])
    np.testing.assert_allclose(ops.convert_to_numpy(layer(longer))[:, :2], found, atol=1e-6)
    alone = layer(WORDS[:1, 1:, :3])
    np.testing.assert_allclose(alone[0, 0], found[0, 1], atol=1e-6)


@pytest.mark.parametrize("word", READERS)
def test_it_saves_and_trains(word, tmp_path):
    characters = keras.Input((None, None), dtype="int32")
    scores = keras.layers.Dense(3)(_layer(word, dropout=0.1)(characters))
    model = keras.Model(characters, scores)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss, run_eagerly=keras.backend.backend() != "jax")
    labels = np.array([[0, 1], [2, 1]])
    losses = model.fit(WORDS, labels, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(WORDS), model(WORDS))


@pytest.mark.parametrize("option", ["embedding_dim", "filters"])
def test_sizes_are_positive(option):
    with pytest.raises(ValueError, match=f"`{option}` must be positive. Received: {option}=0"):
        CharacterCNN(**{"num_characters": 9, option: 0})


@pytest.mark.parametrize("widths", [[], [3, 0]])
def test_widths_are_positive(widths):
    with pytest.raises(ValueError, match=r"`widths` must hold positive widths. Received: widths=\["):
        CharacterCNN(num_characters=9, widths=widths)
