import functools

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.models.sequence_classifier import SequenceClassifierTask, build_sequence_classifier
from tests.layers.parts import randomise

VOCABULARY = 11
CLASSES = ["bad", "good", "so so"]
TEXTS = np.array([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0], [2, 3, 0, 0, 0]], "int32")
LABELS = np.array([1, 0, 2], "int32")
POOLINGS = ["attention", "last", "max", "mean"]


class Letters:
    vocabulary_size = VOCABULARY
    vocabulary = ["<pad>", "<unk>", "<s>", "</s>", *"abcdefg"]


class Classes:
    vocabulary_size = len(CLASSES)
    vocabulary = CLASSES
    class_weights = None


TASK = SequenceClassifierTask({"input": Letters(), "label": Classes()})
BATCH = {"input": TEXTS, "label": LABELS}


def small_model(pooling="attention", **options):
    encoder = {"type": "recurrent", "cell": "rnn", "units": 4, "bidirectional": True}
    sizes = {"vocabulary_size": VOCABULARY, "num_classes": 3, "embedding_dim": 4}
    return randomise(
        build_sequence_classifier(**sizes, encoder=encoder, pooling=pooling, **options), scale=0.5
    )


_model = functools.cache(small_model)  # no test changes it


@pytest.mark.parametrize("pooling", POOLINGS)
def test_it_is_a_stack_that_pads_without_a_trace(pooling):
    model = _model(pooling)
    assert isinstance(model, keras.Sequential)
    inputs, _ = TASK.example(BATCH)
    together = ops.convert_to_numpy(model(inputs))
    assert together.shape == (3, 3)
    for row, length in [(0, 4), (2, 1)]:
        np.testing.assert_allclose(model(inputs[row : row + 1, :length])[0], together[row], atol=1e-5)


@pytest.mark.parametrize("pooling", ["attention", "max"])
def test_it_saves_reloads_and_trains(pooling, tmp_path):
    model = small_model(pooling, input_dropout=0.1, output_dropout=0.1)
    inputs, labels = TASK.example(BATCH)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    loaded.compile(keras.optimizers.Adam(0.05), TASK.loss(), run_eagerly=True)
    losses = [float(loaded.train_on_batch(inputs, labels)) for _ in range(3)]
    assert losses[-1] < losses[0]


def test_scores_are_log_probabilities():
    model = _model("attention")
    found, state = TASK.score(model, BATCH, ())
    probabilities = ops.convert_to_numpy(TASK.respond(model, BATCH, None)["probabilities"])
    np.testing.assert_allclose(np.exp(found["log_probability"]), probabilities[range(3), LABELS], rtol=1e-5)
    np.testing.assert_array_equal(found["num_right"], probabilities.argmax(axis=1) == LABELS)
    sums = {name: float(np.sum(values)) for name, values in found.items()}
    figures = TASK.figures(sums)
    assert figures["loss"] == pytest.approx(-np.log(probabilities[range(3), LABELS]).mean(), rel=1e-5)
    assert figures["accuracy"] == sums["num_right"] / 3 and tuple(figures) == TASK.measures
    assert state == ()


def test_answers_are_classes_with_their_probabilities_and_where_they_come_from():
    model = _model("attention")
    answers = {
        name: ops.convert_to_numpy(part)
        for name, part in TASK.respond(model, BATCH, None, detailed=True).items()
    }
    shown = list(TASK.present(BATCH, answers))
    for row, one in enumerate(shown):
        best = CLASSES[int(answers["probabilities"][row].argmax())]
        assert one["prediction"] == best and one["score"] == one["probabilities"][best]
        assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert one["attention"]["target_tokens"] == [best]
        assert sum(one["attention"]["weights"][0]) == pytest.approx(1, abs=1e-3)
    assert shown[0]["attention"]["source_tokens"] == ["b", "c", "d", "</s>"]
    assert shown[2]["attention"]["source_tokens"] == ["</s>"]
    (plain, *_) = TASK.present(
        BATCH, TASK.respond(model, BATCH, None) | {"probabilities": answers["probabilities"]}
    )
    assert "attention" not in plain
    assert "attention" not in TASK.respond(_model("max"), BATCH, None, detailed=True)


def test_the_loss_has_the_weights_of_the_classes():
    class Weighed(Classes):
        class_weights = [1.0, 2.0, 3.0]

    task = SequenceClassifierTask({"input": Letters(), "label": Weighed()})
    loss = task.loss(0.1)
    assert (loss.class_weights, loss.label_smoothing) == ([1.0, 2.0, 3.0], 0.1)


@pytest.mark.parametrize("option", ["embedding_dim", "num_classes"])
def test_what_cannot_be_is_refused(option):
    sizes = {"vocabulary_size": 5, "num_classes": 2, option: 0}
    with pytest.raises(ValueError, match=f"`{option}` must be positive. Received: {option}=0"):
        build_sequence_classifier(**sizes)


RECORDINGS = {
    "samples": np.random.default_rng(0).integers(-9999, 9999, (3, 900)).astype("int16"),
    "lengths": np.array([900, 500, 300], "int32"),
}
VIDEOS = {
    "frames": np.random.default_rng(0).integers(0, 255, (3, 4, 6, 5, 1)).astype("uint8"),
    "lengths": np.array([4, 2, 1], "int32"),
}
PICTURES = np.random.default_rng(0).integers(0, 255, (3, 6, 5, 1)).astype("uint8")
MEDIA = {
    "audio": ({"type": "log_mel", "sample_rate": 8000, "bands": 6}, RECORDINGS),
    "image": ({"type": "rows", "shape": (6, 5, 1)}, PICTURES),
    "video": (
        {"type": "frames", "shape": (6, 5, 1), "image_encoder": {"type": "cnn", "filters": [3]}},
        VIDEOS,
    ),
}


@pytest.mark.parametrize("medium", MEDIA)
def test_a_front_end_stands_in_the_place_of_the_embedding(medium, tmp_path):
    front_end, inputs = MEDIA[medium]
    model = build_sequence_classifier(
        num_classes=3, front_end=front_end, encoder={"type": "recurrent", "cell": "rnn", "units": 4}
    )
    assert isinstance(model, keras.Sequential) == (medium == "image")
    randomise(model)
    together = ops.convert_to_numpy(model(inputs))
    for row in (0, 2):
        alone = keras.tree.map_structure(lambda part, row=row: part[row : row + 1], inputs)
        np.testing.assert_allclose(model(alone)[0], together[row], atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), together)
    loaded.compile(keras.optimizers.Adam(0.02), TASK.loss(), run_eagerly=True)
    losses = [float(loaded.train_on_batch(inputs, LABELS)) for _ in range(3)]
    assert losses[-1] < losses[0]


def test_padding_behind_a_recording_leaves_no_trace():
    model = randomise(build_sequence_classifier(num_classes=3, front_end=MEDIA["audio"][0]), scale=0.3)
    short = {"samples": RECORDINGS["samples"][1:2, :500], "lengths": RECORDINGS["lengths"][1:2]}
    padded = {**short, "samples": np.pad(short["samples"], ((0, 0), (0, 333)))}
    np.testing.assert_allclose(model(padded), model(short), atol=1e-5)


@pytest.mark.parametrize(
    "given", [{}, {"vocabulary_size": 5, "front_end": {"type": "rows", "shape": (6, 5, 1)}}]
)
def test_texts_have_a_vocabulary_and_other_inputs_a_front_end(given):
    with pytest.raises(ValueError, match="give a `vocabulary_size` for texts, or a `front_end`"):
        build_sequence_classifier(num_classes=3, **given)
