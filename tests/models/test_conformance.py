"""Every cell and every way to attend: builds, trains, saves, reloads and runs in low precision."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode.greedy import Greedy
from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.registry import names
from tests.layers.parts import ATTENTIONS, CELLS, WAYS_TO_ATTEND, attention_id
from tests.models.seq2seq_toys import batch, small_model

TASK = Seq2SeqTask({})
# Every way to attend, and every cell at least once: neither changes what is particular to the other.
MODELS = {
    f"{cell}-{attention_id(attention)}-{'feeding' if feeding else 'plain'}": {
        "cell": cell,
        "attention": attention,
        "input_feeding": feeding,
    }
    for cell, (attention, feeding) in zip(itertools.cycle(CELLS), WAYS_TO_ATTEND, strict=False)
}
EAGERLY = {"run_eagerly": keras.backend.backend() != "jax"}


def _model(decoder, **options):
    return small_model(scale=0.2, encoder={"cell": decoder["cell"]}, decoder=decoder, **options)


@functools.cache
def _full_precision(name):
    """Made once; no test changes it."""
    return _model(MODELS[name])


each_model = pytest.mark.parametrize("name", MODELS)


def test_every_registered_part_is_here():
    assert {model["cell"] for model in MODELS.values()} == set(names("cell"))
    assert len(MODELS) == len(WAYS_TO_ATTEND)
    kinds = [model["attention"] for model in MODELS.values()]
    assert all(attention in kinds for attention in ATTENTIONS)


@each_model
def test_a_saved_model_is_the_same_and_training_lowers_its_loss(name, tmp_path):
    loaded = _reloaded(_full_precision(name), tmp_path / "model.keras", shares=False)
    inputs, labels = TASK.example(batch())
    loaded.compile(keras.optimizers.Adam(0.02), TASK.loss(), **EAGERLY)
    losses = [float(loaded.train_on_batch(inputs, labels)) for _ in range(4)]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]


def _reloaded(model, path, *, shares):
    """From its file, having answered as before."""
    model.save(path)
    loaded = keras.saving.load_model(path)
    inputs, _ = TASK.example(batch())
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in model.weights]
    assert (loaded.get_layer("decoder").embedding is loaded.get_layer("source_embedding")) == shares
    source = ops.convert_to_tensor(batch()["source"])
    ours, theirs = (TASK.decode(one, source, Greedy(max_length=2)).tokens for one in (model, loaded))
    np.testing.assert_array_equal(ours, theirs)
    return loaded


def test_a_saved_model_shares_its_embeddings_and_goes_on_sharing(tmp_path):
    model = _model({"cell": "gru"}, share_embeddings=True, tie_embeddings=True)
    loaded = _reloaded(model, tmp_path / "model.keras", shares=True)
    inputs, labels = TASK.example(batch())
    loaded.compile(keras.optimizers.SGD(0.1), TASK.loss(), **EAGERLY)
    before = loaded.get_layer("source_embedding").embeddings.numpy()
    loaded.train_on_batch(inputs, labels)
    after = loaded.get_layer("source_embedding").embeddings.numpy()
    assert np.abs(after - before).max() > 0
    np.testing.assert_array_equal(loaded.get_layer("decoder").embedding.embeddings.numpy(), after)


def test_a_model_is_rebuilt_from_its_config():
    """As it is, without a way through a file."""
    model = _full_precision(next(reversed(MODELS)))
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    inputs, _ = TASK.example(batch())
    np.testing.assert_array_equal(copy(inputs), model(inputs))


@pytest.fixture
def precision():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@each_model
def test_low_precision_decodes_and_trains_near_full_precision(name, precision):
    expected, (inputs, labels) = _full_precision(name), TASK.example(batch())
    precision("mixed_bfloat16")
    model = _model(MODELS[name])
    logits = model(inputs)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"  # their sum with the bias is
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)
    np.testing.assert_allclose(ops.cast(logits, "float32"), expected(inputs), atol=0.05)
    _assert_decodes(model)
    model.compile(keras.optimizers.SGD(0.5), TASK.loss(), **EAGERLY)
    losses = [float(model.train_on_batch(inputs, labels)) for _ in range(2)]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]


@pytest.mark.parametrize("attention", ["none", "bahdanau", "luong"])
def test_half_precision_decodes(attention, precision):
    """Its numbers end at 65504: what is masked must not become infinite."""
    precision("mixed_float16")
    _assert_decodes(_model({"cell": "lstm", "attention": attention}))


def _assert_decodes(model):
    inputs, _ = TASK.example(batch())
    state = TASK.begin(model, ops.convert_to_tensor(inputs["source"]))
    logits, after = TASK.step(model, inputs["target"][:, 0], state)
    keras.tree.map_structure(lambda a, b: _assert_same_dtype(a, b), state, after)
    together = ops.cast(model(inputs)[:, 0], "float32")
    np.testing.assert_allclose(ops.cast(logits, "float32"), together, atol=0.02)
    found = TASK.decode(model, ops.convert_to_tensor(batch()["source"]), Greedy(max_length=2))
    assert np.all(np.isfinite(found.log_probabilities))


def _assert_same_dtype(one, other):
    assert one.dtype == other.dtype
