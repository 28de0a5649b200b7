"""Every model that embeds tokens can have training hide some of them."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.models.sequence_classifier import build_sequence_classifier
from kerasseq.registry import names
from tests.layers.parts import randomise
from tests.models import (
    captioner_toys,
    language_model_toys,
    seq2seq_toys,
    speech_toys,
    test_sequence_classifier,
)

ALMOST_ALL = 0.99999
TOKENS = np.array([[2, 5, 6, 7, 3], [2, 8, 4, 3, 0]], "int32")


RNN = {"cell": "rnn"}


def _seq2seq(**options):
    model = seq2seq_toys.small_model(encoder=RNN, decoder={**RNN, "attention": "none"}, **options)
    return model, {"source": TOKENS, "target": TOKENS[:, :4]}


def _copying(**options):
    """Ids from 13 on are words that only the source has."""
    source, target = np.array([[5, 14, 3], [13, 3, 0]], "int32"), np.array([[2, 5, 14], [2, 13, 6]], "int32")
    decoder = {**RNN, "attention": "bahdanau", "copy": True}
    model = seq2seq_toys.small_model(encoder=RNN, decoder=decoder, **options)
    return model, {"source": source, "target": target}


def _language_model(**options):
    return language_model_toys.small_model(**RNN, **options), {"text": TOKENS}


def _captioner(**options):
    captions = np.array([[2, 5, 7], [2, 4, 3]], "int32")
    return captioner_toys.small_model("state", **options), {
        "image": captioner_toys.coloured(2)["image"], "caption": captions
    }  # fmt: skip


def _speller(**options):
    decoder = {**RNN, "units": 8, "attention": "none"}
    speller = {"embedding_dim": 8, "decoder": decoder, **options}
    encoder = {"type": "recurrent", **RNN, "units": 8}
    model = speech_toys.small_model({**speech_toys.SPELLER, "encoder": encoder, "speller": speller})
    inputs, _ = speech_toys.task("attention").example(speech_toys.batch(["ab", "cab"]))
    return randomise(model, scale=0.5), {name: np.asarray(part) for name, part in inputs.items()}


# For each key: how to build a model, the key, and which input is hidden.
KEYS = {
    "seq2seq-source": (_seq2seq, "source_word_dropout", "source"),
    "seq2seq-target": (_seq2seq, "target_word_dropout", "target"),
    "seq2seq-copying-target": (_copying, "target_word_dropout", "target"),
    "language_model": (_language_model, "word_dropout", "text"),
    "language_model-one_hot": (
        lambda **options: _language_model(embedding_dim=None, **options), "word_dropout", "text"
    ),
    "captioner": (_captioner, "word_dropout", "caption"),
    "speech_recognizer": (_speller, "word_dropout", "target"),
    "sequence_classifier": (
        lambda **options: (test_sequence_classifier.small_model(**options), {"input": TOKENS}),
        "word_dropout",
        "input",
    ),
}  # fmt: skip


def _outputs(model, inputs, training):
    given = inputs["input"] if list(inputs) == ["input"] else inputs
    return ops.convert_to_numpy(model(given, training=training))


@pytest.mark.parametrize(("build", "key", "field"), KEYS.values(), ids=KEYS)
def test_training_hides_words_and_nothing_else(build, key, field):
    """Nearly all of them here, so that what training reads is known; a variable draws them."""
    model, inputs = build(**{key: ALMOST_ALL})
    hidden = {**inputs, field: np.where(inputs[field] > 3, 1, inputs[field])}
    assert not np.array_equal(hidden[field], inputs[field])
    as_it_is, of_unknown = (_outputs(model, given, training=False) for given in (inputs, hidden))
    assert not np.allclose(as_it_is, of_unknown, atol=1e-3)
    before = [ops.convert_to_numpy(variable) for variable in model.variables]
    trained_on, expected = (_outputs(model, given, training=True) for given in (inputs, hidden))
    np.testing.assert_allclose(trained_on, expected, atol=1e-5)
    assert "seed_generator_state" in {
        variable.name
        for variable, value in zip(model.variables, before, strict=True)
        if not np.array_equal(variable, value)
    }


def test_what_is_hidden_goes_on_where_a_checkpoint_left_it():
    """The draws are of a generator that is one of the model's variables, and so of a checkpoint."""
    model, inputs = _seq2seq(source_word_dropout=0.5, target_word_dropout=0.5)
    kept = [ops.convert_to_numpy(variable) for variable in model.variables]
    first = [_outputs(model, inputs, training=True) for _ in range(4)]
    assert any(not np.array_equal(one, first[0]) for one in first)
    for variable, value in zip(model.variables, kept, strict=True):
        variable.assign(value)
    for one in first:
        np.testing.assert_array_equal(_outputs(model, inputs, training=True), one)


@pytest.mark.parametrize(("build", "key", "field"), KEYS.values(), ids=KEYS)
def test_a_share_is_below_one(build, key, field):
    with pytest.raises(ValueError, match=rf"`{key}` must be >= 0 and < 1\. Received: {key}=1\.0"):
        build(**{key: 1.0})


def test_it_is_saved_with_the_model(tmp_path):
    model, inputs = _seq2seq(source_word_dropout=0.2, target_word_dropout=0.3)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("source_word_dropout").rate == 0.2
    assert loaded.get_layer("decoder").word_dropout.rate == 0.3
    np.testing.assert_array_equal(_outputs(loaded, inputs, False), _outputs(model, inputs, False))


def test_own_tokens_are_not_hidden_under_scheduled_sampling():
    """Always fed its own token behind `<s>`, a decoder has no word of the teacher's to lose."""
    model, inputs = _seq2seq(target_word_dropout=ALMOST_ALL)
    model.get_layer("decoder").enable_sampling().assign(1.0)
    other = {**inputs, "target": np.where(inputs["target"] > 3, 9, inputs["target"])}
    np.testing.assert_allclose(_outputs(model, inputs, True), _outputs(model, other, True), atol=1e-6)
    model.get_layer("decoder").word_dropout = None
    np.testing.assert_allclose(_outputs(model, inputs, True), _outputs(model, other, True), atol=1e-6)


def test_only_words_can_be_hidden():
    message = r"`word_dropout` is for texts\. Received: word_dropout=0\.1, a `front_end`"
    with pytest.raises(ValueError, match=message):
        build_sequence_classifier(num_classes=2, front_end="log_mel", word_dropout=0.1)


def test_every_model_that_embeds_tokens_is_here():
    """The tagger's is tested beside the rest of it, and a forecaster embeds no tokens."""
    here = {name.split("-")[0] for name in KEYS}
    assert here | {"sequence_tagger", "forecaster"} == set(names("model"))
