"""Every cell and every way to attend: builds, trains, saves, reloads and runs in low precision."""

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
MODELS = {
    **{cell: {"cell": cell} for cell in CELLS if cell != "gru"},
    **{
        f"gru-{attention_id(attention)}-{'feeding' if feeding else 'plain'}": {
            "cell": "gru",
            "attention": attention,
            "input_feeding": feeding,
        }
        for attention, feeding in WAYS_TO_ATTEND
    },
}
SHARED = {"share_embeddings": True, "tie_embeddings": True}


def _model(decoder, **options):
    return small_model(scale=0.2, encoder={"cell": decoder["cell"]}, decoder=decoder, **options)


each_model = pytest.mark.parametrize("decoder", MODELS.values(), ids=MODELS)


def test_every_registered_part_is_here():
    assert {model["cell"] for model in MODELS.values()} == set(names("cell"))
    assert len(MODELS) == len(CELLS) - 1 + len(WAYS_TO_ATTEND)
    kinds = [model.get("attention") for model in MODELS.values()]
    assert all(attention in kinds for attention in ATTENTIONS)


@each_model
def test_training_lowers_the_loss(decoder):
    model = _model(decoder)
    inputs, labels = TASK.example(batch())
    model.compile(keras.optimizers.Adam(0.02), TASK.loss(), run_eagerly=keras.backend.backend() != "jax")
    losses = [float(model.train_on_batch(inputs, labels)) for _ in range(4)]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]


@each_model
def test_a_saved_model_is_the_same(decoder, tmp_path):
    _assert_reloads(_model(decoder), tmp_path / "model.keras", shares=False)


@pytest.mark.parametrize("decoder", [MODELS["lstm"], MODELS["gru-luong-general-feeding"]])
def test_a_saved_model_shares_its_embeddings(decoder, tmp_path):
    _assert_reloads(_model(decoder, **SHARED), tmp_path / "model.keras", shares=True)


def _assert_reloads(model, path, *, shares):
    model.save(path)
    loaded = keras.saving.load_model(path)
    inputs, _ = TASK.example(batch())
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in model.weights]
    assert (loaded.get_layer("decoder").embedding is loaded.get_layer("source_embedding")) == shares
    source = ops.convert_to_tensor(batch()["source"])
    ours, theirs = (TASK.decode(one, source, Greedy(max_length=2)).tokens for one in (model, loaded))
    np.testing.assert_array_equal(ours, theirs)


def test_sharing_survives_training_after_a_reload(tmp_path):
    _model(MODELS["gru-bahdanau-feeding"], **SHARED).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs, labels = TASK.example(batch())
    loaded.compile(keras.optimizers.SGD(0.1), TASK.loss(), run_eagerly=keras.backend.backend() != "jax")
    before = loaded.get_layer("source_embedding").embeddings.numpy()
    loaded.train_on_batch(inputs, labels)
    after = loaded.get_layer("source_embedding").embeddings.numpy()
    assert np.abs(after - before).max() > 0
    np.testing.assert_array_equal(loaded.get_layer("decoder").embedding.embeddings.numpy(), after)


@pytest.mark.parametrize("decoder", [MODELS["gru-bahdanau-feeding"], MODELS["gru-luong-concat-plain"]])
def test_a_model_is_rebuilt_from_its_config(decoder):
    model = _model(decoder)
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
def test_low_precision_trains_near_full_precision(decoder, precision):
    expected, (inputs, labels) = _model(decoder), TASK.example(batch())
    precision("mixed_bfloat16")
    model = _model(decoder)
    logits = model(inputs)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"  # their sum with the bias is
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)
    np.testing.assert_allclose(ops.cast(logits, "float32"), expected(inputs), atol=0.05)
    model.compile(keras.optimizers.SGD(0.5), TASK.loss(), run_eagerly=keras.backend.backend() != "jax")
    losses = [float(model.train_on_batch(inputs, labels)) for _ in range(2)]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("attention", ["none", "bahdanau", "luong"])
def test_low_precision_decodes(attention, policy, precision):
    precision(policy)
    model = _model({"cell": "lstm", "attention": attention})
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
