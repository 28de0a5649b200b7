"""Every cell and every way to attend: builds, trains, saves, reloads and runs in low precision."""

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


def test_every_registered_part_is_here():
    assert {model["cell"] for model in MODELS.values()} == set(names("cell"))
    assert len(MODELS) == len(WAYS_TO_ATTEND)
    kinds = [model["attention"] for model in MODELS.values()]
    assert all(attention in kinds for attention in ATTENTIONS)


@pytest.fixture
def precision():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("name", MODELS)
def test_low_precision_is_near_full_precision_and_the_same_and_trains_when_reloaded(
    name, precision, tmp_path
):
    inputs, labels = TASK.example(batch())
    expected = _model(MODELS[name])(inputs)
    precision("mixed_bfloat16")
    model = _model(MODELS[name])
    logits = model(inputs)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"  # their sum with the bias is
    np.testing.assert_allclose(ops.cast(logits, "float32"), expected, atol=0.05)
    loaded = _reloaded(model, logits, tmp_path / "model.keras", shares=False)
    assert all(weight.dtype == "float32" for weight in loaded.trainable_weights)
    loaded.compile(keras.optimizers.SGD(0.5), TASK.loss(), **EAGERLY)
    before = float(loaded.train_on_batch(inputs, labels))
    assert float(TASK.loss()(labels, loaded(inputs))) < before


def _reloaded(model, logits, path, *, shares):
    """From its file, answering as before, all steps together and one."""
    model.save(path)
    loaded = keras.saving.load_model(path)
    inputs, _ = TASK.example(batch())
    np.testing.assert_array_equal(loaded(inputs), logits)
    assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in model.weights]
    assert (loaded.get_layer("decoder").embedding is loaded.get_layer("source_embedding")) == shares
    _assert_steps(loaded, logits)
    return loaded


def _assert_steps(model, logits):
    """A step keeps the types of the state, as a loop of them has to, and is that of all steps together."""
    inputs, _ = TASK.example(batch())
    state = TASK.begin(model, ops.convert_to_tensor(inputs["source"]))
    first, after = TASK.step(model, inputs["target"][:, 0], state)
    keras.tree.map_structure(lambda a, b: _assert_same_dtype(a, b), state, after)
    np.testing.assert_allclose(ops.cast(first, "float32"), ops.cast(logits[:, 0], "float32"), atol=0.02)


def _assert_same_dtype(one, other):
    assert one.dtype == other.dtype


def test_a_saved_model_shares_its_embeddings_and_goes_on_sharing(tmp_path):
    model = _model({"cell": "gru"}, share_embeddings=True, tie_embeddings=True)
    inputs, labels = TASK.example(batch())
    loaded = _reloaded(model, model(inputs), tmp_path / "model.keras", shares=True)
    source = ops.convert_to_tensor(batch()["source"])
    ours, theirs = (TASK.decode(one, source, Greedy(max_length=2)).tokens for one in (model, loaded))
    np.testing.assert_array_equal(ours, theirs)
    loaded.compile(keras.optimizers.SGD(0.1), TASK.loss(), **EAGERLY)
    before = loaded.get_layer("source_embedding").embeddings.numpy()
    loaded.train_on_batch(inputs, labels)
    after = loaded.get_layer("source_embedding").embeddings.numpy()
    assert np.abs(after - before).max() > 0
    np.testing.assert_array_equal(loaded.get_layer("decoder").embedding.embeddings.numpy(), after)


def test_a_model_is_rebuilt_from_its_config():
    """As it is, without a way through a file."""
    model = _model(next(reversed(MODELS.values())))
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    inputs, _ = TASK.example(batch())
    np.testing.assert_array_equal(copy(inputs), model(inputs))


@pytest.mark.parametrize("attention", ["bahdanau", "luong"])
def test_half_precision_decodes(attention, precision):
    """Its numbers end at 65504: what is masked must not become infinite."""
    precision("mixed_float16")
    model = _model({"cell": "lstm", "attention": attention})
    _assert_steps(model, model(TASK.example(batch())[0]))
    found = TASK.decode(model, ops.convert_to_tensor(batch()["source"]), Greedy(max_length=2))
    assert np.all(np.isfinite(found.log_probabilities))
