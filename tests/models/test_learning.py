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
# Each cell, in the encoder or in the decoder.
MODELS = [
    ("rnn", {"cell": "gru", "attention": "luong"}),
    ("peephole_lstm", {"cell": "lstm", "attention": "bahdanau"}),
    ("coupled_lstm", {"cell": "mingru", "attention": "luong", "input_feeding": False}),  # all steps at once
    ("minlstm", {"cell": "minlstm", "attention": "none"}),
]


def test_every_cell_and_attention_is_here():
    assert {cell for encoder, decoder in MODELS for cell in (encoder, decoder["cell"])} == set(CELLS)
    assert {decoder["attention"] for _, decoder in MODELS} == set(names("attention"))


@pytest.mark.parametrize(
    ("encoder", "decoder"), MODELS, ids=[f"{e}-{d['cell']}-{d['attention']}" for e, d in MODELS]
)
def test_ten_examples_are_learned_by_heart(encoder, decoder):
    fields = reversal(10)
    model = small_model(
        scale=0.25,
        embedding_dim=UNITS,
        encoder={"units": UNITS, "cell": encoder},
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
