import keras
import numpy as np
import pytest

from kerasseq.decode.beam import Beam
from kerasseq.decode.greedy import Greedy
from tests.decode.toys import Toy

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="graphs are TensorFlow's")


def test_a_graph_for_any_batch_is_of_core_operations():
    import tensorflow as tf

    toy = Toy(seed=1, vocabulary_size=2600, num_codes=31)  # wide enough for the grouped top-k
    decoders = {"greedy": Greedy(), "beam": Beam(beam_width=3, num_hypotheses=2)}
    vector = tf.TensorSpec((None,), "int32")

    def run(examples, limits):
        options = {"batch_size": tf.shape(examples)[0], "max_length": limits, "with_attention": True}
        return {
            name: decoder(toy.step, toy.begin(examples), **options)._asdict()
            for name, decoder in decoders.items()
        }

    graph = tf.function(run, input_signature=[vector, vector], autograph=False)
    found, expected = (each(tf.range(3), tf.constant([3, 6, 2])) for each in (graph, run))
    tf.nest.map_structure(lambda *pair: np.testing.assert_allclose(*pair, rtol=1e-6), found, expected)
    assert found["beam"]["tokens"].shape == (3, 2, 6)

    functions = graph.get_concrete_function().graph.as_graph_def().library.function
    operations = {node.op for function in functions for node in function.node_def}
    assert operations
    assert not [name for name in operations if name.startswith("Xla") or ">" in name or "PyFunc" in name]
