"""What teacher-forced training leaves out of its loops over time, read from TensorFlow's traced graph."""

import keras
import numpy as np
import pytest

from kerasseq.layers.copying import MOST_UNKNOWN
from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.train.callbacks.scheduled_sampling import drawn_at
from tests.models import seq2seq_toys
from tests.models.seq2seq_toys import batch

if keras.backend.backend() != "tensorflow":
    pytest.skip("reads TensorFlow's graph", allow_module_level=True)

TASK = Seq2SeqTask({})
VOCABULARY = 37  # no other axis is as long
PRODUCTS = {"MatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"}


def small_model(decoder=None, **options):
    """Of the smallest cells: none sees the vocabulary."""
    decoder = {"cell": "rnn", **(decoder or {})}
    return seq2seq_toys.small_model(encoder={"cell": "rnn"}, decoder=decoder, **options)


def _graph(model):
    """Loss and gradients of training, for batches of any size."""
    import tensorflow as tf

    inputs, labels = TASK.example(batch())
    loss = TASK.loss()

    def train(source, target, labels):
        with tf.GradientTape() as tape:
            value = loss(labels, model({"source": source, "target": target}, training=True))
        return value, tape.gradient(value, [weight.value for weight in model.trainable_weights])

    ids = tf.TensorSpec((None, None), "int32")
    function = tf.function(train, autograph=False).get_concrete_function(ids, ids, ids)
    value, _ = function(*map(tf.constant, (inputs["source"], inputs["target"], labels)))
    assert np.isfinite(value)
    return function.graph


def _loop_nodes(graph):
    """The nodes of each loop's body, and of the loops and branches within; shapes are noted on each."""
    definition = graph.as_graph_def(add_shapes=True)
    library = {function.signature.name: function.node_def for function in definition.library.function}
    found, waiting = {}, [(node, False) for node in definition.node]
    while waiting:
        node, in_loop = waiting.pop()
        in_loop = in_loop or node.op in ("While", "StatelessWhile")
        for key in ("body", "then_branch", "else_branch", "f"):
            name = node.attr[key].func.name if key in node.attr else ""
            if name in library and (name, in_loop) not in found:
                found[name, in_loop] = library[name]
                waiting += [(inner, in_loop) for inner in library[name]]
    return [node for (_, in_loop), nodes in found.items() if in_loop for node in nodes]


def _vocabulary_sized(graph, size=VOCABULARY):
    """The nodes in loops that make a tensor with an axis as long as the vocabulary."""
    nodes = _loop_nodes(graph)
    assert any(node.op in PRODUCTS for node in nodes), "no loop over time was found"
    return [
        node.name
        for node in nodes
        for shape in node.attr["_output_shapes"].list.shape
        if size in [axis.size for axis in shape.dim]
    ]


@pytest.mark.parametrize(
    ("attention", "tied"), [("none", False), ({"type": "luong", "score": "general"}, True)], ids=str
)
def test_no_loop_of_training_sees_the_vocabulary(attention, tied):
    decoder = {"attention": attention}
    model = small_model(target_vocabulary_size=VOCABULARY, tie_embeddings=tied, decoder=decoder)
    assert _vocabulary_sized(_graph(model)) == []


@pytest.mark.parametrize(
    "decoder",
    [{"attention": "luong", "input_feeding": False}, {"attention": "bahdanau", "coverage": True}],
    ids=["plain", "coverage"],
)
def test_no_loop_of_a_copying_model_does_either(decoder):
    sizes = {"source_vocabulary_size": VOCABULARY, "target_vocabulary_size": VOCABULARY}
    graph = _graph(small_model(decoder={**decoder, "copy": True}, **sizes))
    assert _vocabulary_sized(graph) == _vocabulary_sized(graph, VOCABULARY + MOST_UNKNOWN) == []


def test_no_loop_of_scheduled_sampling_in_two_passes_does():
    model = small_model(target_vocabulary_size=VOCABULARY, decoder={"attention": "none"})
    model.get_layer("decoder").enable_sampling(mode="parallel", draw=drawn_at(1.0)).assign(0.5)
    assert _vocabulary_sized(_graph(model)) == []


def test_the_loop_of_scheduled_sampling_does():
    """The search above would find one."""
    model = small_model(target_vocabulary_size=VOCABULARY, decoder={"attention": "none"})
    model.get_layer("decoder").enable_sampling().assign(0.5)
    assert any("MatMul" in name for name in _vocabulary_sized(_graph(model)))
