"""The three ways in which a picture enters, in training, decoding, saving and search."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode.beam import Beam
from kerasseq.decode.greedy import Greedy
from kerasseq.models.captioner import CaptionerTask, build_captioner
from kerasseq.train.callbacks import ScheduledSampling
from tests.models.captioner_toys import FEATURES, SHAPE, VOCABULARY, coloured, decoder_of, small_model
from tests.models.seq2seq_toys import encoded

TASK = CaptionerTask(FEATURES)
WAYS = ["attention", "state", "input"]
each_way = pytest.mark.parametrize("image_as", WAYS)


@functools.cache
def _model(image_as):
    """Made once; no test changes it."""
    return small_model(image_as)


@each_way
def test_all_steps_of_a_batch_are_one_at_a_time_and_its_rows(image_as):
    """Neither padding changes them nor the other rows; the picture does."""
    attention = {"attention": {"type": "luong", "score": "concat"}} if image_as == "attention" else {}
    model = small_model(image_as, decoder={"num_layers": 2, "residual": True, "cell": "lstm", **attention})
    inputs, _ = TASK.example(coloured(2))
    together = ops.convert_to_numpy(model(inputs))
    assert together.shape == (2, 4, len(VOCABULARY))
    state = TASK.begin(model, ops.convert_to_tensor(inputs["image"]))
    for time in range(4):
        logits, state = TASK.step(model, inputs["caption"][:, time], state)
        np.testing.assert_allclose(logits, together[:, time], rtol=1e-4, atol=1e-4)
    padded = ops.convert_to_numpy(model({**inputs, "caption": np.pad(inputs["caption"], ((0, 0), (0, 3)))}))
    np.testing.assert_allclose(padded[:, :4], together, rtol=1e-4, atol=1e-5)
    for row in range(2):
        alone = model({name: part[row : row + 1] for name, part in inputs.items()})
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-4, atol=1e-5)
    other = ops.convert_to_numpy(model({**inputs, "image": 255 - inputs["image"]}))
    assert np.abs(other - together).max() > 1e-3


@each_way
def test_it_learns_what_is_where(image_as):
    keras.utils.set_random_seed(3)
    batch = coloured(12)
    inputs, labels = TASK.example(batch)
    model = build_captioner(
        image_shape=SHAPE, vocabulary_size=len(VOCABULARY), embedding_dim=8,
        image_encoder={"type": "cnn", "filters": [12]}, image_as=image_as,
        decoder=decoder_of(image_as, units=24, cell="rnn"),
    )  # fmt: skip
    model.compile(keras.optimizers.SGD(0.5, momentum=0.8), TASK.loss(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # or the step is traced twice
    repeated = keras.tree.map_structure(lambda part: np.concatenate([part] * 60), inputs)
    model.fit(repeated, np.tile(labels, (60, 1)), batch_size=12, shuffle=False, verbose=0)
    found = TASK.decode(model, ops.convert_to_tensor(batch["image"]), Greedy(max_length=4)).tokens
    np.testing.assert_array_equal(np.asarray(found)[:, 0, :3], batch["caption"][:, 1:4])


@each_way
def test_it_saves_and_reloads(image_as, tmp_path):
    augmentation = {"side_ids": [[7], [8]]}
    model = small_model(image_as, augmentation=augmentation, image_units=7, image_dropout=0.1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs, _ = TASK.example(coloured(3))
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert loaded.get_layer("augmentation").side_ids == [[7], [8]]
    state = TASK.begin(loaded, ops.convert_to_tensor(inputs["image"]))
    np.testing.assert_allclose(
        TASK.step(loaded, inputs["caption"][:, 0], state)[0], loaded(inputs)[:, 0], rtol=1e-4, atol=1e-4
    )


@each_way
def test_a_wide_beam_finds_the_likeliest_caption(image_as):
    model, images = _model(image_as), ops.convert_to_tensor(coloured(2)["image"])
    wide = TASK.decode(model, images, Beam(beam_width=200, max_length=3, length_penalty=0.0))
    best = _likeliest(model, images)
    np.testing.assert_allclose(np.asarray(wide.log_probabilities)[:, 0], best, rtol=1e-4)


def _likeliest(model, images):
    """For each picture, over every caption of at most two words, by brute force."""
    allowed = [4, 5, 6, 7, 8]
    captions = [[], *([one] for one in allowed), *([one, two] for one in allowed for two in allowed)]
    ids = encoded(captions * len(images), width=4)
    scored, _ = TASK.score(model, {"image": np.repeat(images, len(captions), axis=0), "caption": ids}, ())
    return np.max(np.reshape(scored["log_probability"], (len(images), -1)), axis=1)


def test_an_unknown_word_is_never_written():
    model, images = small_model("state", scale=0.1), {"image": coloured(3)["image"]}
    model.get_layer("decoder").output_bias.assign([0, 50, 0, 0, 1, 0, 0, 0, 0])
    answers = TASK.respond(model, images, Greedy(max_length=4))
    assert set(np.unique(answers["tokens"])) == {4}
    (first, *_) = TASK.present(images, keras.tree.map_structure(ops.convert_to_numpy, answers))
    assert set(first) == {"prediction", "score"}


@each_way
def test_answers_have_words_and_where_they_looked(image_as):
    model, batch = _model(image_as), coloured(3)
    images = {"image": batch["image"]}
    answers = TASK.respond(model, images, Greedy(max_length=4), detailed=True)
    answers = keras.tree.map_structure(ops.convert_to_numpy, answers)
    for row, one in enumerate(TASK.present(images, answers)):
        seen = one["seen"]
        assert one["prediction"].split() == seen["words"] and seen["grid"] == [2, 3]
        assert seen["picture"].startswith("data:image/png;base64,")
        assert ("weights" in seen) == (image_as == "attention")
        if "weights" in seen:
            assert np.shape(seen["weights"]) == (len(seen["words"]), 6)
            np.testing.assert_allclose(np.sum(seen["weights"], axis=1), 1, atol=1e-3)
        assert one["score"] == pytest.approx(float(answers["scores"][row, 0]), abs=1e-5)


def test_scheduled_sampling_reads_own_words():
    model, (inputs, labels) = small_model(), TASK.example(coloured(4))
    loss, words = TASK.loss(), inputs["caption"]
    own = words.copy()
    best = np.asarray(model(inputs, training=True))[:, :-1].argmax(-1)
    own[:, 1:] = np.where(words[:, 1:] > 3, best, words[:, 1:])
    expected = float(loss(labels, model({**inputs, "caption": own}, training=True)))
    assert abs(expected - float(loss(labels, model(inputs, training=True)))) > 1e-3
    model.compile(keras.optimizers.Adam(0.01), loss, run_eagerly=True)
    sampling = ScheduledSampling(schedule="constant", mode="parallel")
    found = model.fit(inputs, labels, epochs=2, verbose=0, callbacks=[sampling]).history["loss"]
    assert found[0] == pytest.approx(expected, rel=1e-5) and np.isfinite(found[1])


def test_maps_made_before_need_no_encoder():
    model = small_model(image_shape=(2, 3, 6), image_encoder="none")
    maps = np.random.default_rng(0).normal(size=(3, 2, 3, 6)).astype("float16")
    inputs = {"image": maps, "caption": coloured(3)["caption"][:, :-1]}
    assert model(inputs).shape == (3, 4, len(VOCABULARY)) and model.get_layer("image_memory").grid == (2, 3)
    answers = TASK.respond(model, inputs, Greedy(max_length=3), detailed=True)
    (first, *_) = TASK.present(inputs, keras.tree.map_structure(ops.convert_to_numpy, answers))
    assert "picture" not in first["seen"] and len(first["seen"]["weights"][0]) == 6


def test_the_task_finds_the_words_that_forbid_a_flip():
    model = TASK.build(
        image_encoder={"type": "cnn", "filters": [2]}, embedding_dim=2, decoder={"units": 2},
        augmentation={"flip": 0.5, "crop": 0.0, "colour": 0.0, "side_words": ["left", "right", "aside"]},
    )  # fmt: skip
    assert model.get_layer("augmentation").side_ids == [[7], [8]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embedding_dim": 0}, "`embedding_dim` must be positive. Received: embedding_dim=0"),
        (
            {"image_as": "word"},
            "`image_as` must be one of 'attention', 'state', 'input'. Received: image_as='word'",
        ),
        ({"image_as": "state"}, "Received: image_as='state', attention='bahdanau'"),
        ({"decoder": {"units": 2, "attention": "none"}}, "Received: image_as='attention', attention='none'"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build_captioner(**{"image_shape": SHAPE, "vocabulary_size": 9, **options})
