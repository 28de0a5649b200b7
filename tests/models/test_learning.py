"""Each way to attend learns ten examples by heart, and decodes them exactly."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode.greedy import Greedy
from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.registry import names
from tests.layers.parts import CELLS
from tests.models.seq2seq_toys import VOCABULARY, reversal, small_model

TASK = Seq2SeqTask({})
UNITS, STEPS = 24, 100
MODELS = [
    {"cell": "gru", "attention": "luong"},
    {"cell": "lstm", "attention": "bahdanau"},
    {"cell": "mingru", "attention": "luong", "input_feeding": False},  # all steps at once
    *({"cell": cell, "attention": "none"} for cell in CELLS if cell not in ("gru", "lstm", "mingru")),
]


def test_every_cell_and_attention_is_here():
    assert {model["cell"] for model in MODELS} == set(CELLS)
    assert {model["attention"] for model in MODELS} == set(names("attention"))


@pytest.mark.parametrize("decoder", MODELS, ids=lambda decoder: f"{decoder['cell']}-{decoder['attention']}")
def test_ten_examples_are_learned_by_heart(decoder):
    fields = reversal(10)
    model = small_model(
        scale=0.25,
        embedding_dim=UNITS,
        encoder={"units": UNITS, "cell": decoder["cell"], "bidirectional": decoder["cell"] == "gru"},
        decoder={"units": UNITS, **decoder},
    )
    inputs, labels = TASK.example(fields)
    model.compile(keras.optimizers.Adam(0.02), TASK.loss(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # or the step is traced twice
    repeated = [np.tile(ids, (STEPS, 1)) for ids in (inputs["source"], inputs["target"], labels)]
    model.fit(
        {"source": repeated[0], "target": repeated[1]}, repeated[2], batch_size=10, shuffle=False, verbose=0
    )
    assert float(TASK.loss()(labels, model(inputs))) < 0.05
    found = TASK.decode(model, ops.convert_to_tensor(fields["source"]), Greedy(max_length=8))
    tokens = np.asarray(found.tokens)[:, 0]
    width = labels.shape[1]
    np.testing.assert_array_equal(tokens[:, :width], labels)
    assert not np.any(tokens[:, width:]) and tokens.max() < VOCABULARY
